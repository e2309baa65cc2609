"""What a trainer left behind is no success if it changes nothing."""

from __future__ import annotations

from pathlib import Path

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status
from tests.support.supervisor import MakeJob, submit, wait_over


def test_a_lora_whose_every_up_weight_is_zero_is_no_success(
    bridge: Bridge, make_job: MakeJob, tmp_path: Path
) -> None:
    row = wait_over(bridge, submit(bridge, make_job("zero")))
    assert row.status is Status.FAILED and "learnt nothing" in row.sentence
    assert not list((tmp_path / "models" / "Lora").glob("*.safetensors"))
    assert bridge.folder(row.id).final_lora("Ada").is_file(), "it is kept"
