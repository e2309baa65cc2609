"""The grid of saved steps over REST: asked for, looked at, voted on, stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.engines.judging.grid import Grid, keep
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page.context import Context
from tests.support.page import Page

MakeJob = Callable[..., TrainingJob]
PROMPTS = "Ada woman --w 64 --h 64\nAda in a park --w 64 --h 64"


@pytest.fixture
def saved(context: Context, make_job: MakeJob) -> int:
    """A training that was stopped after two saves."""
    store = context.the_bridge._store
    number = store.add(make_job())
    store.move(number, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    folder = context.the_bridge.folder(number).create()
    for step in (5, 10):
        (folder.output / f"Ada-step{step:08d}.safetensors").write_bytes(b"x")
    return number


def test_the_webui_is_asked_where_there_is_one(page: Page, context: Context, saved: int) -> None:
    asked: list[Path] = []
    context.paint = asked.append
    assert page.get(f"jobs/{saved}/grid").status_code == 404

    told = page.post(f"jobs/{saved}/grid", weights=[0.8, 1], prompts=PROMPTS).json()

    assert asked == [context.the_bridge.folder(saved).grid / "grid.json"]
    assert (told["by"], told["state"], told["done"], told["total"]) == ("webui", "drawing", 0, 10)
    assert (told["steps"], told["prompts"]) == ([5, 10], ["Ada woman", "Ada in a park"])
    first, second = told["pictures"][:2]
    assert (first["step"], first["weight"]) == (None, 0)
    assert (second["step"], second["weight"], second["picture"]) == (10, 1, None)
    assert page.get(f"jobs/{saved}/grid/pictures/0").status_code == 404
    assert page.get(f"jobs/{saved}/grid/pair").status_code == 409
    assert "stay" in page.post(f"jobs/{saved}/grid/stop").json()["sentence"]
    assert page.get(f"jobs/{saved}/grid").json()["state"] == "stopped"


def test_the_time_left_is_told_from_the_pictures_that_are_drawn(
    page: Page, context: Context, saved: int
) -> None:
    context.paint = lambda _plan: None
    page.post(f"jobs/{saved}/grid", weights=[0.8, 1], prompts=PROMPTS)
    folder = context.the_bridge.folder(saved)
    grid, now = Grid.read(folder), time.time()
    ages = (9000, 65, 45, 25, 5)  # one from yesterday, then one every 20 seconds
    left = []
    for cell, age in zip(grid.cells, ages, strict=False):
        left.append(page.get(f"jobs/{saved}/grid").json()["seconds_left"])
        path = grid.path(folder, cell)
        keep(path, Image.new("RGB", (64, 64)), "told")
        os.utime(path, (now - age, now - age))
    assert left[:2] == [None, None]
    told = page.get(f"jobs/{saved}/grid").json()
    assert (told["done"], told["total"]) == (5, 10)
    assert 80 <= told["seconds_left"] <= 95, "five more at 20 seconds, begun 5 seconds ago"
    page.post(f"jobs/{saved}/grid/stop")
    assert page.get(f"jobs/{saved}/grid").json()["seconds_left"] is None


def test_what_cant_be_drawn_is_named(page: Page, context: Context, saved: int) -> None:
    context.paint = lambda _plan: None
    asked = page.post(f"jobs/{saved}/grid", steps=[7], weights=[3], prompts="# nothing")
    assert asked.status_code == 422
    said = " ".join(asked.json()["error"]["sentences"])
    assert "step 7 is not saved" in said and "Choose among 5, 10" in said
    assert "outside 0 to 2" in said and "holds no prompt" in said
    context.paint = None
    assert page.post(f"jobs/{saved}/grid", by="webui").status_code == 409


def test_votes_are_blind_and_counted(page: Page, context: Context, saved: int) -> None:
    context.paint = lambda _plan: None
    page.post(f"jobs/{saved}/grid", weights=[1], prompts=PROMPTS)
    folder = context.the_bridge.folder(saved)
    grid = Grid.read(folder)
    for cell in grid.cells:
        keep(grid.path(folder, cell), Image.new("RGB", (64, 64)), "told")
    assert page.get(f"jobs/{saved}/grid").json()["state"] == "done"
    pair = page.get(f"jobs/{saved}/grid/pair").json()
    assert len(pair["numbers"]) == 2 and "step" not in " ".join(pair["pictures"])
    for url in pair["pictures"]:
        assert page.get(url).headers["content-type"] == "image/png"

    told = page.post(
        f"jobs/{saved}/grid/vote", numbers=pair["numbers"], better=pair["numbers"][1]
    ).json()

    assert {one["step"] for one in told["shown"]} == {5, 10}
    best = told["standings"][0]
    assert (best["step"], best["share"]) == (told["shown"][1]["step"], 1.0)
    assert 0.2 < best["low"] < 0.21 and best["high"] == pytest.approx(1)
    wrong = page.post(f"jobs/{saved}/grid/vote", numbers=[0, pair["numbers"][0]])
    assert wrong.status_code == 422
    sheet = page.get(f"jobs/{saved}/grid/sheet")
    assert sheet.headers["content-type"] == "image/png" and sheet.content.startswith(b"\x89PNG")
