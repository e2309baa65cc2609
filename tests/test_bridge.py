"""The facade is whole: what a program of somebody's own asks of it, without the page or REST."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict, NotFound
from sd_scripts_bridge.jobs.job import SetupJob, Status
from tests.support.supervisor import MakeJob, submit, wait_over


def test_a_training_says_what_it_gave_and_how_long_the_next_one_takes(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job = make_job("slow")
    before = bridge.estimate(job)
    assert before.seconds is None and "No estimate yet" in before.reason
    number = submit(bridge, job)
    with pytest.raises(Conflict, match=r"has no LoRA yet \(\w+\)\.$"):
        bridge.result(number)
    assert wait_over(bridge, number).status is Status.SUCCEEDED
    with pytest.raises(Conflict, match=f"`repeat {number}` trains it again"):
        bridge.retry(number)
    found = bridge.result(number)
    assert (found.stem, found.activation_text) == ("Ada", job.activation_text)
    assert found.file.is_file() and found.facts["steps"] == 20
    assert found.sentence.endswith("nothing broken.")
    half, whole = (
        bridge.estimate(job.evolve(params=job.params.with_values({"max_train_steps": steps})))
        for steps in (10, 20)
    )
    assert half.seconds and whole.seconds == pytest.approx(2 * half.seconds)
    assert f"As fast as job {number}" in whole.reason
    other = job.evolve(params=job.params.with_values({"train_batch_size": 2}))
    assert bridge.estimate(other).seconds is None, "another batch takes another time"


def test_a_set_up_gave_no_lora(bridge: Bridge) -> None:
    number = bridge._store.add(SetupJob("sd-scripts", source="/nowhere"))
    with pytest.raises(NotFound, match="trains nothing"):
        bridge.result(number)


def test_the_presets(bridge: Bridge) -> None:
    names = [preset.name for preset in bridge.presets()]
    assert "person-sdxl" in names and names == sorted(names)
