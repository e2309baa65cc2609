"""Putting a finished LoRA into the WebUI's Lora folder: under a name of its own, with card and
picture, all or nothing, and once.

    check the numbers -> reserve a free stem -> write model, card and picture aside, flushed -> link
    them into place

Each step is in a `record` before it is taken. Where a publisher was killed, the next one with that
record finishes what is in place, and takes back the rest. Nothing that lies in the folder is ever
overwritten but a card that we merge into.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import PublishRefused, all_said
from ..messages import Message
from ..models import lora, safetensors_file
from ..names import normal
from ..system.files import numbered
from . import header, private
from .card import (
    Card,
    card_bytes,
    card_from_metadata,
    has_preview,
    merged,
    preview_bytes,
    read_card,
)
from .place import Place, reserved
from .record import Record
from .stems import free_stem, require, stem_problems

__all__ = ["Card", "PublishedLora", "card_from_metadata", "free_stem", "publish", "stem_problems"]

TRIES = 5
SPARE_BYTES = 4_000_000
"""Room for card, picture and a longer header."""


@dataclass(frozen=True)
class PublishedLora:
    """Where it is now, and what a prompt says: ``<lora:stem:1> activation_text``."""

    path: Path
    stem: str
    activation_text: str
    notes: tuple[str, ...] = ()


def publish(
    source: Path,
    lora_dir: Path,
    name: str,
    card: Card,
    preview: Path | None = None,
    record: Record | None = None,
    corrections: Mapping[str, str] | None = None,
    *,
    is_private: bool = False,
) -> PublishedLora:
    """Put the LoRA ``source`` into ``lora_dir`` as ``name``, or as ``name-2`` and so on where that
    is taken. What ``record`` says was published already isn't published again. The copy's metadata
    is the source's, with ``corrections``. ``is_private``: LoRA, card and picture say nothing but
    ``name`` of whoever trained it (`private`), and no card or picture that lies there is taken in.

    Raises `Invalid` for an unusable name, `PublishRefused` for an unusable file or folder; then
    nothing is left behind.
    """
    require(stem_problems(name))
    verdict = lora.examine(source)
    if verdict.problems:
        raise PublishRefused(all_said(verdict.problems))
    record, model = record or Record(), safetensors_file.model_hash(source)
    published = settled(record, model)
    if published is None:
        usable(lora_dir)
        if not is_private:
            _refuse_published(source, lora_dir)
        about, card = _told(source, name, card, corrections or {}, is_private)
        try:
            _refuse_full(source, lora_dir)
            fill = functools.partial(
                _fill, source=source, card=card, preview=preview, metadata=about
            )
            published = _publish(lora_dir, normal(name), model, record, fill, alone=is_private)
        except OSError as error:
            raise PublishRefused(_sentence(lora_dir, error)) from error
    return replace(published, notes=(*verdict.notes, *published.notes))


def _told(
    source: Path, name: str, card: Card, corrections: Mapping[str, str], is_private: bool
) -> tuple[dict[str, str], Card]:
    """What the published file and its card say."""
    file = lora.inspect(source)
    metadata = {**file.metadata, **corrections}
    if not is_private:
        return metadata, card
    private.refuse_strangers(source)
    spoken = private.card(file, normal(name), card.activation_text)
    return private.metadata(replace(file, metadata=metadata)), spoken


def settled(record: Record, model: str = "") -> PublishedLora | None:
    """Bring a publishing that was begun before to its end: finished where the LoRA is in its place,
    else taken back. Returns the LoRA if that is the one with the hash ``model``.
    """
    if not record.stem:
        return None
    place = Place(Path(record.lora_dir), record.stem, record)
    found = None
    if not place.holds(record.model):
        place.undo()
    elif record.model == model:
        found = PublishedLora(place.model, place.stem, record.activation_text, record.said)
    place.close()
    if found is None:
        record.end()
    return found


def usable(lora_dir: Path) -> None:
    """Make the folder if it isn't there. Raises `PublishRefused` where it can't be used."""
    if lora_dir.exists() and not lora_dir.is_dir():
        raise PublishRefused(
            "publish.folder_choose_webuis_models",
            "{lora_dir} is not a folder. Choose the WebUI's models/Lora folder.",
            lora_dir=lora_dir,
        )
    try:
        lora_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PublishRefused(_sentence(lora_dir, error)) from error


def _publish(
    lora_dir: Path,
    name: str,
    model: str,
    record: Record,
    fill: Callable[[Place], None],
    *,
    alone: bool,
) -> PublishedLora:
    for _ in range(TRIES):
        with (
            contextlib.suppress(FileExistsError),
            reserved(lora_dir, name, model, record, alone=alone) as place,
        ):
            fill(place)
            return PublishedLora(place.model, place.stem, record.activation_text, record.said)
    raise PublishRefused(
        "publish.another_program_keeps_taking",
        "Another program keeps taking the names {name}, {name}-2... in {lora_dir}. Publish it "
        "again.",
        name=name,
        lora_dir=lora_dir,
    )


# ---- filling it ----


def _fill(
    place: Place,
    source: Path,
    card: Card,
    preview: Path | None,
    metadata: Mapping[str, str],
) -> None:
    """Model aside, then card and picture, then the model into place: a scan never sees a LoRA
    without its card.
    """
    _write_model(place, source, metadata)
    notes = [*_place_card(place, card), *_place_preview(place, preview)]
    place.record.says(place.record.activation_text, notes)
    place.put_model()


def _write_model(place: Place, source: Path, about: Mapping[str, str]) -> None:
    """A copy whose header names the stem and has the right hashes; that its tensors are the
    source's is checked.
    """
    aside, digest = place.aside(".model"), place.record.model
    metadata = header.complete(source, about, place.stem, digest)
    with aside.open("wb") as file:
        safetensors_file.copy_into(source, file, metadata)
    if safetensors_file.model_hash(aside) != digest:
        raise PublishRefused(
            "publish.changed_while_copied_publish",
            "{name} changed while it was copied to {folder}. Publish it again.",
            name=source.name,
            folder=place.folder,
        )


def _place_card(place: Place, card: Card) -> list[Message]:
    target = place.beside(".json")
    existing, readable = read_card(target)
    data = merged(existing, card)
    place.record.activation_text = card.activation_text or str(data["activation text"])
    if not target.exists():
        place.put(".json", card_bytes(data))
        return []
    if readable:
        place.replace(".json", card_bytes(data))
        text = "{name} already existed: what it said is kept, the rest is filled in."
        return [Message("publish.card_merged", text, name=target.name)]
    kept = _keep_broken(place, target)
    place.replace(".json", card_bytes(data))
    text = "{name} existed, but is not a JSON object: it is kept as {kept}."
    return [Message("publish.card_broken", text, name=target.name, kept=kept.name)]


def _keep_broken(place: Place, target: Path) -> Path:
    """A copy of a card that we can't read, under a name that the WebUI doesn't look at."""
    data = target.read_bytes()
    for ending in numbered(".json.broken"):
        with contextlib.suppress(FileExistsError):
            place.put(ending, data)
            return place.beside(ending)
    raise AssertionError("numbers don't end")


def _place_preview(place: Place, preview: Path | None) -> list[Message]:
    if preview is None:
        return []
    if has_preview((path.name for path in place.folder.iterdir()), place.stem):
        text = "{stem} already had a preview picture; it stays."
        return [Message("publish.preview_stays", text, stem=place.stem)]
    try:
        data = preview_bytes(preview)
    except ValueError as error:
        return [
            Message("publish.no_picture", "The card has no picture: {error}.", error=str(error))
        ]
    place.put(".png", data)
    return []


# ---- refusals ----


def _refuse_published(source: Path, lora_dir: Path) -> None:
    inside, folder = source.resolve(), lora_dir.resolve()
    if folder in inside.parents:
        raise PublishRefused(
            "publish.lora_folder_already_webui",
            "{name} is already in the Lora folder {lora_dir}. The WebUI finds it there.",
            name=source.name,
            lora_dir=lora_dir,
        )


def _refuse_full(source: Path, lora_dir: Path) -> None:
    needed = source.stat().st_size + SPARE_BYTES
    free = shutil.disk_usage(lora_dir).free
    if free < needed:
        raise PublishRefused(
            "publish.lora_folder_bytes_free",
            "The Lora folder {lora_dir} has {free} bytes free, but {needed} are needed. Free "
            "some space and publish again; the trained file is kept.",
            lora_dir=lora_dir,
            free=f"{free:,}",
            needed=f"{needed:,}",
        )


def _sentence(lora_dir: Path, error: OSError) -> Message:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        reason = Message("publish.full", "is full")
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = Message("publish.not_writable", "can't be written")
    else:
        reason = Message(
            "publish.refuses", "refuses the file ({error})", error=error.strerror or str(error)
        )
    return Message(
        "publish.folder_unusable",
        "The Lora folder {folder} {reason}; {free} bytes are free. "
        "Nothing was left there; the trained file is kept. Fix this and publish again.",
        folder=lora_dir,
        reason=reason,
        free=_free_bytes(lora_dir),
    )


def _free_bytes(folder: Path) -> str:
    for existing in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return f"{shutil.disk_usage(existing).free:,}"
    return "?"
