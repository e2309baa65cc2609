"""The count of a LoRA's numbers, for each algorithm, against the code that makes them."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.models import lora_size
from sd_scripts_bridge.models.safetensors_file import TensorInfo, read_header
from sd_scripts_bridge.options.params import TrainingParams
from tests.support.model_headers import full_size_sd15


@pytest.fixture(scope="module")
def tensors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TensorInfo]:
    path = full_size_sd15(tmp_path_factory.mktemp("base") / "base.safetensors")
    return dict(read_header(path).tensors)


def millions(tensors: dict[str, TensorInfo], dim: int, *args: str) -> float:
    params = TrainingParams(
        network_module="lycoris.kohya",
        network_dim=dim,
        network_train_unet_only=True,
        extra={"network_args": list(args)},
    )
    return lora_size.numbers(tensors, params) / 1e6


def test_kohya_ss_own_presets_are_not_counted_as_plain_loras(
    tensors: dict[str, TensorInfo],
) -> None:
    """Their ranks of 1024 to 100000 mean "whole" to LoKr, and nothing to iA3."""
    plain = millions(tensors, 4096, "algo=locon", "preset=attn-mlp")
    assert plain > 1000
    assert millions(tensors, 4096, "algo=ia3") < 0.3
    assert millions(tensors, 4096, "algo=lokr", "factor=8", "conv_dim=4096") < 30
    full = millions(tensors, 4, "algo=full")
    assert full == pytest.approx(sum_of_unet(tensors), rel=0.02)


def sum_of_unet(tensors: dict[str, TensorInfo]) -> float:
    """All weights of the U-Net, in millions; norms and biases are one number in a thousand."""
    total = 0
    for name, info in tensors.items():
        if name.startswith("model.diffusion_model.") and len(info.shape) > 1:
            size = 1
            for side in info.shape:
                size *= side
            total += size
    return total / 1e6


@pytest.mark.parametrize(
    ("side", "factor", "found"),
    [(128, -1, (8, 16)), (250, 8, (5, 50)), (360, 16, (15, 24)), (127, 4, (1, 127))],
)
def test_factors_are_those_of_lycoris(side: int, factor: int, found: tuple[int, int]) -> None:
    """What its own `factorization` gives (its docstring's 12 and 30 for 360 is not that)."""
    assert lora_size.factors(side, factor) == found


def test_what_is_certain() -> None:
    assert lora_size.is_certain(TrainingParams())
    blocks = TrainingParams(extra={"network_args": ["block_dims=1,2"]})
    lycoris = TrainingParams(network_module="lycoris.kohya")
    assert not lora_size.is_certain(blocks) and not lora_size.is_certain(lycoris)
