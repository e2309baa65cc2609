"""Asking a U-Net what it predicts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.engines.embedded.model import prediction  # noqa: E402


class UNet:
    """Answers ``shift`` above its input."""

    def __init__(self, shift: float) -> None:
        self.conv_in = SimpleNamespace(weight=torch.zeros(1))
        self.config = SimpleNamespace(cross_attention_dim=32)
        self.shift = shift

    def __call__(self, noisy, timestep, text, return_dict):
        assert timestep.tolist() == [999]
        assert text.shape == (1, 2, 32)
        return (noisy + self.shift,)


@pytest.mark.parametrize(
    ("shift", "expected"), [(0.0, "epsilon"), (-0.9, "epsilon"), (-1.5, "v_prediction")]
)
def test_a_velocity_lies_far_below_the_input(shift: float, expected: str) -> None:
    assert prediction.ask(UNet(shift)) == expected
