"""What measures likeness here, found by what is in the files: a face's network, or CLIP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import Invalid, Problem
from ..messages import Message
from ..paths import Home

ARCFACE, CLIP = "arcface", "clip"
_SIDE_112 = b"\x0a\x02\x08\x70" * 2
"""ONNX's protobuf: two dimensions of 112 after each other, which ArcFace takes in."""
_VECTOR_512 = b"\x0a\x03\x08\x80\x04"
"""One dimension of 512, which it gives."""
_ENDS = 4 << 20
"""Bytes at each end of the file where those stand."""
NEEDED = Message(
    "likeness.needed",
    "Needed: ArcFace's .onnx, as ReActor and ControlNet keep it in models/insightface "
    "(w600k_r50.onnx, glintr100.onnx), or CLIP in Hugging Face's cache; or the path of "
    "either.",
)


@dataclass(frozen=True)
class Yardstick:
    """``kind`` is ARCFACE (a file) or CLIP (a folder)."""

    kind: str
    path: Path

    @property
    def title(self) -> str:
        if self.kind == ARCFACE:
            return f"ArcFace ({self.path.name})"
        return f"CLIP ({_model_name(self.path)})"


def find(home: Home, lora_dir: str | None = None) -> Yardstick | None:
    """The best that is here: a face's network before CLIP, which sees clothes and places too."""
    for folder in _face_folders(home, lora_dir):
        for file in sorted(folder.rglob("*.onnx")) if folder.is_dir() else ():
            if kind_of(file) == ARCFACE:
                return Yardstick(ARCFACE, file)
    return next((Yardstick(CLIP, path) for path in _cached() if kind_of(path) == CLIP), None)


def named(path: Path) -> Yardstick:
    """The one that somebody names. Raises `Invalid` where it is none."""
    kind = kind_of(path)
    if kind:
        return Yardstick(kind, path)
    text = "{path} is neither ArcFace's .onnx nor a folder with CLIP"
    raise Invalid([Problem("likeness.no_yardstick", "with", text, NEEDED, path=repr(str(path)))])


def kind_of(path: Path) -> str:
    """ARCFACE, CLIP, or "" for anything else."""
    if path.is_dir():
        return CLIP if _is_clip(path) else ""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(0, size - _ENDS))
            ends += file.read(_ENDS)
    except OSError:
        return ""
    is_onnx = ends[:1] == b"\x08"
    return ARCFACE if is_onnx and _SIDE_112 in ends and _VECTOR_512 in ends else ""


def _is_clip(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    weights = ("model.safetensors", "pytorch_model.bin")
    is_clip = isinstance(config, dict) and config.get("model_type") == "clip"
    return is_clip and any((folder / name).is_file() for name in weights)


def detectors(home: Home, lora_dir: str | None = None) -> list[Path]:
    """YuNet's models, where A1111 keeps them."""
    folders = detector_folders(home, lora_dir)
    return [file for one in folders for file in sorted(one.glob("face_detection_yunet*.onnx"))]


def detector_folders(home: Home, lora_dir: str | None = None) -> list[Path]:
    """A1111's models/opencv, whether it is there or not."""
    return [root / "models" / "opencv" for root in _roots(home, lora_dir)]


def _face_folders(home: Home, lora_dir: str | None) -> Iterator[Path]:
    """Where extensions of a WebUI keep them: this home's, and the Lora folder's."""
    for root in _roots(home, lora_dir):
        yield root / "models" / "insightface"
        downloads = root / "extensions" / "sd-webui-controlnet" / "annotator" / "downloads"
        yield downloads / "insightface"
        yield root / "models" / "ControlNetPreprocessor" / "insightface"


def _roots(home: Home, lora_dir: str | None) -> list[Path]:
    """Of the WebUIs that are known."""
    return sorted({home.root.parent, *([Path(lora_dir).parent.parent] if lora_dir else [])})


def _cached() -> Sequence[Path]:
    """Every snapshot in Hugging Face's cache."""
    cache = os.environ.get("HF_HUB_CACHE")
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(cache) if cache else home / "hub"
    return sorted(hub.glob("models--*/snapshots/*")) if hub.is_dir() else []


def _model_name(folder: Path) -> str:
    return next(
        (p.name[8:].replace("--", "/") for p in folder.parents if p.name.startswith("models--")),
        folder.name,
    )
