"""From ten files dropped on the page to the text for txt2img, with the embedded engine really
training the tiny model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest

from .conftest import Ui
from .page_object import Tab, expect

STEPS, TRAINING_MS = 200, 900_000
"""A training takes half a minute; on a busy machine many times that."""
TXT2IMG = (
    "Negative prompt: ",
    "Steps: 60",
    "Sampler: DPM++ 2M Karras",
    "CFG scale: 7",
    "Seed: -1",
    "Size: 1024x1024",
    "Batch size: 1",
)
BOXES = (
    "[...document.querySelectorAll('#lora-bridge-captions textarea')].filter((box) => "
    "box.offsetParent)"
)


@pytest.mark.timeout(1800)
def test_from_ten_files_to_txt2img(
    serve: Callable[..., Ui],
    visit: Callable[..., Tab],
    models: Path,
    pictures: list[Path],
    tmp_path: Path,
    axe: str,
) -> None:
    lora_dir = Path(mkdtemp()) / "stable-diffusion-webui" / "models" / "Lora"
    ui = serve("--models", str(models), "--lora-dir", str(lora_dir))
    tab = visit(ui.address)
    photos(tab, pictures, tmp_path)
    captions(tab, tmp_path)
    training(tab, tmp_path)
    text = trying(tab, tmp_path)
    for step in ("Photos", "Captions", "Train", "Try"):
        tab.step(step)
        tab.page.wait_for_timeout(500)
        assert tab.violations(axe) == [], step
    assert (
        "AlvaroBadia man" in text.splitlines()[0] and "<lora:AlvaroBadia:1>" in text.splitlines()[0]
    )
    assert all(part in text for part in TXT2IMG), text
    lora = lora_dir / "AlvaroBadia.safetensors"
    assert lora.is_file() and lora.with_suffix(".json").is_file()
    assert tab.errors == [] and tab.foreign == []


def photos(tab: Tab, pictures: list[Path], tmp_path: Path) -> None:
    tab.field("Name, as you will use it in prompts").fill("AlvaroBadia")
    tab.field("What is it").fill("man")
    tab.drop(pictures)
    tab.sees("10 of 10 photos will be used.")
    tab.knows("document.querySelectorAll('#lora-bridge-photos .lb-tile img[src]').length >= 10")
    tab.knows(
        "[...document.querySelectorAll('#lora-bridge .lb-badge')].every((badge) => "
        "['good', 'held out'].includes(badge.textContent))"
    )
    tab.screenshot("photos", tmp_path)


def captions(tab: Tab, tmp_path: Path) -> None:
    panel = tab.step("Captions")
    box = panel.get_by_role("textbox").first
    expect(box).to_have_value(re.compile("^AlvaroBadia man"))
    tab.button("Add to all").click()
    tab.field("Words to add").fill("plain background")
    tab.button("Apply to all").click()
    tab.knows(
        f"{BOXES}.length >= 4 && {BOXES}.every((box) => box.value.endsWith('plain background'))"
    )
    box.fill('AlvaroBadia man, a portrait in the snow, <b>bold</b> & "quoted"')
    box.blur()
    tab.sees(re.compile(r"\d+ words"))
    tab.screenshot("captions", tmp_path)


def training(tab: Tab, tmp_path: Path) -> None:
    panel = tab.step("Train")
    tab.field("Steps").fill(str(STEPS))
    tab.field("Steps").blur()
    tab.sees(re.compile(rf"9 photos × {round(STEPS / 9)} repeats"))
    assert "tiny-sd15" in tab.field("Base model").evaluate(
        "(select) => select.selectedOptions[0].textContent"
    )
    tab.button("Start training").click()
    tab.sees(re.compile("step [1-9]|finished"))
    tab.knows("app.known.curve.length > 3")
    tab.screenshot("train", tmp_path)
    tab.page.reload()
    tab.root.get_by_role("tab").first.wait_for()
    panel.wait_for()  # the step that was open is open
    panel.get_by_role("button", name="Try it").wait_for(timeout=TRAINING_MS)
    expect(panel.locator(".lb-run h3")).to_contain_text("finished")
    coming = tab.root.get_by_text(re.compile("Files that will come")).locator("visible=true")
    expect(coming).to_have_count(1)
    points = tab.page.evaluate("loraBridge.app.known.curve.map((point) => point[0])")
    assert points and points[0] <= STEPS / 4, "the curve is whole, also before the reload"


def trying(tab: Tab, tmp_path: Path) -> str:
    tab.root.get_by_role("button", name="Try it").first.click()
    text = tab.root.locator(".lb-infotext")
    text.wait_for()
    tab.sees(re.compile("AlvaroBadia.safetensors is in"))
    tab.button("Copy").wait_for()
    assert not tab.button("Send to txt2img").is_visible()
    tab.screenshot("try", tmp_path)
    return text.inner_text()
