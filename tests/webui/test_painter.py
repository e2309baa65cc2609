"""Grids, and pictures of a class word, drawn by the WebUI itself, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.engines.judging.grid import WEBUI, Grid, plan_file
from sd_scripts_bridge.engines.regularizing.class_pictures import ClassPictures, read
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.webui.painting.painter import Painter
from sd_scripts_bridge.webui.painting.picture import AskedPicture
from tests.support.patience import until

LINES = ("Ada woman --w 64 --h 64 --s 2", "woman --w 64 --h 64 --s 2")


class Brush:
    """Draws as the host would; ``stop_at`` fails at that picture."""

    def __init__(self, stop_at: int = 0, error: BaseException | None = None) -> None:
        self.drawn: list[Any] = []
        self.bases: list[Path | None] = []
        self.stop_at, self.error = stop_at, error

    def __call__(self, wanted: AskedPicture) -> Any:
        if self.error and len(self.drawn) + 1 == self.stop_at:
            raise self.error
        lora = wanted.lora.name if wanted.lora else None
        self.drawn.append((wanted.prompt.text, lora, wanted.weight))
        self.bases.append(wanted.base)
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


def test_it_goes_on_where_a_kill_left_it(
    home: Home, folder: JobFolder, painter: Callable[[Brush], Painter]
) -> None:
    grid = Grid.read(folder)
    broken = Brush(4, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Painter(home, broken).paint_all()
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
    assert one.trouble(plan_file(folder)) == "The WebUI could not draw it: no room"
    assert len(Grid.read(folder).missing(folder)) == 8


def test_an_interrupted_grid_waits_to_be_asked_again(
    folder: JobFolder, painter: Callable[[Brush], Painter]
) -> None:
    brush = Brush(2, BridgeError("grid.interrupted", "You interrupted the WebUI's drawing."))
    one = painter(brush)
    until(lambda: not Grid.read(folder).wanted)
    brush.error = None
    Grid.read(folder).evolve(wanted=True).write(folder)
    one.paint(plan_file(folder))
    until(lambda: not Grid.read(folder).missing(folder))
    assert len(brush.drawn) == 10 and one.trouble(plan_file(folder)) == ""


def test_a_grid_that_our_own_sampler_draws_is_left_alone(
    folder: JobFolder, painter: Callable[[Brush], Painter], tmp_path: Path
) -> None:
    Grid.read(folder).evolve(by="embedded").write(folder)
    brush = Brush()
    one = painter(brush)
    one.paint(plan_file(folder))
    one.close()
    assert brush.drawn == []


# ---- pictures of a class word ----


@pytest.fixture
def men(home: Home) -> ClassPictures:
    """Four pictures of a man are wanted of the WebUI."""
    base = home.root / "sd15.safetensors"
    pool = str(home.regularization / base.stem)
    made = ClassPictures("man", 4, pool, str(base), "sd1", width=64, height=64, by=WEBUI)
    made.write()
    return made


def test_pictures_of_a_class_go_on_where_a_kill_left_them(
    home: Home, men: ClassPictures, painter: Callable[[Brush], Painter]
) -> None:
    broken = Brush(3, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Painter(home, broken).paint_all()
    before = {file.name: file.read_bytes() for file in men.leaf.iterdir()}
    assert set(before) == {"1.png", "1.txt", "2.png", "2.txt"}

    brush = Brush()
    painter(brush)
    until(lambda: not men.missing)

    after = {file.name: file.read_bytes() for file in men.leaf.iterdir()}
    assert len(after) == 8 and {name: after[name] for name in before} == before
    assert brush.drawn == [("man", None, 0.0)] * 2 and after["4.txt"] == b"man\n"
    assert brush.bases == [Path(men.base)] * 2, "with the base that will be trained on"


def test_pictures_of_a_class_are_stopped_with_their_reason_and_asked_for_again(
    men: ClassPictures, painter: Callable[[Brush], Painter]
) -> None:
    brush = Brush(2, RuntimeError("no room"))
    one = painter(brush)
    until(lambda: not read(men.plan_file).wanted)  # type: ignore[union-attr]
    assert one.trouble(men.plan_file) == "The WebUI could not draw it: no room"
    assert men.drawn == 1
    brush.error = None
    men.write()
    one.paint(men.plan_file)
    until(lambda: not men.missing)
    assert one.trouble(men.plan_file) == ""


def test_a_grid_goes_before_the_pictures_of_a_class(
    home: Home, folder: JobFolder, men: ClassPictures
) -> None:
    brush = Brush()
    Painter(home, brush).paint_all()
    assert not men.missing and len(brush.drawn) == 14
    assert [text for text, *_ in brush.drawn[-4:]] == ["man"] * 4
