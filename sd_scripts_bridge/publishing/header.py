"""What the header of a LoRA says in the WebUI's folder: the stem, and the hashes that fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..models import safetensors_file


def complete(source: Path, about: Mapping[str, str], stem: str, digest: str) -> dict[str, str]:
    """``about`` with the name and the hashes of a copy of ``source`` that is called ``stem``.

    ``digest`` is the model's hash, which the header has no part in.
    """
    named = {"ss_output_name": stem, "modelspec.title": stem, "sshs_model_hash": digest}
    metadata = {**about, **named}
    metadata["sshs_legacy_hash"] = safetensors_file.legacy_hash(source, metadata)
    return metadata
