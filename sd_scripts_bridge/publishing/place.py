"""A stem in a Lora folder that is ours for a while: reserved, filled, and left as it was where
filling it comes to nothing.

The reservation is a file whose name is the stem's, folded, so that two publishers can't take one
stem, not even "Hero" and "hero"; it holds the token of whoever made it. What is written aside lies
beside it under names that begin like its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import Invalid
from ..models import safetensors_file
from ..system.files import flush_folder
from .record import Record, sha256
from .stems import folded, free_stems, taken

ASIDE = ".publishing"
STALE_SECONDS = 3600.0
"""A living publisher writes all the time."""


@dataclass
class Place:
    """See the module. ``record`` says what was done in it."""

    folder: Path
    stem: str
    record: Record

    @property
    def reservation(self) -> Path:
        return reservation(self.folder, self.stem)

    @property
    def model(self) -> Path:
        return self.beside(".safetensors")

    def beside(self, ending: str) -> Path:
        """A stem may hold dots, so an ending is added, never exchanged."""
        return self.folder / f"{self.stem}{ending}"

    def aside(self, ending: str) -> Path:
        return self.reservation.with_name(f"{self.reservation.name}{ending}")

    @property
    def _token_file(self) -> Path:
        """Becomes the reservation, so that this holds its token from its first moment on."""
        return self.reservation.with_name(f"{self.reservation.name}-{self.record.token}")

    # ---- reserving ----

    def reserve(self) -> None:
        """Raises FileExistsError where somebody else has reserved the stem."""
        ours = self._token_file
        try:
            write(ours, self.record.token.encode())
            move_in(ours, self.reservation)
        finally:
            ours.unlink(missing_ok=True)

    @property
    def is_ours(self) -> bool:
        try:
            return self.reservation.read_bytes() in (self.record.token.encode(), b"")
        except OSError:
            return False

    # ---- filling ----

    def put(self, ending: str, data: bytes) -> None:
        """A small new file, whole or not at all. Raises FileExistsError where one is there."""
        self.record.places(ending, data)
        aside = self.aside(ending)
        write(aside, data)
        move_in(aside, self.beside(ending))

    def replace(self, ending: str, data: bytes) -> None:
        """A file of ours in place of one that is there.

        That one is kept: a full disk must not cost the way back.
        """
        target, aside = self.beside(ending), self.aside(ending)
        write(aside, data)
        shutil.copy2(target, self.aside(f"{ending}.kept"))
        self.record.replaces(ending, data)
        os.replace(aside, target)

    def put_model(self) -> None:
        """The model that was written aside; from now on the LoRA is published."""
        move_in(self.aside(".model"), self.model)
        flush_folder(self.folder)

    def holds(self, model: str) -> bool:
        """Whether the LoRA with this hash is in its place."""
        try:
            return self.model.is_file() and safetensors_file.model_hash(self.model) == model
        except (Invalid, OSError):
            return False

    # ---- leaving ----

    def undo(self) -> None:
        """Leave the folder as it was, as far as it lets us; nothing that isn't ours is touched."""
        if not self.is_ours or self.holds(self.record.model):
            return
        for ending in (*self.record.placed, ".safetensors"):
            target = self.beside(ending)
            if _holds(target, self.record.placed.get(ending)):
                _remove(target)
        for ending, ours in self.record.replaced.items():
            kept = self.aside(f"{ending}.kept")
            if kept.exists() and _holds(self.beside(ending), ours):
                with contextlib.suppress(OSError):
                    os.replace(kept, self.beside(ending))

    def close(self) -> None:
        """Take away what was only for us; last the reservation."""
        _remove(self._token_file)
        if self.is_ours:
            for path in leftovers(self.reservation):
                _remove(path)
            _remove(self.reservation)


@contextlib.contextmanager
def reserved(
    lora_dir: Path, name: str, model: str, record: Record, *, alone: bool = False
) -> Iterator[Place]:
    """A place under a free stem (`stems.taken`), until the block ends;
    undone if the block fails.
    """
    place = _reserve(lora_dir, name, model, record, alone)
    try:
        yield place
    except BaseException:
        place.undo()
        raise
    finally:
        place.close()


def _reserve(lora_dir: Path, name: str, model: str, record: Record, alone: bool) -> Place:
    for stem in free_stems(lora_dir, name, alone=alone):
        remove_stale(reservation(lora_dir, stem))
        record.begin(lora_dir, stem, model)  # first: a kill from here on finds what to finish
        place = Place(lora_dir, stem, record)
        try:
            place.reserve()
        except FileExistsError:  # another process is publishing under this name
            continue
        if folded(stem) not in taken(lora_dir):  # somebody may have published it since we looked
            return place
        place.close()  # gives the reservation back, and the next number is tried
    raise AssertionError("numbers don't end")


def reservation(folder: Path, stem: str) -> Path:
    return folder / f".{folded(stem)}{ASIDE}"


def leftovers(reserved: Path) -> list[Path]:
    """What lies beside a reservation and belongs to it."""
    return [path for path in reserved.parent.iterdir() if path.name.startswith(f"{reserved.name}.")]


def remove_stale(reserved: Path) -> None:
    """What a publisher left that was killed, and that nobody has finished."""
    with contextlib.suppress(OSError):
        files = [reserved, *leftovers(reserved)]
        if time.time() - max(path.stat().st_mtime for path in files) > STALE_SECONDS:
            for path in reversed(files):
                path.unlink()


# ---- files ----


def write(path: Path, data: bytes) -> None:
    """Over what is there, flushed to the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def move_in(aside: Path, target: Path) -> None:
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


def _holds(path: Path, digest: str | None) -> bool:
    """Whether it is the file that we put there, or the empty one that took its name first."""
    try:
        if path.stat().st_size == 0:
            return True
        return digest is not None and sha256(path.read_bytes()) == digest
    except OSError:
        return False


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
