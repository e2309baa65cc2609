"""The grid drawn by the WebUI itself, cell by cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.engines.judging.grid import WEBUI, Grid
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.webui.painting.painter import Painter

LINES = ("Ada woman --w 64 --h 64 --s 2", "woman --w 64 --h 64 --s 2")


class Brush:
    """Draws as the host would; ``stop_at`` fails at that picture."""

    def __init__(self, stop_at: int = 0, error: BaseException | None = None) -> None:
        self.drawn: list[Any] = []
        self.stop_at, self.error = stop_at, error

    def __call__(self, prompt: Any, lora: Any, weight: float) -> Any:
        if self.error and len(self.drawn) + 1 == self.stop_at:
            raise self.error
        self.drawn.append((prompt.text, lora.name if lora else None, weight))
        return Image.new("RGB", (64, 64), (len(self.drawn), 0, 0))


@pytest.fixture
def folder(home: Home) -> JobFolder:
    made = JobFolder.of(home, 7).create()
    files = {10: "output/a.safetensors", 20: "output/b.safetensors"}
    Grid(7, files, (0.6, 1.0), LINES, WEBUI, pair_step=20).write(made)
    return made


@pytest.fixture
def painter(home: Home) -> Iterator[Callable[[Brush], Painter]]:
    started: list[Painter] = []

    def start(brush: Brush) -> Painter:
        started.append(Painter(home, brush))
        started[-1].start()
        started[-1].look()
        return started[-1]

    yield start
    for one in started:
        one.close()


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_goes_on_where_a_kill_left_it(
    home: Home, folder: JobFolder, painter: Callable[[Brush], Painter]
) -> None:
    grid = Grid.read(folder)
    broken = Brush(4, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Painter(home, broken)._paint(folder)
    assert len(grid.missing(folder)) == 10 - 3

    brush = Brush()
    painter(brush)
    until(lambda: not grid.missing(folder))

    assert len(brush.drawn) == 7
    assert len({*broken.drawn, *brush.drawn}) == 10
    assert broken.drawn[:2] == [("Ada woman", None, 0.0), ("Ada woman", "lora-bridge-7-20", 1.0)]


def test_a_host_that_fails_stops_the_grid_with_its_reason(
    folder: JobFolder, painter: Callable[[Brush], Painter]
) -> None:
    one = painter(Brush(3, RuntimeError("no room")))
    until(lambda: not Grid.read(folder).wanted)
    assert one.trouble(7) == "The WebUI could not draw it: no room"
    assert len(Grid.read(folder).missing(folder)) == 8


def test_an_interrupted_grid_waits_to_be_asked_again(
    folder: JobFolder, painter: Callable[[Brush], Painter]
) -> None:
    brush = Brush(2, BridgeError("grid.interrupted", "You interrupted the WebUI's drawing."))
    one = painter(brush)
    until(lambda: not Grid.read(folder).wanted)
    brush.error = None
    Grid.read(folder).evolve(wanted=True).write(folder)
    one.paint(7)
    until(lambda: not Grid.read(folder).missing(folder))
    assert len(brush.drawn) == 10 and one.trouble(7) == ""


def test_a_grid_that_our_own_sampler_draws_is_left_alone(
    folder: JobFolder, painter: Callable[[Brush], Painter], tmp_path: Path
) -> None:
    Grid.read(folder).evolve(by="embedded").write(folder)
    brush = Brush()
    one = painter(brush)
    one.paint(7)
    one.close()
    assert brush.drawn == []
