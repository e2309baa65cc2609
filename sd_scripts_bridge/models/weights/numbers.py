"""A tensor's numbers, read from a file as fp32 whatever they are there, and put back."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from ..safetensors_file import Header, TensorInfo

Floats = np.ndarray[Any, np.dtype[np.float32]]

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
KNOWN = frozenset({*_NUMPY, "BF16"})
"""The formats that can be read."""
WHOLE = frozenset({"I64", "I32"})
"""Those of whole numbers: sd-scripts' ``svd_merge_lora.py`` writes such alphas."""


def read(file: IO[bytes], header: Header, tensor: TensorInfo) -> Floats:
    """In the tensor's shape; its format is one of `KNOWN`."""
    data = raw(file, header, tensor)
    if tensor.dtype == "BF16":
        numbers = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    else:
        numbers = np.frombuffer(data, _NUMPY[tensor.dtype]).astype("<f4")
    return numbers.reshape(tensor.shape)


def raw(file: IO[bytes], header: Header, tensor: TensorInfo) -> bytes:
    """As they lie in the file."""
    file.seek(header.data_start + tensor.begin)
    return file.read(tensor.end - tensor.begin)


def stored(numbers: Floats, dtype: str) -> bytes:
    """As they lie in a file of that format, each rounded to the nearest (a tie to the even one)."""
    if dtype != "BF16":
        return bytes(numbers.astype(_NUMPY[dtype]).data)
    bits = numbers.astype("<f4").view("<u4")
    return bytes(((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").data)
