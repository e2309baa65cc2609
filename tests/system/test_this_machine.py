"""Which GPU is here: from NVIDIA's own tool, else from what Linux lists."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.system.pytorch import choice as torch_choice
from sd_scripts_bridge.system.pytorch.choice import this_machine
from tests.support.programs import program

__all__ = ["program"]

Program = Callable[[str, str], Path]
TABLE = "| NVIDIA-SMI 550.54   Driver Version: 550.54   CUDA Version: 12.4 |"


@pytest.fixture
def system(tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux without a GPU; its lists are in this folder."""
    program("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_choice, "_DRM", tmp_path / "drm")
    monkeypatch.setattr(torch_choice, "_KFD", tmp_path / "kfd")
    return tmp_path


def card(system: Path, number: int, vendor: str, device: str) -> None:
    folder = system / "drm" / f"card{number}" / "device"
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "device").write_text(f"{device}\n")


def test_nvidias_tool_names_the_gpu_its_cuda_and_its_capability(program: Program) -> None:
    program(
        "nvidia-smi",
        f"case \"$1\" in --query*) echo 'NVIDIA GeForce RTX 3060, 8.6'; echo 'Other, 5.2';; "
        f"*) echo '{TABLE}';; esac",
    )
    found = this_machine()
    assert (found.gpu, found.cuda, found.capability) == ("NVIDIA GeForce RTX 3060", (12, 4), (8, 6))
    program("nvidia-smi", f"[ $# = 0 ] && echo '{TABLE}'")
    old = this_machine()  # a driver that can't be asked for single things
    assert (str(old.gpu), old.cuda, old.capability) == ("an NVIDIA GPU", (12, 4), None)


def test_nothing_is_found_where_nothing_is(system: Path) -> None:
    found = this_machine()
    assert not (found.gpu or found.cuda or found.arc or found.amd or found.gfx)


@pytest.mark.parametrize(
    ("vendor", "device", "arc", "amd"),
    [
        ("0x8086", "0x56a0", True, False),  # Arc A770
        ("0x8086", "0xe20b", True, False),  # Arc B580
        ("0x8086", "0x9bc8", False, False),  # the graphics of a Core i5
        ("0x1002", "0x744c", False, True),  # RX 7900 XTX
        ("0x10de", "0x2504", False, False),  # NVIDIA without its driver
    ],
)
def test_a_gpu_is_known_by_its_numbers(
    system: Path, vendor: str, device: str, arc: bool, amd: bool
) -> None:
    card(system, 0, "0x1a03", "0x2000")  # a server's own graphics
    card(system, 1, vendor, device)
    found = this_machine()
    assert (found.arc, found.amd) == (arc, amd)


@pytest.mark.parametrize(
    ("number", "gfx"),
    [("110000", "gfx1100"), ("90010", "gfx90a"), ("100302", "gfx1032"), ("0", "")],
)
def test_amds_driver_says_which_architecture(system: Path, number: str, gfx: str) -> None:
    for node, said in ((0, "0"), (1, number)):  # the first node is the CPU
        folder = system / "kfd" / str(node)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(f"cpu_cores_count 0\ngfx_target_version {said}\n")
    assert torch_choice._gfx() == gfx
