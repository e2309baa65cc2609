"""A step published as the mean of itself and the saves beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.models.safetensors_file import model_hash
from sd_scripts_bridge.models.weights.mean import write_mean
from tests.support.supervisor import MakeJob, submit, wait_over
from tests.support.verbs import run


@pytest.fixture
def job(bridge: Bridge, make_job: MakeJob) -> int:
    """Saves at the steps 5, 10, 15 and 20."""
    return wait_over(bridge, submit(bridge, make_job())).id


def mean_of(bridge: Bridge, job: int, *steps: int) -> str:
    folder = bridge.folder(job)
    known = {at: path for path, at in folder.checkpoints("Ada")} | {20: folder.final_lora("Ada")}
    write_mean([known[step] for step in steps], folder.root / "wanted")
    return model_hash(folder.root / "wanted")


def test_the_saves_right_before_and_after_it_count(bridge: Bridge, job: int) -> None:
    before = bridge.lora_of(job)
    counted = {5: (5, 10), 10: (5, 10, 15), 20: (15, 20)}
    for step, steps in counted.items():
        done = bridge.publish_job(job, step=None if step == 20 else step, is_average=True)

        assert done.stem == f"Ada-step{step}-average"
        assert model_hash(done.path) == mean_of(bridge, job, *steps)
        card = json.loads(done.path.with_suffix(".json").read_text(encoding="utf-8"))
        named = ", ".join(map(str, steps))
        assert card["notes"] == f"The mean of the weights saved at steps {named}; not measured."
        assert card["activation text"] == "Ada woman"
    assert not bridge.folder(job).average.exists()
    assert before == bridge.lora_of(job), "what the job itself has published"


def test_the_last_save_of_a_run_that_ended_early_counts_once(bridge: Bridge, job: int) -> None:
    folder = bridge.folder(job)
    saves = {step: path for path, step in folder.checkpoints("Ada")}
    folder.final_lora("Ada").write_bytes(saves[15].read_bytes())
    for step in (15, None):
        done = bridge.publish_job(job, step=step, is_average=True)
        card = json.loads(done.path.with_suffix(".json").read_text(encoding="utf-8"))
        assert card["notes"].startswith(f"The mean of the weights saved at steps 10, {step or 20};")


def test_a_private_average_tells_of_what_was_published_before(bridge: Bridge, job: int) -> None:
    done = bridge.publish_job(job, step=10, is_average=True, is_private=True)
    assert any(str(note).startswith("Ada.safetensors, published before,") for note in done.notes)


def test_a_save_with_none_beside_it_is_refused(bridge: Bridge, job: int) -> None:
    folder = bridge.folder(job)
    for path, _ in folder.checkpoints("Ada"):
        path.unlink()
    with pytest.raises(Conflict, match="no whole save right before or after step 20"):
        bridge.publish_job(job, is_average=True)


def test_the_command_line_names_the_average(bridge: Bridge, job: int, tmp_path: Path) -> None:
    done = run(bridge, "publish", job, "--step", 10, "--average")
    assert done.returncode == 0 and "Ada-step10-average.safetensors" in done.stdout
    file = bridge.folder(job).final_lora("Ada")
    refused = run(bridge, "publish", file, "--lora-dir", tmp_path, "--average")
    assert refused.returncode == 1 and "--average is for a job's number" in refused.stderr


def test_the_result_offers_it_where_the_learning_rate_was_constant(
    bridge: Bridge, make_job: MakeJob
) -> None:
    for number, schedule in ((1, "constant"), (2, "cosine")):
        for step, loss in ((0, 0.1), (5, 0.05), (10, 0.0), (15, 0.04)):
            errors = tuple(0.1 + draw % 4 / 20 + loss for draw in range(32))
            write(bridge.folder(number).create().measured, MeasuredStep(step, {"a": errors}, {}))
        job = make_job()
        params = job.params.with_values({"lr_scheduler": schedule})
        wait_over(bridge, submit(bridge, job.evolve(params=params)))
    told = [json.loads(run(bridge, "result", number, "--json").stdout) for number in (1, 2)]
    assert told[0]["average"].items() >= {"step": 10, "saves": [5, 10, 15]}.items()
    assert told[1]["average"] is None and told[1]["best"]["step"] == 10
    said = [run(bridge, "result", number).stdout for number in (1, 2)]
    assert "publish 1 --step 10 --average" in said[0] and "Best step: 10" in said[1]
    assert "--average" not in said[1]
