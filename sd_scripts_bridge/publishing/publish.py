"""Putting a finished LoRA into the WebUI's Lora folder: under a name of its own, with card and
picture, all or nothing.

    check the numbers -> reserve a free stem -> write model, card and picture aside, flushed -> link
    them into place

The file that is written aside is the reservation too: its name is the stem's, folded, so two
publishers can't take one stem, not even "Hero" and "hero". Nothing that lies in the folder is ever
overwritten but a card that we merge into.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ..errors import Invalid, Problem, PublishRefused, all_said
from ..messages import Message
from ..models import lora, safetensors_file
from ..names import name_problems, normal
from ..system.files import flush_folder
from .card import (
    Card,
    card_bytes,
    card_from_metadata,
    has_preview,
    merged,
    preview_bytes,
    read_card,
)

__all__ = ["Card", "PublishedLora", "card_from_metadata", "free_stem", "publish", "stem_problems"]

MODEL_ENDINGS = frozenset({".safetensors", ".pt", ".ckpt"})
FORBIDDEN = frozenset({"none", "addams"})
"""Names that the WebUI's prompt parser keeps to itself."""
ASIDE = ".publishing"
STALE_SECONDS = 3600.0
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

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "path": str(self.path),
            "stem": self.stem,
            "activation_text": self.activation_text,
            "notes": list(self.notes),
        }


def publish(
    source: Path, lora_dir: Path, name: str, card: Card, preview: Path | None = None
) -> PublishedLora:
    """Put the LoRA ``source`` into ``lora_dir`` as ``name``, or as ``name-2`` and so on where that
    is taken.

    Raises `Invalid` for an unusable name, `PublishRefused` for an unusable file or folder; then
    nothing is left behind.
    """
    _require(stem_problems(name))
    verdict = lora.examine(source)
    if verdict.problems:
        raise PublishRefused(all_said(verdict.problems))
    if lora_dir.exists() and not lora_dir.is_dir():
        raise PublishRefused(
            "publish.folder_choose_webuis_models",
            "{lora_dir} is not a folder. Choose the WebUI's models/Lora folder.",
            lora_dir=lora_dir,
        )
    try:
        lora_dir.mkdir(parents=True, exist_ok=True)
        _refuse_published(source, lora_dir)
        _refuse_full(source, lora_dir)
        published = _publish(source, lora_dir, normal(name), card, preview)
    except OSError as error:
        raise PublishRefused(_sentence(lora_dir, error)) from error
    return replace(published, notes=(*verdict.notes, *published.notes))


def _publish(
    source: Path, lora_dir: Path, name: str, card: Card, preview: Path | None
) -> PublishedLora:
    for _ in range(TRIES):
        with contextlib.suppress(FileExistsError), _reserved(lora_dir, name) as place:
            notes = _fill(place, source, card, preview)
            return PublishedLora(place.model, place.stem, place.activation_text, tuple(notes))
    raise PublishRefused(
        "publish.another_program_keeps_taking",
        "Another program keeps taking the names {name}, {name}-2... in {lora_dir}. Publish it "
        "again.",
        name=name,
        lora_dir=lora_dir,
    )


# ---- names ----


def stem_problems(name: str) -> list[Problem]:
    """Why a LoRA can't be called ``name``, or nothing."""
    found = name_problems(name)
    if not found and normal(name).casefold() in FORBIDDEN:
        found = [
            Problem(
                "publish.meaning_own_webuis_prompts",
                "name",
                "{name} has a meaning of its own in the WebUI's prompts",
                "Choose another.",
                name=repr(name),
            )
        ]
    return found


def free_stem(lora_dir: Path, name: str) -> str:
    """``name``, or ``name-2``, ``name-3``...: no file anywhere in ``lora_dir`` has this stem,
    however it is spelt.

    Raises `Invalid` for a name that no LoRA can have.
    """
    _require(stem_problems(name))
    return next(_free_stems(lora_dir, normal(name)))


def _free_stems(lora_dir: Path, name: str) -> Iterator[str]:
    """Every stem that is free now, in order."""
    taken = _taken(lora_dir)
    for number in itertools.count(1):
        stem = name if number == 1 else f"{name}-{number}"
        if _folded(stem) not in taken:
            yield stem


def _taken(lora_dir: Path) -> set[str]:
    """Folded stems of every model file in the folder and below, links followed once."""
    stems: set[str] = set()
    seen: set[str] = set()
    for root, folders, files in os.walk(lora_dir, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        stems |= {
            _folded(stem)
            for stem, ending in map(os.path.splitext, files)
            if ending.lower() in MODEL_ENDINGS
        }
    return stems


def _folded(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()


def _require(problems: list[Problem]) -> None:
    if problems:
        raise Invalid(problems)


# ---- the place ----


@dataclass
class _Place:
    """A stem that is ours, the open file aside that says so, and what to take back if it comes to
    nothing.
    """

    folder: Path
    stem: str
    aside: Path
    file: IO[bytes]
    activation_text: str = ""
    placed: list[Path] = field(default_factory=list)
    replaced: list[tuple[Path, Path]] = field(default_factory=list)
    """(what we wrote over, where it is kept until all is done)."""

    def beside(self, ending: str) -> Path:
        """A stem may hold dots, so an ending is added, never exchanged."""
        return self.folder / f"{self.stem}{ending}"

    @property
    def model(self) -> Path:
        return self.beside(".safetensors")

    def put(self, ending: str, data: bytes) -> None:
        """A small new file of ours, whole or not at all."""
        target = self.beside(ending)
        aside = self.aside.with_name(f"{self.aside.name}{ending}")
        try:
            _write(aside, data)
            _move_in(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        self.placed.append(target)

    def replace(self, ending: str, data: bytes) -> None:
        """A file of ours in place of one that is there.

        That one is kept: a full disk must not cost the way back.
        """
        target = self.beside(ending)
        aside = self.aside.with_name(f"{self.aside.name}{ending}")
        kept = self.aside.with_name(f"{self.aside.name}{ending}.kept")
        kept.unlink(missing_ok=True)
        try:
            _write(aside, data)
            shutil.copy2(target, kept)
            self.replaced.append((target, kept))
            os.replace(aside, target)
        finally:
            aside.unlink(missing_ok=True)

    def undo(self) -> None:
        """Leave the folder as it was, as far as it lets us."""
        for path in self.placed:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        for path, kept in self.replaced:
            with contextlib.suppress(OSError):
                os.replace(kept, path)

    def close(self) -> None:
        """Take away what was only for us; last the file that reserves the stem."""
        self.file.close()
        for path in (*(kept for _, kept in self.replaced), self.aside):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def _reserved(lora_dir: Path, name: str) -> Iterator[_Place]:
    """A place under a free stem, until the block ends; undone if the block fails."""
    place = _reserve(lora_dir, name)
    try:
        yield place
    except BaseException:
        place.undo()
        raise
    finally:
        place.close()


def _reserve(lora_dir: Path, name: str) -> _Place:
    for stem in _free_stems(lora_dir, name):
        aside = lora_dir / f".{_folded(stem)}{ASIDE}"
        _remove_stale(aside)
        try:
            file = aside.open("xb")
        except FileExistsError:
            continue
        if _folded(stem) not in _taken(lora_dir):  # somebody may have published it since we looked
            return _Place(lora_dir, stem, aside, file)
        file.close()
        aside.unlink(missing_ok=True)
    raise AssertionError("numbers don't end")


def _remove_stale(aside: Path) -> None:
    """What a publisher left that was killed; a living one writes all the time."""
    with contextlib.suppress(OSError):
        if time.time() - aside.stat().st_mtime > STALE_SECONDS:
            aside.unlink()


# ---- filling it ----


def _fill(place: _Place, source: Path, card: Card, preview: Path | None) -> list[str]:
    """Model aside, then card and picture, then the model into place: a scan never sees a LoRA
    without its card.
    """
    _write_model(place, source)
    notes = _place_card(place, card)
    notes += _place_preview(place, preview)
    _move_in(place.aside, place.model)
    place.placed.append(place.model)
    flush_folder(place.folder)
    return notes


def _write_model(place: _Place, source: Path) -> None:
    """A copy whose header names the stem and has the right hashes; that its tensors are the
    source's is checked.
    """
    digest = safetensors_file.model_hash(source)
    metadata = dict(safetensors_file.read_header(source).metadata)
    metadata["ss_output_name"] = metadata["modelspec.title"] = place.stem
    metadata["sshs_model_hash"] = digest
    metadata["sshs_legacy_hash"] = safetensors_file.legacy_hash(source, metadata)
    safetensors_file.copy_into(source, place.file, metadata)
    place.file.close()
    if safetensors_file.model_hash(place.aside) != digest:
        raise PublishRefused(
            "publish.changed_while_copied_publish",
            "{name} changed while it was copied to {folder}. Publish it again.",
            name=source.name,
            folder=place.folder,
        )


def _place_card(place: _Place, card: Card) -> list[str]:
    target = place.beside(".json")
    existing, usable = read_card(target)
    data = merged(existing, card)
    place.activation_text = card.activation_text or str(data["activation text"])
    if not target.exists():
        place.put(".json", card_bytes(data))
        return []
    if usable:
        place.replace(".json", card_bytes(data))
        return [f"{target.name} was there already: what it said is kept, the rest is filled in."]
    kept = _keep_broken(place, target)
    place.replace(".json", card_bytes(data))
    return [f"{target.name} was there, but is not a JSON object: it is kept as {kept.name}."]


def _keep_broken(place: _Place, target: Path) -> Path:
    """A copy of a card that we can't read, under a name that the WebUI doesn't look at."""
    data = target.read_bytes()
    for number in itertools.count(1):
        ending = ".json.broken" if number == 1 else f".json.broken-{number}"
        with contextlib.suppress(FileExistsError):
            place.put(ending, data)
            return place.beside(ending)
    raise AssertionError("numbers don't end")


def _place_preview(place: _Place, preview: Path | None) -> list[str]:
    if preview is None:
        return []
    if has_preview((path.name for path in place.folder.iterdir()), place.stem):
        return [f"{place.stem} had a preview picture already; it stays."]
    try:
        data = preview_bytes(preview)
    except ValueError as error:
        return [f"The card has no picture: {error}."]
    place.put(".png", data)
    return []


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move_in(aside: Path, target: Path) -> None:
    """Rename, but never over another file. Raises FileExistsError where ``target`` is taken."""
    if os.name == "nt":
        aside.rename(target)  # which Windows refuses where there is a file already
        return
    try:
        os.link(aside, target)
    except FileExistsError:
        raise
    except OSError:
        _move_without_links(aside, target)
    else:
        with contextlib.suppress(OSError):  # it is in place; a second name for it does no harm
            aside.unlink()


def _move_without_links(aside: Path, target: Path) -> None:
    """For FAT and some network folders: take the name with an empty file, then rename over that."""
    target.open("xb").close()
    try:
        os.replace(aside, target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


# ---- refusals ----


def _refuse_published(source: Path, lora_dir: Path) -> None:
    inside, folder = source.resolve(), lora_dir.resolve()
    if folder in inside.parents:
        raise PublishRefused(
            "publish.lora_folder_already_webui",
            "{name} is in the Lora folder {lora_dir} already. The WebUI finds it there.",
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
        "Nothing was left there; the trained file is kept. Put this right and publish again.",
        folder=lora_dir,
        reason=reason,
        free=_free_bytes(lora_dir),
    )


def _free_bytes(folder: Path) -> str:
    for existing in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return f"{shutil.disk_usage(existing).free:,}"
    return "?"
