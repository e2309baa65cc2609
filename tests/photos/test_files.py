import io
import os
import struct
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.photos.files import find
from sd_scripts_bridge.photos.measures import measure
from sd_scripts_bridge.photos.printable import shown
from sd_scripts_bridge.photos.reading import PhotoUnreadable, read
from tests.support import messy


def mean(picture, box):
    return np.asarray(picture.crop(box), dtype=float).mean(axis=(0, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(tmp_path, orientation):
    undo = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # the transposition that a camera would have recorded
    upright = messy.photo(1, (120, 80))
    stored = (
        upright.transpose(Image.Transpose(undo[orientation])) if orientation in undo else upright
    )
    stored.save(tmp_path / "a.png", exif=messy.exif(orientation))
    picture = read(tmp_path / "a.png")
    assert (picture.photo.width, picture.photo.height) == (120, 80)
    assert picture.pixels.tobytes() == upright.tobytes()


def test_sixteen_bits_are_scaled(tmp_path):
    grey = messy.photo(2).convert("L")
    deep = Image.frombytes(
        "I;16", grey.size, b"".join(struct.pack("<H", value * 257) for value in grey.tobytes())
    )
    for name in ("a.png", "a.tif"):
        deep.save(tmp_path / name)
        picture = read(tmp_path / name)
        assert (
            np.abs(np.asarray(picture.pixels.convert("L"), int) - np.asarray(grey, int)).max() <= 1
        )
        assert picture.photo.notes == ("16 bits to 8",)


def test_hidden_colour_under_transparency_stays_hidden(tmp_path):
    cut_out = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    cut_out.paste((200, 30, 30, 255), (0, 0, 40, 80))
    for name in ("a.png", "a.webp"):
        cut_out.save(tmp_path / name, lossless=True)
        pixels = read(tmp_path / name).pixels
        assert pixels.getpixel((60, 40)) == (255, 255, 255)
        assert pixels.getpixel((20, 40)) == (200, 30, 30)


def test_transparency_of_a_palette_and_of_one_colour(tmp_path):
    palette = messy.photo(3, (80, 80)).convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "palette.png", transparency=palette.getpixel((0, 0)))
    Image.new("RGB", (80, 80), (1, 2, 3)).save(tmp_path / "key.png", transparency=(1, 2, 3))
    for name in ("palette.png", "key.png"):
        picture = read(tmp_path / name)
        assert picture.pixels.getpixel((0, 0)) == (255, 255, 255)
        assert picture.photo.notes == ("transparency on white",)


def test_cmyk_and_a_damaged_profile_look_as_meant(tmp_path):
    original = messy.photo(4)
    original.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    original.save(tmp_path / "profile.jpg", quality=95, icc_profile=b"nonsense" * 50)
    for name in ("cmyk.jpg", "profile.jpg"):
        assert (
            np.abs(
                mean(read(tmp_path / name).pixels, (0, 0, 300, 260))
                - mean(original, (0, 0, 300, 260))
            ).max()
            < 4
        )


def test_colours_of_another_profile_become_srgb(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    name, other = "sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be")
    swapped = (
        srgb.replace(b"rXYZ", b"tmpX")
        .replace(b"gXYZ", b"rXYZ")
        .replace(b"tmpX", b"gXYZ")
        .replace(name, other)
    )
    red = Image.new("RGB", (64, 64), (200, 0, 0))
    red.save(tmp_path / "swapped.png", icc_profile=swapped)
    red.save(tmp_path / "srgb.png", icc_profile=srgb)
    assert read(tmp_path / "srgb.png").pixels.getpixel((5, 5)) == (200, 0, 0)
    seen = read(tmp_path / "swapped.png").pixels.getpixel((5, 5))
    assert (
        isinstance(seen, tuple) and seen[1] > 150 > seen[0]
    )  # this profile calls green what is stored as red


def test_a_phones_second_picture_is_no_animation(tmp_path):
    messy.photo(6).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[messy.photo(7)])
    messy.photo(6).save(tmp_path / "b.gif", save_all=True, append_images=[messy.photo(7)])
    assert read(tmp_path / "a.jpg").photo.notes == ()
    assert read(tmp_path / "b.gif").photo.notes == ("first frame of an animation",)


def test_no_metadata_survives(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    messy.photo(8).save(
        tmp_path / "a.jpg", exif=messy.exif(6), icc_profile=profile, comment=b"a comment"
    )
    pixels = read(tmp_path / "a.jpg").pixels
    assert pixels.info == {} and not pixels.getexif()
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    assert not any(
        word in buffer.getvalue()
        for word in (b"Exif", b"eXIf", b"iCCP", b"GPS", b"SecretPhone", b"tEXt")
    )


def test_half_a_jpeg_says_about_how_much_is_there(tmp_path):
    whole = messy.jpeg(messy.photo(9))
    for part in (30, 80):
        (tmp_path / "a.jpg").write_bytes(whole[: len(whole) * part // 100])
        with pytest.raises(
            PhotoUnreadable, match=r"^a.jpg is damaged \(stops at about \d+ %\). Export it again.$"
        ) as caught:
            read(tmp_path / "a.jpg")
        assert abs(int(caught.value.reason.split("about ")[1].split()[0]) - part) < 25


def test_a_giant_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(messy.png_bomb(30000, 30000))
    (tmp_path / "b.png").write_bytes(messy.png_bomb(10100, 10000))
    Image.new("L", (16000, 8000)).save(tmp_path / "c.jpg", quality=30)
    for name, size in (
        ("a.png", "30000 x 30000"),
        ("b.png", "10100 x 10000"),
        ("c.jpg", "16000 x 8000"),
    ):
        with pytest.raises(
            PhotoUnreadable, match=f"{name} is {size} pixels; the limit is 100 megapixels"
        ):
            read(tmp_path / name)


def test_pillows_global_switches_stay_as_they_are(tmp_path):
    from PIL import ImageFile

    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    messy.make(tmp_path)
    for path in find([tmp_path]):
        try:
            read(path)
        except PhotoUnreadable as error:
            assert "\n" not in str(error)
    after = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    assert after == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_odd_things_in_a_folder_hang_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert [path.name for path in find([tmp_path])] == ["loop.jpg", "nowhere.jpg"]
    with pytest.raises(PhotoUnreadable, match="can't be opened"):
        read(tmp_path / "nowhere.jpg")
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        find([tmp_path / "pipe.jpg"])


def test_order_is_as_people_count(tmp_path):
    names = ["1.jpg", "2.JPG", "9.jpg", "10.jpg", "b2.png", "B10.png"]
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [path.name for path in find([tmp_path])] == names
    assert [path.name for path in find(sorted(tmp_path.iterdir()))] == names


def test_files_and_folders_mix_and_nothing_comes_twice(tmp_path):
    for name in ("a/2.jpg", "a/10.jpg", "b/1.jpg", "a/sub/3.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find([tmp_path / "b", tmp_path / "a" / "10.jpg", tmp_path / "a"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "b/1.jpg",
        "a/2.jpg",
        "a/10.jpg",
    ]


def test_kohyas_folders_are_looked_into_but_not_a_year(tmp_path):
    for name in (
        "kohya/img/10_me man/1.jpg",
        "kohya/img/other/2.jpg",
        "loose/1.jpg",
        "loose/2023_summer/2.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for folder in ("kohya", "kohya/img", "kohya/img/10_me man"):
        assert [path.name for path in find([tmp_path / folder])] == ["1.jpg"]
    assert [path.name for path in find([tmp_path / "loose"])] == ["1.jpg"]


def test_a_missing_folder_and_the_whole_disk_are_refused_together(tmp_path):
    with pytest.raises(Invalid) as caught:
        find([tmp_path / "gone", tmp_path.__class__(tmp_path.anchor)])
    assert len(caught.value.problems) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs names that Windows can't have")
def test_messages_stay_on_one_line_whatever_a_file_is_called(tmp_path):
    path = tmp_path / os.fsdecode(b"a\n\xff\x1b[31m.jpg")
    path.write_bytes(b"")
    with pytest.raises(PhotoUnreadable) as caught:
        read(path)
    assert str(caught.value) == "a\\n\\xff\\x1b[31m.jpg is not a picture (content: empty)."


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    st.floats(0.1, 1),
)
def test_damage_of_any_kind_is_one_sentence(tmp_path, kind, changes, kept):
    buffer = io.BytesIO()
    messy.photo(10, (64, 48)).save(buffer, kind)
    data = bytearray(buffer.getvalue())
    for where, value in changes:
        data[min(len(data) - 1, int(where * len(data)))] = value
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: int(kept * len(data))])
    try:
        assert read(path).pixels.mode == "RGB"
    except PhotoUnreadable as error:
        assert str(error).startswith("a.jpg ") and "\n" not in str(error)


# ---- looks ----


def _jpeg(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def test_resent_photos_are_copies():
    for seed in range(100, 110):
        original = messy.photo(seed)
        for copy in (
            _jpeg(original, 30),
            original.resize((320, 280)),
            original.point(lambda level: level * 1.15),
        ):
            assert measure(copy).is_copy_of(measure(original))


def test_other_photos_and_other_colours_are_not():
    measures = [measure(messy.photo(seed)) for seed in range(100, 130)]
    assert not any(
        one.is_copy_of(other) for i, one in enumerate(measures) for other in measures[:i]
    )
    plain = [measure(Image.new("RGB", (256, 256), (25 * i, 120, 255 - 25 * i))) for i in range(10)]
    assert not any(one.is_copy_of(other) for i, one in enumerate(plain) for other in plain[:i])


def test_blur_and_light_are_seen():
    from PIL import ImageFilter

    assert measure(messy.photo(120)).concerns() == []
    assert measure(messy.photo(120).filter(ImageFilter.GaussianBlur(4))).concerns() == [
        "very blurred"
    ]
    assert measure(messy.photo(120).point(lambda level: level // 8)).concerns() == ["dark"]
    assert (
        measure(messy.photo(120).point(lambda level: 225 + level // 12))
        .concerns()[0]
        .startswith("bright")
    )


def test_blur_does_not_depend_on_the_size_of_the_file():
    small = messy.photo(121, (512, 448))
    large = measure(small.resize((2048, 1792), Image.Resampling.BICUBIC)).sharpness
    assert large == pytest.approx(measure(small).sharpness, rel=0.6)


def test_shown_keeps_letters_and_emoji():
    assert shown("Álvaro 日本 👨‍👩‍👧 3.45\u202fPM") == "Álvaro 日本 👨‍👩‍👧 3.45 PM"
