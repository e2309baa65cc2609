"""40 machines and the PyTorch that each of them gets: one that exists, for its GPU."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.system.pytorch.choice import INDEX, Hardware, choose

EXISTS = {
    ("2.6.0", "cu118"): {"linux", "win32"},
    ("2.6.0", "cu124"): {"linux", "win32"},
    ("2.6.0", "rocm6.2.4"): {"linux"},
    ("2.6.0", "xpu"): {"linux", "win32"},
    ("2.8.0", "cu128"): {"linux", "win32"},
    ("2.8.0", "rocm6.4"): {"linux"},
    ("2.13.0", "cpu"): {"linux", "win32"},
    ("2.2.2", ""): {"darwin"},
    ("2.6.0", ""): {"linux", "darwin"},
    ("2.8.0", ""): {"linux"},
    ("2.13.0", ""): {"win32"},
}
"""(version, index): the systems, as pytorch.org's page "Installing previous versions" and PyPI ("")
list them; on Windows PyPI has CPU builds only.
"""
VISION = {"2.2.2": "0.17.2", "2.6.0": "0.21.0", "2.8.0": "0.23.0", "2.13.0": "0.28.0"}
NVIDIA = [
    ("GTX 1080", (12, 2), (6, 1), "2.6.0", "cu118"),
    ("GTX 1660", (12, 4), (7, 5), "2.6.0", "cu124"),
    ("RTX 2060", (12, 4), (7, 5), "2.6.0", "cu124"),
    ("RTX 2080 Ti", (12, 6), (7, 5), "2.6.0", "cu124"),
    ("RTX 3050", (11, 8), (8, 6), "2.6.0", "cu118"),
    ("RTX 3060", (12, 4), (8, 6), "2.6.0", "cu124"),
    ("RTX 3090", (12, 8), (8, 6), "2.6.0", "cu124"),
    ("RTX 4060 Laptop", (12, 5), (8, 9), "2.6.0", "cu124"),
    ("RTX 4090", (13, 0), (8, 9), "2.6.0", "cu124"),
    ("RTX 5060 Ti", (12, 8), (12, 0), "2.8.0", "cu128"),
    ("RTX 5090", (13, 0), (12, 0), "2.8.0", "cu128"),
    ("NVIDIA GeForce RTX 5070 Ti Laptop GPU", (12, 8), None, "2.8.0", "cu128"),
    ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", (13, 0), None, "2.8.0", "cu128"),
    ("NVIDIA RTX 5000 Ada Generation", (12, 8), (8, 9), "2.6.0", "cu124"),
    ("NVIDIA RTX 5000 Ada Generation", (12, 8), None, "2.6.0", "cu124"),
    ("Quadro RTX 5000", (12, 2), None, "2.6.0", "cu118"),
    ("NVIDIA GeForce RTX 3060 Laptop GPU", (12, 4), None, "2.6.0", "cu124"),
    ("Tesla P40", (12, 4), (6, 1), "2.6.0", "cu124"),
    ("Tesla V100-SXM2-16GB", (12, 4), (7, 0), "2.6.0", "cu124"),
    ("Tesla K80", (11, 4), (3, 7), "2.6.0", "cu118"),
    ("H200", (12, 8), (9, 0), "2.6.0", "cu124"),
    ("B200", (12, 8), (10, 0), "2.8.0", "cu128"),
]
RDNA = [
    ("RX 6600", "gfx1032", "2.6.0", "rocm6.2.4"),
    ("RX 6800 XT", "gfx1030", "2.6.0", "rocm6.2.4"),
    ("RX 7600", "gfx1102", "2.6.0", "rocm6.2.4"),
    ("RX 7900 XTX", "gfx1100", "2.6.0", "rocm6.2.4"),
    ("RX 9060 XT", "gfx1200", "2.8.0", "rocm6.4"),
    ("RX 9070 XT", "gfx1201", "2.8.0", "rocm6.4"),
]
MACHINES = [
    *[
        (Hardware(system, gpu, cuda, capability), torch, index)
        for system in ("linux", "win32")
        for gpu, cuda, capability, torch, index in NVIDIA
    ],
    *[
        (Hardware("linux", gpu, rocm=True, amd=True, gfx=gfx), torch, index)
        for gpu, gfx, torch, index in RDNA
    ],
    (Hardware("win32", "RX 7900 XTX", amd=True), "2.13.0", "cpu"),
    (Hardware("win32", "RX 9070 XT", amd=True), "2.13.0", "cpu"),
    (Hardware("linux", "RX 6600", amd=True), "2.13.0", "cpu"),
    (Hardware("win32", "RX 7900 XTX", amd=True, rocm=True, gfx="gfx1100"), "2.13.0", "cpu"),
    (Hardware("linux", "GeForce GTX 780", (11, 4), (3, 5)), "2.13.0", "cpu"),
    (Hardware("win32", "GeForce GTX 660", (11, 4), (3, 0)), "2.13.0", "cpu"),
    (Hardware("linux", "Arc A770", arc=True), "2.6.0", "xpu"),
    (Hardware("win32", "Arc B580", arc=True), "2.6.0", "xpu"),
    *[(Hardware("darwin", chip, arm=True), "2.6.0", "") for chip in ("M1", "M2", "M3", "M4")],
    (Hardware("darwin", "Intel", arm=False), "2.2.2", ""),
    (Hardware("linux"), "2.13.0", "cpu"),
    (Hardware("win32"), "2.13.0", "cpu"),
]


def test_there_are_forty_of_them() -> None:
    assert len({machine for machine, *_ in MACHINES}) >= 40


@pytest.mark.parametrize(("machine", "torch", "build"), MACHINES, ids=str)
def test_each_machine_gets_a_build_that_exists_for_its_gpu(
    machine: Hardware, torch: str, build: str
) -> None:
    choice = choose(machine)
    index = (choice.index or "").removeprefix(INDEX)
    assert choice.torch == torch and choice.torchvision == VISION[torch]
    assert machine.platform in EXISTS[torch, index]
    on_pypi = {("2.6.0", "cu124"), ("2.8.0", "cu128")} if machine.platform == "linux" else set()
    if machine.platform == "win32":
        on_pypi = {("2.13.0", "cpu")}
    assert index == build or (not index and (torch, build) in on_pypi), "PyPI's own build is that"
    assert choice.cuda == build.startswith("cu")
    assert choice.reason
