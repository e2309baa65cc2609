"""A finished training in the tab: its strip, its chart, its grid, votes,
and what can be published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.judging.grid import Grid, keep
from sd_scripts_bridge.jobs.events import Progress, Published, Sample, Started
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home

from .conftest import Ui
from .page_object import Tab, expect

STEPS = (0, 10, 20, 30)
LINES = ("Ada woman --w 64 --h 64 --s 2", "Ada in a park --w 64 --h 64 --s 2")
CURVE = [
    {"step": 10, "held_out": 0.12, "error": 0.002, "training": 0.12},
    {"step": 20, "held_out": 0.1, "error": 0.002, "training": 0.09},
    {"step": 30, "held_out": 0.11, "error": 0.002, "training": 0.06},
]
BEST = {"step": 20, "range": [20, 20], "sure": True, "reason": "Measured.", "curve": CURVE}


def paint(path: Path, step: int, row: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64), (8 * step, 90 * row, 120)).save(path)
    return path


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A home with a training that is over, its samples and its grid."""
    bridge = Bridge(Home(tmp_path / "home"))
    params = TrainingParams(max_train_steps=30, save_every_n_steps=10)
    job = TrainingJob("Ada", "Ada", "woman", str(tmp_path), "base", "sd1", "embedded", params)
    store = bridge._store
    number = store.add(job)
    assert store.claim()
    folder = bridge.folder(number).create()
    folder.prompts.write_text("Ada woman\nman\n", encoding="utf-8")
    folder.output.mkdir(exist_ok=True)
    for step in STEPS[1:]:
        (folder.output / f"Ada-step{step:08d}.safetensors").write_bytes(b"")
    store.append(number, 1, Started(1, 1))
    for step in range(1, 31):
        store.append(number, 1, Progress(step, 30, 1 / step))
    for step in STEPS:
        for row, text in enumerate(("Ada woman", "man")):
            path = paint(folder.sample("Ada", step, row), step, row)
            store.append(number, 1, Sample(str(path), step, row, text))
    lora = tmp_path / "Lora" / "Ada.safetensors"
    lora.parent.mkdir()
    lora.write_bytes(b"")
    store.append(number, 1, Published(str(lora), "Ada", "Ada woman"))
    store.move(number, Status.SUCCEEDED, of=[Status.RUNNING], attempt=1, sentence="Done.")
    grid = Grid(number, {10: "a", 20: "b", 30: "c"}, (0.6, 1.0), LINES, pair_step=30)
    grid.write(folder)
    for cell in grid.cells:
        step = cell.step or 0
        keep(grid.path(folder, cell), Image.new("RGB", (64, 64), (8 * step, 9, 99)), "told")
    return tmp_path


def with_best(route: Any) -> None:
    """What a training with held-out photos answers besides."""
    answer = route.fetch()
    told = answer.json()
    told["best"] = BEST
    route.fulfill(response=answer, body=json.dumps(told))


def value_under_pointer(tab: Tab, panel: Any) -> str:
    """What the chart says of its middle; while the page still grows, it moves away from below."""
    while True:
        panel.locator("svg.lb-curve").hover(position={"x": 300, "y": 60})
        tab.page.wait_for_timeout(100)
        if said := str(panel.locator(".lb-curve-value").inner_text()):
            return said


def test_it_is_judged_by_pictures(
    serve: Callable[..., Ui], visit: Callable[..., Tab], finished: Path, axe: str
) -> None:
    ui = serve("--lora-dir", str(finished / "Lora"), home=finished / "home")
    tab = visit(ui.address)
    tab.page.route(re.compile(r"/lora-bridge/v1/(status|jobs/1/result)"), with_best)

    panel = tab.step("Train")
    panel.locator(".lb-strip-table img").first.wait_for()
    expect(panel.locator(".lb-strip-table thead th")).to_have_text(["before", "10", "20", "30"])
    expect(panel.locator(".lb-strip-table tbody tr")).to_have_count(2)
    tab.sees("(should not change)")
    tab.sees("usable 20 to 20")
    for name in ("held-out photos", "training photos"):
        expect(panel.locator(".lb-curve text", has_text=name), "at its line's end").to_be_visible()
    assert re.search(r"held out at \d+: 0\.1", value_under_pointer(tab, panel))
    assert tab.violations(axe) == []

    panel = tab.step("Try")
    tab.sees("Step 20 is the one to use.")
    tab.button("Publish step 20").wait_for()
    panel.locator(".lb-pair img").nth(1).wait_for()
    cells = panel.locator(".lb-grid-table .lb-cell-button")
    expect(cells).to_have_count(6)
    tab.button("Which is better? (blind)").click()
    panel.locator(".lb-vote img").first.wait_for()
    panel.locator(".lb-vote .lb-cell-button").first.click()
    tab.sees(re.compile(r"Left was step \d+, × "))
    tab.sees(re.compile("preferred in 100 % of 1 vote"))
    cells.first.click()
    tab.sees("Publish this one: step 10, × 0.6")
    tab.button("Publish step 10").wait_for()
    with tab.page.expect_download() as kept:
        panel.get_by_role("link", name="Save as PNG").click()
    with Image.open(kept.value.path()) as sheet:
        assert sheet.width > 4 * 64 and sheet.height > 4 * 64
    assert tab.violations(axe) == []
    assert tab.errors == [] and tab.foreign == []
