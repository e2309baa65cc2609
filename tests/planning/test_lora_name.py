"""What the LoRA of a kohya folder is called, said before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.planning.request import Request
from tests.support import model_headers as headers


def asked(folder: Path, leaf: str, name: str | None = None) -> Request:
    (folder / leaf).mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(folder / leaf / "1.png")
    return Request(folder, headers.full_size_sd15(folder / "base.safetensors"), name=name)


@pytest.mark.parametrize(
    ("leaf", "name"),
    [("10_ada, woman", "ada"), ("10_{ada|bob} woman", "ada bob"), ("10_ada woman", "ada")],
)
def test_it_is_the_subject_or_the_nearest_name_that_a_file_can_have(
    bridge: Bridge, tmp_path: Path, leaf: str, name: str
) -> None:
    job, notes = bridge.dry_run(asked(tmp_path / "x", leaf))
    assert job.name == name
    said = any(f"The LoRA is called {name!r}" in note for note in notes)
    assert said == (job.name != job.subject)


@pytest.mark.parametrize("leaf", ["10_", "10_CON man"])
def test_without_one_a_name_is_asked_for_before_the_training(
    bridge: Bridge, tmp_path: Path, leaf: str
) -> None:
    with pytest.raises(Invalid, match="Give it a name with --name"):
        bridge.dry_run(asked(tmp_path / "x", leaf))
    assert bridge.dry_run(asked(tmp_path / "y", leaf, "ada"))[0].name == "ada"
