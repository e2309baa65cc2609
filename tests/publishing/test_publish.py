"""A finished LoRA lands in the Lora folder under a stem of its own, with card and picture, or not
at all.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.errors import BridgeError, Invalid, PublishRefused
from sd_scripts_bridge.models import safetensors_file
from sd_scripts_bridge.models.lora import inspect
from sd_scripts_bridge.publishing import place as places
from sd_scripts_bridge.publishing import publish as publisher
from sd_scripts_bridge.publishing.publish import Card, card_from_metadata, free_stem, publish
from tests.support import model_headers as headers

CARD = Card("AlvaroBadia man, 1500 steps", "SD1", "AlvaroBadia man", notes="ours")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "output").mkdir()
    return headers.write(tmp_path / "output" / "run.safetensors", headers.lora(), headers.METADATA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Lora folder as a user has it, with a space and a quote in its path."""
    path = tmp_path / "it's a WebUI" / "models" / "Lora"
    path.mkdir(parents=True)
    return path


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def picture(path: Path, size: tuple[int, int] = (900, 600), mode: str = "RGB", **save: Any) -> Path:
    Image.new(mode, size, 200).save(path, **save)
    return path


# ---- what a published LoRA is ----


def test_model_card_and_picture_lie_side_by_side(
    source: Path, folder: Path, tmp_path: Path
) -> None:
    published = publish(source, folder, "AlvaroBadia", CARD, picture(tmp_path / "sample.png"))
    assert names(folder) == ["AlvaroBadia.json", "AlvaroBadia.png", "AlvaroBadia.safetensors"]
    assert published == publisher.PublishedLora(
        folder / "AlvaroBadia.safetensors", "AlvaroBadia", "AlvaroBadia man"
    )
    assert json.loads((folder / "AlvaroBadia.json").read_text(encoding="utf-8")) == {
        "description": "AlvaroBadia man, 1500 steps",
        "sd version": "SD1",
        "activation text": "AlvaroBadia man",
        "preferred weight": 1.0,
        "negative text": "",
        "notes": "ours",
    }
    assert source.exists()


def test_a_failure_behind_the_last_move_takes_nothing_back(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The LoRA is in its place, so its card has to stay with it."""

    def full(_folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(places, "flush_folder", full)
    with pytest.raises(PublishRefused):
        publish(source, folder, "AlvaroBadia", CARD)
    assert names(folder) == ["AlvaroBadia.json", "AlvaroBadia.safetensors"]


def test_the_header_names_the_stem_and_has_the_right_hashes(source: Path, folder: Path) -> None:
    publish(source, folder, "AlvaroBadia", CARD)
    second = publish(source, folder, "AlvaroBadia", CARD).path
    header = safetensors_file.read_header(second)
    assert (
        header.metadata["ss_output_name"] == header.metadata["modelspec.title"] == "AlvaroBadia-2"
    )
    assert header.metadata["sshs_model_hash"] == safetensors_file.model_hash(source)
    assert header.metadata["sshs_legacy_hash"] == safetensors_file.legacy_hash(second)
    assert header.metadata["ss_base_model_version"] == "sd_v1"
    assert header.tensors == safetensors_file.read_header(source).tensors


def test_the_webui_s_own_library_opens_it(source: Path, folder: Path) -> None:
    load = pytest.importorskip("safetensors.numpy").load_file
    before, after = load(source), load(publish(source, folder, "Ñandú 2", CARD).path)
    assert all((before[name] == after[name]).all() for name in before)


def test_the_folder_is_made_where_there_is_none(source: Path, tmp_path: Path) -> None:
    assert publish(source, tmp_path / "new" / "Lora", "hero", CARD).path.exists()


# ---- names ----


def test_a_stem_is_unique_in_the_whole_folder_however_it_is_spelt(
    source: Path, folder: Path
) -> None:
    (folder / "people").mkdir()
    (folder / "people" / "alvarobadia.PT").touch()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "AlvaroBadia-2.safetensors").touch()
    (folder / "AlvaroBadia-3.txt").touch()
    assert free_stem(folder, "AlvaroBadia") == "AlvaroBadia-3"
    assert publish(source, folder, "AlvaroBadia", CARD).stem == "AlvaroBadia-3"


def test_accents_that_are_typed_apart_are_the_same_name(folder: Path) -> None:
    (folder / "Jose\u0301.safetensors").touch()
    assert free_stem(folder, "Jos\u00e9") == "Jos\u00e9-2"


def test_a_stem_may_hold_dots(source: Path, folder: Path) -> None:
    (folder / "hero v1.0.safetensors").write_bytes(b"old")
    assert publish(source, folder, "hero v1.0", CARD).path == folder / "hero v1.0-2.safetensors"
    assert names(folder) == ["hero v1.0-2.json", "hero v1.0-2.safetensors", "hero v1.0.safetensors"]


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="no symbolic links here")
def test_links_are_followed_but_not_in_circles(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hero.safetensors").touch()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    assert free_stem(folder, "hero") == "hero-2"


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "None",
        "Addams",
        "addams",
        "a:b",
        "a<b",
        "a>b",
        "a,b",
        "a=b",
        "-evil",
        "../x",
        "x/../../y",
        "x\\y",
        ".hidden",
        "CON",
        "nul.txt",
        "a.",
        "a ",
        "",
        "a\nb",
        "a\0b",
        "a" * 300,
        "a\u202eb",
    ],
)
def test_names_that_break_prompts_or_folders(source: Path, folder: Path, name: str) -> None:
    with pytest.raises(Invalid):
        publish(source, folder, name, CARD)
    assert names(folder) == []


def test_what_the_metadata_should_say_instead_is_in_the_copy(source: Path, folder: Path) -> None:
    path = publish(source, folder, "hero", CARD, corrections={"ss_num_epochs": "3"}).path
    metadata = safetensors_file.read_header(path).metadata
    assert metadata["ss_num_epochs"] == "3"
    assert metadata["sshs_legacy_hash"] == safetensors_file.legacy_hash(path, metadata)


# ---- what is there already ----


def test_nothing_is_ever_overwritten(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else copies a file of that name in at the last moment."""
    real = places.move_in

    def late(aside: Path, target: Path) -> None:
        if target.name == "hero.safetensors":
            target.write_bytes(b"somebody else's")
        real(aside, target)

    monkeypatch.setattr(places, "move_in", late)
    assert publish(source, folder, "hero", CARD).stem == "hero-2"
    assert (folder / "hero.safetensors").read_bytes() == b"somebody else's"
    assert names(folder) == ["hero-2.json", "hero-2.safetensors", "hero.safetensors"]


def test_without_hard_links_nothing_is_overwritten_either(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert publish(source, folder, "hero", CARD).path.exists()
    (folder / "aside").write_bytes(b"new")
    with pytest.raises(FileExistsError):
        places.move_in(folder / "aside", folder / "hero.safetensors")
    assert inspect(folder / "hero.safetensors").modules == 3


def test_what_a_user_wrote_into_the_card_stays(source: Path, folder: Path) -> None:
    (folder / "hero.json").write_text(
        json.dumps(
            {
                "description": "mine",
                "notes": "",
                "preferred weight": 0,
                "sd version": "SDXL",
                "vae_te": [1],
            }
        ),
        encoding="utf-8-sig",
    )
    published = publish(source, folder, "hero", CARD)
    card = json.loads((folder / "hero.json").read_text(encoding="utf-8"))
    assert (card["description"], card["vae_te"]) == ("mine", [1])
    assert (card["notes"], card["preferred weight"], card["activation text"]) == (
        "ours",
        1.0,
        "AlvaroBadia man",
    )
    assert card["sd version"] == "SD1", "a wrong version would hide the card"
    assert "already existed" in published.notes[0]


@pytest.mark.parametrize("broken", [b'["a list"]', b"{half", b"\xff\xfe\x00"])
def test_a_card_that_cannot_be_read_is_kept_aside(
    source: Path, folder: Path, broken: bytes
) -> None:
    (folder / "hero.json").write_bytes(broken)
    (folder / "hero.json.broken").write_bytes(b"an older one")
    published = publish(source, folder, "hero", CARD)
    assert (folder / "hero.json.broken-2").read_bytes() == broken
    assert (folder / "hero.json.broken").read_bytes() == b"an older one"
    assert json.loads((folder / "hero.json").read_text())["activation text"] == "AlvaroBadia man"
    assert "kept as hero.json.broken-2" in published.notes[0]


@pytest.mark.parametrize("name", ["hero.png", "hero.preview.png", "hero.JPG", "hero.preview.webp"])
def test_there_is_exactly_one_preview(
    source: Path, folder: Path, tmp_path: Path, name: str
) -> None:
    (folder / name).write_bytes(b"the user's")
    published = publish(source, folder, "hero", CARD, picture(tmp_path / "sample.png"))
    assert names(folder) == sorted([name, "hero.json", "hero.safetensors"])
    assert "it stays" in published.notes[0]


# ---- the picture ----


@pytest.mark.parametrize(
    ("size", "mode", "expected"),
    [
        ((900, 600), "RGB", (512, 341)),
        ((600, 1200), "RGBA", (256, 512)),
        ((64, 64), "P", (64, 64)),
        ((64, 64), "LA", (64, 64)),
    ],
)
def test_the_picture_is_small_and_says_nothing_about_anybody(
    source: Path,
    folder: Path,
    tmp_path: Path,
    size: tuple[int, int],
    mode: str,
    expected: tuple[int, int],
) -> None:
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("parameters", "a secret prompt")
    exif = Image.Exif()
    exif[0x010F] = "a secret camera"
    sample = picture(
        tmp_path / "sample.png",
        size,
        mode,
        pnginfo=said,
        exif=exif,
        icc_profile=b"a secret profile",
    )
    publish(source, folder, "hero", CARD, sample)
    with Image.open(folder / "hero.png") as found:
        assert (found.format, found.size, found.mode) == ("PNG", expected, "RGB")
        assert found.info == {}
    assert b"secret" not in (folder / "hero.png").read_bytes()


def test_a_photo_is_turned_upright(source: Path, folder: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    publish(source, folder, "hero", CARD, picture(tmp_path / "photo.jpg", (200, 100), exif=exif))
    with Image.open(folder / "hero.png") as found:
        assert found.size == (100, 200)


@pytest.mark.parametrize("data", [None, b"", b"<html>", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_a_broken_picture_costs_the_picture_not_the_lora(
    source: Path, folder: Path, tmp_path: Path, data: bytes | None
) -> None:
    if data is not None:
        (tmp_path / "sample.png").write_bytes(data)
    published = publish(source, folder, "hero", CARD, tmp_path / "sample.png")
    assert names(folder) == ["hero.json", "hero.safetensors"]
    assert "has no picture: sample.png" in published.notes[0]


# ---- refusals ----


def test_an_unusable_lora_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    import numpy as np

    broken = headers.lora() | {"lora_unet_x.lora_down.weight": np.full((4, 4), np.nan, "<f4")}
    with pytest.raises(PublishRefused, match="NaN or infinite"):
        publish(headers.write(tmp_path / "x.safetensors", broken), folder, "hero", CARD)
    assert names(folder) == []


def test_a_lora_that_learnt_nothing_is_published_with_a_note(folder: Path, tmp_path: Path) -> None:
    tensors = headers.lora()
    for name, value in tensors.items():
        value *= "lora_up" not in name
    path = headers.write(tmp_path / "x.safetensors", tensors)
    assert "learnt nothing" in publish(path, folder, "hero", CARD).notes[0]


def test_a_full_disk_is_seen_before_anything_is_written(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 1_234})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(PublishRefused, match=r"Lora has 1,234 bytes free, but [\d,]+ are needed"):
        publish(source, folder, "hero", CARD)
    assert names(folder) == []


@pytest.mark.parametrize("moment", ["_write_model", "_place_card", "_place_preview", "move_in"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_disk_that_fills_up_on_the_way_leaves_the_folder_as_it_was(
    source: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    existing: bool,
) -> None:
    if existing:
        (folder / "hero.json").write_text('{"description": "mine"}')
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    module = places if moment == "move_in" else publisher
    real = getattr(module, moment)

    def full(*args: Any) -> Any:
        if moment == "move_in" and args[1].suffix != ".safetensors":
            return real(*args)
        if moment != "move_in":
            real(*args)
        raise OSError(errno.ENOSPC, "No space left on device")

    sample = picture(tmp_path / "sample.png")
    monkeypatch.setattr(module, moment, full)
    monkeypatch.setattr(Path, "write_bytes", full)  # the way back may not need any space
    with pytest.raises(PublishRefused) as caught:
        publish(source, folder, "hero", CARD, sample)
    assert str(folder) in str(caught.value)
    assert "is full" in str(caught.value)
    assert "bytes are free" in str(caught.value)
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user who can be refused")
def test_a_folder_that_cannot_be_written(source: Path, folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with pytest.raises(PublishRefused, match="can't be written"):
            publish(source, folder, "hero", CARD)
    finally:
        folder.chmod(0o700)


def test_read_only_folders_are_named(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(places, "_reserve", refused)
    with pytest.raises(PublishRefused, match="can't be written"):
        publish(source, folder, "hero", CARD)


def test_a_file_in_place_of_the_folder(source: Path) -> None:
    with pytest.raises(PublishRefused, match="is not a folder"):
        publish(source, source, "hero", CARD)


def test_a_lora_that_is_in_the_folder_already(source: Path, folder: Path) -> None:
    published = publish(source, folder, "hero", CARD)
    with pytest.raises(PublishRefused, match=r"already in the Lora folder"):
        publish(published.path, folder, "hero", CARD)


def test_a_source_that_changes_while_it_is_copied(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = safetensors_file.copy_into

    def changing(path: Path, out: Any, metadata: Any) -> None:
        headers.write(path, headers.lora(seed=1), headers.METADATA)
        real(path, out, metadata)

    monkeypatch.setattr(safetensors_file, "copy_into", changing)
    with pytest.raises(PublishRefused, match="changed while it was copied"):
        publish(source, folder, "hero", CARD)
    assert names(folder) == []


# ---- several at once, and those that were killed ----


def test_publishers_at_once_never_share_a_stem(source: Path, folder: Path) -> None:
    found: list[Any] = []

    def run(name: str) -> None:
        try:
            found.append(publish(source, folder, name, CARD))
        except BridgeError as error:
            found.append(error)

    threads = [
        threading.Thread(target=run, args=(name,)) for name in ["Hero", "hero", "HERO", "hero"] * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [lora for lora in found if isinstance(lora, BridgeError)], found
    stems = [lora.stem.casefold() for lora in found]
    assert sorted(stems) == sorted(["hero", *(f"hero-{number}" for number in range(2, 9))])
    assert len(names(folder)) == 16, "each with its card, and nothing left over"
    for lora in found:
        assert safetensors_file.read_header(lora.path).metadata["ss_output_name"] == lora.stem


def test_what_a_killed_publisher_left_blocks_its_name_for_an_hour_only(
    source: Path, folder: Path
) -> None:
    (folder / ".hero.publishing").touch()
    assert publish(source, folder, "hero", CARD).stem == "hero-2"
    (folder / "hero-2.safetensors").unlink()
    (folder / "hero-2.json").unlink()
    os.utime(folder / ".hero.publishing", (0, time.time() - 2 * places.STALE_SECONDS))
    assert publish(source, folder, "hero", CARD).stem == "hero"
    assert names(folder) == ["hero.json", "hero.safetensors"]


def test_a_scan_never_meets_a_model_without_its_card_nor_half_a_model(
    source: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    real = places.move_in

    def watching(aside: Path, target: Path) -> None:
        seen.append([name for name in names(folder) if not name.startswith(".")])
        real(aside, target)

    monkeypatch.setattr(places, "move_in", watching)
    publish(source, folder, "hero", CARD, picture(tmp_path / "sample.png"))
    assert seen == [[], [], ["hero.json"], ["hero.json", "hero.png"]]


# ---- a card for any LoRA of sd-scripts ----


def card_of(folder: Path, metadata: dict[str, str]) -> Card:
    return card_from_metadata(
        inspect(headers.write(folder / "x.safetensors", headers.lora(), metadata))
    )


def test_a_card_from_what_the_lora_says_of_itself(tmp_path: Path) -> None:
    card = card_of(tmp_path, headers.METADATA)
    assert card == Card(
        "AlvaroBadia man: trained on v1-5-pruned, 10 pictures, 1500 steps", "SD1", "AlvaroBadia man"
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"modelspec.trigger_phrase": "ohwx man"}, "ohwx man"),
        ({"ss_tag_frequency": "{}"}, "AlvaroBadia man"),
        (
            {
                "ss_tag_frequency": '{"150_AlvaroBadia man": {"photo of alvarobadia man on a '
                'bike": 1}}'
            },
            "AlvaroBadia man",
        ),
        ({"ss_tag_frequency": '{"150_AlvaroBadia man": {"ohwx": 10, "outdoors": 3}}'}, "ohwx"),
        ({"ss_tag_frequency": '{"150_AlvaroBadia man": {"a bike": 4, "outdoors": 3}}'}, ""),
        ({"ss_dataset_dirs": '{"img": {"img_count": 2}}', "ss_tag_frequency": "{}"}, ""),
        (
            {
                "ss_dataset_dirs": '{"1_reg": {"img_count": 2}, "9_hero girl": {"img_count": 20}}',
                "ss_tag_frequency": "{}",
            },
            "hero girl",
        ),
        ({"ss_dataset_dirs": "[broken", "ss_tag_frequency": '"text"'}, ""),
        ({"ss_dataset_dirs": '{"5_a b": 3}', "ss_tag_frequency": '{"5_a b": [1]}'}, "a b"),
    ],
)
def test_the_activation_text_is_what_was_trained(
    tmp_path: Path, changes: dict[str, str], text: str
) -> None:
    assert card_of(tmp_path, headers.METADATA | changes).activation_text == text


def test_a_lora_without_metadata_gets_a_card_too(tmp_path: Path) -> None:
    assert card_of(tmp_path, {}) == Card("", "Unknown", "")
