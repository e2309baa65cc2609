"""The step Captions in a browser: drafted by a server, the person taken out,
many changed at once.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.caption_server import Handler, Moody, answered
from tests.support.patience import SECONDS

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


def test_the_server_is_still_named_after_a_reload_but_not_its_key(tab: Tab, server: Moody) -> None:
    tab.field("Captions by").select_option("server")
    tab.field("Address").fill(server.address)
    tab.field("Model").fill("qwen3-vl")
    tab.field("Key, if it wants one").fill("sk-secret")
    tab.button("Draft 3 captions").click()
    tab.knows("app.state.draft.photos.every((photo) => photo.by === 'qwen3-vl')")
    assert "sk-secret" not in tab.page.evaluate("JSON.stringify(sessionStorage)")
    tab.page.reload()
    tab.shows("Captions by", "server")
    tab.shows("Address", server.address)
    tab.shows("Model", "qwen3-vl")
    tab.shows("Key, if it wants one", "")


def test_each_caption_is_drawn_while_the_next_one_is_asked_for(tab: Tab) -> None:
    drawn = [threading.Event() for _ in SAID]

    def after(number: int) -> Callable[[Handler], None]:
        def mood(handler: Handler) -> None:
            assert not number or drawn[number - 1].wait(SECONDS)
            handler.say(answered(SAID[number]))

        return mood

    with Moody(*map(after, range(len(SAID))), models=["qwen3-vl"]) as server:
        tab.field("Captions by").select_option("server")
        tab.field("Address").fill(server.address)
        tab.button("Draft 3 captions").click()
        for number, seen in enumerate(drawn):
            expect(caption_boxes(tab).nth(number)).to_have_value(re.compile("man.+"))
            asked = min(number + 2, len(SAID))
            tab.soon(functools.partial(_has_asked, server, asked))
            for other in range(number + 1, len(SAID)):
                expect(caption_boxes(tab).nth(other)).to_have_value("AlvaroBadia man")
            seen.set()
    assert not tab.errors


def _has_asked(server: Moody, count: int) -> bool:
    return len(server.asked) >= count


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


CAPTION = "AlvaroBadia man, park, hat, smiling"


def caption_boxes(tab: Tab) -> Any:
    return tab.root.locator("#lora-bridge-captions .lb-captions textarea")


def test_chips_are_dragged_to_another_place_and_onto_another_caption(tab: Tab) -> None:
    boxes = caption_boxes(tab)
    boxes.nth(0).fill(CAPTION)
    boxes.nth(0).blur()
    cloud = tab.root.get_by_role("list", name="Tags in the captions")
    cloud.get_by_role("button", name="smiling 1").wait_for()  # it grows, and moves what is below it
    chips = tab.root.get_by_role("list", name="Tags of this caption")
    chips.get_by_role("button", name="smiling").drag_to(chips.get_by_role("button", name="park"))
    expect(boxes.nth(0)).to_have_value("AlvaroBadia man, smiling, park, hat")
    chips.get_by_role("button", name="hat").drag_to(chips.get_by_text("AlvaroBadia man"))
    expect(boxes.nth(0)).to_have_value("AlvaroBadia man, hat, smiling, park")
    cloud.get_by_role("button", name="smiling 1").drag_to(boxes.nth(1))
    expect(boxes.nth(1)).to_have_value("AlvaroBadia man, smiling")
    tab.soon(
        lambda: (
            texts(tab)[:2]
            == [
                "AlvaroBadia man, hat, smiling, park",
                "AlvaroBadia man, smiling",
            ]
        )
    )
    tab.button("Undo").click()
    expect(boxes.nth(1)).to_have_value("AlvaroBadia man")
    assert not tab.errors


def test_the_whole_editor_by_the_keyboard(tab: Tab) -> None:
    """Nothing is clicked: a caption written, chips moved, photos selected, all of them changed."""
    keys, boxes = tab.page.keyboard, caption_boxes(tab)
    rows = tab.root.locator("#lora-bridge-captions .lb-captions [role=listitem]")
    rows.first.focus()
    keys.press("Enter")
    expect(boxes.nth(0)).to_be_focused()
    keys.press("Control+a")
    keys.type(CAPTION)
    keys.press("Alt+ArrowDown")
    expect(boxes.nth(1)).to_be_focused()
    keys.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    keys.press("ArrowUp")
    expect(rows.nth(0)).to_be_focused()

    chips = tab.root.get_by_role("list", name="Tags of this caption")
    hat = chips.get_by_role("button", name="hat")
    hat.wait_for()
    while not hat.evaluate("(node) => node === document.activeElement"):
        keys.press("Shift+Tab")
    keys.press("ArrowLeft")
    expect(boxes.nth(0)).to_have_value("AlvaroBadia man, hat, park, smiling")
    expect(hat).to_be_focused()
    keys.press("Tab")
    keys.press("Delete")
    expect(boxes.nth(0)).to_have_value("AlvaroBadia man, hat, smiling")

    rows.nth(2).focus()
    keys.press(" ")
    tab.sees("3 shown, 1 selected")
    tab.button("Add to 1 selected").focus()
    keys.press("Enter")
    expect(tab.field("Words to add")).to_be_focused()
    keys.type("red scarf")
    tab.sees("1 caption changes:")
    keys.press("Enter")
    expect(boxes.nth(2)).to_have_value("AlvaroBadia man, red scarf")
    rows.nth(2).focus()
    keys.press("Control+z")
    expect(boxes.nth(2)).to_have_value("AlvaroBadia man")
    keys.press("Control+y")
    expect(boxes.nth(2)).to_have_value("AlvaroBadia man, red scarf")
    keys.press("Control+a")
    tab.sees("3 shown, 3 selected")
    assert not tab.errors


def test_a_typed_caption_can_be_undone_at_once(tab: Tab) -> None:
    """Also while the server tells nothing new: its next answers are held back."""
    tab.page.route(re.compile("/v1/(status|draft)[?]"), lambda route: None)
    box, undo = caption_boxes(tab).nth(0), tab.button("Undo").locator("visible=true")
    expect(undo).to_be_disabled()
    box.fill("AlvaroBadia man, in Rome")
    expect(undo).to_be_enabled()
    box.blur()
    tab.knows("!app.saver.isWaitingFor('photo ')")
    expect(undo).to_be_enabled()
    undo.click()
    expect(box).to_have_value("AlvaroBadia man")
    assert not tab.errors


def test_as_many_captions_are_drafted_as_photos_are_used(tab: Tab) -> None:
    expect(tab.button("Draft 3 captions")).to_be_visible()
    photos = tab.step("Photos")
    photos.locator(".lb-tile").first.click()
    tab.sees("2 of 3 photos will be used.")
    tab.step("Captions")
    expect(tab.button("Draft 2 captions")).to_be_visible()


def test_the_captions_of_one_of_two_subjects_are_shown_and_changed(
    tab: Tab, pictures: list[Path]
) -> None:
    tab.step("Photos")
    tab.button("Add another subject").click()
    tab.shows("Name, as you will use it in prompts", "")
    tab.field("Name, as you will use it in prompts").fill("Ada")
    tab.field("What is it").fill("woman")
    tab.drop(pictures[3:5])
    tab.sees("2 of 2 photos will be used.")
    panel, boxes = tab.step("Captions"), caption_boxes(tab).locator("visible=true")
    panel.get_by_label("Subject", exact=True).select_option("Ada woman")
    tab.sees("2 shown, 0 selected")
    expect(boxes).to_have_count(2)
    for number in range(2):
        expect(boxes.nth(number)).to_have_value("Ada woman")
    tab.button("Select all shown").click()
    tab.button("Add to 2 selected").click()
    tab.field("Words to add").fill("in Rome")
    tab.button("Apply to 2 selected").click()
    for number in range(2):
        expect(boxes.nth(number)).to_have_value("Ada woman, in Rome")
    panel.get_by_label("Subject", exact=True).select_option("all")
    expect(boxes.nth(0)).to_have_value("AlvaroBadia man")
    tab.soon(lambda: texts(tab).count("AlvaroBadia man") == 3)
    assert not tab.errors
