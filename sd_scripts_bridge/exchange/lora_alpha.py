"""The alpha of a LoRA, read from its tensors."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

from ..models.safetensors_file import read_header


def alpha_of(path: Path) -> float | None:
    """The value that most alpha tensors hold."""
    header, values = read_header(path), Counter[float]()
    with path.open("rb") as file:
        for name, tensor in header.tensors.items():
            if not name.endswith(".alpha"):
                continue
            file.seek(header.data_start + tensor.begin)
            value = _scalar(file.read(tensor.end - tensor.begin), tensor.dtype)
            if value is not None:
                values[value] += 1
    return values.most_common(1)[0][0] if values else None


def _scalar(raw: bytes, dtype: str) -> float | None:
    if dtype == "BF16" and len(raw) == 2:
        raw, dtype = b"\0\0" + raw, "F32"
    form = {("F32", 4): "<f", ("F16", 2): "<e", ("F64", 8): "<d"}.get((dtype, len(raw)))
    return float(struct.unpack(form, raw)[0]) if form else None
