"""Draws the grids that a WebUI was asked for: one thread a process, which outlives Reload UI.

What is to be drawn stands in the home, and each picture is a file there, so nothing is lost and
nothing drawn twice when the WebUI is killed: its next start goes on. Between two pictures the
host's queue is free for everybody else's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import BridgeError
from ...messages import Message
from ...paths import Home

if TYPE_CHECKING:
    from ...engines.judging.grid import Cell, Grid
    from ...jobs.folder import JobFolder

log = logging.getLogger(__name__)

Draw = Callable[[Any, Any, float], Any]
"""See `drawing.draw`."""


class Painter(threading.Thread):
    """Waits until a grid is wanted, then draws it cell by cell. `close` ends it after a picture."""

    def __init__(self, home: Home, draw: Draw) -> None:
        super().__init__(name="lora-bridge painter", daemon=True)
        self.home, self.draw = home, draw
        self._wake, self._end = threading.Event(), threading.Event()
        self._trouble: dict[int, str] = {}

    @classmethod
    def running(cls) -> Painter | None:
        """The one of this process."""
        return next((thread for thread in threading.enumerate() if isinstance(thread, cls)), None)

    def paint(self, job_id: int) -> None:
        """Look at the grids now: that of this job was asked for."""
        self._trouble.pop(job_id, None)
        self.look()

    def look(self) -> None:
        """Look for grids now: the host is ready, or one was asked for."""
        self._wake.set()

    def trouble(self, job_id: int) -> str:
        """Why the grid of this job isn't drawn any more; empty where nothing went wrong."""
        return self._trouble.get(job_id, "")

    def close(self) -> None:
        self._end.set()
        self._wake.set()
        self.join()

    def run(self) -> None:
        while self._wake.wait() and not self._end.is_set():
            self._wake.clear()
            try:
                self._paint_all()
            except OSError as error:  # the home is gone, or can't be read now
                log.warning("LoRA Bridge can't look for grids: %s", error)

    def _paint_all(self) -> None:
        """Every grid that is wanted of the WebUI, oldest training first."""
        if not self.home.jobs.is_dir():
            return
        from ...jobs.folder import JobFolder

        for folder in JobFolder.all_in(self.home.jobs):
            if (folder.grid / "grid.json").is_file():
                self._paint(folder)

    def _paint(self, folder: JobFolder) -> None:
        while not self._end.is_set():
            found = self._next(folder)
            if found is None:
                return
            grid, cell = found
            try:
                self._draw(grid, cell, folder)
            except BridgeError as error:
                self._give_up(grid, folder, error.message)
            except Exception as error:  # the host's own code: the next cell would end the same way
                log.exception("LoRA Bridge could not draw a picture of its grid")
                said = str(error) or type(error).__name__
                text = "The WebUI could not draw it: {error}"
                self._give_up(grid, folder, Message("grid.host_failed", text, error=said))

    def _next(self, folder: JobFolder) -> tuple[Grid, Cell] | None:
        """The grid as it is now, and its next cell: it may have been stopped, or removed."""
        from ...engines.judging.grid import WEBUI, Grid

        try:
            grid = Grid.read(folder)
        except BridgeError:
            return None
        missing = grid.missing(folder)
        if grid.by != WEBUI or not grid.wanted or not missing:
            return None
        return grid, missing[0]

    def _draw(self, grid: Grid, cell: Cell, folder: JobFolder) -> None:
        from ...engines.judging.grid import caption, keep
        from .drawing import StepFile

        lora = None
        if cell.step is not None:
            name = f"lora-bridge-{folder.number}-{cell.step}"
            lora = StepFile(name, folder.root / grid.files[cell.step])
        prompt = grid.prompt(cell)
        picture = self.draw(prompt, lora, cell.weight)
        told = picture.info.get("parameters") or f"{prompt.line} ({caption(cell)})"
        keep(grid.path(folder, cell), picture, told)

    def _give_up(self, grid: Grid, folder: JobFolder, sentence: str) -> None:
        self._trouble[grid.job] = sentence
        grid.evolve(wanted=False).write(folder)
