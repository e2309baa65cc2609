"""What the WebUI shows of a LoRA: the user metadata beside it (``<stem>.json``) and one picture
(``<stem>.png``).
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from ..models.lora import LoraFile
from ..options.families import FAMILIES

PREVIEW_SIDE = 512
PREVIEW_KINDS = ("png", "jpg", "jpeg", "webp", "gif", "avif", "jxl")
UNKNOWN = "Unknown"

_FOLDER = re.compile(r"^\d+_(.*\S)")
_NOTHING = ("", "none", "null")


@dataclass(frozen=True)
class Card:
    """The fields of the WebUI's card editor.

    ``activation_text`` goes into the prompt when the card is clicked. Our own words are English in
    every language of the page: the file goes on to other hosts, people and programs.
    """

    description: str
    sd_version: str
    activation_text: str
    preferred_weight: float = 1.0
    negative_text: str = ""
    notes: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Under the WebUI's names."""
        return {
            "description": self.description,
            "sd version": self.sd_version,
            "activation text": self.activation_text,
            "preferred weight": self.preferred_weight,
            "negative text": self.negative_text,
            "notes": self.notes,
        }


def merged(existing: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """What somebody wrote stays, as do keys that we don't know; only the model's family is ours to
    say.
    """
    result = dict(existing)
    for key, value in card.as_dict().items():
        if (
            key not in result
            or result[key] in (None, "", 0)
            or (key == "sd version" and value != UNKNOWN)
        ):
            result[key] = value
    return result


def read_card(path: Path) -> tuple[dict[str, Any], bool]:
    """(the user metadata at ``path``, is it usable).

    No file is usable, and empty; what isn't a JSON object is not.
    """
    if not path.exists():
        return {}, True
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return {}, False
    return (data, True) if isinstance(data, dict) else ({}, False)


def card_bytes(data: Mapping[str, Any]) -> bytes:
    """As the WebUI itself writes user metadata, but readable in every language."""
    return (json.dumps(data, ensure_ascii=False, indent=4) + "\n").encode(
        "utf-8", errors="backslashreplace"
    )


# ---- preview ----


def has_preview(names: Iterable[str], stem: str) -> bool:
    """Is there a preview for ``stem`` among a folder's file names already?

    Of two, the WebUI shows either.
    """
    wanted = {
        f"{stem}{middle}.{kind}".casefold() for middle in ("", ".preview") for kind in PREVIEW_KINDS
    }
    return any(name.casefold() in wanted for name in names)


def preview_of(lora: Path) -> Path | None:
    """The picture beside a LoRA."""
    for middle in ("", ".preview"):
        for kind in PREVIEW_KINDS:
            path = lora.with_name(f"{lora.stem}{middle}.{kind}")
            if path.is_file():
                return path
    return None


def preview_bytes(picture: Path) -> bytes:
    """``picture`` as a PNG of at most 512 pixels a side, and nothing but pixels.

    Raises ValueError for no picture.
    """
    from PIL import Image, ImageOps

    damage = (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    )
    try:
        with Image.open(picture) as opened:
            opened.draft("RGB", (PREVIEW_SIDE, PREVIEW_SIDE))
            pixels = _on_white(ImageOps.exif_transpose(opened))
    except damage as error:
        raise ValueError(f"{picture.name} is not a picture that can be read ({error})") from error
    pixels.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    clean = Image.new("RGB", pixels.size)
    clean.paste(pixels)
    out = BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()


def _on_white(picture: Any) -> Any:
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    from PIL import Image

    coloured = picture.convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    return Image.alpha_composite(white, coloured).convert("RGB")


# ---- from metadata ----


def card_from_metadata(lora: LoraFile) -> Card:
    """A card for a finished LoRA of sd-scripts, from what it tells about its own training."""
    return Card(
        description=_description(lora.metadata),
        sd_version=FAMILIES[lora.family].sd_version if lora.family in FAMILIES else UNKNOWN,
        activation_text=_activation_text(lora.metadata),
        notes=_said(lora.metadata, "ss_training_comment"),
    )


def _description(metadata: Mapping[str, str]) -> str:
    facts = []
    if _said(metadata, "ss_sd_model_name"):
        facts.append(f"trained on {Path(metadata['ss_sd_model_name']).stem}")
    pictures = sum(
        _count(entry, "img_count") for entry in _table(metadata, "ss_dataset_dirs").values()
    )
    if pictures:
        facts.append(f"{pictures} pictures")
    if _said(metadata, "ss_steps"):
        facts.append(f"{metadata['ss_steps']} steps")
    title = (
        _activation_text(metadata)
        or _said(metadata, "modelspec.title")
        or _said(metadata, "ss_output_name")
    )
    return ": ".join(part for part in (title, ", ".join(facts)) if part)


def _activation_text(metadata: Mapping[str, str]) -> str:
    """The author's word; else "subject class" of the folder with most pictures; else the tag that
    every picture has.

    A folder's words only count where its captions have them: with caption files, the folder's name
    is not trained.
    """
    if _said(metadata, "modelspec.trigger_phrase"):
        return metadata["modelspec.trigger_phrase"].strip()
    folders = _table(metadata, "ss_dataset_dirs")
    frequency = _table(metadata, "ss_tag_frequency")
    if not folders and not frequency:
        return ""
    folder = max(folders or frequency, key=lambda name: _count(folders.get(name), "img_count"))
    match = _FOLDER.match(folder)
    own = frequency.get(folder)
    tags = (
        {tag.strip(): count for tag, count in own.items() if type(count) is int}
        if isinstance(own, dict)
        else {}
    )
    if match and (not tags or any(match[1].lower() in tag.lower() for tag in tags)):
        return match[1]
    commonest = max(tags, key=lambda tag: tags[tag], default="")
    return (
        commonest
        if commonest and tags[commonest] >= max(1, _count(folders.get(folder), "img_count"))
        else ""
    )


def _said(metadata: Mapping[str, str], key: str) -> str:
    value = metadata.get(key, "").strip()
    return "" if value.lower() in _NOTHING else value


def _table(metadata: Mapping[str, str], key: str) -> dict[str, Any]:
    try:
        data = json.loads(metadata.get(key, "{}"))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _count(entry: Any, key: str) -> int:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if type(value) is int else 0
