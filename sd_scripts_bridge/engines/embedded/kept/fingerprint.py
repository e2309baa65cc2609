"""Of what a remembered tensor was computed: networks, code, libraries and device."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from .tensors import KeptTensors

CODE = ("data", "model")
"""The folders whose code decides what latents and text states are."""
LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "Pillow", "ftfy")


def of_vae(kept: KeptTensors, file: Path, vae: nn.Module, device: torch.device) -> list[str]:
    """Of all that the latents of given pixels depend on."""
    encoder = {
        name: tensor
        for name, tensor in vae.state_dict().items()
        if name.startswith(("encoder.", "quant_conv."))
    }
    return [of_network(kept, file, "vae", encoder), *of_surroundings(device)]


def of_text_encoders(
    kept: KeptTensors, file: Path, encoders: Sequence[nn.Module], device: torch.device
) -> list[str]:
    """Of all that the states of given tokens depend on, beside the layer that is read."""
    tensors = {
        f"{number}.{name}": tensor
        for number, encoder in enumerate(encoders)
        for name, tensor in encoder.state_dict().items()
    }
    return [of_network(kept, file, "text", tensors), *of_surroundings(device)]


def of_network(kept: KeptTensors, file: Path, name: str, tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of a network's tensors as they were loaded from ``file``.

    Adding it up takes seconds, so it is remembered itself as long as the file stays as it is.
    Empty where nothing is remembered.
    """
    if kept.folder is None:
        return ""
    status = file.stat()
    kinds = sorted({str(tensor.dtype) for tensor in tensors.values()})
    marks = [str(file), status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    found = kept.of(["network", name, kinds, *marks], lambda: {"sha256": _added_up(tensors)})
    return bytes(found["sha256"].tolist()).hex()


def _added_up(tensors: Mapping[str, Tensor]) -> Tensor:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return torch.tensor(list(digest.digest()), dtype=torch.uint8)


def of_surroundings(device: torch.device) -> list[str]:
    """Our code, the libraries and the device: another of them may round otherwise."""
    return [_code(), *map(_version, LIBRARIES), *_device(device)]


@functools.cache
def _code() -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in code_files())).hexdigest()


def code_files() -> list[Path]:
    """Our files that compute latents and text states."""
    folders = [Path(__file__).parents[1] / name for name in CODE]
    return sorted(file for folder in folders for file in folder.rglob("*.py"))


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _device(device: torch.device) -> list[str]:
    if device.type == "cuda":
        return [torch.cuda.get_device_name(device)]
    capability = torch.backends.cpu.get_cpu_capability()
    return [device.type, platform.machine(), capability, str(torch.get_num_threads())]
