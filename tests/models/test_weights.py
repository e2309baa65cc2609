"""The mean of several saves of a training: its numbers, and what can't be averaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models.safetensors_file import read_header
from sd_scripts_bridge.models.weights import numbers
from sd_scripts_bridge.models.weights.mean import write_mean
from tests.support import model_headers as headers

Save = Callable[..., Path]


def values(path: Path) -> dict[str, numbers.Floats]:
    header = read_header(path)
    with path.open("rb") as file:
        return {name: numbers.read(file, header, one) for name, one in header.tensors.items()}


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def make(name: str, seed: int, **more: int) -> Path:
        said = {**headers.METADATA, "ss_steps": str(seed)}
        return headers.write(tmp_path / name, headers.lora(seed=seed, **more), said)

    return make


def test_each_number_is_the_mean_and_the_rest_is_the_first_ones(save: Save, tmp_path: Path) -> None:
    files = [save(f"{seed}.safetensors", seed) for seed in (2, 1, 3)]
    write_mean(files, tmp_path / "mean.safetensors")

    found, parts = values(tmp_path / "mean.safetensors"), [values(file) for file in files]
    assert found.keys() == parts[0].keys() and any(map(np.any, found.values()))
    for name, mean in found.items():
        wanted = (parts[0][name] + parts[1][name] + parts[2][name]) / 3
        assert mean == pytest.approx(wanted, rel=2**-11, abs=2**-24), name
    one, own = read_header(tmp_path / "mean.safetensors"), read_header(files[0])
    assert one.metadata == own.metadata and one.tensors == own.tensors


def test_every_format_of_a_number_goes_there_and_back(tmp_path: Path) -> None:
    exact = np.array([[1.0, -2.5, 0.0, 2.0**-7]], "<f4")
    for dtype in ("F64", "F32", "F16", "BF16"):
        told = (dtype, exact.shape, numbers.stored(exact, dtype))
        file = headers.write(tmp_path / f"{dtype}.safetensors", {"x": told})
        assert (values(file)["x"] == exact).all(), dtype
    odd = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-7 * 1.4], "<f4")
    back = np.frombuffer(numbers.stored(odd, "BF16"), "<u2").astype("<u4") << 16
    assert back.view("<f4").tolist() == [1.0, 1 + 2.0**-6, -1 - 2.0**-7], "to the nearest"


def test_what_is_no_save_of_the_same_training_is_refused(save: Save, tmp_path: Path) -> None:
    one, other = save("one.safetensors", 1), save("other.safetensors", 1, rank=8)
    with pytest.raises(Invalid, match=r"other\.safetensors: holds other tensors"):
        write_mean([one, other], tmp_path / "mean.safetensors")
    loha = {f"lora_unet_x.hada_w{n}_{h}": np.ones((4, 4), "<f4") for n in (1, 2) for h in "ab"}
    strange = headers.write(tmp_path / "loha.safetensors", loha, headers.METADATA)
    with pytest.raises(Invalid, match="Only plain LoRAs can be averaged"):
        write_mean([strange, strange], tmp_path / "mean.safetensors")
    assert not (tmp_path / "mean.safetensors").exists()
