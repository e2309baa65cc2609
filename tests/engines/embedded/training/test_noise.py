"""The diffusion process against diffusers' scheduler, and the min-SNR weights against their
formula.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
diffusers = pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.engines.embedded.training import noise  # noqa: E402


def test_equals_diffusers() -> None:
    theirs = diffusers.DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        clip_sample=False,
    )
    latents, drawn = torch.randn(5, 4, 8, 8), torch.randn(5, 4, 8, 8)
    timesteps = torch.tensor([0, 1, 500, 998, 999])
    for v_prediction in (False, True):
        ours = noise.NoiseSchedule(v_prediction, None)
        target = theirs.get_velocity(latents, drawn, timesteps) if v_prediction else drawn

        assert torch.equal(
            ours.add_noise(latents, drawn, timesteps), theirs.add_noise(latents, drawn, timesteps)
        )
        assert torch.equal(ours.target(latents, drawn, timesteps), target)
        assert torch.equal(ours.weights, torch.ones(1000))


@pytest.mark.parametrize("v_prediction", [False, True])
def test_min_snr_weights(v_prediction: bool) -> None:
    kept = noise.NoiseSchedule(v_prediction, 5.0).signal ** 2
    snr = kept / (1 - kept)
    expected = torch.minimum(snr, torch.tensor(5.0)) / (snr + 1 if v_prediction else snr)

    weights = noise.NoiseSchedule(v_prediction, 5.0).weights

    torch.testing.assert_close(weights, expected, rtol=2e-4, atol=0)
    if not v_prediction:
        assert weights[999] == 1.0
        assert weights[0] == pytest.approx(5.0 / float(snr[0]), rel=1e-3)


def test_draws_noise_before_timesteps() -> None:
    """sd-scripts' order, so that the same generator gives the same step."""
    ours = noise.draw(torch.zeros(2, 4, 8, 8), None, torch.Generator().manual_seed(3))
    dice = torch.Generator().manual_seed(3)

    assert torch.equal(ours[0], torch.randn(2, 4, 8, 8, generator=dice))
    assert torch.equal(ours[1], torch.randint(0, 1000, (2,), generator=dice))


def test_noise_offset_shifts_whole_channels() -> None:
    plain, _ = noise.draw(torch.zeros(2, 4, 8, 8), None, torch.Generator().manual_seed(3))
    shifted, _ = noise.draw(torch.zeros(2, 4, 8, 8), 0.1, torch.Generator().manual_seed(3))
    shift = shifted - plain

    assert shift.std(dim=(2, 3)).max() < 1e-6
    assert 0.01 < shift[:, :, 0, 0].std() < 0.3
