"""Real supervisor, real child processes; only the training itself is a fake."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.jobs.events import Checkpoint, Finished, Note, Progress, Published, Started
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.running.supervisor import spawn
from sd_scripts_bridge.system.locks import is_held
from tests.support.supervisor import (
    MakeJob,
    go,
    submit,
    survivors,
    wait,
    wait_over,
    wait_status,
    wait_step,
)

posix = pytest.mark.skipif(
    os.name == "nt", reason="Windows doesn't say which signal ended a program"
)


def test_a_job_runs_from_the_queue_to_the_lora_folder(bridge: Bridge, make_job: MakeJob) -> None:
    job = make_job("slow")
    job_id = submit(bridge, job)
    row = wait_over(bridge, job_id)
    assert (row.status, row.attempt) == (Status.SUCCEEDED, 1), row.sentence
    events = [entry.event for entry in bridge.events(job_id)]
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps[-1] == 20 and steps == sorted(steps)
    assert [event.step for event in events if isinstance(event, Checkpoint)] == [5, 10, 15, 20]
    published = next(event for event in events if isinstance(event, Published))
    assert published.stem == "Ada" and published.path.endswith(
        os.path.join("models", "Lora", "Ada.safetensors")
    )
    assert isinstance(events[-1], Finished) and events[-1].code == 0
    report = json.loads(bridge.folder(job_id).report.read_text())
    assert (report["planned_steps"], report["steps"], report["status"]) == (20, 20, "succeeded")
    assert 1e7 < report["facts"]["peak_memory_bytes"] < 1e9
    assert bridge.folder(job_id).command.read_text().count("--config_file") == 1


def test_the_supervisor_outlives_whoever_submitted(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = bridge._store.add(make_job("hold"))
    code = (
        "import psutil, sys; from pathlib import Path; from sd_scripts_bridge.running import "
        "supervisor; "
        "from sd_scripts_bridge import paths; "
        "supervisor.spawn(paths.Home(Path(sys.argv[1]))); psutil.Process().kill()"
    )
    env = {**os.environ, "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", code, str(bridge.home.root)], env=env, check=False)
    wait_step(bridge, job_id, 10)
    (bridge.folder(job_id).output / "go").touch()
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED


def test_jobs_run_one_after_another(bridge: Bridge, make_job: MakeJob) -> None:
    first, second = submit(bridge, make_job("slow")), submit(bridge, make_job())
    assert wait_over(bridge, second).status is Status.SUCCEEDED
    one, two = bridge._store.get(first), bridge._store.get(second)
    assert one.finished and two.started and one.finished <= two.started
    loras = sorted(
        path.name for path in (bridge.home.root.parent / "models" / "Lora").glob("*.safetensors")
    )
    assert loras == ["Ada-2.safetensors", "Ada.safetensors"]


def test_another_gpu_trains_at_the_same_time(bridge: Bridge, make_job: MakeJob) -> None:
    first = submit(bridge, make_job("hold"))
    wait_step(bridge, first, 10)
    second = submit(bridge, make_job().evolve(gpu=1))
    third = submit(bridge, make_job())
    assert wait_over(bridge, second).status is Status.SUCCEEDED
    assert (
        bridge._store.get(first).status is Status.RUNNING
        and bridge._store.get(third).status is Status.QUEUED
    )
    (bridge.folder(first).output / "go").touch()
    assert wait_over(bridge, third).status is Status.SUCCEEDED


def test_many_submitters_lose_no_job(bridge: Bridge, make_job: MakeJob) -> None:
    """The window between "the queue is empty" and letting go of the lock."""
    ids = []
    for pause in (0.0, 0.3, 0.5, 0.55, 0.6, 0.7, 0.8, 1.0):
        ids.append(submit(bridge, make_job(max_train_steps=1)))
        time.sleep(pause)
    for job_id in ids:
        assert wait_over(bridge, job_id).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("crash:3", "ValueError: the moon is in the wrong phase"),
        ("exit:3", "exited with code 7"),
        pytest.param("kill:3", "SIGKILL", marks=posix),
        ("nothing", "found no pictures"),
        ("nan", "NaN"),
    ],
)
def test_failures_say_why(bridge: Bridge, make_job: MakeJob, act: str, sentence: str) -> None:
    job_id = submit(bridge, make_job(act))
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED
    assert sentence in row.sentence
    assert not list((bridge.home.root.parent / "models").rglob("*.safetensors"))


def test_out_of_memory_heals_itself_and_goes_on(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("greedy:12"))
    row = wait_over(bridge, job_id)
    assert (row.status, row.attempt) == (Status.SUCCEEDED, 2), row.sentence
    assert isinstance(row.job, TrainingJob) and row.job.params.gradient_checkpointing
    report = json.loads(bridge.folder(job_id).report.read_text())
    assert "gradient checkpointing is on now" in report["healed"][0]
    second = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert second[0] > 10 and second[-1] == 20  # from the state of step 10, not from 0


def test_what_cannot_be_healed_ends_after_three_tries(bridge: Bridge, make_job: MakeJob) -> None:
    row = wait_over(bridge, submit(bridge, make_job("oom:3", resolution="512")))
    assert (row.status, row.attempt) == (Status.FAILED, 4)
    assert (
        isinstance(row.job, TrainingJob)
        and len(row.job.healed) == 3
        and "GPU ran out of memory" in row.sentence
    )


def test_a_diverging_run_goes_back_to_the_last_good_state_with_half_the_rate(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("diverge:13 halt:20", max_train_steps=40))
    row = wait_over(bridge, job_id)
    assert (row.status, row.attempt) == (Status.SUCCEEDED, 2), row.sentence
    assert isinstance(row.job, TrainingJob) and row.job.params.learning_rate == 5e-5
    steps = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert 11 <= steps[0] <= 13 + 10 and steps[-1] == 40


def test_a_state_saved_at_the_first_nan_is_not_gone_on_from(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("diverge:15 halt:30", max_train_steps=40))
    assert wait_over(bridge, job_id).attempt == 2
    notes = [e.event.text for e in bridge.events(job_id) if isinstance(e.event, Note)]
    assert "Going on from step 10." in notes, notes


def test_stop_now_ends_the_whole_tree(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("hold children"))
    wait_step(bridge, job_id, 10)
    assert len(survivors(bridge, job_id)) == 3
    bridge.stop(job_id, now=True)
    row = wait_over(bridge, job_id)
    assert row.status is Status.STOPPED and "Step 10 is saved" in row.sentence
    finished = bridge.events(job_id)[-1].event
    assert isinstance(finished, Finished) and finished.code
    assert survivors(bridge, job_id) == []
    with pytest.raises(Conflict, match="already over"):
        bridge.stop(job_id)


def test_stop_waits_for_the_next_save_and_resume_goes_on_to_the_planned_step(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold halt:20", max_train_steps=40))
    wait_step(bridge, job_id, 10)
    bridge.stop(job_id)
    wait_status(bridge, job_id, Status.STOPPING)
    go(bridge, job_id)
    row = wait_over(bridge, job_id)
    assert row.status is Status.STOPPED and "Step 15 is saved" in row.sentence
    assert "continues from" in bridge.resume(job_id)
    row = wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over)
    assert row.status is Status.SUCCEEDED, row.sentence
    steps = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert steps[0] > 15 and steps[-1] == 40


def test_a_queued_job_leaves_the_queue_at_once(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = bridge._store.add(make_job())
    assert "out of the queue" in bridge.stop(job_id)
    assert bridge._store.get(job_id).status is Status.STOPPED


def test_killed_supervisor_makes_the_job_lost_and_its_trainer_is_ended(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    trainer = next(e.event.pid for e in bridge.events(job_id) if isinstance(e.event, Started))
    psutil.Process(psutil.Process(trainer).ppid()).kill()
    while is_held(bridge.home.supervisor_lock):
        time.sleep(0.05)
    assert bridge.job(job_id).status is Status.LOST
    assert survivors(bridge, job_id) == []
    assert "continues from" in bridge.resume(job_id)
    (bridge.folder(job_id).output / "go").touch()
    assert (
        wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over).status
        is Status.SUCCEEDED
    )


def test_a_job_that_this_version_cannot_read_fails_alone(bridge: Bridge, make_job: MakeJob) -> None:
    broken = bridge._store.add(make_job())
    with bridge._store._change() as db:
        db.execute(
            "UPDATE jobs SET spec = replace(spec, 'network_dim', 'netzwerk_rang') WHERE id = ?",
            (broken,),
        )
    good = submit(bridge, make_job())
    assert wait_over(bridge, good).status is Status.SUCCEEDED
    row = bridge._store.get(broken)
    assert row.status is Status.FAILED and "netzwerk_rang" in row.sentence


def test_removing_a_job_leaves_the_published_lora(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    with pytest.raises(Conflict, match="Stop it first"):
        bridge.remove(job_id)
    (bridge.folder(job_id).output / "go").touch()
    wait_over(bridge, job_id)
    bridge.remove(job_id)
    assert not bridge.folder(job_id).root.exists()
    assert list((bridge.home.root.parent / "models").rglob("Ada.safetensors"))


def test_what_a_stopped_job_has_saved_can_be_published(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("hold", max_train_steps=40))
    wait_step(bridge, job_id, 10)
    bridge.stop(job_id, now=True)
    wait_over(bridge, job_id)
    assert JobViews(bridge).view(bridge.job(job_id)).saved == 10
    half = bridge.folder(job_id).output / "Ada-step00000015.safetensors"
    half.write_bytes(b"what was being written when it ended")
    done = bridge.publish_job(job_id)
    assert done.path == bridge.home.root.parent / "models" / "Lora" / "Ada.safetensors"
    assert done.activation_text == "Ada woman"
    assert "10 of 40 steps" in json.loads(done.path.with_suffix(".json").read_text())["description"]
    assert bridge.publish_job(job_id).path == done.path, "it is there already"
    done.path.unlink()
    done.path.write_bytes(b"somebody else's")
    assert bridge.publish_job(job_id).path.name == "Ada-2.safetensors", "nothing is overwritten"


def test_where_nothing_is_saved_nothing_is_published(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("crash:2"))
    wait_over(bridge, job_id)
    with pytest.raises(Conflict, match="saved no LoRA"):
        bridge.publish_job(job_id)


def test_a_lora_that_cannot_be_published_is_kept_and_published_by_one_command(
    bridge: Bridge, make_job: MakeJob, lora_disk: Path
) -> None:
    """The disk fills while it trains, too late for any check before the start."""
    job_id = submit(bridge, make_job("hold").evolve(lora_dir=str(lora_disk)))
    wait_step(bridge, job_id, 10)
    with (lora_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 4096)
    (bridge.folder(job_id).output / "go").touch()
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED
    assert "trained, but not published" in row.sentence and "bytes free" in row.sentence
    assert str(bridge.folder(job_id).final_lora("Ada")) in row.sentence
    assert f"`sd-scripts-bridge publish {job_id}` publishes it" in row.sentence
    assert [path.name for path in lora_disk.iterdir()] == ["filler"]
    (lora_disk / "filler").unlink()
    assert bridge.publish_job(job_id).path == lora_disk / "Ada.safetensors"
    assert "published now" in bridge.resume(job_id)
    row = wait(bridge, job_id, lambda row: row.status.is_over and row.attempt == 2)
    assert row.status is Status.SUCCEEDED, row.sentence
    assert sorted(path.name for path in lora_disk.iterdir()) == [
        "Ada.json",
        "Ada.png",
        "Ada.safetensors",
    ]


@posix
def freeze(supervisor: psutil.Process, database: Path) -> None:
    """Suspend it where it isn't just writing, which would keep everybody from the database."""
    while True:
        supervisor.suspend()
        try:
            with closing(sqlite3.connect(database, timeout=0)) as db:
                db.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            supervisor.resume()


def test_stop_now_says_that_a_frozen_supervisor_has_not_answered(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    supervisor = psutil.Process(survivors(bridge, job_id)[0].ppid())
    freeze(supervisor, bridge.home.database)
    try:
        assert "nothing has answered for 3 s" in bridge.stop(job_id, now=True)
    finally:
        supervisor.resume()
    assert wait_over(bridge, job_id).status is Status.STOPPED, "the request has stayed"


def test_a_job_folder_that_cannot_be_written_says_so_and_what_to_do(
    bridge: Bridge, make_job: MakeJob, read_only: Path
) -> None:
    job_id = bridge._store.add(make_job())
    bridge.folder(job_id).root.symlink_to(read_only, target_is_directory=True)
    spawn(bridge.home)
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED
    assert (
        "Read-only file system" in row.sentence and str(bridge.folder(job_id).root) in row.sentence
    )
    assert f"Make it writable, then `resume {job_id}`." in row.sentence
    bridge.folder(job_id).root.unlink()
    bridge.resume(job_id)
    wait(bridge, job_id, lambda row: row.status is Status.SUCCEEDED)
