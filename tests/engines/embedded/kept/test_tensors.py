"""Tensors on the disk: the same ones again, within bounds, and never a damaged one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.engines.embedded.kept.tensors import KeptTensors, Tensors


def computed(value: float, size: int = 100) -> Callable[[], Tensors]:
    return lambda: {"mean": torch.full((size,), value)}


def refused() -> Tensors:
    raise AssertionError("it is computed again")


def test_what_was_computed_once_comes_back_bit_for_bit(tmp_path: Path) -> None:
    odd = torch.tensor([[0.1, float("nan")], [-0.0, float("inf")]]).t()
    first = KeptTensors(tmp_path).of(["a", 1], lambda: {"mean": odd, "spread": odd[0]})

    again = KeptTensors(tmp_path).of(["a", 1], refused)

    assert again.keys() == first.keys()
    for name, tensor in again.items():
        assert tensor.numpy().tobytes() == first[name].numpy().tobytes()
        assert tensor.stride() == first[name].stride()


def test_without_a_folder_nothing_is_remembered() -> None:
    kept = KeptTensors()

    assert kept.of(["a"], computed(1))["mean"][0] == 1
    assert kept.of(["a"], computed(2))["mean"][0] == 2


@pytest.mark.parametrize("damage", ["a byte in the middle", "half of it", "nothing left"])
def test_a_damaged_entry_is_computed_again(tmp_path: Path, damage: str) -> None:
    KeptTensors(tmp_path).of(["a"], computed(1))
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    middle = len(whole) - 50
    entry.write_bytes(
        {
            "a byte in the middle": whole[:middle]
            + bytes([whole[middle] ^ 1])
            + whole[middle + 1 :],
            "half of it": whole[: len(whole) // 2],
            "nothing left": b"",
        }[damage]
    )

    assert KeptTensors(tmp_path).of(["a"], computed(1))["mean"].tolist() == [1] * 100
    assert entry.read_bytes() == whole


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    kept = KeptTensors(tmp_path)
    for number in range(3):
        kept.of([number], computed(number))
    entries = sorted(tmp_path.iterdir())
    for entry in entries:  # a file system's clock may be coarse
        os.utime(entry, (0, 0))
    size = entries[0].stat().st_size
    kept.of([1], refused)

    KeptTensors(tmp_path, most=2 * size).of([3], computed(3))

    assert len([*tmp_path.iterdir()]) == 2
    assert KeptTensors(tmp_path).of([1], refused)["mean"][0] == 1
    assert KeptTensors(tmp_path).of([3], refused)["mean"][0] == 3


def test_the_bound_holds_however_much_one_run_brings(tmp_path: Path) -> None:
    kept = KeptTensors(tmp_path, most=5_000)
    for number in range(50):
        kept.of([number], computed(number))

        assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= 5_000


def test_a_full_disk_costs_nothing_but_the_entry(small_disk: Path) -> None:
    found = KeptTensors(small_disk).of(["a"], computed(7, size=1_000_000))

    assert found["mean"].tolist() == [7] * 1_000_000
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_cannot_be_written_costs_nothing(read_only: Path) -> None:
    assert KeptTensors(read_only / "kept").of(["a"], computed(7))["mean"][0] == 7
