"""A dataset_config means what sd-scripts' config_util means by it, or is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.datasets import config as dataset_config
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange import request as exchange_request
from sd_scripts_bridge.exchange.settling.imported import Fate, Imported, KeyRow
from sd_scripts_bridge.exchange.settling.views import imported_view
from sd_scripts_bridge.exchange.toml import sanitizer
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.planning.settled import Epoch
from sd_scripts_bridge.system import toml_file

FOLDER = Path(__file__).with_name("dataset_configs")
FILES = sorted(FOLDER.glob("*.toml"))
RECORDED = FOLDER / "verdicts.json"
SCRIPTS = os.environ.get("SD_SCRIPTS_DIR", "")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON") or sys.executable

_REAL = """
import json, sys
sys.path.insert(0, sys.argv[1])
import toml
from library.config_util import ConfigSanitizer
said = {}
for path in sys.argv[2:]:
    for masked in (False, True):
        sanitizer = ConfigSanitizer(True, True, masked, True)
        try:
            sanitizer.sanitize_user_config(toml.load(path))
        except Exception:
            said.setdefault(path, []).append(False)
        else:
            said.setdefault(path, []).append(True)
print("SAID" + json.dumps(said))
"""


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[bool]]:
    """What the real `ConfigSanitizer` says of each file, without and with masked_loss; recorded
    where it isn't there.
    """
    if not SCRIPTS:
        recorded: dict[str, list[bool]] = json.loads(RECORDED.read_text(encoding="utf-8"))
        return recorded
    argv = [PYTHON, "-c", _REAL, SCRIPTS, *map(str, FILES)]
    out = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=SCRIPTS).stdout
    said = next(line[4:] for line in out.splitlines() if line.startswith("SAID"))
    return {Path(path).stem: verdict for path, verdict in json.loads(said).items()}


def test_the_folder_is_whole(verdicts: dict[str, list[bool]]) -> None:
    assert {file.stem for file in FILES} == set(verdicts)
    assert json.loads(RECORDED.read_text(encoding="utf-8")) == verdicts


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_sd_scripts_refuses_is_refused(file: Path, verdicts: dict[str, list[bool]]) -> None:
    data = toml_file.load(file)
    problems = [sanitizer.problems(data, masked_loss=masked) for masked in (False, True)]
    assert [not found for found in problems] == verdicts[file.stem], problems
    if all(problems):
        with pytest.raises(Invalid):
            imports.read(file)


# ---- what is used ----


def photos(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(folder / name / "1.png")


def read(folder: Path, text: str) -> Imported:
    path = folder / "data.toml"
    path.write_text(text, encoding="utf-8")
    return imports.read(path)


def row(imported: Imported, key: str) -> KeyRow:
    return next(row for row in imported.rows if row.key == key)


def subset(folder: str, more: str = "") -> str:
    return f'[[datasets.subsets]]\nimage_dir = "{folder}"\n{more}\n'


def test_repeats_and_class_tokens_stand_in_the_file_not_in_the_folders_name(tmp_path: Path) -> None:
    photos(tmp_path, "10_ada woman")
    imported = read(
        tmp_path, "[[datasets]]\n" + subset("10_ada woman", 'class_tokens = "eva girl"')
    )
    assert imported.dataset is None
    (made,) = imported.subsets
    assert (made.repeats, made.subject, made.class_token) == (1, "eva", "girl")


def test_a_folder_whose_name_says_the_same_is_trained_as_it_lies(tmp_path: Path) -> None:
    photos(tmp_path / "img", "10_ada woman")
    imported = read(tmp_path, "[[datasets]]\n" + subset("img/10_ada woman", "num_repeats = 10"))
    assert imported.dataset == tmp_path / "img"


@pytest.mark.parametrize("repeats", [0, -3])
def test_a_folder_without_repeats_is_left_out(tmp_path: Path, repeats: int) -> None:
    photos(tmp_path, "a", "b")
    text = (
        "[[datasets]]\n" + subset("a", f"num_repeats = {repeats}") + subset("b", "num_repeats = 2")
    )
    imported = read(tmp_path, text)
    assert [found.folder.name for found in imported.subsets] == ["b"]
    left_out = row(imported, "datasets[0].subsets[0].image_dir")
    assert left_out.fate is Fate.IGNORED and "leaves this folder out" in left_out.why


def test_a_range_of_face_crops_becomes_the_scripts_own_word(tmp_path: Path) -> None:
    text = "[[datasets]]\n" + subset("a", "face_crop_aug_range = [2.0, 4.0]")
    assert read(tmp_path, text).values["face_crop_aug_range"] == "2.0,4.0"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            "[[datasets]]\nresolution = 512\n{a}[[datasets]]\nresolution = 768\n{b}",
            "resolution",
        ),
        ("[[datasets]]\nbatch_size = 4\n{a}[[datasets]]\n{b}", "batch_size"),
        ("[[datasets]]\n{a}keep_tokens = 1\n{b}keep_tokens = 2\n", "keep_tokens"),
        ('[[datasets]]\n{a}caption_extension = ".txt"\n{b}', "caption_extension"),
        ("[[datasets]]\nnetwork_multiplier = 0.5\n{a}", "network_multiplier"),
        (
            "[[datasets]]\n{a}custom_attributes = {{diff_output_preservation = true}}\n",
            "custom_attributes",
        ),
        ('[[datasets]]\n[[datasets.subsets]]\nmetadata_file = "m.json"\n', "metadata_file"),
        ('[[datasets]]\n{a}conditioning_data_dir = "b"\n', "conditioning_data_dir"),
    ],
)
def test_what_one_folder_of_ours_cant_say_is_handed_on(tmp_path: Path, text: str, key: str) -> None:
    photos(tmp_path, "a", "b")
    (tmp_path / "m.json").write_text('{"a/1.png": {"caption": "ada"}}', encoding="utf-8")
    made: dict[str, Any] = {"a": subset("a"), "b": subset("b")}
    imported = read(tmp_path, text.format(**made))
    assert imported.dataset_config is not None and imported.subsets
    assert any(key in problem.where for problem in imported.beyond)
    assert all(row.fate is Fate.USED for row in imported.rows)
    with pytest.raises(Invalid) as caught:
        exchange_request.fill(imported, tmp_path / "a", tmp_path / "base.safetensors")
    assert key in str(caught.value), "other photos can't be trained so"
    (tmp_path / "a" / "1.png").unlink()
    (tmp_path / "a").rmdir()
    (tmp_path / "m.json").unlink()
    with pytest.raises(Invalid, match="is not on this machine") as caught:
        read(tmp_path, text.format(**made))
    assert key in str(caught.value)


TWO = """[general]
flip_aug = true
[[datasets]]
resolution = 512
batch_size = 4
[[datasets.subsets]]
image_dir = "a"
num_repeats = 10
keep_tokens = 2
[[datasets]]
resolution = [768, 512]
batch_size = 3
[[datasets.subsets]]
image_dir = "b"
num_repeats = 7
"""


def test_it_goes_on_whole_with_absolute_paths(tmp_path: Path) -> None:
    photos(tmp_path, "a", "b")
    imported = read(tmp_path, TWO)
    handed = imported.dataset_config
    assert handed is not None
    assert handed["general"] == {"flip_aug": True, "caption_extension": ".caption"}
    first, second = handed["datasets"]
    assert first["subsets"] == [
        {"image_dir": str(tmp_path / "a"), "num_repeats": 10, "keep_tokens": 2}
    ]
    assert second["subsets"][0]["image_dir"] == str(tmp_path / "b")
    assert (imported.values["resolution"], imported.values["train_batch_size"]) == ("768,512", 4)
    assert imported.values["keep_tokens"] == 0 and not imported.values["flip_aug"], "nothing twice"
    assert toml_file.loads(dataset_config.text(handed)) == handed
    assert imported_view(imported).dataset_config == handed


def test_a_folder_of_masks_is_read_as_sd_scripts_reads_it(tmp_path: Path) -> None:
    photos(tmp_path, "a", "masks")
    text = "[[datasets]]\n" + subset("a", 'conditioning_data_dir = "masks"')
    alone = read(tmp_path, text)
    assert alone.values["masked_loss"] is True, "without it sd-scripts refuses the file"
    config = tmp_path / "train.toml"
    config.write_text('dataset_config = "data.toml"\nmasked_loss = true\n')
    imported = imports.read(config)
    assert row(imported, "masked_loss").fate is Fate.USED
    assert imported.values["masked_loss"] is True and imported.dataset_config is not None
    handed = imported.dataset_config["datasets"][0]["subsets"][0]
    assert handed["conditioning_data_dir"] == str(tmp_path / "masks")
    assert "--masks" in alone.beyond[0].remedy


def test_its_steps_are_counted_dataset_by_dataset(tmp_path: Path) -> None:
    photos(tmp_path, "a", "b")
    imported = replace(read(tmp_path, TWO), epochs=2)
    assert imported.settled(0)["max_train_steps"] == 2 * (3 + 3)
    shares = dataset_config.shares(imported.dataset_config or {})
    params = TrainingParams().with_values({"train_batch_size": 4})
    assert Epoch(17, shares=shares).steps(params) == 3 + 3
    longer = dataset_config.repeated(imported.dataset_config or {}, 3)
    assert [s["num_repeats"] for d in longer["datasets"] for s in d["subsets"]] == [30, 21]


def test_a_config_files_caption_extension_counts_where_the_dataset_config_has_none(
    tmp_path: Path,
) -> None:
    photos(tmp_path, "a", "b")
    (tmp_path / "data.toml").write_text(TWO, encoding="utf-8")
    config = tmp_path / "train.toml"
    config.write_text('dataset_config = "data.toml"\ncaption_extension = ".tags"\n')
    handed = imports.read(config).dataset_config
    assert handed is not None and handed["general"]["caption_extension"] == ".tags"


def test_defaults_written_out_are_no_difference(tmp_path: Path) -> None:
    photos(tmp_path, "a", "b")
    text = "[[datasets]]\n" + subset("a") + subset("b", "keep_tokens = 0\nflip_aug = false")
    assert len(read(tmp_path, text).subsets) == 2
