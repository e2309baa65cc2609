"""Masks in the draft: painted over REST, seen, trained with, and forgotten."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.page.draft.dataset import write
from sd_scripts_bridge.photos.faces import Box
from sd_scripts_bridge.photos.masking.masked import GREY
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX
from tests.support import messy
from tests.support.page import Page
from tests.support.patience import SECONDS

MASKED = TrainingParams(extra={"alpha_mask": True})


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def half(width: int, height: int) -> Image.Image:
    """The left half is trained."""
    mask = Image.new("L", (width, height))
    mask.paste(255, (0, 0, width // 2, height))
    return mask


def told(page: Page) -> list[tuple[str, str]]:
    return [(one["file"], one["mask"]) for one in page.get("draft").json()["photos"]]


def drop(page: Page, **files: bytes) -> None:
    sent = [{"name": name, "data": b64encode(data).decode()} for name, data in files.items()]
    page.post("draft/photos", files=sent)
    page.context.draft.check.wait(SECONDS)


def test_a_mask_that_is_dropped_with_its_photo_is_no_photo(page: Page) -> None:
    mask = png(half(640, 560))
    drop(page, **{"1.jpg": messy.jpeg(messy.photo(1)), "1.mask.png": mask})
    assert told(page) == [("1.jpg", "file")]
    drop(page, **{"1-masklabel.png": mask, "1.jpg": messy.jpeg(messy.photo(2))})
    assert told(page) == [("1.jpg", "file"), ("1 (2).jpg", "file")], "it follows its photo's name"
    drop(page, **{"3.jpg": messy.jpeg(messy.photo(3))})
    drop(page, **{"3.mask.png": mask})
    assert told(page)[2:] == [("3.jpg", "file")]


def test_a_zip_with_a_folder_of_masks(page: Page) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("set/1.jpg", messy.jpeg(messy.photo(1)))
        opened.writestr("set/masks/1.png", png(half(640, 560)))
        opened.writestr("set/masks/carnival.jpg", messy.jpeg(messy.photo(2)))
    drop(page, **{"set.zip": packed.getvalue()})
    assert told(page) == [("1.jpg", "file"), ("carnival.jpg", "")]


@pytest.fixture
def drafted(page: Page) -> Page:
    """A wide photo, and one that is cut out: only its left half shows."""
    cut_out = messy.photo(2, (400, 300)).convert("RGBA")
    cut_out.putalpha(half(400, 300))
    files = {"a.jpg": messy.jpeg(messy.photo(1, (600, 300))), "b.png": png(cut_out)}
    rows = [{"name": name, "data": b64encode(data).decode()} for name, data in files.items()]
    page.post("draft/photos", files=rows)
    page.post("draft", name="Ada", class_token="woman")
    page.seen()
    return page


def paint(page: Page, pid: int, data: bytes, kind: str = "image/png") -> Any:
    said = {NONCE_HEADER: page.context.nonce, "content-type": kind}
    return page.client.put(f"{PREFIX}/draft/photo/{pid}/mask", content=data, headers=said)


def shown(page: Page, pid: int) -> Image.Image:
    answer = page.get(f"draft/photo/{pid}/mask")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content))


def trained(page: Page) -> list[Any]:
    """The clean copies of what Start would train."""
    leaf = next((write(page.context.draft, Buckets(MASKED)) / "img").iterdir())
    return [np.asarray(Image.open(file)) for file in sorted(leaf.glob("*.png"))]


def test_a_painted_mask_is_kept_shown_and_trained(drafted: Page) -> None:
    before = drafted.seen()
    assert [one["mask"] for one in before["photos"]] == ["", "alpha"]
    assert before["training"]["masks"] is False
    assert drafted.get("draft/photo/1/mask").status_code == 404
    said = paint(drafted, 1, png(half(200, 100))).json()
    assert said["mask"] == "painted" and said["mask_picture"].startswith("draft/photo/1/mask?v=")
    assert drafted.seen()["training"]["masks"] is True
    assert shown(drafted, 1).resize((2, 1), Image.Resampling.BOX).tobytes() == b"\xff\x00"
    for pixels in trained(drafted):
        middle = pixels.shape[1] // 2
        assert (pixels[:, :middle, 3] == 255).all() and (pixels[:, middle:, 3] == 0).all()
        assert (pixels[:, middle:, :3] == GREY).all()


def test_the_mask_turns_and_moves_with_its_photo(drafted: Page) -> None:
    paint(drafted, 1, png(half(200, 100)))
    drafted.post("draft/photo/1", turn=1)
    assert shown(drafted, 1).size == (300, 600)
    refused = paint(drafted, 1, png(half(200, 100)))
    assert refused.status_code == 422 and "another shape" in refused.text
    turned = trained(drafted)[0]
    assert turned.shape == (600, 300, 4)
    assert (turned[:300, :, 3] == 255).all() and (turned[300:, :, 3] == 0).all()
    lower = half(200, 100).transpose(Image.Transpose.ROTATE_90)  # black above, white below
    assert paint(drafted, 1, png(lower)).status_code == 200
    assert (trained(drafted)[0][:, :, 3] == np.repeat([0, 255], 300)[:, None]).all()


def test_a_mask_of_1024_pixels_has_its_edges_where_the_large_photo_has_them(page: Page) -> None:
    large = messy.jpeg(messy.photo(3, (2048, 1536)))
    page.post("draft/photos", files=[{"name": "a.jpg", "data": b64encode(large).decode()}])
    page.post("draft", name="Ada", class_token="woman")
    (photo,) = page.seen()["photos"]
    big = Image.open(io.BytesIO(page.get(photo["picture"]).content))
    assert big.size == (1024, 768), "as large as what is painted over it"
    mask = Image.new("L", big.size)
    mask.paste(255, (301, 100, 777, 768))
    paint(page, 1, png(mask))
    page.seen()
    (written,) = trained(page)
    assert written.shape == (1536, 2048, 4), "the mask at the photo's own size"
    wanted = np.zeros((1536, 2048), np.uint8)
    wanted[200:1536, 602:1554] = 255
    assert (written[..., 3] == wanted).all()


def test_the_thumbnail_is_what_the_trainer_sees(drafted: Page) -> None:
    """What is hidden is white while masks are off, and grey while they are on; what is painted over
    shows the photo itself.
    """

    def right(what: str) -> list[int]:
        address = drafted.get("draft").json()["photos"][1][what]
        pixels = Image.open(io.BytesIO(drafted.get(address).content)).convert("RGB")
        return [round(v) for v in np.asarray(pixels)[20:-20, -40:].mean(axis=(0, 1))]

    assert right("thumb") == [255, 255, 255]
    before = drafted.get("draft").json()["photos"][1]["thumb"]
    drafted.post("draft", training={"masks": True})
    assert right("thumb") == [GREY, GREY, GREY]
    assert drafted.get("draft").json()["photos"][1]["thumb"] != before, "no browser shows the old"
    assert right("picture") == [255, 255, 255]


def test_undo_brings_the_mask_before_and_delete_the_photos_own(drafted: Page) -> None:
    paint(drafted, 2, png(Image.new("L", (40, 30), 255)))
    assert trained(drafted)[1].shape[2] == 3  # all of it is trained
    paint(drafted, 2, png(Image.new("L", (40, 30), 100)))
    drafted.post("draft/photos/undo")
    assert shown(drafted, 2).getextrema() == (255, 255)
    headers = {NONCE_HEADER: drafted.context.nonce}
    assert drafted.client.delete(f"{PREFIX}/draft/photo/2/mask").status_code == 403
    gone = drafted.client.delete(f"{PREFIX}/draft/photo/2/mask", headers=headers).json()
    assert gone["mask"] == "alpha" and shown(drafted, 2).getextrema() == (0, 255)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no picture", "is not a PNG"),
        (png(Image.new("L", (200, 100))), "hides all of the photo"),
        (png(Image.new("L", (100, 200), 255)), "is 100 x 200, another shape"),
    ],
)
def test_what_is_no_mask_is_refused_in_a_sentence(drafted: Page, data: bytes, said: str) -> None:
    paint(drafted, 1, png(half(200, 100)))
    refused = paint(drafted, 1, data)
    assert refused.status_code == 422 and said in refused.json()["error"]["sentences"][0]
    assert shown(drafted, 1).getextrema() == (0, 255)
    assert paint(drafted, 1, png(half(200, 100)), "text/plain").status_code == 415


def test_a_box_from_the_face_needs_a_detector_and_a_face(drafted: Page) -> None:
    check = drafted.context.draft.check
    check.judged = replace(check.judged, faces=None)
    refused = drafted.post("draft/photo/1/mask/face")
    assert refused.status_code == 422 and "no face detector" in refused.text
    check.judged = replace(check.judged, faces="YuNet")
    refused = drafted.post("draft/photo/1/mask/face")
    assert refused.status_code == 422 and "found no face on a.jpg" in refused.text
    seen = check.judged.seen[1]
    face = replace(seen.finding, faces=(Box(0.4, 0.2, 0.2, 0.4),))
    judged = {**check.judged.seen, 1: replace(seen, finding=face)}
    check.judged = replace(check.judged, seen=judged)
    assert drafted.post("draft/photo/1/mask/face").json()["mask"] == "painted"
    assert shown(drafted, 1).getbbox() == (180, 0, 420, 240)
