"""The whole way in a real WebUI: photos in, trained, its card in the Lora list, txt2img filled in,
a picture drawn with it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import WebUI, choose

STEPS, LONG = 4, 40
"""The long one still trains when somebody clicks."""
PIXELS = 128
"""With a full-size base on a busy CPU a step of 512 x 512 takes half a minute, and the proof of
what was learnt ten.
"""
GIGABYTE = 1 << 30


pytestmark = pytest.mark.timeout(1800)


def test_from_photos_to_a_picture(
    with_training: Path,
    start: Callable[..., WebUI],
    open_tab: Callable[..., Any],
    pictures: list[Path],
    tmp_path: Path,
) -> None:
    webui = start()
    tab = open_tab(webui)
    prepare(tab, pictures[:2])
    tab.screenshot("webui-train", tmp_path)
    tab.button("Start training").click()
    tab.knows("app.state.status.job", 60)
    tab.knows("!['queued', 'running'].includes(app.state.status.job.status)", 900)
    assert tab.page.evaluate("loraBridge.app.state.status.job.status") == "succeeded"
    assert (webui.loras / "AlvaroBadia.safetensors").is_file() and (
        webui.loras / "AlvaroBadia.json"
    ).is_file()
    send(tab, tmp_path)
    card(webui, tab)
    draw(tab)
    assert "<lora:AlvaroBadia:1>" in tab.page.locator("#html_info_txt2img").first.inner_text()
    assert tab.errors == []
    assert all("iframe-resizer" in address for address in tab.foreign), (
        "gradio 3.41.2 asks for that one by itself"
    )


def test_a_click_on_generate_waits_for_the_training(
    with_training: Path,
    start: Callable[..., WebUI],
    open_tab: Callable[..., Any],
    pictures: list[Path],
) -> None:
    """The model leaves the memory; the click waits in the WebUI's own queue, and is drawn
    afterwards.
    """
    webui = start()
    tab = open_tab(webui)
    before = draw(tab)
    with_model = webui.memory
    prepare(tab, pictures[:2], LONG)
    tab.button("Start training").click()
    tab.knows("app.state.status.job", 60)
    tab.knows("app.state.status && app.state.status.running && app.state.status.running.step", 600)
    print(
        f"\nthe WebUI with its model: {with_model / GIGABYTE:.2f} GB; while it trains: "
        f"{webui.memory / GIGABYTE:.2f} GB"
    )
    assert webui.memory < with_model - 2 * GIGABYTE, "the model has left the memory"
    tab.page.evaluate("gradioApp().querySelector('#txt2img_generate').click()")
    deadline = time.monotonic() + 30
    while not json.loads(webui.get("internal/pending-tasks"))["size"]:
        assert time.monotonic() < deadline, "the click waits in no queue"
        time.sleep(0.5)
    tab.knows("app.state.status.job && app.state.status.job.status === 'succeeded'", 900)
    assert shown(tab) == before, "nothing was drawn while it trained"
    wait_for_picture(tab, before)
    assert b"Error completing request" not in webui.log.read_bytes()
    assert tab.errors == []


def test_generate_now_draws_and_the_training_goes_on_by_itself(
    with_training: Path,
    start: Callable[..., WebUI],
    open_tab: Callable[..., Any],
    pictures: list[Path],
) -> None:
    tab = open_tab(start())
    prepare(tab, pictures[:2], LONG)
    tab.button("Start training").click()
    tab.knows("app.state.status && app.state.status.running && app.state.status.running.step", 600)
    tab.button("Generate now").click()
    tab.sees(re.compile("Paused at step"), 120)
    step = tab.page.evaluate("loraBridge.app.state.status.paused.job.step")
    draw(tab)
    choose(tab, "Train LoRA")
    assert tab.page.evaluate("loraBridge.app.state.status.running") is None, (
        "the card was the picture's"
    )
    tab.knows("app.state.status.job && app.state.status.job.status === 'succeeded'", 900)
    assert 0 < step < LONG
    curve = tab.page.evaluate("loraBridge.app.known.curve")
    assert {point[2] for point in curve} == {1, 2} and curve[-1][0] == LONG, (
        "one curve of both attempts"
    )
    assert tab.errors == []


def draw(tab: Any) -> str:
    """A small picture with what stands in txt2img; returns its address."""
    choose(tab, tab.page.locator("#tabs > .tab-nav > button").first.inner_text().strip())
    for name, value in (
        ("steps", 2),
        ("width", 64),
        ("height", 64),
        ("batch_count", 1),
        ("seed", 1),
    ):
        number(tab, name, value)
    before = shown(tab)
    tab.page.locator("#txt2img_generate").click()
    return wait_for_picture(tab, before)


def number(tab: Any, name: str, value: int) -> None:
    field = tab.page.locator(f"#txt2img_{name} input[type=number]").first
    field.fill(str(value))
    field.press("Tab")


def shown(tab: Any) -> str:
    picture = tab.page.locator("#txt2img_gallery img").first
    return str(picture.get_attribute("src")) if picture.count() else ""


def wait_for_picture(tab: Any, before: str, seconds: float = 400) -> str:
    deadline = time.monotonic() + seconds
    while (now := shown(tab)) in ("", before) or "blob:" in now or "data:" in now:
        assert time.monotonic() < deadline, "no picture came"
        time.sleep(0.5)
    return now


def prepare(tab: Any, pictures: list[Path], steps: int = STEPS) -> None:
    choose(tab, "Train LoRA")
    tab.field("Name, as you will use it in prompts").fill("AlvaroBadia")
    tab.field("What is it").fill("man")
    tab.drop(pictures)
    tab.sees("2 of 2 photos will be used.", 60)
    tab.step("Train")
    tab.field("Steps").fill(str(steps))
    tab.field("Steps").blur()
    tab.sees(re.compile(f"{steps} steps"))
    tab.root.get_by_text("Advanced", exact=False).first.click()
    tab.page.wait_for_function("loraBridge.app.views.train.advanced.built")
    tab.field("Resolution resolution").fill(str(PIXELS))
    tab.field("Resolution resolution").blur()
    tab.knows(f"app.state.draft.training.values.resolution === '{PIXELS}'")
    assert tab.field("Base model").input_value(), "the loaded model is chosen by itself"


def send(tab: Any, tmp_path: Path) -> None:
    tab.step("Try")
    tab.button("Send to txt2img").wait_for()
    tab.screenshot("webui-try", tmp_path)
    tab.button("Send to txt2img").click()
    value = "gradioApp().querySelector('#txt2img_%s').value"
    tab.page.wait_for_function(
        (value % "prompt textarea") + ".includes('<lora:AlvaroBadia:1>')", timeout=60_000
    )
    tab.page.wait_for_timeout(1000)

    def read(name: str) -> str:
        return str(tab.page.evaluate(value % name))

    assert tab.page.locator("#txt2img_prompt").is_visible(), "the tab is switched"
    assert "AlvaroBadia man" in read("prompt textarea") and read("neg_prompt textarea")
    numbers = {
        name: float(read(f"{name} input[type=number]"))
        for name in ("steps", "width", "height", "cfg_scale", "batch_count", "batch_size", "seed")
    }
    assert numbers == {
        "steps": 60,
        "width": 1024,
        "height": 1024,
        "cfg_scale": 7,
        "batch_count": 5,
        "batch_size": 1,
        "seed": -1,
    }
    assert read("sampling input") == "DPM++ 2M"
    assert read("scheduler input") in ("Karras", "Automatic"), "which is Karras for this sampler"
    tab.page.screenshot(path=tmp_path / "txt2img.png")


def card(webui: WebUI, tab: Any) -> None:
    """It is in the Lora list without a restart; a click on it gives the words that call it."""
    lora_tab = tab.page.locator("#txt2img_extra_tabs > .tab-nav > button").get_by_text(
        "Lora", exact=True
    )
    lora_tab.click()
    found = tab.page.locator("#txt2img_lora_cards .card[data-name='AlvaroBadia']")
    found.wait_for(timeout=60_000)
    prompt = tab.page.locator("#txt2img_prompt textarea")
    prompt.fill("a portrait")
    found.click()
    tab.page.wait_for_function(
        "gradioApp().querySelector('#txt2img_prompt textarea').value.includes('<lora:')",
        timeout=30_000,
    )
    written = prompt.input_value()
    assert "<lora:AlvaroBadia:1>" in written and "AlvaroBadia man" in written, written
    tab.page.locator("#txt2img_extra_tabs > .tab-nav > button").first.click()
