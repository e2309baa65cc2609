"""What the engine doesn't do is said by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.engines.base import Machine
from sd_scripts_bridge.engines.embedded import EmbeddedEngine, libraries
from sd_scripts_bridge.engines.embedded.refusals import reading_notes, refusals
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home


def job(
    family: str = "sd1", extra: dict[str, object] | None = None, **params: object
) -> TrainingJob:
    options = TrainingParams(extra=extra or {}, **params)  # type: ignore[arg-type]
    return TrainingJob("Ada", "Ada", "woman", "/d", "/b", family, "embedded", options)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("optimizer_type", job(optimizer_type="Prodigy")),
        ("optimizer_type", job(optimizer_type="AdamW8bit")),
        ("network_module", job(network_module="networks.dylora")),
        ("sdpa", job(sdpa=False)),
        ("bucket_reso_steps", job(bucket_reso_steps=32)),
        ("resolution", job(enable_bucket=False, resolution="500")),
        ("clip_skip", job("sdxl", clip_skip=2)),
        ("base", job("sd3")),
        ("loss_type", job(extra={"loss_type": "huber"})),
        ("multires_noise_iterations", job(extra={"multires_noise_iterations": 6})),
    ],
)
def test_refused_by_name(name: str, refused: TrainingJob) -> None:
    problems = refusals(refused, Machine())

    assert [problem.where for problem in problems] == [name]
    assert problems[0].remedy


def test_all_at_once() -> None:
    wrong = job(optimizer_type="Lion", network_module="lycoris.kohya", extra={"a": 1, "b": True})

    assert {problem.where for problem in refusals(wrong, Machine())} == {
        "optimizer_type",
        "network_module",
        "a",
        "b",
    }


@pytest.mark.parametrize(
    "fine",
    [
        job(),
        job("sd2"),
        job(extra={"alpha_mask": True, "unmasked_weight": 0.1}),
        job("sdxl", bucket_reso_steps=32),
        job(optimizer_type="adamw"),
        job(extra={"max_data_loader_n_workers": 8, "persistent_data_loader_workers": True}),
        job(extra={"xformers": False, "loss_type": None, "no_half_vae": True}),
        job(enable_bucket=False, resolution="512,768"),
    ],
)
def test_not_refused(fine: TrainingJob) -> None:
    assert refusals(fine, Machine()) == []


def test_what_only_says_how_pictures_are_read_is_named_as_without_effect() -> None:
    (note,) = reading_notes(job(extra={"max_data_loader_n_workers": 8}))
    assert note.startswith("max_data_loader_n_workers: without effect")
    assert reading_notes(job(extra={"max_data_loader_n_workers": 0})) == []


def test_a_misspelt_option_is_asked_for_and_a_secret_not_repeated() -> None:
    wrong: dict[str, object] = {"learing_rate": "1", "loss_type": "huber"}
    refused = job(extra={**wrong, "wandb_api_key": "s3cretXYZ123"})
    said = {problem.where: str(problem) for problem in refusals(refused, Machine())}
    assert said["learing_rate"].endswith("Did you mean learning_rate?")
    assert said["loss_type"].endswith("or train with the sd-scripts engine.")
    assert "s3cret" not in said["wandb_api_key"]


@pytest.mark.parametrize(("version", "refused"), [("2.13.0+cpu", True), ("2.13.0", False)])
def test_fp16_is_refused_where_pytorch_is_the_cpus_even_before_a_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, refused: bool
) -> None:
    info = tmp_path / f"torch-{version}.dist-info" / "METADATA"
    info.parent.mkdir()
    info.write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
    monkeypatch.setattr(libraries, "site_packages", lambda _: [str(tmp_path)])
    engine = EmbeddedEngine(Home(tmp_path / "home"))
    found = engine.refuse(job(mixed_precision="fp16"))
    assert [problem.where for problem in found] == (["mixed_precision"] if refused else [])
