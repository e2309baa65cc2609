from __future__ import annotations

from collections.abc import Callable

import pytest

from sd_scripts_bridge.jobs.job import TrainingJob, job_from_dict
from sd_scripts_bridge.running.failures import heal
from sd_scripts_bridge.running.failures.heal import MOST_HEALINGS, Cure

MakeJob = Callable[..., TrainingJob]


def cure(job: TrainingJob, kind: str, *refused: str) -> Cure | None:
    """For an engine that has no 8-bit optimizer, unless another option is named."""
    bad = refused or ("AdamW8bit",)
    return heal.cure(job, kind, lambda changed: changed.params.optimizer_type in bad)


def test_the_ladder_begins_with_what_costs_only_time(make_job: MakeJob) -> None:
    job = make_job(train_batch_size=4, resolution="768")
    found = cure(job, "gpu-memory")
    assert found and found.job.params.gradient_checkpointing and not found.fresh
    found = cure(found.job, "gpu-memory")
    assert found and (
        found.job.params.train_batch_size,
        found.job.params.gradient_accumulation_steps,
    ) == (1, 4)
    assert found.fresh  # the steps' pictures are others now
    found = cure(found.job, "gpu-memory")
    assert found and found.job.params.resolution == "576,576"
    assert cure(found.job, "gpu-memory") is None
    assert len(found.job.healed) == MOST_HEALINGS


def test_the_optimizer_shrinks_before_the_pictures_where_the_engine_has_a_smaller_one(
    make_job: MakeJob,
) -> None:
    job = make_job(gradient_checkpointing=True, resolution="768")
    found = cure(job, "gpu-memory", "none is refused")
    assert found and (found.job.params.optimizer_type, found.job.params.resolution) == (
        "AdamW8bit",
        "768",
    )
    assert found.fresh, "a state of the other optimizer doesn't fit"
    again = cure(found.job, "gpu-memory", "none is refused")
    assert again and again.job.params.resolution == "576,576"


def test_sdxl_caches_its_captions_before_it_gets_smaller(make_job: MakeJob) -> None:
    job = make_job(
        network_train_unet_only=True, gradient_checkpointing=True, resolution="1024"
    ).evolve(family="sdxl")
    found = cure(job, "gpu-memory")
    assert (
        found
        and found.job.params.cache_text_encoder_outputs
        and found.job.params.resolution == "1024"
    )


def test_the_smallest_run_cannot_shrink(make_job: MakeJob) -> None:
    assert cure(make_job(gradient_checkpointing=True, resolution="256"), "gpu-memory") is None


def test_a_loss_that_is_no_number(make_job: MakeJob) -> None:
    found = cure(make_job(mixed_precision="fp16"), "nan")
    assert (
        found
        and found.job.params.mixed_precision == "bf16"
        and found.job.params.learning_rate == 1e-4
    )
    found = cure(make_job(mixed_precision="bf16", unet_lr=2e-4), "nan")
    assert found and (found.job.params.learning_rate, found.job.params.unet_lr) == (5e-5, 1e-4)
    assert found.job.params.text_encoder_lr is None


@pytest.mark.parametrize("kind", ["disk", "killed", "option", "unknown", "dataset"])
def test_what_nobody_can_cure_is_left_alone(make_job: MakeJob, kind: str) -> None:
    assert cure(make_job(), kind) is None


def test_what_was_changed_is_remembered_in_the_jobs_file(make_job: MakeJob) -> None:
    found = cure(make_job(), "gpu-memory")
    assert found and job_from_dict(found.job.as_dict()) == found.job
