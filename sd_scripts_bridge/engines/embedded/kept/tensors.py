"""Tensors on the disk, each under the hash of all that it was computed from; the least recently
used go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ....system.files import replace_file

Tensors = dict[str, Tensor]
MOST_BYTES = 2_000_000_000
"""All entries together: the latents of about 4,000 photos at 1024 x 1024 pixels."""
DIGEST_BYTES = 32


class KeptTensors:
    """Remembers what is slow to compute, in a folder that may go at any time; None: nowhere.

    An entry is a SHA-256 and the .safetensors file that it is of, so a damaged one is computed
    again. A disk that is full or not writable costs a second computation later, and nothing else.
    """

    def __init__(self, folder: Path | None = None, most: int = MOST_BYTES) -> None:
        self.folder, self.most = folder, most
        self.found = 0
        """How often an entry was there."""
        self._taken: int | None = None

    def of(self, parts: Sequence[object], compute: Callable[[], Tensors]) -> Tensors:
        """What ``compute`` gives, on the CPU, or gave once for the same ``parts`` (plain data)."""
        if self.folder is None:
            return _lying(compute())
        path = self.folder / hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        known = _read(path)
        if known is not None:
            self.found += 1
            return known
        computed = _lying(compute())
        with contextlib.suppress(OSError):  # a full disk: it is computed again another time
            self._write(path, computed)
        return computed

    def _write(self, path: Path, tensors: Tensors) -> None:
        from safetensors.torch import save

        data = save(tensors)
        self._make_room(len(data) + DIGEST_BYTES)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            aside.write_bytes(hashlib.sha256(data).digest() + data)
            replace_file(aside, path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise

    def _make_room(self, wanted: int) -> None:
        """Remove what was not used for longest, until ``wanted`` bytes more are within bounds."""
        self._taken = (self._taken or 0) + wanted
        if self._taken <= self.most and self._taken != wanted:
            return
        assert self.folder is not None
        entries = _entries(self.folder)
        self._taken = wanted + sum(entry.stat().st_size for entry in entries)
        for entry in entries:
            if self._taken <= self.most:
                return
            size = entry.stat().st_size
            entry.unlink(missing_ok=True)
            self._taken -= size


def _entries(folder: Path) -> list[Path]:
    """Files of a crash among them, the least recently used first."""
    if not folder.is_dir():
        return []
    return sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime_ns)


def _read(path: Path) -> Tensors | None:
    """An entry, which counts as used now; None where there is none that is whole."""
    from safetensors.torch import load

    try:
        content = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    digest, data = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    return load(data) if hashlib.sha256(data).digest() == digest else None


def _lying(tensors: Tensors) -> Tensors:
    """As they come back from a file, so that a run with them is the same bit for bit."""
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
