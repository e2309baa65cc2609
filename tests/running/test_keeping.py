"""What a finished training keeps, by a rule; and what `clean` frees."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.events import Note
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status
from tests.support.supervisor import MakeJob, submit, wait_over


def output(folder: JobFolder) -> list[str]:
    return sorted(path.name for path in folder.output.iterdir())


def finished(bridge: Bridge, make_job: MakeJob) -> JobFolder:
    job_id = submit(bridge, make_job(max_train_steps=20, save_every_n_steps=10))
    row = wait_over(bridge, job_id)
    assert row.status is Status.SUCCEEDED, row.sentence
    return bridge.folder(job_id)


def test_by_default_states_go_and_checkpoints_stay(bridge: Bridge, make_job: MakeJob) -> None:
    folder = finished(bridge, make_job)
    assert output(folder) == ["Ada-step00000010.safetensors", "Ada.safetensors"]
    notes = [e.event.text for e in bridge.events(1) if isinstance(e.event, Note)]
    assert any(note.startswith("Freed ") for note in notes), "it is said"
    assert bridge.clean() == []


def test_the_rule_can_be_set_and_holds_for_what_is_there(bridge: Bridge, make_job: MakeJob) -> None:
    assert bridge.keeps() == "checkpoints"
    bridge.clean("everything")
    folder = finished(bridge, make_job)
    (folder.output / "Ada-step00000020.safetensors").write_bytes(b"the LoRA itself" * 1000)
    before = output(folder)
    assert "Ada-step00000010-state" in before and bridge.clean() == []
    seen = bridge.clean("checkpoints", only_look=True)
    assert output(folder) == before, "looking frees nothing"
    assert bridge.keeps() == "everything" and bridge.clean() == [], "and sets nothing"
    freed = bridge.clean("checkpoints")
    assert freed == seen and [found.job for found in freed] == [1]
    assert freed[0].bytes > 15000 and freed[0].files == 16
    assert output(folder) == ["Ada-step00000010.safetensors", "Ada.safetensors"]
    bridge.clean("lora")
    assert output(folder) == ["Ada.safetensors"]
    with pytest.raises(Invalid, match=r"'nothing' is not a rule\. Choose one of: everything"):
        bridge.clean("nothing")
    with pytest.raises(Invalid, match="'nothing' is not a rule"):
        bridge.clean("nothing", only_look=True)


def test_a_job_that_may_go_on_keeps_its_states(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("crash:18"))
    assert wait_over(bridge, job_id).status is Status.FAILED
    before = output(bridge.folder(job_id))
    assert bridge.clean("lora") == [] and output(bridge.folder(job_id)) == before
