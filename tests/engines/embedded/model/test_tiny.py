"""The toy bases."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.engines.embedded.model import base_model, tiny  # noqa: E402
from sd_scripts_bridge.models import checkpoint  # noqa: E402


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_is_what_it_says_and_loads_completely(bases: Callable[[str], Path], family: str) -> None:
    path = bases(family)
    base = base_model.load(path, family, torch.float32)

    assert checkpoint.read(path).family == family
    assert base_model.is_tiny(path)
    assert path.stat().st_size < 20_000_000
    assert not any(
        parameter.is_meta
        for network in (base.unet, base.vae, *base.text_encoders)
        for parameter in network.parameters()
    )


def test_sd15_has_the_real_layout(bases: Callable[[str], Path]) -> None:
    """A real SD 1.5 file has 1145 tensors; the toy has two text layers instead of twelve, 16
    tensors each.
    """
    from safetensors import safe_open

    with safe_open(bases("sd1"), "pt") as file:
        names = list(file.keys())

    assert len(names) == 1145 - 10 * 16
    assert sum(name.startswith("model.diffusion_model.") for name in names) == 686
    assert sum(name.startswith("first_stage_model.") for name in names) == 248


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    one, two, other = (
        tiny.make(tmp_path / name, seed=seed).read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )

    assert one == two
    assert one != other


@pytest.mark.parametrize(
    ("family", "unet", "text"),
    [
        ("sd1", 859_520_964, 123_060_480),
        ("sd2", 865_910_724, 354_032_641),
        ("sdxl", 2_567_463_684, 817_720_321),
    ],
)
def test_a_full_size_one_has_as_many_numbers_as_the_family(
    family: str, unet: int, text: int
) -> None:
    """Else nothing that is made for the family could load it, and it may not fit into memory."""
    sizes = tiny.sizes(tiny.FULL_SIZE[family], family)

    def numbers(*roots: str) -> int:
        return sum(math.prod(size) for name, size in sizes.items() if name.startswith(roots))

    assert numbers("model.diffusion_model.") == unet
    assert numbers("cond_stage_model.", "conditioner.") == text
    assert numbers("first_stage_model.") == 83_653_863
