"""Each photo is read once by the planner and once by the trainer, held-out ones too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.datasets import writer
from sd_scripts_bridge.engines.embedded.data.held_files import HeldFiles
from tests.support import messy
from tests.support.fresh import fresh

COUNTED = """
import collections, json, sys
from pathlib import Path

opened = collections.Counter()
sys.addaudithook(lambda event, told: opened.update(
    [Path(told[0]).name] if event == "open" and str(told[0]).endswith(".png") else []))

import torch
from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.embedded.kept.tensors import KeptTensors
from sd_scripts_bridge.engines.embedded.training import preparation
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request

home, data, base, tokenizers = map(Path, json.loads({places!r}))
values = {{"resolution": "64", "min_bucket_reso": 64, "max_bucket_reso": 128,
           "mixed_precision": "no", "network_train_unet_only": True, "sample_every_n_steps": 0}}
job, _ = Bridge(Home(home)).prepare(Request(data, base, engine="embedded", values=values))
told = [dict(opened)]
for _ in "cold", "warm":
    opened.clear()
    preparation.prepare(job, tokenizers, torch.device("cpu"), KeptTensors(home / "kept"))
    told.append(dict(opened))
print("OPENED", json.dumps(told))
"""


def test_from_the_request_to_the_first_step_each_photo_is_read_once_a_program(
    bases: Callable[[str], Path], tokenizers: Path, tmp_path: Path
) -> None:
    photos, made = tmp_path / "photos", tmp_path / "set"
    photos.mkdir()
    for number in range(1, 5):
        messy.photo(number).convert("RGB").resize((70 + number, 80)).save(photos / f"{number}.png")
    writer.prepare([*photos.iterdir()], "Ada", "woman", 60, made, hold_out=("1.png",))
    places = [tmp_path / "home", tmp_path / "set" / "img", bases("sd1"), tokenizers]
    said = fresh(COUNTED.format(places=json.dumps([str(place) for place in places])))
    planned, cold, warm = json.loads(said.partition("OPENED")[2])
    assert max(planned.values(), default=0) <= 1  # whether it is clean: its header
    assert cold == warm == {f"{number}.png": 1 for number in (1, 2, 3, 4)}


def test_no_more_is_held_than_may_be(tmp_path: Path) -> None:
    files = HeldFiles(most=10)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 6)
        assert files.read(tmp_path / name) == name.encode() * 6
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"later")
    assert files.take(tmp_path / "a") == b"aaaaaa"
    assert files.take(tmp_path / "a") == files.take(tmp_path / "b") == b"later"
