"""Draws what a WebUI was asked for: one thread a process, which outlives Reload UI.

What is to be drawn stands in the home, and each picture is a file there, so nothing is lost and
nothing drawn twice when the WebUI is killed: its next start goes on. Between two pictures the
host's queue is free for everybody else's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BridgeError
from ...messages import Message
from ...paths import Home

if TYPE_CHECKING:
    from .paintings import Painting
    from .picture import AskedPicture

log = logging.getLogger(__name__)

Draw = Callable[["AskedPicture"], Any]
"""See `drawing.draw`."""


class Painter(threading.Thread):
    """Waits until something is wanted, then draws it picture by picture. `close` ends it after one.

    A plan is the file that says what is to be drawn; see `paintings`.
    """

    def __init__(self, home: Home, draw: Draw) -> None:
        super().__init__(name="lora-bridge painter", daemon=True)
        self.home, self.draw = home, draw
        self._wake, self._end = threading.Event(), threading.Event()
        self._trouble: dict[Path, str] = {}

    @classmethod
    def running(cls) -> Painter | None:
        """The one of this process."""
        return next((thread for thread in threading.enumerate() if isinstance(thread, cls)), None)

    def paint(self, plan: Path) -> None:
        """Look for work now: this plan was asked for."""
        self._trouble.pop(plan, None)
        self.look()

    def look(self) -> None:
        """Look for work now: the host is ready, or something was asked for."""
        self._wake.set()

    def trouble(self, plan: Path) -> str:
        """Why this plan isn't drawn any more; empty where nothing went wrong."""
        return self._trouble.get(plan, "")

    def close(self) -> None:
        self._end.set()
        self._wake.set()
        self.join()

    def run(self) -> None:
        while self._wake.wait() and not self._end.is_set():
            self._wake.clear()
            try:
                self.paint_all()
            except OSError as error:  # the home is gone, or can't be read or written now
                log.warning("LoRA Bridge can't draw what was asked for: %s", error)

    def paint_all(self) -> None:
        """All that is wanted of the WebUI. Looked for again after each picture: it may have been
        stopped or removed, and a grid goes before the pictures of a class.
        """
        from . import paintings

        while not self._end.is_set() and (painting := next(paintings.all_in(self.home), None)):
            self._paint(painting)

    def _paint(self, painting: Painting) -> None:
        try:
            painting.keep(self.draw(painting.picture()))
        except BridgeError as error:
            self._give_up(painting, error.message)
        except Exception as error:  # the host's own code: the next picture would end the same way
            log.exception("LoRA Bridge could not draw a picture")
            said = str(error) or type(error).__name__
            text = "The WebUI could not draw it: {error}"
            self._give_up(painting, Message("grid.host_failed", text, error=said))

    def _give_up(self, painting: Painting, sentence: str) -> None:
        self._trouble[painting.plan] = sentence
        painting.give_up()
