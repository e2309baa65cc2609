"""A saved state that can't be read never blocks a job: the one before is used, and it is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.jobs.events import Note, Progress
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from tests.support.supervisor import submit, wait

pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

SMALL = TrainingParams().with_values(
    {
        "max_train_steps": 8,
        "save_every_n_steps": 2,
        "resolution": 64,
        "network_dim": 2,
        "mixed_precision": "no",
        "network_train_unet_only": True,
    }
)


@pytest.fixture
def stopped(
    bridge: Bridge,
    bases: Callable[[str], Path],
    dataset: Path,
    tokenizers: Path,
    tmp_path: Path,
) -> int:
    """A job with states at the steps 4 and 6, whose trainer was killed before it ended."""
    shutil.copytree(tokenizers, bridge.home.tokenizers, dirs_exist_ok=True)
    bridge.clean("everything")
    base, lora_dir = str(bases("sd1")), str(tmp_path / "Lora")
    job = TrainingJob(
        "Ada", "Ada", "woman", str(dataset), base, "sd1", "embedded", SMALL, lora_dir=lora_dir
    )
    job_id = submit(bridge, job)
    row = wait(bridge, job_id, lambda row: row.status.is_over, seconds=600)
    assert row.status is Status.SUCCEEDED, row.sentence
    folder = bridge.folder(job_id)
    folder.final_lora("Ada").unlink()
    folder.published.unlink()
    shutil.rmtree(lora_dir)
    with bridge._store._change() as db:
        db.execute("UPDATE jobs SET status = 'lost' WHERE id = ?", (job_id,))
    assert [state.name[-12:] for state in folder.states("Ada")] == ["000004-state", "000006-state"]
    return job_id


def damage(bridge: Bridge, job_id: int, *, only_inside: bool) -> None:
    file = bridge.folder(job_id).states("Ada")[-1] / "training_state.pt"
    data = file.read_bytes()
    middle = len(data) // 2
    broken = data[:middle] + bytes(1000) + data[middle + 1000 :]
    file.write_bytes(broken if only_inside else data[:middle])


@pytest.mark.timeout(2000)
@pytest.mark.parametrize("only_inside", [True, False], ids=["broken inside", "cut off"])
def test_the_state_before_is_used(bridge: Bridge, stopped: int, only_inside: bool) -> None:
    damage(bridge, stopped, only_inside=only_inside)
    assert ("step00000006" in bridge.resume(stopped)) == only_inside
    row = wait(bridge, stopped, lambda row: row.status.is_over and row.attempt > 1, seconds=600)
    assert row.status is Status.SUCCEEDED, row.sentence
    events = [entry for entry in bridge.events(stopped) if entry.attempt == row.attempt]
    assert min(e.event.step for e in events if isinstance(e.event, Progress)) == 5
    notes = {entry.event.text for entry in bridge.events(stopped) if isinstance(entry.event, Note)}
    said = (
        "The newest saved state can't be read: the one before is used."
        if only_inside
        else "The saved state of step 6 is damaged: it is not used."
    )
    assert {said, "Going on from step 4."} <= notes


@pytest.mark.timeout(2000)
def test_a_person_may_choose_the_state(bridge: Bridge, stopped: int) -> None:
    with pytest.raises(Conflict, match=r"no complete state of step 5\. .* can be used: 4, 6\."):
        bridge.resume(stopped, 5)
    assert bridge._store.get(stopped).status is Status.LOST, "nothing has happened"
    assert "step00000004" in bridge.resume(stopped, 4)
    row = wait_over_again(bridge, stopped)
    assert row is Status.SUCCEEDED
    steps = [
        e.event.step
        for e in bridge.events(stopped)
        if isinstance(e.event, Progress) and e.attempt == 2
    ]
    assert (min(steps), max(steps)) == (5, 8)


def wait_over_again(bridge: Bridge, job_id: int) -> Status:
    wait(bridge, job_id, lambda row: row.attempt == 2, seconds=300)
    return wait(bridge, job_id, lambda row: row.status.is_over, seconds=600).status
