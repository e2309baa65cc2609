"""Whole runs with the toy bases."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

Train = Callable[..., Any]


def tensors(run: Any) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(run.lora)
    return found


def same(one: Any, two: Any) -> bool:
    first, second = tensors(one), tensors(two)
    return first.keys() == second.keys() and all(
        torch.equal(first[key], second[key]) for key in first
    )


def test_the_loss_falls_and_the_file_is_whole(train: Train) -> None:
    run = train(max_train_steps=60, save_every_n_steps=25, network_alpha=4, save_precision="fp16")

    assert run.code == 0, run.errors
    proof, facts = run.one("proof"), run.one("result").facts
    assert proof.pairs == 30
    assert proof.with_lora < 0.85 * proof.without
    assert (facts["steps"], facts["planned_steps"]) == (60, 60)
    assert (facts["modules"], facts["text_encoder_modules"], facts["unet_modules"]) == (
        204,
        12,
        192,
    )
    assert (facts["images"], facts["captions_used"]) == (6, 6)
    assert facts["peak_memory_bytes"] > 1_000_000
    last = run.one("progress")
    assert (last.step, last.total) == (60, 60)
    assert last.loss < run.all("progress")[0].loss
    assert [event.step for event in run.all("checkpoint")] == [25, 50]
    found = tensors(run)
    assert len(found) == 3 * 204
    assert all(value.dtype == torch.float16 and value.isfinite().all() for value in found.values())


@pytest.mark.parametrize(
    ("family", "prediction", "params", "modules"),
    [
        ("sdxl", "epsilon", {}, (84, 192)),
        (
            "sdxl",
            "epsilon",
            {"network_train_unet_only": True, "cache_text_encoder_outputs": True},
            (0, 192),
        ),
        ("sd2", "v_prediction", {"clip_skip": 2}, (12, 192)),
        ("sd2", "ask-the-model", {"network_train_text_encoder_only": True}, (12, 0)),
    ],
)
def test_families(
    train: Train, family: str, prediction: str, params: dict[str, object], modules: tuple[int, int]
) -> None:
    run = train(family, prediction=prediction, max_train_steps=3, learning_rate=1e-2, **params)

    assert run.code == 0, run.errors
    facts = run.one("result").facts
    assert (facts["text_encoder_modules"], facts["unet_modules"]) == modules
    changed = [
        key for key, value in tensors(run).items() if key.endswith("lora_up.weight") and value.any()
    ]
    assert len(changed) >= 0.8 * sum(modules)
    if prediction == "ask-the-model":
        assert "U-Net says epsilon" in run.one("note").text


OPTIONS: dict[str, dict[str, object]] = {
    "batches and accumulation": {"train_batch_size": 4, "gradient_accumulation_steps": 2},
    "captions": {
        "shuffle_caption": True,
        "keep_tokens": 1,
        "caption_dropout_rate": 0.5,
        "max_token_length": "150",
    },
    "frozen text, mixed captions": {"shuffle_caption": True, "network_train_unet_only": True},
    "mirrored, fresh latents, offset": {
        "flip_aug": True,
        "cache_latents": False,
        "noise_offset": 0.05,
    },
    "bf16": {"mixed_precision": "bf16", "save_precision": "bf16"},
    "other shapes": {
        "resolution": "96",
        "train_batch_size": 2,
        "lr_scheduler": "cosine_with_restarts",
    },
    "no buckets, no clipping": {
        "enable_bucket": False,
        "max_grad_norm": 0,
        "min_snr_gamma": None,
        "clip_skip": 2,
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(train: Train, name: str) -> None:
    run = train(**OPTIONS[name])

    assert run.code == 0, run.errors
    assert run.one("result").facts["steps"] == 4
    assert math.isfinite(run.one("proof").with_lora)


def test_resuming_equals_an_unbroken_run_bit_for_bit(train: Train) -> None:
    options: dict[str, object] = {
        "max_train_steps": 9,
        "save_every_n_steps": 4,
        "train_batch_size": 2,
        "gradient_accumulation_steps": 2,
        "caption_dropout_rate": 0.3,
        "shuffle_caption": True,
        "flip_aug": True,
        "cache_latents": False,
        "noise_offset": 0.05,
        "lr_scheduler": "cosine",
    }
    unbroken = train(name="Ada", **options)
    states = unbroken.folder.states("Ada")

    resumed = train(name="Resumed", resume=states[0], **options)

    assert [state.name for state in states] == ["Ada-step00000004-state", "Ada-step00000008-state"]
    assert resumed.one("result").facts["steps"] == 9
    assert same(unbroken, resumed)
    assert resumed.one("progress").loss == unbroken.one("progress").loss
    assert not same(unbroken, train(name="Other seed", **(options | {"seed": 43})))


def test_an_epoch_boundary_lies_in_the_middle(
    train: Train, tmp_path: Path, pictures: Callable[..., None]
) -> None:
    pictures(tmp_path / "few" / "1_Ada woman", 3, "Ada, {}")
    options: dict[str, object] = {
        "data": tmp_path / "few",
        "max_train_steps": 7,
        "save_every_n_steps": 5,
    }
    unbroken = train(name="Ada", **options)

    resumed = train(name="Resumed", resume=unbroken.folder.states("Ada")[0], **options)

    assert same(unbroken, resumed)


def test_a_state_of_a_gpu_goes_on_elsewhere_with_random_numbers_of_its_own(train: Train) -> None:
    """A GPU's generator has a state of 16 bytes: its seed, and how far it is."""
    options: dict[str, object] = {"max_train_steps": 4, "save_every_n_steps": 2}
    saved = train(name="Ada", **options).folder.states("Ada")[0]
    file = saved / "training_state.pt"
    state = torch.load(file, weights_only=True)
    torch.save(state | {"dice": torch.zeros(16, dtype=torch.uint8)}, file)

    resumed = train(name="Resumed", resume=saved, **options)

    assert resumed.code == 0, resumed.errors
    assert resumed.one("result").facts["steps"] == 4
    assert any("another kind of device" in str(note.text) for note in resumed.all("note"))


def test_a_stop_request_saves_and_ends_well(train: Train, tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()
    (tmp_path / "Ada" / "stop").touch()

    stopped = train(max_train_steps=50, save_state=False)

    step = stopped.one("checkpoint").step
    assert stopped.code == 0
    assert step < 50
    assert [state.name for state in stopped.folder.states("Ada")] == [f"Ada-step{step:08d}-state"]
    last = stopped.events[-1]
    assert (last.type, last.text) == ("phase", f"ending after step {step}")
    assert not stopped.lora.exists()


def test_gradient_checkpointing_changes_nothing(train: Train) -> None:
    plain = tensors(train(name="Plain", max_train_steps=2))
    checkpointed = tensors(
        train(name="Checkpointed", max_train_steps=2, gradient_checkpointing=True)
    )

    for key, value in plain.items():
        torch.testing.assert_close(checkpointed[key], value, rtol=1e-3, atol=1e-5)


def test_no_network_is_touched(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the trainer opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert train(max_train_steps=1).code == 0


def test_regularisation_pictures_weigh_what_is_asked(
    train: Train, tmp_path: Path, pictures: Callable[..., None]
) -> None:
    """Weight nought for half of the pictures: their steps teach nothing."""
    pictures(tmp_path / "img" / "1_Ada woman", 2, "Ada, {}")
    pictures(tmp_path / "reg" / "1_woman", 2, "woman")
    options: dict[str, object] = {"data": tmp_path / "img", "max_train_steps": 4}

    run, unweighted = (
        train(name="Ada", **options),
        train(name="Unweighted", prior_loss_weight=0, **options),
    )

    assert not same(run, unweighted)
    assert run.one("result").facts["images"] == 2
    assert unweighted.one("progress").loss < run.one("progress").loss


def test_long_captions_are_read_in_full(
    train: Train, tmp_path: Path, pictures: Callable[..., None]
) -> None:
    pictures(tmp_path / "img" / "1_Ada woman", 1, "Ada, " + "word " * 100)

    run = train(data=tmp_path / "img", max_train_steps=1)

    assert "up to 150" in run.one("note").text


def test_a_loss_that_is_no_number_fails_with_a_sentence(train: Train) -> None:
    run = train(max_train_steps=8, learning_rate=2, max_grad_norm=0, network_alpha=4096)

    assert run.code == 1
    assert "Lower the learning rate" in run.errors


def test_too_little_memory_for_the_proof_costs_only_the_proof(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.engines.embedded.training import proof

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(proof, "prove", full)
    run = train(max_train_steps=1)

    assert run.code == 0
    assert "too little GPU memory" in run.one("note").text
    assert run.lora.exists()
    assert run.one("result").facts["steps"] == 1


def test_a_folder_without_a_job_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sd_scripts_bridge.engines.embedded.training import trainer

    assert trainer.main([str(tmp_path)]) == 1
    assert "job.json is missing" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU computes in fp16")
def test_fp16_without_a_gpu_is_refused(train: Train) -> None:
    run = train(mixed_precision="fp16")

    assert run.code == 1
    assert "needs a CUDA GPU" in run.errors
