"""The step Captions in a browser: drafted by a server, the person taken out,
many changed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.caption_server import Moody, answered

from .conftest import Ui
from .page_object import Tab, expect

SAID = [
    "A man with brown eyes, head and shoulders, grey shirt, sunny park, looking at the camera",
    "A man, sunny park, grey shirt, brown eyes, standing",
    "A man, sitting, evening light, at home",
]


@pytest.fixture
def server() -> Iterator[Moody]:
    moods = [lambda handler, text=text: handler.say(answered(text)) for text in SAID]
    with Moody(*moods, models=["qwen3-vl"]) as moody:
        yield moody


@pytest.fixture
def tab(serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]) -> Tab:
    """Three photos without captions, in the second step."""
    tab = visit(serve().address)
    tab.field("Name, as you will use it in prompts").fill("AlvaroBadia")
    tab.field("What is it").fill("man")
    tab.drop(pictures[:3])
    tab.knows("app.state.draft.used === 3 && !app.state.draft.checking && app.state.draft.name")
    tab.step("Captions")
    return tab


def texts(tab: Tab) -> list[str]:
    return [photo["caption"] for photo in tab.page.evaluate("loraBridge.app.state.draft.photos")]


def test_drafted_by_a_server_and_fitted_to_the_person(
    tab: Tab, server: Moody, tmp_path: Path
) -> None:
    tab.field("Captions by").select_option("server")
    tab.field("Address").fill(server.address)
    tab.field("Model").fill("qwen3-vl")
    tab.button("Draft 3 captions").click()
    tab.knows("app.state.draft.photos.every((photo) => photo.by === 'qwen3-vl')")
    assert all(text.startswith("AlvaroBadia man") for text in texts(tab))
    tab.sees("drafted by qwen3-vl")
    tab.button("Remove what belongs to the person (1)").click()
    tab.sees("2 captions change:")
    assert any("brown eyes" in text for text in texts(tab))
    tab.button("Remove them").click()
    tab.knows("app.state.draft.photos.every((photo) => !/brown eyes/.test(photo.caption))")
    tab.screenshot("captions-drafted", tmp_path)
    tab.button("Undo").click()
    tab.knows("app.state.draft.photos.some((photo) => /brown eyes/.test(photo.caption))")
    tab.button("Redo").click()
    tab.knows("app.state.draft.photos.every((photo) => !/brown eyes/.test(photo.caption))")
    assert not tab.errors and not tab.foreign


def test_filters_selection_preview_and_keys(tab: Tab, axe: str) -> None:
    boxes = tab.root.locator("#lora-bridge-captions .lb-captions textarea")
    for number in range(3):
        boxes.nth(number).fill(f"AlvaroBadia man, number {number}, park")
    boxes.nth(2).blur()
    tab.knows("app.state.draft.photos.every((photo) => /park/.test(photo.caption))")
    tab.root.get_by_label("Search captions").fill("number 1")
    tab.sees("1 shown, 0 selected")
    tab.button("Select all shown").click()
    tab.root.get_by_label("Search captions").fill("")
    tab.button("Find and replace").click()
    tab.field("Find").fill(r"numb\w+ (\d)")
    tab.field("Replace with").fill(r"no \1")
    tab.root.get_by_label("regular expression").check()
    tab.sees("1 caption changes:")
    assert tab.violations(axe) == []
    tab.button("Apply to 1 selected").click()
    tab.knows("app.state.draft.photos.filter((photo) => /no \\d/.test(photo.caption)).length === 1")
    assert texts(tab)[1] == "AlvaroBadia man, no 1, park"
    first = tab.root.locator("#lora-bridge-captions .lb-captions [role=listitem]").first
    first.focus()
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    expect(boxes.nth(1)).to_be_focused()
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Control+z")
    tab.knows("app.state.draft.photos.every((photo) => !/no \\d/.test(photo.caption))")
    assert not tab.errors
