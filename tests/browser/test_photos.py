"""The first two steps with what people really bring: broken files, copies, a PDF, a text far too
long.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from .conftest import Ui
from .page_object import Tab, expect

NAME = "Name, as you will use it in prompts"


@pytest.fixture
def mixed(pictures: list[Path], tmp_path: Path) -> list[Path]:
    """Three photos, a copy that sorts first, half a photo and a PDF."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    contents = {
        "me.jpg": pictures[0].read_bytes(),
        "Copy of me.jpg": pictures[0].read_bytes(),
        "me (copy).jpg": pictures[0].read_bytes(),
        "you.jpg": pictures[1].read_bytes(),
        "she.jpg": pictures[3].read_bytes(),
        "half.jpg": pictures[4].read_bytes()[:3000],
        "invoice.pdf": b"%PDF-1.4 one page",
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


def test_nothing_vanishes_and_the_original_is_kept(
    serve: Callable[..., Ui], visit: Callable[..., Tab], mixed: list[Path]
) -> None:
    tab = visit(serve().address)
    failed: list[str] = []
    tab.page.on("response", lambda got: failed.append(got.url) if got.status >= 400 else None)
    tab.drop(mixed)
    tab.sees("3 of 7 photos will be used.")

    def tile_says(name: str, *words: str) -> None:
        named = tab.page.get_by_text(name, exact=True)
        for word in words:
            expect(tab.root.locator(".lb-tile", has=named).first).to_contain_text(word)

    tile_says("invoice.pdf", "left out", "PDF")
    tile_says("half.jpg", "left out", "damaged")
    for copied in ("Copy of me.jpg", "me (copy).jpg"):
        tile_says(copied, "same file as me.jpg")
    assert failed == [], "a photo that can't be shown is a tile that says why"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (400, 720)])
def test_the_photos_scroll_with_the_window(
    serve: Callable[..., Ui],
    visit: Callable[..., Tab],
    tmp_path: Path,
    width: int,
    height: int,
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        Image.effect_noise((300, 300), 60).save(folder / f"{number}.jpg")
    tab = visit(serve().address, viewport={"width": width, "height": height})
    tab.field("Photos, a zip, a video, or a folder").fill(str(folder))
    tab.field("Photos, a zip, a video, or a folder").press("Enter")
    tab.sees("60 of 60 photos will be used.")
    inner = tab.page.evaluate(
        "[...document.querySelectorAll('#lora-bridge *')].filter((node) => node.offsetParent"
        " && node.scrollHeight > node.clientHeight + 1"
        " && /auto|scroll/.test(getComputedStyle(node).overflowY)).map((node) => node.className)"
    )
    assert inner == [], "nothing scrolls inside the page"
    tab.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    tab.sees("59.jpg")
    assert tab.root.locator(".lb-tile").count() < 60, "only what is in sight is in the page"
    following = tab.button("Next: captions").bounding_box()
    assert following and following["y"] + following["height"] <= height
    tab.page.evaluate("window.scrollTo(0, 400)")
    tab.page.wait_for_timeout(300)
    following = tab.button("Next: captions").bounding_box()
    assert following and following["y"] + following["height"] <= height, "always in sight"


def test_one_font_for_bold_and_plain(serve: Callable[..., Ui], visit: Callable[..., Tab]) -> None:
    tab = visit(serve().address)
    fonts = tab.page.evaluate(
        "[...new Set([...document.querySelectorAll('#lora-bridge *:not(pre, code)')]"
        ".map((node) => getComputedStyle(node).fontFamily))]"
    )
    assert len(fonts) == 1 and fonts[0].startswith("system-ui")


def test_loading_is_not_shown_as_empty(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    tab.page.route("**/lora-bridge/v1/draft*", lambda route: None)
    tab.page.reload()
    tab.sees("Loading ...")
    assert tab.root.get_by_text("Drop 10 to 30 photos here").is_hidden()
    assert tab.field(NAME).is_hidden()
    tab.page.unroute("**/lora-bridge/v1/draft*")
    tab.page.reload()
    tab.sees("2 of 2 photos will be used.")


def test_a_caption_far_too_long_is_refused_at_once_and_nothing_is_lost(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.field(NAME).fill("Ada")
    tab.drop(pictures[:1])
    tab.sees("1 of 1 photo will be used.")
    box = tab.step("Captions").get_by_role("textbox").first
    box.fill("Ada, in the snow")
    assert tab.page.evaluate(PASTE), "the browser isn't left to insert it, which takes long"
    tab.sees(re.compile("That text has 1.600.000 characters"))
    assert box.input_value() == "Ada, in the snow"
    box.blur()
    tab.knows("app.state.draft.photos[0].caption === 'Ada, in the snow'")


PASTE = """() => {
    const box = document.querySelector('#lora-bridge-captions textarea');
    box.focus();
    const brought = new DataTransfer();
    brought.setData('text/plain', 'word '.repeat(320000));
    const event = new ClipboardEvent(
        'paste', {clipboardData: brought, bubbles: true, cancelable: true});
    box.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def test_what_is_trained_of_a_photo_is_seen_and_moved(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], tmp_path: Path
) -> None:
    with Image.open(pictures[0]) as photo:
        wide = photo.convert("RGB").resize((700, 250))
    wide.save(tmp_path / "wide.jpg")
    tab = visit(serve().address)
    tab.drop([tmp_path / "wide.jpg", pictures[1]])
    tab.field(NAME).fill("AlvaroBadia")
    tab.sees("2 of 2 photos will be used.")
    tab.sees(re.compile("Sizes the trainer will see"))
    cell = tab.root.locator(".lb-framed", has_text="wide.jpg")
    frame = cell.locator(".lb-frame")
    tab.sees("768 × 320")

    before = frame.bounding_box()
    assert before is not None
    middle = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    tab.page.mouse.move(*middle)
    tab.page.mouse.down()
    tab.page.mouse.move(middle[0] + 60, middle[1], steps=4)
    tab.page.mouse.up()
    tab.knows("app.state.draft.photo_undo === 1")
    after = frame.bounding_box()
    picture = cell.locator(".lb-picture").bounding_box()
    assert after and picture
    assert after["x"] > before["x"] + 5
    edges = after["x"] + after["width"], picture["x"] + picture["width"]
    assert abs(edges[0] - edges[1]) < 1.5, "it stops at the photo's edge"
    assert tab.page.get_by_text("2 of 2 photos").is_visible(), (
        "a drag is no click: it is used still"
    )

    tab.page.mouse.move(after["x"] + 5, middle[1])
    tab.page.mouse.down()
    tab.page.mouse.move(after["x"] - 60, middle[1], steps=4)
    tab.page.keyboard.press("Escape")
    tab.page.mouse.up()
    assert frame.bounding_box() == after, "Escape puts it back"
    tab.page.mouse.dblclick(after["x"] + 5, middle[1])
    cell.get_by_role("button", name="Move the frame").press("ArrowLeft")
    tab.knows("app.state.draft.photo_undo >= 2")
    tab.sees("2 of 2 photos will be used.")
    cell.get_by_role("button", name="Turn wide.jpg").click()
    tab.knows("app.state.draft.photos[0].turn === 1 || app.state.draft.photos[1].turn === 1")
    tab.sees("256 × 832")
    tab.button("Undo").click()
    tab.sees("768 × 320")


def test_the_held_out_photo_is_shown_and_chosen(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.drop(pictures)
    tab.sees("1 of them is held out to measure the result.")
    held = tab.root.locator(".lb-held")
    held.get_by_text("held out", exact=True).wait_for()
    other = tab.root.locator(".lb-framed:not(.lb-held)").first
    file = other.locator(".lb-file").inner_text()
    other.get_by_role("button", name=f"Hold out: {file}").click()
    held.get_by_text(file, exact=True).wait_for()
    tab.knows("app.state.draft.photos.filter((photo) => photo.held_out).length === 1")
    expect(held).to_have_count(1)
    held.locator(".lb-tile").press("h")
    tab.knows(f"!app.state.draft.photos.find((photo) => photo.file === {file!r}).held_out")
    tab.button("Hold none out").click()
    tab.knows("!app.state.draft.photos.some((photo) => photo.held_out)")
    tab.button("Hold photos out to measure the result").wait_for()
    assert tab.errors == []
