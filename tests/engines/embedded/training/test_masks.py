"""What a mask hides changes no gradient, and what it shows weighs by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop, quiet
from sd_scripts_bridge.engines.embedded.data import masks
from sd_scripts_bridge.engines.embedded.measuring.measure import measure
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping.step import inputs_of
from sd_scripts_bridge.evidence.measured import read
from tests.engines.embedded.stepping.test_step import RANDOM, Watch

Prepare = Callable[..., Any]
SIDE, SHOWN = 96, 48
"""Of the pictures, which are made smaller to be trained at 64, and of what is shown of them."""
ON = {"extra": {"alpha_mask": True}}


def draw(folder: Path, hidden: int, shown: int = 7, *, masked: bool = True) -> None:
    """Two pictures whose left halves are noise ``shown``, and their right ones noise ``hidden``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        dice = [np.random.default_rng(10 * seed + number) for seed in (shown, hidden)]
        pixels = np.hstack([one.integers(0, 256, (SIDE, SHOWN, 3), np.uint8) for one in dice])
        alpha = np.full((SIDE, SIDE, 1), 255, np.uint8)
        alpha[:, SHOWN:] = 0
        Image.fromarray(np.dstack([pixels, alpha]) if masked else pixels).save(
            folder / f"{number}.png"
        )
        (folder / f"{number}.txt").write_text(f"Ada woman {number}\n")


@pytest.fixture(scope="module")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """A training of such pictures, before its first step."""
    workshop = Workshop(tmp_path_factory.mktemp("workshop"))
    base = tiny.make(workshop.root / "toy.safetensors")

    def of(
        hidden: int, shown: int = 7, *, masked: bool = True, held_out: bool = False, **values: Any
    ) -> Any:
        folder = workshop.root / ("with" if held_out else "data") / "img"
        draw(folder / "10_Ada woman", hidden, shown, masked=masked)
        if held_out:
            draw(folder.parent / "held_out", hidden + 10, shown + 10, masked=masked)
            (folder.parent / "held_out" / "2.png").unlink()
        try:
            return workshop.training(
                "sd1", base, folder, train_batch_size=2, flip_aug=True, **values
            )
        except Missing as missing:
            pytest.skip(str(missing))

    return of


def gradients(training: Any) -> list[Any]:
    """The loss of the first step's batch, and what its parameters would learn from it."""
    rows = next(training._batches())[0]
    inputs = inputs_of(rows, training.objective, 0.05, training.dice)
    training.network.refresh(training.objective.dtype)
    loss = training.objective.loss(inputs)
    training.optimizer.backward(loss)
    parts = (training.network.text_encoder, training.network.unet)
    learnt = [side.grad for part in parts if part is not None for side in (part.down, part.up)]
    return [loss.detach(), *learnt]


def same(one: list[Any], other: list[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("cache_latents", [True, False])
def test_pixels_under_the_mask_change_no_gradient_bit_for_bit(
    prepare: Prepare, cache_latents: bool
) -> None:
    def learnt(*look: int, **values: Any) -> list[Any]:
        return gradients(prepare(*look, cache_latents=cache_latents, **values))

    found = learnt(1, **ON)
    assert any(tensor.abs().sum() > 0 for tensor in found[1:])
    assert same(found, learnt(2, **ON))
    assert not same(found, learnt(1, 8, **ON))
    assert not same(learnt(1), learnt(2))


def test_pictures_without_masks_train_the_same_with_the_option(prepare: Prepare) -> None:
    plain = gradients(prepare(1, masked=False))
    assert same(plain, gradients(prepare(1, masked=False, **ON)))


def test_the_error_is_the_mean_weighted_by_the_mask_over_its_sum() -> None:
    """The weights are area means, as sd-scripts takes them."""
    dice = np.random.default_rng(3)
    alpha = dice.integers(0, 256, (64, 48))
    errors = torch.rand(4, 8, 6)
    areas = torch.from_numpy(alpha.reshape(8, 8, 6, 8).mean(axis=(1, 3)) / 255)
    expected = (errors * areas).sum() / (4 * areas.sum())
    weights = masks.weights_of(torch.from_numpy(alpha), (8, 6), Path("1.png"))
    assert torch.allclose((errors * weights).mean().double(), expected.double(), atol=1e-6)


def test_the_two_halves_of_a_picture_make_its_error(prepare: Prepare) -> None:
    """With the same answer of the U-Net, each mask weighs its own part of the errors."""
    training = prepare(1, masked=False, cache_latents=True)
    rows = next(training._batches())[0]
    height, width = rows.shelf.mean.shape[2:]
    left = torch.zeros(len(rows.shelf.mean), 1, height, width)
    left[..., : width // 2] = 2.0
    inputs = inputs_of(rows, training.objective, 0.0, training.dice)
    look = inputs.latents, inputs.noise, inputs.timesteps
    training.network.refresh(training.objective.dtype)
    errors = [
        training.objective.errors(replace(rows, shelf=replace(rows.shelf, masks=mask)), *look)
        for mask in (None, left, 2.0 - left)
    ]
    assert torch.allclose(errors[0], (errors[1] + errors[2]) / 2, rtol=1e-4)
    assert not torch.allclose(errors[1], errors[2], rtol=1e-2)


def test_the_held_out_photo_is_measured_by_its_mask(prepare: Prepare) -> None:
    """Its error is that of its left half alone, which shows, also in what a save keeps."""

    training = prepare(1, held_out=True, **ON)
    (photo,) = [one for one in training.measures.photos if one.is_held_out]
    masks = photo.shelf.masks
    assert masks is not None
    training.network.refresh(training.objective.dtype)

    def errors(masks: torch.Tensor | None) -> torch.Tensor:
        one = replace(photo, shelf=replace(photo.shelf, masks=masks))
        found = measure(0, [one], training.objective, training.measures.captions.one)
        return torch.tensor(next(iter(found.held_out.values())))

    shown, whole, hidden = errors(masks), errors(None), errors(2 - masks)
    training.measures.at_save(0)
    (kept,) = [one for one in read(training.measures.folder) if one.step == 0]
    assert torch.allclose(torch.tensor(kept.held_out[photo.digest]), shown, rtol=1e-4)
    assert torch.allclose(whole, (shown + hidden) / 2, rtol=1e-4)
    assert not torch.allclose(shown, whole, rtol=1e-2)


def test_a_masked_step_reads_nothing_back_and_draws_nothing(prepare: Prepare) -> None:
    training = prepare(1, **ON)
    steps = training._batches()
    with quiet():
        training._step(next(steps))
    inputs = [inputs_of(one, training.objective, 0.05, training.dice) for one in next(steps)]
    assert inputs[0].masks is not None
    watch: Any = Watch()
    with watch:
        training.take_step(inputs)
    assert not [name for name, _ in watch.done if name.startswith(RANDOM)]
