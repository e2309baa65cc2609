"""Which GPU is here: from NVIDIA's own tool, else from what Linux lists."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.system.pytorch import amd
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
    monkeypatch.setattr(amd, "_KFD", tmp_path / "kfd")
    monkeypatch.delenv(amd.OVERRIDE, raising=False)
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
    program(
        "nvidia-smi",
        f"case \"$1\" in --query*) echo 'GTX 1060, 6.1'; echo 'NVIDIA GeForce RTX 5090, 12.0';; "
        f"*) echo '{TABLE}';; esac",
    )
    two = this_machine()
    assert (two.gpu, two.capability) == ("NVIDIA GeForce RTX 5090", (12, 0)), "the newest"
    program(
        "nvidia-smi",
        'case "$1" in *compute_cap*) echo \'Field "compute_cap" is not a valid field\'; exit 2;; '
        f"--query*) echo 'Quadro RTX 5000';; *) echo '{TABLE}';; esac",
    )
    older = this_machine()
    assert (older.gpu, older.capability) == ("Quadro RTX 5000", None)
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
    ("number", "gfx", "runs"),
    [
        ("110000", "gfx1100", None),  # RX 7900
        ("90010", "gfx90a", None),  # Instinct MI210
        ("100300", "gfx1030", None),  # RX 6800
        ("100302", "gfx1032", "10.3.0"),  # RX 6600
        ("110002", "gfx1102", "11.0.0"),  # RX 7600
        ("120001", "gfx1201", None),  # RX 9070
        ("0", "", None),
    ],
)
def test_amds_driver_says_which_architecture(
    system: Path, number: str, gfx: str, runs: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whose kernels it runs, where PyTorch's builds have none for it."""
    for node, said in ((0, "0"), (1, number)):  # the first node is the CPU
        folder = system / "kfd" / str(node)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(f"cpu_cores_count 0\ngfx_target_version {said}\n")
    assert amd.architecture() == gfx
    assert amd.environment() == ({amd.OVERRIDE: runs} if runs else {})
    monkeypatch.setenv(amd.OVERRIDE, "9.0.0")
    assert amd.environment() == {}, "what somebody has set stays"
