"""The LoRAs that can be tried: every file in the Lora folder, whoever published it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import NotFound
from ..messages import Message
from ..models import lora
from ..options.families import FAMILIES
from ..publishing.card import read_card
from .context import Context
from .result import preview_of, texts

MOST = 500


def listed(context: Context) -> list[dict[str, Any]]:
    """docs/rest.md's rows of `GET loras`, newest first."""
    folder, jobs = _folder(context), _jobs(context)
    files = [file for file in folder.rglob("*.safetensors") if _is_shown(file, folder)]
    rows: list[dict[str, Any]] = [
        {
            "file": file.relative_to(folder).as_posix(),
            "stem": file.stem,
            "time": file.stat().st_mtime,
            "job": jobs.get(file),
        }
        for file in files
    ]
    return sorted(rows, key=lambda row: -row["time"])[:MOST]


def result(context: Context, name: str) -> dict[str, Any]:
    """docs/rest.md's `Result` of a file that no job of ours made. Raises `NotFound`, `Invalid`."""
    file = path(context, name)
    found = lora.inspect(file)
    card, _ = read_card(file.with_suffix(".json"))
    spoken, picture = str(card.get("activation text") or ""), preview_of(file)
    version = f"{picture.stat().st_mtime_ns:x}" if picture else ""
    return {
        "job": None,
        "stem": file.stem,
        "file": str(file),
        "activation_text": spoken,
        **texts(file.stem, spoken, FAMILIES.get(found.family, FAMILIES["sd1"])),
        "family": found.family,
        "base_title": "",
        "sentence": Message(
            "loras.found",
            "{file} is in {folder}: {count} modules, rank {rank}.",
            file=file.name,
            folder=file.parent,
            count=found.modules,
            rank=", ".join(map(str, found.dims)),
        ),
        "proof": None,
        "samples": [],
        "preview": f"loras/preview?file={quote(name)}&v={version}" if picture else None,
        "facts": {},
        "healed": [],
        "notes": [],
    }


def path(context: Context, name: str) -> Path:
    """The file of that name in the Lora folder. Raises `NotFound`."""
    folder = _folder(context)
    for file in folder.rglob("*.safetensors"):
        if file.relative_to(folder).as_posix() == name and _is_shown(file, folder):
            return file
    raise NotFound("loras.no_such_file", "There is no {name} in the Lora folder.", name=name)


def _folder(context: Context) -> Path:
    return context.lora_dir or context.the_bridge.home.lora


def _is_shown(file: Path, folder: Path) -> bool:
    return file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)


def _jobs(context: Context) -> dict[Path, int]:
    """Which job's each file is, as publishing has written it down."""
    bridge = context.the_bridge
    found: dict[Path, int] = {}
    for row in bridge.newest(MOST):
        if file := bridge.lora_of(row.id):
            found.setdefault(file, row.id)
    return found
