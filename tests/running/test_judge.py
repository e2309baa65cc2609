"""What a trainer left behind is no success if it changes nothing."""

from __future__ import annotations

from pathlib import Path

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Checkpoint
from sd_scripts_bridge.jobs.job import Status
from tests.support import model_headers as headers
from tests.support.supervisor import MakeJob, submit, wait_over


def test_a_lora_whose_every_up_weight_is_zero_is_no_success(
    bridge: Bridge, make_job: MakeJob, tmp_path: Path
) -> None:
    row = wait_over(bridge, submit(bridge, make_job("zero")))
    assert row.status is Status.FAILED and "learnt nothing" in row.sentence
    assert not list((tmp_path / "models" / "Lora").glob("*.safetensors"))
    assert bridge.folder(row.id).final_lora("Ada").is_file(), "it is kept"


def test_a_file_from_before_the_first_attempt_is_trained_over(
    bridge: Bridge, make_job: MakeJob
) -> None:
    """A folder that lay there, where the database was lost: it is no result of this job."""
    old = bridge.folder(1).create().final_lora("Ada")
    headers.write(old, headers.lora(), headers.METADATA)
    before = old.read_bytes()
    row = wait_over(bridge, submit(bridge, make_job()))
    assert row.status is Status.SUCCEEDED, row.sentence
    assert any(isinstance(entry.event, Checkpoint) for entry in bridge.events(1))
    assert old.read_bytes() != before
