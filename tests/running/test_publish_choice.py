"""Which saved step a training publishes, whether privately, and what its card says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict, Invalid
from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, ToolJob
from sd_scripts_bridge.models.safetensors_file import model_hash
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.page.result import result_of
from sd_scripts_bridge.publishing import choice
from sd_scripts_bridge.running import keeping
from sd_scripts_bridge.running.work import after_measuring
from tests.support.supervisor import MakeJob, submit, wait_over
from tests.support.verbs import run

HARD = (0.30, 0.20, 0.10, 0.05) * 8
"""How hard each draw is at every save."""


def measure(folder: JobFolder, losses: dict[int, float]) -> None:
    folder.create()
    for step, loss in losses.items():
        errors = tuple(draw + loss + 0.0001 * (number % 3) for number, draw in enumerate(HARD))
        write(folder.measured, MeasuredStep(step, {"held": errors}, {"own": errors}))


CLEAR = {0: 0.1, 5: 0.05, 10: 0.0, 15: 0.04}
ALIKE = {5: 0.0, 10: 0.0, 15: 0.0}


def ended(bridge: Bridge, make_job: MakeJob, losses: dict[int, float], **said: object) -> int:
    measure(bridge.folder(1), losses)
    row = wait_over(bridge, submit(bridge, make_job().evolve(**said)))
    assert row.status is Status.SUCCEEDED, row.sentence
    return row.id


def published(bridge: Bridge, job: int, stem: str = "Ada") -> tuple[str, list[str]]:
    """(the LoRA's hash, the lines of its card)."""
    file = bridge.home.root.parent / "models" / "Lora" / f"{stem}.safetensors"
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return model_hash(file), card["notes"].splitlines()


def saved(bridge: Bridge, job: int, step: int) -> str:
    found = {at: path for path, at in bridge.folder(job).checkpoints("Ada")}
    return model_hash(found.get(step) or bridge.folder(job).final_lora("Ada"))


def test_the_recommended_step_is_published_where_that_is_wanted(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job = ended(bridge, make_job, CLEAR, publish="recommended")
    model, notes = published(bridge, job)
    assert model == saved(bridge, job, 10) != saved(bridge, job, 20)
    assert result_of(JobViews(bridge), job, []).published_step == 10
    told = bridge.result(job).notes
    assert any("Step 10, the recommended one, is published. Held-out" in note for note in told)
    assert notes[0].startswith("Held-out loss at step 10: 0.1626 ± ")
    assert " with it, 0.2626 ± " in notes[0] and notes[0].endswith(" without it.")
    assert notes[1:] == ["Likeness: not measured.", "Recommended step: 10, usable 10 to 10."]


@pytest.mark.parametrize(
    ("losses", "why"),
    [(ALIKE, "Can't tell: these saves are alike."), ({}, "nothing was measured")],
)
def test_where_nothing_can_be_told_the_last_step_is_published_and_says_why(
    bridge: Bridge, make_job: MakeJob, losses: dict[int, float], why: str
) -> None:
    job = ended(bridge, make_job, losses, publish="recommended")
    assert published(bridge, job)[0] == saved(bridge, job, 20)
    (told,) = [note for note in bridge.result(job).notes if "The last step is published" in note]
    assert why in told


def test_the_last_step_is_published_where_nobody_says_otherwise(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job = ended(bridge, make_job, CLEAR)
    assert result_of(JobViews(bridge), job, []).published_step == 20
    model, notes = published(bridge, job)
    assert model == saved(bridge, job, 20)
    assert notes[0].startswith("Held-out loss at step 20: not measured")
    assert notes[2] == "Recommended step: 10, usable 10 to 10."
    assert bridge.recommended_step(job) == 10
    assert run(bridge, "publish", str(job), "--step", "recommended").returncode == 0
    assert published(bridge, job, "Ada-step10")[0] == saved(bridge, job, 10)


def test_it_can_be_published_privately_from_the_start(bridge: Bridge, make_job: MakeJob) -> None:
    job = ended(bridge, make_job, CLEAR, private=True)
    folder = bridge.home.root.parent / "models" / "Lora"
    said = b"".join(path.read_bytes() for path in folder.glob("Ada*"))
    assert b"woman" not in said and b"base.safetensors" not in said
    result = bridge.result(job)
    assert result.activation_text == "Ada woman", "the page still knows"
    assert any("The card doesn't say which words" in note for note in result.notes)


def test_a_rule_for_all_trainings_stands_beside_the_other_settings(bridge: Bridge) -> None:
    keeping.set_rule(bridge.home, "lora")
    assert choice.rule(bridge.home) == "last"
    assert run(bridge, "publish", "--from-now-on", "recommended").returncode == 0
    assert (choice.rule(bridge.home), keeping.rule(bridge.home)) == ("recommended", "lora")
    keeping.set_rule(bridge.home, "everything")
    assert choice.rule(bridge.home) == "recommended"
    with pytest.raises(Invalid, match="Choose one of: last, recommended"):
        choice.set_rule(bridge.home, "best")


def test_what_is_measured_afterwards_comes_to_the_card_and_publishes_the_step(
    bridge: Bridge, make_job: MakeJob
) -> None:
    """sd-scripts measures nothing itself: a job does, once its training is over."""
    job = ended(bridge, make_job, {}, publish="recommended")
    assert (
        published(bridge, job)[1][2] == "Recommended step: not known, since no photo was measured."
    )
    with pytest.raises(Conflict, match="No step of job 1 is recommended"):
        bridge.recommended_step(job)
    measure(bridge.folder(job), CLEAR)
    tool = ToolJob("evaluate", "measure Ada", about=job)
    (told, *_) = after_measuring.settle(bridge.home, bridge._store, tool, bridge.folder(2))
    assert told.startswith("Step 10, the recommended one, is published as Ada-step10.")
    assert published(bridge, job)[1][2] == "Recommended step: 10, usable 10 to 10."
    assert published(bridge, job, "Ada-step10")[0] == saved(bridge, job, 10)


def test_likeness_comes_to_the_card_and_a_users_notes_stay(
    bridge: Bridge, make_job: MakeJob, tmp_path: Path
) -> None:
    job = ended(bridge, make_job, CLEAR)
    answer = JobFolder(tmp_path / "answer")
    answer.root.mkdir()
    answer.result.write_text(json.dumps({"value": 0.61, "photos": 0.7, "low": 0.66, "high": 0.74}))
    tool = ToolJob("likeness", "Likeness of Ada", about=job)
    after_measuring.settle(bridge.home, bridge._store, tool, answer)
    line = "Likeness: 0.61; your photos among themselves 0.66 to 0.74."
    assert published(bridge, job)[1][1] == line
    card = bridge.home.root.parent / "models" / "Lora" / "Ada.json"
    card.write_text(json.dumps({"notes": "mine"}))
    after_measuring.settle(bridge.home, bridge._store, tool, answer)
    assert json.loads(card.read_text()) == {"notes": "mine"}
