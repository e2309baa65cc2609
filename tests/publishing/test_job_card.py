"""The card of a job's LoRA: its words, its evidence, its picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.publishing import job_card

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path / "job").create()


def draw(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)
    return path


def test_the_picture_is_the_published_steps_first_prompt(folder: JobFolder) -> None:
    for step in (0, 10, 20):
        for row in (1, 0):
            draw(folder.sample("Ada", step, row))

    assert job_card.sample(folder, 20) == folder.sample("Ada", 20, 0)
    assert job_card.sample(folder, 15) == folder.sample("Ada", 10, 0)
    assert job_card.sample(folder) == folder.sample("Ada", 20, 0)


def test_no_picture_shows_what_was_drawn_before_the_training(folder: JobFolder) -> None:
    draw(folder.sample("Ada", 0, 0))
    assert job_card.sample(folder, 20) is None


def test_without_a_sample_the_card_shows_the_name_on_a_plain_tile(
    make_job: MakeJob, folder: JobFolder
) -> None:
    tile = job_card.picture(make_job(), folder, 20)

    assert tile.parent == folder.root
    with Image.open(tile) as shown:
        assert shown.size == (512, 512)
        colors = shown.getcolors(1 << 20)
    assert colors is not None and (255, 255, 255) in {color for _, color in colors}
    draw(folder.sample("Ada", 20, 0))
    assert job_card.picture(make_job(), folder, 20) == folder.sample("Ada", 20, 0)


def test_sd_scripts_pictures_count_as_well(folder: JobFolder) -> None:
    sample = folder.sample_folders[1]
    first = draw(sample / "Ada_000010_00_20261122081036_7.png")
    draw(sample / "Ada_000010_02_20261122081037_7.png")
    draw(sample / "Ada_e000000_00_20261122081036_7.png")
    assert job_card.sample(folder, 10) == first


def test_the_notes_hold_the_evidence_in_three_lines(folder: JobFolder, make_job: MakeJob) -> None:
    proof = {"without": 0.1312, "with_lora": 0.1174}
    card = job_card.card(make_job(), 15, job_card.evidence(folder, 15, proof=proof))

    assert card.notes.splitlines() == [
        "Held-out loss at step 15: not measured; on training photos 0.1174 with it, "
        "0.1312 without it.",
        "Likeness: not measured.",
        "Recommended step: not known, since no photo was measured.",
    ]
    assert card.activation_text == "Ada woman" and card.preferred_weight == 1
    assert card.description == "Ada woman: trained on base, 15 of 20 steps with sd-scripts"
    assert "blurry" in card.negative_text
