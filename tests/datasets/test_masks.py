"""A photo's mask goes where the photo goes: turned, cut, copied; and nothing is left of what it
hides.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.datasets.writer import clean_copy, is_clean, prepare
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.photos.files import find
from sd_scripts_bridge.photos.masking import Masks
from sd_scripts_bridge.photos.masking.masked import GREY
from sd_scripts_bridge.planning.staging import stage, unmasked_apart
from tests.support import messy

ON = Masks(wanted=True)


def half(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """Its left half is trained."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill=255)
    return mask


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Cut out, with a mask beside it, with one in a folder, and without any."""
    folder = tmp_path / "photos"
    (folder / "mask").mkdir(parents=True)
    cut_out = messy.photo(1, (96, 64)).convert("RGBA")
    cut_out.putalpha(half())
    cut_out.save(folder / "1.png")
    for number in (2, 3, 4):
        messy.photo(number, (96, 64)).save(folder / f"{number}.jpg", quality=95)
    half().save(folder / "2.mask.png")
    half((48, 32)).save(folder / "mask" / "3.png")
    return folder


def written(root: Path, number: int) -> NDArray[np.uint8]:
    (file,) = root.glob(f"img/*/{number}.png")
    with Image.open(file) as image:
        return np.asarray(image).copy()


def test_masks_become_the_alpha_of_the_copies_and_what_they_hide_is_grey(
    photos: Path, tmp_path: Path
) -> None:
    made = prepare([photos], "Ada", "woman", 40, tmp_path / "out", masks=ON)
    assert (made.images, made.masks) == (4, 3)
    for number in (1, 2, 3):
        pixels = written(tmp_path / "out", number)
        assert pixels.shape == (64, 96, 4)
        assert (pixels[:, :48, 3] == 255).all() and (pixels[:, 48:, 3] == 0).all()
        assert (pixels[:, 48:, :3] == GREY).all() and pixels[:, :48, :3].std() > 5
    assert written(tmp_path / "out", 4).shape == (64, 96, 3)
    assert is_clean(made)


def test_without_the_option_the_folder_is_the_same_byte_for_byte(
    photos: Path, tmp_path: Path
) -> None:
    made = prepare([photos], "Ada", "woman", 40, tmp_path / "with", hold_out=["none"])
    assert made.images == 4 and made.masks is None
    (photos / "2.mask.png").unlink()
    shutil.rmtree(photos / "mask")
    prepare([photos], "Ada", "woman", 40, tmp_path / "bare", hold_out=["none"])
    for number in (1, 2, 3, 4):
        same = [next((tmp_path / name).glob(f"img/*/{number}.png")) for name in ("with", "bare")]
        assert same[0].read_bytes() == same[1].read_bytes()
    assert (written(tmp_path / "with", 1)[:, 48:] == 255).all()
    assert "mask" not in (tmp_path / "with" / "dataset.json").read_text()


def test_a_mask_is_no_photo_and_a_photo_called_like_one_stays_one(photos: Path) -> None:
    shutil.copy(photos / "4.jpg", photos / "lone.mask.png")
    named = find([photos / "2.jpg", photos / "2.mask.png"])
    assert [file.name for file in named] == ["2.jpg"]
    found = [file.name for file in find([photos])]
    assert found == ["1.png", "2.jpg", "3.jpg", "4.jpg", "lone.mask.png"]


def test_a_mask_turns_with_its_photo(tmp_path: Path) -> None:
    """The camera lay on its side: the left half of what is seen is another part of the file."""
    (tmp_path / "photos").mkdir()
    shot = messy.photo(5, (64, 96)).convert("RGBA")
    shot.putalpha(half((96, 64)).transpose(Image.Transpose.ROTATE_90))
    shot.save(tmp_path / "photos" / "1.png", exif=messy.exif(6))
    prepare([tmp_path / "photos"], "Ada", "woman", 9, tmp_path / "out", masks=ON)
    pixels = written(tmp_path / "out", 1)
    assert pixels.shape == (64, 96, 4)
    assert (pixels[:, :48, 3] == 255).all() and (pixels[:, 48:, 3] == 0).all()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (Image.new("L", (64, 96), 255), "another shape (64 x 96 for 96 x 64)"),
        (Image.new("L", (96, 64)), "hides all of it"),
        (None, "2.mask.png is damaged"),
    ],
)
def test_a_mask_that_cant_be_used_leaves_its_photo_out_and_says_why(
    photos: Path, tmp_path: Path, mask: Image.Image | None, said: str
) -> None:
    if mask:
        mask.save(photos / "2.mask.png")
    else:
        (photos / "2.mask.png").write_bytes((photos / "2.mask.png").read_bytes()[:60])
    made = prepare([photos], "Ada", "woman", 40, tmp_path / "out", masks=ON)
    assert made.images == 3 and made.checked
    (left_out,) = (one.sentence for one in made.checked.photos if not one.used)
    assert left_out.startswith("2.jpg can't be used") and said in left_out


def test_the_trained_folder_has_the_masks_or_not_as_it_is_wanted(
    home: Home, photos: Path, tmp_path: Path
) -> None:
    """Each kind of copy is made once; a mask that is painted anew makes another."""
    mine = open_dataset(photos)
    plain, _ = stage(home, "Ada", mine)
    masked, _ = stage(home, "Ada", mine, ON)
    assert masked != plain and stage(home, "Ada", mine, ON)[0] == masked
    assert [written(one.parent, 2).shape[2] for one in (plain, masked)] == [3, 4]
    Image.new("L", (96, 64), 200).save(photos / "mask" / "3.png")
    assert stage(home, "Ada", open_dataset(photos), ON)[0] not in (plain, masked)
    ours = open_dataset(masked.parent)
    assert stage(home, "Ada", ours, ON)[0] == masked
    bare, _ = stage(home, "Ada", ours)
    assert bare != masked and written(bare.parent, 2).shape[2] == 3


def test_a_mask_laid_beside_a_clean_picture_is_not_trained_as_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    messy.photo(7, (96, 64)).save(tmp_path / "photos" / "a.png")
    made = prepare([tmp_path / "photos"], "Ada", "woman", 9, tmp_path / "out")
    assert is_clean(made)
    half().save(made.subsets[0].folder / "1.mask.png")
    again = open_dataset(tmp_path / "out")
    assert again.images == 1 and not is_clean(again)
    copy, _ = clean_copy(again, tmp_path / "copy", masks=ON)
    assert copy.masks == 1


def test_a_weight_for_what_is_hidden_keeps_its_pixels(photos: Path, tmp_path: Path) -> None:
    """As OneTrainer clamps it: nothing weighs less, and what shows weighs as before."""
    light = Masks(wanted=True, unmasked=0.1)
    made = prepare([photos], "Ada", "woman", 40, tmp_path / "out", masks=light)
    assert made.masks == 3
    pixels = written(tmp_path / "out", 2)
    assert (pixels[:, :48, 3] == 255).all() and (pixels[:, 48:, 3] == 26).all()
    assert pixels[:, 48:, :3].std() > 5, "the photo itself"


@pytest.mark.parametrize("value", ["many", -0.1, "1.5", "nan"])
def test_what_is_no_weight_is_refused(value: object) -> None:
    assert unmasked_apart({"unmasked_weight": "0.25", "a": 1}) == (
        {"a": 1},
        {"unmasked_weight": 0.25},
    )
    with pytest.raises(Invalid, match="is no weight of what masks hide"):
        unmasked_apart({"unmasked_weight": value})


def test_other_weights_make_other_copies(photos: Path, home: Home) -> None:
    data = open_dataset(photos)
    found = [
        stage(home, "Ada", data, Masks(wanted=True, unmasked=weight))[0] for weight in (0, 0.1, 0.1)
    ]
    assert found[0] != found[1] == found[2]
