"""A mask is painted over a photo with mouse and keys, and the server has what was painted."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Ui
from .page_object import Tab, expect


def mask_of(tab: Tab, address: str) -> Image.Image | None:
    answer = tab.page.request.get(f"{address.rstrip('/')}/lora-bridge/v1/draft/photo/1/mask")
    return Image.open(io.BytesIO(answer.body())).convert("L") if answer.ok else None


def share(mask: Image.Image | None) -> float:
    """Of the photo, how much is hidden."""
    return 0.0 if mask is None else 1 - float(np.asarray(mask).mean()) / 255


def test_what_is_painted_is_what_the_server_has(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    ui = serve()
    tab = visit(ui.address)
    page = tab.page
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    part = tab.root.locator("details", has_text="Masks").last
    part.locator("summary").click()
    canvas = part.locator("canvas")
    canvas.scroll_into_view_if_needed()
    assert mask_of(tab, ui.address) is None

    def settled(change: Callable[[], object]) -> Image.Image | None:
        with page.expect_response(lambda got: got.request.method in ("PUT", "DELETE")) as got:
            change()
        assert got.value.ok, got.value.text()
        return mask_of(tab, ui.address)

    def stroke() -> None:
        box = canvas.bounding_box()
        assert box
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 20, steps=5)
        page.mouse.up()

    painted = settled(stroke)
    assert painted and 0.05 < share(painted) < 0.3
    assert painted.getpixel((painted.width // 2, painted.height - 5)) == 255
    expect(part.locator("input[type=checkbox]")).to_be_checked()
    page.wait_for_timeout(1500)  # the draft is read anew
    assert "another window" not in tab.root.inner_text()
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=f"{shots}/masks.png", full_page=True)

    def leave() -> None:
        """A stroke that Escape takes back, and one that leaves the picture and comes back."""
        box = canvas.bounding_box()
        assert box
        right, low = box["x"] + box["width"], box["y"] + box["height"]
        page.mouse.move(box["x"] + 30, low - 60)
        page.mouse.down()
        page.mouse.move(right - 60, low - 60, steps=3)
        page.keyboard.press("Escape")
        page.mouse.up()
        page.mouse.move(right - 30, box["y"] + 20)
        page.mouse.down()
        for x, y in ((right + 150, box["y"] + 20), (right + 150, low - 5), (right - 30, low - 5)):
            page.mouse.move(x, y, steps=4)
        page.mouse.up()

    left = settled(leave)
    assert left
    pixels = np.asarray(left)
    assert pixels[left.height // 2, -3] == 255, "beside the picture nothing is painted at its edge"
    assert pixels[-70, left.width // 3] == 255, "Escape took it back"
    assert pixels[-5, -3] < 128
    canvas.focus()
    assert share(settled(lambda: page.keyboard.press("Control+z"))) == pytest.approx(share(painted))
    page.keyboard.press("]")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    more = settled(lambda: page.keyboard.press(" "))
    assert share(more) > share(painted)
    assert share(settled(lambda: page.keyboard.press("Control+z"))) == pytest.approx(share(painted))
    assert share(settled(lambda: page.keyboard.press("Control+y"))) == pytest.approx(share(more))
    inverted = settled(lambda: part.get_by_text("Invert", exact=True).click())
    assert share(inverted) == pytest.approx(1 - share(more), abs=0.01)
    page.reload()
    canvas.wait_for()
    assert share(mask_of(tab, ui.address)) == pytest.approx(share(inverted))
    assert settled(lambda: part.get_by_text("Forget this mask", exact=True).click()) is None


def test_what_is_hidden_is_given_a_weight(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    part = tab.root.locator("details", has_text="Masks").last
    part.locator("summary").click()
    weight = tab.field("What is hidden weighs")
    assert not weight.is_visible(), "there is nothing to weigh without masks"
    part.locator("input[type=checkbox]").check()
    weight.fill("0.1")
    weight.press("Tab")
    tab.knows("app.state.draft.training.values.unmasked_weight === 0.1")
    weight.fill("7")
    weight.press("Tab")
    expect(weight).to_have_value("1")
    tab.knows("app.state.draft.training.values.unmasked_weight === 1")
    weight.fill("")
    weight.press("Tab")
    tab.knows("!('unmasked_weight' in app.state.draft.training.values)")
    assert tab.errors == []


def test_a_dropped_folder_brings_its_masks(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    (folder / "masks").mkdir(parents=True)
    for picture in pictures[:2]:
        shutil.copy(picture, folder)
    with Image.open(pictures[0]) as photo:
        Image.new("L", photo.size, 255).save(folder / "masks" / f"{pictures[0].stem}.png")
    tab = visit(serve().address)
    tab.drop([folder])
    tab.sees("2 of 2 photos will be used.")
    tab.knows("app.state.draft.photos.some((photo) => photo.mask === 'file')")
    assert not tab.errors
