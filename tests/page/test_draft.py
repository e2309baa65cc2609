"""The draft: what survives, what is looked at again, whose captions they are."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.datasets.captions import edits as caption_edits
from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.errors import Conflict, Invalid, NotFound
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.page.captions import drafting, interrogation
from sd_scripts_bridge.page.draft import captions as draft_captions
from sd_scripts_bridge.page.draft.dataset import write
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.page.draft.intake import Upload
from sd_scripts_bridge.page.draft.state import State
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.photos.thumbnails import thumbnail
from tests.support import messy
from tests.support.page import describe, draft_dict, set_photo, uploaded

BUCKETS = Buckets(TrainingParams())


def jpeg(seed: int) -> bytes:
    return messy.jpeg(messy.photo(seed))


def photo(name: str, seed: int) -> Upload:
    return uploaded(name, jpeg(seed))


@pytest.fixture
def draft(home: Home) -> Draft:
    draft = Draft(home)
    draft.upload(
        [photo("one.jpg", 1), photo("two.jpg", 2), uploaded("two.txt", b"standing in a park")]
    )
    assert draft.check.wait()
    return draft


def captions(draft: Draft) -> list[str]:
    return [photo["caption"] for photo in draft_dict(draft)["photos"]]


# ---- what is kept ----


def test_nothing_is_on_the_disk_before_somebody_prepares_something(home: Home) -> None:
    draft = Draft(home)
    assert draft_dict(draft)["sentence"] == "There are no photos yet."
    assert not draft.folder.exists()


def test_a_restart_loses_nothing_and_looks_at_nothing_again(draft: Draft, home: Home) -> None:
    describe(
        draft,
        {
            "name": "Ada",
            "class_token": "woman",
            "training": {"steps": 300, "values": {"network_dim": 8}},
        },
    )
    set_photo(draft, 1, {"used": False, "caption": "Ada woman, laughing"})
    before, checks = draft_dict(draft), (draft.folder / "checks.json").stat().st_mtime_ns
    again = Draft(home)
    assert again.state == draft.state and again.check.wait()
    after = draft_dict(again)
    assert {**after, "revision": 0} == {**before, "revision": 0}
    assert (draft.folder / "checks.json").stat().st_mtime_ns == checks


def test_another_process_is_noticed_and_not_overwritten(draft: Draft, home: Home) -> None:
    other = Draft(home)
    describe(other, {"name": "Ada"})
    describe(draft, {"class_token": "woman"})
    assert (other.state.name, other.state.class_token) == ("Ada", "woman")


def test_many_threads_lose_no_change(draft: Draft) -> None:
    threads = [
        threading.Thread(target=describe, args=(draft, {"training": {"values": {f"v{n}": n}}}))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert draft.state.training.values == {f"v{n}": n for n in range(12)}


def test_an_option_set_to_null_is_the_presets_again(draft: Draft) -> None:
    describe(draft, {"training": {"values": {"network_dim": 8, "seed": 1}, "base": "x"}})
    describe(draft, {"training": {"values": {"network_dim": None}, "base": None}})
    assert dict(draft.state.training.values) == {"seed": 1} and draft.state.training.base is None


def test_what_is_no_part_of_a_draft_is_refused_all_at_once(draft: Draft) -> None:
    with pytest.raises(Invalid) as caught:
        describe(
            draft,
            {"name": 3, "colour": "red", "training": {"steps": True, "bass": "x", "values": [1]}},
        )
    assert {problem.where for problem in caught.value.problems} == {
        "name",
        "colour",
        "steps",
        "bass",
        "values",
    }


def test_clear_leaves_the_users_own_folder_alone(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.jpg").write_bytes(jpeg(3))
    draft.use_folder(tmp_path / "mine")
    assert draft.check.wait()
    draft.clear()
    assert (
        draft.state.items == ()
        and (tmp_path / "mine" / "a.jpg").exists()
        and not draft.photos_folder.exists()
    )


# ---- photos ----


def test_the_same_photo_twice_is_there_once_and_another_of_its_name_too(draft: Draft) -> None:
    assert draft.upload([photo("one.jpg", 1)]) == ("1 photo was here already.",)
    draft.upload([photo("one.jpg", 5), uploaded("one.txt", b"in the rain")])
    assert draft.check.wait()
    assert [item.file for item in draft.state.items] == ["one.jpg", "two.jpg", "one (2).jpg"]
    assert captions(draft)[2] == "in the rain" and captions(draft)[0] == ""


def test_a_caption_that_comes_after_its_photo_finds_it(draft: Draft) -> None:
    draft.upload([uploaded("one.txt", b"sitting on a bench")])
    assert draft.check.wait()
    assert captions(draft) == ["sitting on a bench", "standing in a park"]


def test_a_bad_zip_takes_the_rest_of_its_request_with_it(draft: Draft) -> None:
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../evil.jpg", "x")
    with pytest.raises(Invalid, match="unsafe entry"):
        draft.upload([photo("three.jpg", 3), uploaded("bad.zip", bad.getvalue())])
    assert (
        len(draft.state.items) == 2
        and sorted(p.name for p in draft.folder.iterdir() if "part" in p.name) == []
    )
    assert not (draft.photos_folder / "three.jpg").exists()


def test_what_is_no_photo_is_shown_and_cant_be_used(draft: Draft) -> None:
    draft.upload([uploaded("page.jpg", b"<html>no</html>" * 50)])
    assert draft.check.wait()
    shown = draft_dict(draft)["photos"][2]
    assert (shown["verdict"], shown["used"], shown["can_be_used"], shown["thumb"]) == (
        "left out",
        False,
        False,
        None,
    )
    assert (
        "HTML" in shown["sentence"]
        and draft_dict(draft)["sentence"] == "2 of 3 photos will be used."
    )
    with pytest.raises(Invalid, match="can't be used"):
        set_photo(draft, 3, {"used": True})


def test_the_users_choice_beats_the_verdict(draft: Draft) -> None:
    draft.upload([uploaded("again.jpg", messy.jpeg(messy.photo(1), optimize=True))])
    assert draft.check.wait()
    assert [p["used"] for p in draft_dict(draft)["photos"]] == [True, True, False]
    set_photo(draft, 3, {"used": True})
    assert draft_dict(draft)["used"] == 3
    set_photo(draft, 3, {"used": None})
    assert draft_dict(draft)["used"] == 2


def test_only_what_changed_is_looked_at_again(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.datasets.looking import findings

    looked: list[str] = []
    examine = findings.examine

    def noting(files: list[Path], **more: Any) -> Any:
        looked.extend(file.name for file in files)
        return examine(files, **more)

    monkeypatch.setattr(findings, "examine", noting)
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(jpeg(10 + number))
    draft.use_folder(folder)
    assert draft.check.wait()
    set_photo(draft, 4, {"used": False})
    (folder / "1.jpg").write_bytes(jpeg(20))
    (folder / "3.jpg").write_bytes(jpeg(21))
    (folder / "0.txt").write_text("new words")
    draft.use_folder(folder)
    assert draft.check.wait()
    assert looked == ["0.jpg", "1.jpg", "2.jpg", "0.jpg", "1.jpg", "3.jpg"]
    assert [(i.id, i.used) for i in draft.state.items] == [
        (1, None),
        (2, None),
        (3, None),
        (4, False),
        (5, None),
        (6, None),
    ]


def test_a_thumbnail_is_upright_small_and_made_once(home: Home) -> None:
    turned = messy.jpeg(messy.photo(1, (640, 400)), exif=messy.exif(6))
    draft = Draft(home)
    draft.upload([uploaded("turned.jpg", turned)])
    data = thumbnail(draft.photos_folder / "turned.jpg", draft.thumbs_folder, "1")
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (160, 256) and picture.format == "JPEG" and not picture.getexif()
    (kept,) = draft.thumbs_folder.iterdir()
    made = kept.stat().st_mtime_ns
    assert thumbnail(draft.photos_folder / "turned.jpg", draft.thumbs_folder, "1") == data
    assert kept.stat().st_mtime_ns == made
    with pytest.raises(NotFound):
        thumbnail(draft.folder / "draft.json", draft.thumbs_folder, "2")
    assert draft.check.wait()


def test_a_folder_that_holds_everything_is_refused(draft: Draft) -> None:
    with pytest.raises(Invalid, match="not a folder for photos"):
        draft.use_folder(Path(Path.home().anchor))
    with pytest.raises(Invalid, match="does not exist"):
        draft.use_folder(Path.home() / "no such folder")


# ---- captions ----

ADA = State(name="Ada", class_token="woman")


@pytest.mark.parametrize(
    ("caption", "text", "at_start", "after"),
    [
        ("Ada woman, smiling", "in a park", False, "Ada woman, smiling, in a park"),
        ("Ada woman, smiling", "in a park", True, "Ada woman, in a park, smiling"),
        ("Ada woman smiling", "outdoors", True, "Ada woman, outdoors, smiling"),
        ("Ada, smiling", "outdoors", True, "Ada, outdoors, smiling"),
        ("a photo", "outdoors", True, "outdoors, a photo"),
        ("Ada woman, Outdoors", "outdoors", False, "Ada woman, Outdoors"),
    ],
)
def test_adding(caption: str, text: str, at_start: bool, after: str) -> None:
    assert (
        caption_edits.added(
            caption, text, at_start, caption_edits.heads_of(ADA.name, ADA.class_token)
        )
        == after
    )


@pytest.mark.parametrize(
    ("caption", "text", "after"),
    [
        ("Ada woman, smiling, outdoors", "smiling", "Ada woman, outdoors"),
        ("Ada woman, smiling", "SMILING", "Ada woman"),
        ("Ada woman, a smiling face", "smiling", "Ada woman, a face"),
        ("Ada woman, catalogue", "cat", "Ada woman, catalogue"),
        ("Ada woman (red)", "(red)", "Ada woman"),
    ],
)
def test_removing(caption: str, text: str, after: str) -> None:
    assert caption_edits.removed(caption, text) == after


def test_captions_follow_the_name_also_letter_by_letter(draft: Draft) -> None:
    describe(draft, {"name": "Ada", "class_token": "woman"})
    set_photo(draft, 1, {"caption": "Ada woman, laughing"})
    assert captions(draft) == ["Ada woman, laughing", "Ada woman, standing in a park"]
    for name in ("Ad", "A", "", "B", "Bo", "Bob"):
        describe(draft, {"name": name})
    describe(draft, {"class_token": "man"})
    assert captions(draft) == ["Bob man, laughing", "Bob man, standing in a park"]


def test_words_of_the_users_that_only_look_like_a_name_stay(draft: Draft) -> None:
    set_photo(draft, 1, {"caption": "A man in the rain"})
    for name in ("A", "Al", "Ala", "Alan"):
        describe(draft, {"name": name})
    assert captions(draft)[0] == "A man in the rain"
    assert not draft_dict(draft)["photos"][0]["begins_with_name"]


def test_bulk_changes_are_undone_step_by_step(draft: Draft) -> None:
    describe(draft, {"name": "Ada", "class_token": "woman"})
    first = captions(draft)
    draft.change(
        lambda s: draft_captions.bulk(
            s, draft.check.judged, caption_edits.CaptionEdit("add", "in Rome", at_start=True)
        )
    )
    second = captions(draft)
    assert second == ["Ada woman, in Rome", "Ada woman, in Rome, standing in a park"]
    paris = caption_edits.CaptionEdit("replace", "Rome", "Paris")
    draft.change(lambda s: draft_captions.bulk(s, draft.check.judged, paris))
    assert captions(draft)[0] == "Ada woman, in Paris"
    draft.change(State.undone)
    assert captions(draft) == second
    draft.change(State.undone)
    assert captions(draft) == first
    draft.change(State.undone)
    assert captions(draft) == first


def test_a_photo_that_is_left_out_is_not_described(draft: Draft) -> None:
    describe(draft, {"name": "Ada", "class_token": "woman"})
    (wanted,) = drafting.todo(draft, None, again=False)
    set_photo(draft, wanted, {"used": False})
    with pytest.raises(Conflict, match="have a caption already"):
        drafting.todo(draft, None, again=False)
    assert drafting.todo(draft, [wanted], again=False) == [wanted], "unless it is asked for"


def test_drafting_asks_the_host_only_where_words_are_missing(draft: Draft) -> None:
    with pytest.raises(Invalid, match="name"):
        drafting.todo(draft, None, again=False)
    describe(draft, {"name": "Ada", "class_token": "woman"})
    asked: list[str] = []
    interrogation.start(
        draft,
        lambda paths: [asked.append(p.name) or "a woman on a bench" for p in paths],
        drafting.todo(draft, None, again=False),
        "portrait",
    )
    while draft.drafting:
        time.sleep(0.01)
    assert asked == ["one.jpg"]
    assert captions(draft)[0] == "Ada woman, portrait, a woman on a bench"
    draft.change(State.undone)
    assert captions(draft)[0] == "Ada woman"


def test_a_failing_interrogator_is_said(draft: Draft) -> None:
    describe(draft, {"name": "Ada"})

    def broken(_paths: object) -> list[str]:
        raise RuntimeError("no model")

    interrogation.start(draft, broken, drafting.todo(draft, None, again=False))
    while draft.drafting:
        time.sleep(0.01)
    assert any("no model" in advice for advice in draft_dict(draft)["advice"])


def test_undo_keeps_few_levels_of_many_captions() -> None:
    from sd_scripts_bridge.page.draft.state import UNDO_CAPTIONS, DraftPhoto, Words, from_dict

    state = State(items=tuple(DraftPhoto(n, f"{n}.jpg", True) for n in range(1000)))
    for level in range(30):
        state = state.with_captions(dict.fromkeys(range(1000), Words(f"{level}", "hand")))
    assert len(state.undo) == min(20, UNDO_CAPTIONS / 1000)
    assert from_dict(json.loads(json.dumps(state.as_dict()))) == state


# ---- writing it for training ----


def test_the_dataset_is_what_the_page_showed(draft: Draft) -> None:
    describe(draft, {"name": "Ana María", "class_token": "woman", "training": {"steps": 20}})
    draft.upload([photo("three.jpg", 3)])
    assert draft.check.wait()
    set_photo(draft, 2, {"used": False})
    set_photo(draft, 1, {"caption": "laughing, without her name"})
    out = write(draft, BUCKETS)
    assert out == draft.home.datasets / "Ana María"
    leaf = out / "img" / "10_Ana María woman"
    assert sorted(file.name for file in leaf.iterdir()) == ["1.png", "1.txt", "2.png", "2.txt"]
    assert (leaf / "1.txt").read_text(encoding="utf-8") == "laughing, without her name\n"
    assert (leaf / "2.txt").read_text(encoding="utf-8") == "Ana María woman\n"
    assert write(draft, BUCKETS) == draft.home.datasets / "Ana María-2"
    assert not [*draft.folder.glob(".stage*")]


def test_a_photo_that_changed_since_the_look_stops_the_start(draft: Draft) -> None:
    describe(draft, {"name": "Ada"})
    (draft.photos_folder / "one.jpg").write_bytes(jpeg(9))
    with pytest.raises(Conflict, match=r"one\.jpg"):
        write(draft, BUCKETS)
    assert draft.check.wait()
    assert write(draft, BUCKETS).is_dir()
