"""Which device computes, and what it can: an NVIDIA GPU, a Mac's, else the processor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.engines.embedded.model import device
from sd_scripts_bridge.errors import TrainingFailed

BASE = Path("a base of any size")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What PyTorch says that there is; ``cuda`` is the GPU's capability, ``mac`` is macOS' version,
    0 where it is none.
    """

    def there_is(*, cuda: tuple[int, int] | None = None, mac: int = 0) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda is not None)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mac > 0)
        monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda most, _: mac >= most)

    return there_is


@pytest.mark.parametrize(
    ("there", "best", "half"),
    [
        ({"cuda": (8, 6)}, "cuda", torch.bfloat16),  # RTX 30
        ({"cuda": (12, 0)}, "cuda", torch.bfloat16),  # RTX 50
        ({"cuda": (7, 5)}, "cuda", torch.float16),  # RTX 20, GTX 16: PyTorch emulates bf16
        ({"cuda": (6, 1)}, "cuda", torch.float16),  # GTX 10
        ({"mac": 15}, "mps", torch.bfloat16),
        ({"mac": 13}, "mps", torch.float32),
        ({}, "cpu", torch.float32),
    ],
)
def test_the_best_device_and_its_shorter_numbers(
    machine: Callable[..., None], there: dict[str, Any], best: str, half: torch.dtype
) -> None:
    machine(**there)
    assert device.best() == torch.device(best)
    assert device.half(device.best()) == half
    drawn_on = device.generator(torch.device("cpu" if best == "cuda" else best), 42).device
    assert drawn_on == torch.device("cpu")


def test_a_mac_trains_in_what_it_has(machine: Callable[..., None]) -> None:
    machine(mac=14)
    assert device.choose("bf16", BASE).type == device.choose("no", BASE).type == "mps"
    with pytest.raises(TrainingFailed, match="fp16 needs a CUDA GPU"):
        device.choose("fp16", BASE)
    machine(mac=13)
    assert device.choose("no", BASE).type == "mps"
    with pytest.raises(TrainingFailed, match=r"before macOS 14\. Set mixed_precision to no"):
        device.choose("bf16", BASE)


def test_a_gpu_before_ampere_trains_in_fp16(machine: Callable[..., None]) -> None:
    machine(cuda=(7, 5))
    with pytest.raises(TrainingFailed, match="Set mixed_precision to fp16"):
        device.choose("bf16", BASE)


def test_what_a_generator_of_the_processor_draws_is_the_same_for_every_device() -> None:
    from sd_scripts_bridge.engines.embedded.training import noise

    drawn = noise.draw(
        torch.empty(2, 4, 8, 8, device="meta"), 0.1, device.generator(torch.device("mps"), 7)
    )
    assert [one.device.type for one in drawn] == ["meta", "meta"]
    here = noise.draw(torch.empty(2, 4, 8, 8), 0.1, device.generator(torch.device("cpu"), 7))
    again = noise.draw(torch.empty(2, 4, 8, 8), 0.1, device.generator(torch.device("mps"), 7))
    assert all(torch.equal(one, other) for one, other in zip(here, again, strict=True))
