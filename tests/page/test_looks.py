"""How photos of the draft are turned and framed, and that the copies follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.page.draft.dataset import write
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.page.draft.looks.frames import frames
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.photos.faces import Box
from tests.support import messy
from tests.support.page import describe, draft_dict, set_photo, uploaded

PARAMS = TrainingParams(resolution="512")


@pytest.fixture
def draft(home: Home) -> Draft:
    """A long photo, its right end white; and a square one."""
    wide = messy.photo(1, (700, 250))
    wide.paste((255, 255, 255), (600, 0, 700, 250))
    draft = Draft(home)
    draft.upload(
        [
            uploaded("wide.jpg", messy.jpeg(wide)),
            uploaded("square.jpg", messy.jpeg(messy.photo(2, (400, 400)))),
        ]
    )
    assert draft.check.wait()
    describe(draft, {"name": "Ada"})
    return draft


def copies(draft: Draft) -> list[Image.Image]:
    leaf = next((write(draft, Buckets(PARAMS)) / "img").iterdir())
    found = []
    for file in sorted(leaf.glob("*.png")):
        with Image.open(file) as picture:
            found.append(picture.convert("RGB"))
    return found


def white_share(picture: Image.Image) -> float:
    return float((np.asarray(picture).min(axis=2) > 240).mean())


def test_what_the_trainer_will_see(draft: Draft) -> None:
    view = frames(draft, PARAMS, repeats=10)
    wide, square = view.frames
    assert (wide.width, wide.height, tuple(wide.can_move)) == (768, 320, (True, False))
    assert (square.width, square.height, tuple(square.box)) == (512, 512, (0, 0, 1, 1))
    assert [(b.width, b.height, b.photos) for b in view.buckets] == [
        (512, 512, 1),
        (wide.width, wide.height, 1),
    ]
    assert view.notes == []


def test_mixed_sizes_say_what_they_cost(draft: Draft) -> None:
    batches_of_four = replace(PARAMS, train_batch_size=4)
    (note,) = frames(draft, batches_of_four, repeats=5).notes
    assert note == (
        "Only pictures of one size make a batch: 4 steps per epoch, where photos of one size "
        "would need 3."
    )


def test_a_moved_frame_is_what_the_copy_shows(draft: Draft) -> None:
    pid = draft.state.items[0].id
    middle = copies(draft)[0]
    set_photo(draft, pid, {"move": {"x": 1, "y": 0}})
    right = copies(draft)[0]
    set_photo(draft, pid, {"move": {"x": -1, "y": 0}})
    left = copies(draft)[0]
    assert middle.size == (700, 250), "what nobody moved is copied whole"
    assert right.width == left.width < 700
    assert white_share(left) < white_share(middle) < white_share(right)


def test_a_turned_photo_is_turned_everywhere(draft: Draft) -> None:
    pid = draft.state.items[0].id
    set_photo(draft, pid, {"move": {"x": 1, "y": 0}})
    set_photo(draft, pid, {"turn": 1})
    after = frames(draft, PARAMS, 1).frames[0]
    assert (after.width, after.height) == (256, 832)
    assert tuple(after.move) == (0, 0), "another shape: the frame is in the middle again"
    copy = copies(draft)[0]
    assert copy.size == (250, 700)
    assert white_share(copy.crop((0, 600, 250, 700))) > 0.9, "clockwise: its right is below now"
    assert draft_dict(draft)["photos"][0]["turn"] == 1


def test_each_change_can_be_taken_back(draft: Draft, home: Home) -> None:
    one, other = (item.id for item in draft.state.items)
    set_photo(draft, one, {"move": {"x": 0.5, "y": 0}})
    set_photo(draft, one, {"caption": "Ada, at the sea"})
    set_photo(draft, other, {"used": False})
    again = Draft(home)  # a restart keeps it
    assert draft_dict(again)["photo_undo"] == 2
    again.change(lambda state: state.photos_undone())
    assert [photo["used"] for photo in draft_dict(again)["photos"]] == [True, True]
    again.change(lambda state: state.photos_undone())
    item = again.item(one)
    assert item.move == (0, 0) and (item.caption or "").endswith(", at the sea")
    assert draft_dict(again)["photo_undo"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"turn": 0.5}, {"turn": True}, {"move": {"x": 2, "y": 0}}, {"move": [0, 1]}, {"move": "left"}],
)
def test_what_is_no_turn_or_frame_is_refused(draft: Draft, wrong: dict[str, object]) -> None:
    before = draft.state
    with pytest.raises(Invalid):
        set_photo(draft, draft.state.items[0].id, wrong)
    assert draft.state == before


def test_a_box_turns_with_its_picture(tmp_path: Path) -> None:
    face = Box(0.1, 0.2, 0.3, 0.4)
    assert face.turned(4) == face
    once = face.turned(1)
    assert (once.left, once.top) == pytest.approx((0.4, 0.1))
    assert (once.width, once.height) == (0.4, 0.3)
    back = once.turned(3)
    assert (back.left, back.top) == pytest.approx((0.1, 0.2))
