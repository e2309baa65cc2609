from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.base import Machine
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models import lora_size
from sd_scripts_bridge.models.safetensors_file import TensorInfo
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.families import FAMILIES
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.planning import preflight
from tests.support import model_headers as headers

MakeJob = Callable[..., TrainingJob]
ROOMY = preflight.Room(disk_free=10**12, publish_free=10**12, memory=10**12, memory_name="GPU")


def full_size_sd15() -> dict[str, TensorInfo]:
    shapes = {
        **{f"model.diffusion_model.{k}": v for k, v in headers.unet("sd1", 320, 768).items()},
        **{
            f"cond_stage_model.transformer.text_model.{k}": v
            for k, v in headers.clip(768, 12).items()
        },
    }
    return {name: TensorInfo("F16", tuple(shape), 0, 0) for name, shape in shapes.items()}


def test_the_numbers_of_a_full_size_lora() -> None:
    """Rank 4 of SD 1.5 in 4 bytes a number is the 9.5 MB file that sd-scripts writes
    (792 tensors).
    """
    params = TrainingParams().with_values({"network_dim": 4, "save_precision": "float"})
    assert lora_size.file_bytes(full_size_sd15(), params) == pytest.approx(9.45e6, rel=0.01)
    unet_only = replace(params, network_train_unet_only=True)
    assert 16 / 4 * lora_size.numbers(full_size_sd15(), unet_only) == pytest.approx(6.8e6, rel=0.01)


@pytest.fixture
def job(make_job: MakeJob) -> TrainingJob:
    job = make_job(max_train_steps=100, save_every_n_steps=10)
    headers.write(Path(job.base), headers.checkpoint("sd1"))
    return job


def test_a_run_that_fits_has_no_problems(job: TrainingJob) -> None:
    assert preflight.problems(job, ROOMY) == []


def test_a_full_disk_is_refused_with_both_numbers(job: TrainingJob) -> None:
    problem = str(preflight.problems(job, replace(ROOMY, disk_free=1_000_000))[0])
    assert preflight.size(preflight.need(job).disk) in problem and "1 MB are free" in problem


def test_an_estimate_that_is_not_certain_never_refuses(job: TrainingJob) -> None:
    args = {"network_args": ["algo=loha"]}
    loha = replace(job.params, network_module="lycoris.kohya", network_dim=4096, extra=args)
    tight = replace(ROOMY, disk_free=1_000_000, publish_free=0)
    assert preflight.problems(job.evolve(params=loha), tight) == []


def test_the_lora_folders_disk_counts_too(job: TrainingJob) -> None:
    full = replace(ROOMY, publish_free=3_000_000)
    (problem,) = map(str, preflight.problems(job.evolve(lora_dir="/a/Lora"), full))
    assert "3 MB are free" in problem and "less than 200 MB left" in problem
    assert preflight.problems(job.evolve(lora_dir=None), full) == [], "the home's disk is asked"


def test_a_lora_folder_that_cannot_be_used_is_refused_before_the_training(
    job: TrainingJob, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    for place in ("a file", "a file/below/it"):
        refused = preflight.problems(job.evolve(lora_dir=str(tmp_path / place)), ROOMY)
        assert "lora_dir: " in str(refused[0]) and "a file is not a folder" in str(refused[0])
        assert preflight.gone(job.evolve(lora_dir=str(tmp_path / place))) == refused
    fine = job.evolve(lora_dir=str(tmp_path / "not there yet" / "Lora"))
    assert preflight.problems(fine, ROOMY) == []
    assert not (tmp_path / "not there yet").exists(), "nothing is written"


def test_a_read_only_lora_folder_is_refused_before_the_training(
    job: TrainingJob, read_only: Path
) -> None:
    for place in (read_only, read_only / "Lora"):
        refused = preflight.problems(job.evolve(lora_dir=str(place)), ROOMY)
        assert "can't be written" in str(refused[0]) and str(read_only) in str(refused[0])


def test_a_model_larger_than_the_memory_is_refused(job: TrainingJob) -> None:
    assert "GPU has 1 MB" in str(preflight.problems(job, replace(ROOMY, memory=1_000_000))[0])


def test_more_checkpoints_need_more_disk(job: TrainingJob) -> None:
    often = job.evolve(params=job.params.with_values({"save_every_n_steps": 1}))
    assert preflight.need(often).checkpoints == 99 and preflight.need(job).checkpoints == 9
    assert preflight.need(often).disk > preflight.need(job).disk


def test_what_will_come_is_said_before_the_start(job: TrainingJob) -> None:
    files, memory, counted = preflight.outlook(
        job, replace(ROOMY, disk_free=53_000_000_000, memory=24_000_000_000)
    )
    wanted = preflight.need(job)
    assert files.startswith(
        f"Files that will come: 9 checkpoints of {preflight.size(wanted.lora)}, states of "
    )
    assert files.endswith("53.0 GB are free.")
    assert (
        memory
        == f"The base model alone takes {preflight.size(wanted.weights)} of the GPU's 24.0 GB."
    )
    assert counted.startswith("Its tensors take 3.6 GB of the GPU's 24.0 GB at most (counted)")


def test_a_training_that_will_not_fit_is_told_with_what_to_take(job: TrainingJob) -> None:
    ours = job.evolve(params=TrainingParams().with_values({"resolution": "768"}))
    tight = replace(ROOMY, memory=4_000_000_000)
    said = str(preflight.outlook(ours, tight, is_counted=True)[-1])
    assert said.startswith("It won't fit into the GPU's 4.0 GB: its tensors take ")
    assert said.endswith("Take gradient_checkpointing=true.")
    assert "at most (counted)" in str(preflight.outlook(ours, ROOMY, is_counted=True)[-1])
    assert "counted" not in str(preflight.outlook(ours, tight)[-1])  # 768 pixels, one a step
    on_cpu = replace(tight, memory_name="RAM")
    assert "counted" not in str(preflight.outlook(ours, on_cpu, is_counted=True)[-1])


def test_a_training_of_sd_scripts_like_a_counted_preset_is_told_too(job: TrainingJob) -> None:
    params = presets.get("person-flux1").params(1000)
    flux = job.evolve(family="flux1", params=FAMILIES["flux1"].complete(params))
    small, large = replace(ROOMY, memory=12 * 10**9), replace(ROOMY, memory=24 * 10**9)
    assert str(preflight.outlook(flux, small)[-1]).startswith("It won't fit into the GPU's 12.0 GB")
    assert str(preflight.outlook(flux, large)[-1]) == (
        "Its tensors take 16.0 GB of the GPU's 24.0 GB at most (counted), CUDA itself about 800 MB."
    )
    for other in (replace(large, memory_name="RAM"), replace(large, memory_name=preflight.UNIFIED)):
        assert "counted" not in str(preflight.outlook(flux, other)[-1])


def test_it_says_where_recorded_steps_do_not_fit(job: TrainingJob) -> None:
    wanted = {"resolution": "1024", "network_train_unet_only": True, "network_dim": 16}
    xl = job.evolve(family="sdxl", params=TrainingParams().with_values(wanted))
    small, large = replace(ROOMY, memory=16 * 10**9), replace(ROOMY, memory=24 * 10**9)
    assert str(preflight.outlook(xl, small, is_counted=True)[-1]).endswith("run without them.")
    assert str(preflight.outlook(xl, large, is_counted=True)[-1]).endswith("keep 6.8 GB more.")


def test_an_amd_gpu_records_no_steps(job: TrainingJob, tmp_path: Path) -> None:
    wanted = {"resolution": "1024", "network_train_unet_only": True, "network_dim": 16}
    xl = job.evolve(family="sdxl", params=TrainingParams().with_values(wanted))
    for gpu, said in (
        ("AMD Radeon RX 7900 XTX", "CUDA itself about 800 MB."),
        ("NVIDIA GeForce RTX 4090", "keep 6.8 GB more."),
    ):
        here = Machine(device="cuda", memory=24 * 10**9, gpu=gpu)
        room = preflight.this_machine(job, tmp_path, here)
        assert str(preflight.outlook(xl, room, is_counted=True)[-1]).endswith(said)


def test_this_machine_is_measured(job: TrainingJob, tmp_path: Path) -> None:
    machine = preflight.this_machine(job, tmp_path, Machine())
    assert machine.disk_free > 0 and machine.memory > 10**8 and machine.memory_name == "RAM"


@pytest.mark.parametrize(
    ("vae", "is_missing"), [("gone.safetensors", True), ("stabilityai/sd-vae-ft-mse", False)]
)
def test_a_vae_that_is_no_file_here_is_refused_unless_it_is_a_hubs(
    vae: str, is_missing: bool
) -> None:
    found = preflight.missing_files(TrainingParams(extra={"vae": vae}))
    assert [problem.where for problem in found] == (["vae"] if is_missing else [])
