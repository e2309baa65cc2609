"""The mean of what one training saved one after another.

With a constant learning rate the weights wander around the best ones, and their mean lies nearer to
those than any save: stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407). A LoRA's
two factors are averaged one by one; the mean of their products would need a higher rank, and
measured the same (docs/benchmarks.md).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import Invalid, Problem
from ..lora import inspect
from ..safetensors_file import Header, header_bytes, read_header
from . import numbers


def write_mean(files: Sequence[Path], to: Path) -> None:
    """Write the mean of ``files`` to ``to``, down to the disk, in the first one's number formats
    and with its metadata. Whole numbers are the first one's.

    Raises `Invalid` where one isn't a plain LoRA, or they don't hold the same tensors.
    """
    headers = [read_header(file) for file in files]
    first = headers[0]
    both = zip(files, headers, strict=True)
    if wrong := [problem for file, own in both for problem in _problems(file, own, first)]:
        raise Invalid(wrong)
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(file.open("rb")) for file in files]
        out = stack.enter_context(to.open("wb"))
        out.write(header_bytes(first.metadata, first.tensors))
        for name, tensor in first.tensors.items():
            if tensor.dtype in numbers.WHOLE:
                out.write(numbers.raw(opened[0], first, tensor))
                continue
            pairs = zip(opened, headers, strict=True)
            parts = [numbers.read(file, one, one.tensors[name]) for file, one in pairs]
            out.write(numbers.stored(np.mean(parts, axis=0), tensor.dtype))
        out.flush()
        os.fsync(out.fileno())


def _problems(file: Path, header: Header, first: Header) -> list[Problem]:
    found = inspect(file)
    if found.network[0] != "networks.lora":
        text = "is {kind}"
        todo = "Only plain LoRAs can be averaged."
        return [Problem("mean.kind", file.name, text, todo, kind=" ".join(found.network[1]))]
    if odd := next((t.dtype for t in header.tensors.values() if t.dtype not in numbers.KNOWN), ""):
        text = "holds numbers in a format that can't be averaged ({dtype})"
        todo = "Save it in fp16, bf16 or float."
        return [Problem("mean.format", file.name, text, todo, dtype=odd)]
    if _shapes(header) != _shapes(first):
        text = "holds other tensors than the save beside it"
        todo = "Only saves of one training can be averaged."
        return [Problem("mean.other", file.name, text, todo)]
    return []


def _shapes(header: Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in header.tensors.items()}
