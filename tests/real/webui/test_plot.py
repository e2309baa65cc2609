"""'Send to X/Y/Z plot': the WebUI's own script, filled in and drawn with the saved steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Published
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.paths import Home

from .conftest import WebUI
from .test_grid import running
from .test_whole_way import number

__all__ = ["running"]
pytestmark = pytest.mark.timeout(1800)

SCRIPT = "gradioApp().querySelector('#{id} textarea, #{id} input').value"
FILLED = {
    "script_list": "X/Y/Z plot",
    "script_txt2img_xyz_plot_x_type": "Prompt S/R",
    "script_txt2img_xyz_plot_x_values": ":1>, :0.6>, :0.8>",
    "script_txt2img_xyz_plot_y_type": "Prompt S/R",
    "script_txt2img_xyz_plot_y_values": "<lora:Ada:, <lora:Ada-step10:, <lora:Ada-step20:",
    "script_txt2img_xyz_plot_z_type": "Nothing",
    "txt2img_batch_count": "1",
}


@pytest.fixture
def published(running: int, data: Path) -> int:
    """Its last step is in the Lora folder."""
    bridge = Bridge(Home(data / "lora-bridge"))
    store = bridge._store
    assert store.move(running, Status.SUCCEEDED, of=[Status.RUNNING], attempt=1, sentence="Done.")
    done = bridge.publish_job(running)
    store.append(running, 1, Published(str(done.path), done.stem, done.activation_text))
    return running


@pytest.mark.usefixtures("published")
def test_the_plot_is_filled_in_and_drawn(
    start: Callable[..., WebUI], data: Path, open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    tab = open_tab(start())
    tab.step("Try")
    tab.button("Send to X/Y/Z plot").click()
    tab.sees("These saved steps aren't there: 10, 20.")
    tab.button("Publish them and send").click()
    tab.page.locator("#txt2img_prompt").wait_for(timeout=60_000)
    for field, value in FILLED.items():
        read = SCRIPT.format(id=field)
        tab.page.wait_for_function(f"{read} === {value!r}", timeout=30_000)
    tab.page.screenshot(path=tmp_path / "plot.png", full_page=True)
    loras = sorted(path.stem for path in (data / "models" / "Lora").glob("*.safetensors"))
    assert loras == ["Ada", "Ada-step10", "Ada-step20"]

    for name, small in (("steps", 1), ("width", 64), ("height", 64)):
        number(tab, name, small)
    refreshed = "#txt2img_lora_cards .card[data-name='Ada-step20']"
    tab.page.locator(refreshed).wait_for(state="attached")  # A1111's refresh empties its lists
    tab.page.locator("#txt2img_generate").click()
    whole = grid(data)
    assert tab.errors == []
    with Image.open(whole) as picture:
        written = str(picture.text["parameters"])  # type: ignore[attr-defined]
    assert "Script: X/Y/Z plot" in written and "Ada-step20" in written
    cells = sorted((data / "outputs" / "txt2img-images").rglob("*.png"))
    assert len(cells) == 9
    drawn = [Image.open(cell).convert("RGB").tobytes() for cell in cells]
    assert len(set(drawn)) == 9, "each step at each strength draws a picture of its own"


def grid(data: Path, seconds: float = 600) -> Path:
    """The sheet that the script saves at its end."""
    deadline = time.monotonic() + seconds
    while not (found := sorted((data / "outputs").rglob("xyz_grid-*.png"))):
        assert time.monotonic() < deadline, "no grid was drawn"
        time.sleep(1)
    time.sleep(1)
    return found[0]
