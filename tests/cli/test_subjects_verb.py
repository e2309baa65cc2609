"""Two subjects in one LoRA, typed: from two folders, or from kohya's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.models.shipped import demo_base
from tests.support import verbs

base = verbs.base


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Folders of three and of two photos; kohya's folders of the same; regularization images."""
    for leaf, count, seed in (
        ("ada", 3, 1),
        ("bob", 2, 2),
        ("kohya/2_Ada woman", 3, 1),
        ("kohya/3_Bob man", 2, 2),
        ("kohya/reg/1_man", 1, 3),
    ):
        demo_photos.draw(tmp_path / leaf, count, seed, side=128)
    return tmp_path


def answered(bridge: Bridge, *words: object) -> Any:
    done = verbs.run(bridge, *words, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def trained(bridge: Bridge, *words: object) -> Any:
    """What it announced as a dry run, and its report."""
    dry = answered(bridge, "train", *words, "--dry-run")
    done = verbs.run(bridge, "train", *words)
    assert done.returncode == 0, done.stderr + done.stdout
    job = bridge.jobs()[-1]
    return dry, json.loads(bridge.folder(job.id).report.read_text(encoding="utf-8"))


def test_dataset_writes_a_folder_for_each_subject(bridge: Bridge, two: Path) -> None:
    subjects = ["--subject", f"Ada woman={two / 'ada'}", "--subject", f"Bob man={two / 'bob'}"]
    made = answered(bridge, "dataset", *subjects, "--steps", 60, "--out", two / "out")
    assert [(one["subject"], one["images"], one["repeats"]) for one in made["folders"]] == [
        ("Ada woman", 3, 10),
        ("Bob man", 2, 15),
    ]
    assert made["steps"] == 60


def test_dataset_copies_kohyas_folders_as_they_are(bridge: Bridge, two: Path) -> None:
    made = answered(bridge, "dataset", two / "kohya", "--out", two / "out")
    assert [Path(one["folder"]).name for one in made["folders"]] == [
        "2_Ada woman",
        "3_Bob man",
    ]
    assert len(list((two / "out" / "reg" / "1_man").glob("*.png"))) == 1
    nameless = verbs.run(bridge, "dataset", two / "ada", "--out", two / "none")
    assert nameless.returncode == 1 and "--name and --class" in nameless.stderr


def test_dataset_says_what_it_leaves_and_who_is_shown_more(bridge: Bridge, two: Path) -> None:
    demo_photos.draw(two / "kohya" / "Cy man", 1, 4, side=128)
    (two / "kohya" / "3_Bob man").rename(two / "kohya" / "30_Bob man")
    done = verbs.run(bridge, "dataset", two / "kohya", "--out", two / "out")
    assert "'Cy man' is not used: it needs a number of repeats" in done.stdout, done.stderr
    assert "Bob man is shown 10 times as often as Ada woman." in done.stdout


def test_it_is_said_where_it_is_not_clear_what_to_make(bridge: Bridge, two: Path) -> None:
    both = verbs.run(
        bridge, "dataset", two / "ada", "--subject", f"Bob={two / 'bob'}", "--out", two / "o"
    )
    assert both.returncode == 2 and "Give either --subject" in both.stderr
    assert verbs.run(bridge, "train", "--subject", f"Bob={two / 'bob'}").returncode == 2


def test_sd_scripts_trains_both_for_as_long_as_was_announced(
    bridge: Bridge, two: Path, base: Path
) -> None:
    dry, report = trained(bridge, two / "kohya", "--base", base, "--name", "Both")
    assert dry["job"]["params"]["max_train_steps"] == report["steps"] == 12
    job = bridge.jobs()[-1]
    told = bridge.folder(job.id).config.read_text(encoding="utf-8")
    data = Path(json.loads(job.spec)["dataset"])
    assert sorted(one.name for one in data.iterdir()) == ["2_Ada woman", "3_Bob man"]
    assert f'reg_data_dir = "{data.parent / "reg"}"' in told.replace("\\\\", "\\")
    card = json.loads((bridge.home.lora / "Both.json").read_text(encoding="utf-8"))
    assert card["activation text"] == "Ada woman, Bob man"
    out = two / "exported"
    answered(bridge, "export", job.id, "--format", "toml", "--out", out)
    text = (out / "dataset.toml").read_text(encoding="utf-8")
    for line in ('class_tokens = "Ada woman"', 'class_tokens = "Bob man"', "is_reg = true"):
        assert line in text
    back = answered(bridge, "import", out / "train.toml")
    assert "Ada woman" in json.dumps(back)


def test_our_own_engine_trains_both_from_two_folders(bridge: Bridge, two: Path) -> None:
    pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")
    if caption_tokens.find_vocabulary() is None:
        pytest.skip("open_clip_torch is not installed, which brings CLIP's vocabulary")
    subjects = ["--subject", f"Ada woman={two / 'ada'}", "--subject", f"2_Bob man={two / 'bob'}"]
    options = ["max_train_steps=6", "sample_every_n_steps=0", "save_every_n_steps=6"]
    words = ["--base", demo_base.put(two), "--name", "Both", "--set", *options]
    dry, report = trained(bridge, *subjects, *words)
    assert dry["job"]["subjects"] == ["Ada woman", "Bob man"]
    assert dry["job"]["params"]["max_train_steps"] == report["steps"] == 6
    shown = "Pictures an epoch: Ada woman 3 x 1 = 3; Bob man 2 x 2 = 4."
    assert shown in dry["notes"]
