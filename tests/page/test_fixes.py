"""What can be done about a finding with one click, on the copies; one undo takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.datasets import verdicts
from sd_scripts_bridge.photos import faces
from sd_scripts_bridge.photos.faces import Box
from tests.support import messy
from tests.support.page import Page, base, context, page

__all__ = ["base", "context", "page"]


class RedFaces:
    """Finds a red patch that is taller than wide, as a face is; one that lies is none."""

    name, is_sure = "red faces", True

    def find(self, pixels: Image.Image) -> tuple[Box, ...]:
        colours = np.asarray(pixels, int)
        red = (colours[..., 0] > 200) & (colours[..., 1:].max(axis=2) < 60)
        if not red.any():
            return ()
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        high, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
        if high <= wide:
            return ()
        box = (columns[0] / pixels.width, rows[0] / pixels.height)
        return (Box(*box, wide / pixels.width, high / pixels.height),)


def with_face(seed: int, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    picture = messy.photo(seed, size)
    skin = np.zeros((170, 120, 3), np.uint8)
    skin[..., 0] = np.random.default_rng(seed).integers(205, 255, (170, 120))
    picture.paste(Image.fromarray(skin), at)
    return picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """1 is good, 2 lies on its side, 3's face is far out, 4 and 5 are of one burst, 5 blurred."""
    made = tmp_path / "photos"
    made.mkdir()
    with_face(1, (640, 640), (200, 200)).save(made / "1.png")
    with_face(2, (640, 600), (200, 200)).transpose(Image.Transpose.ROTATE_90).save(made / "2.png")
    with_face(3, (2800, 600), (5, 200)).save(made / "3.png")
    burst = with_face(4, (640, 640), (260, 200))
    burst.save(made / "4.png")
    moved = Image.new("RGB", burst.size)
    moved.paste(burst.resize((324, 324)).resize((640, 640)), (5, 3))
    moved.save(made / "5.png")
    return made


@pytest.fixture
def looked(page: Page, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    for module in (faces, verdicts):
        monkeypatch.setattr(module, "find_detector", lambda _folders=(): RedFaces())
    assert page.post("draft/folder", path=str(folder)).status_code == 200
    page.seen()
    yield page


def photo(page: Page, name: str) -> dict[str, Any]:
    return next(one for one in page.seen()["photos"] if one["file"] == name)


def fixes(page: Page, name: str) -> list[tuple[str, str]]:
    return [(one["reason"], one["fix"]) for one in photo(page, name)["findings"]]


def test_each_finding_says_what_can_be_done(looked: Page) -> None:
    assert fixes(looked, "1.png") == []
    assert ("lies on its side", "turn") in fixes(looked, "2.png")
    assert ("nearly the same as 4.png, which is better", "leave out") in fixes(looked, "5.png")
    assert not any("nearly" in reason for reason, _ in fixes(looked, "4.png"))
    assert all(one["used"] for one in looked.seen()["photos"])  # no finding drops one by itself


def test_a_photo_is_turned_upright_and_back(looked: Page) -> None:
    answer = looked.post("draft/photos/fix", fix="turn")
    assert answer.json()["notes"] == ["1 photo turned upright."]
    after = photo(looked, "2.png")
    assert (after["turn"], after["verdict"], after["findings"]) == (1, "good", [])
    assert after["sentence"] == "2.png is good: you have turned it upright."
    assert looked.post("draft/photos/undo").status_code == 200
    assert (photo(looked, "2.png")["turn"], photo(looked, "2.png")["verdict"]) == (0, "mind")


def test_the_frame_moves_onto_the_face(looked: Page) -> None:
    number = photo(looked, "3.png")["id"]

    def frame() -> dict[str, Any]:
        frames = looked.get("draft/frames").json()["frames"]
        return next(dict(one) for one in frames if one["id"] == number)

    assert frame()["cuts_face"]
    notes = looked.post("draft/photos/fix", fix="crop", photos=[number]).json()["notes"]
    assert notes == ["1 frame moved onto the face."]
    assert not frame()["cuts_face"] and frame()["move"][0] == -1
    again = looked.post("draft/photos/fix", fix="crop").json()["notes"]
    assert again == ["There is nothing to do about it."]


def test_of_nearly_the_same_photos_the_better_one_stays(looked: Page) -> None:
    answer = looked.post("draft/photos/fix", fix="drop copies").json()
    assert (answer["used"], answer["notes"]) == (4, ["1 photo left out."])
    assert not photo(looked, "5.png")["used"] and photo(looked, "4.png")["used"]
    looked.post("draft/photos/undo")
    assert photo(looked, "5.png")["used"]


def test_what_can_not_be_fixed_is_said(looked: Page) -> None:
    refused = looked.post("draft/photos/fix", fix="leave out")
    assert refused.status_code == 422
    assert "which photos to leave out" in refused.json()["error"]["sentences"][0]
    assert looked.post("draft/photos/fix", fix="turn", photos=[99]).status_code == 404
    assert looked.post("draft/photos/fix", fix="paint").status_code == 422


def test_turning_asks_only_a_sure_detector(folder: Path) -> None:
    pixels = Image.open(folder / "2.png").convert("RGB")
    unsure = RedFaces()
    assert faces.quarters_to_upright(unsure, pixels) == 1
    unsure.is_sure = False  # type: ignore[misc]
    assert faces.quarters_to_upright(unsure, pixels) == 0
