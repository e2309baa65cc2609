"""What a home and a Lora folder hold of a training's photos: found, measured, deleted."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from pathlib import Path

from ...errors import Conflict, Invalid
from ...jobs import facts
from ...jobs.events import without_text
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...models import lora
from ...models.safetensors_file import read_header
from ...paths import Home
from ...publishing import private
from ...publishing.record import Record, sha256
from ...system.files import write_json


def copies(home: Home, job: TrainingJob) -> Path | None:
    """The folder of the job's copies, where it is one of ours;
    a user's own folder is left alone.
    """
    root = Path(job.dataset).parent
    return root if root.parent == home.datasets and root.is_dir() else None


def records(folder: JobFolder) -> list[Record]:
    """What was published: the last step, and saved steps and averages besides."""
    return [Record.load(file) for file in folder.all_published()]


def lora_words(record: Record, copies: Path | None) -> list[str]:
    """Take the captions out of a published LoRA, and a photo out of its card."""
    file = published(record)
    return [] if file is None else [*words_of(file), *photo_of(file, record, copies)]


def published(record: Record) -> Path | None:
    """The LoRA, where it is still there."""
    file = Path(record.lora_dir) / f"{record.stem}.safetensors"
    return file if record.stem and file.is_file() else None


def words_of(file: Path) -> list[str]:
    """Take the captions out of a LoRA."""
    with contextlib.suppress(Invalid):  # not a LoRA any more
        _scrub(file)
        text = "{name} stays; the captions are taken out of it."
        return [Message("forget.lora_stays", text, name=file.name)]
    return []


def photo_of(file: Path, record: Record, copies: Path | None) -> list[str]:
    """Take a photo out of a LoRA's card, where ``record`` says that we have put it there."""
    picture = file.with_suffix(".png")
    if not copies or not _is_our(picture, record) or not _shows_a_photo(picture, copies):
        return []
    picture.unlink()
    text = "Its card's picture was one of the photos: it is gone, too."
    return [Message("forget.picture", text)]


def loras(folder: JobFolder, job: TrainingJob) -> list[Path]:
    """All that it has given: published, and saved in its folder."""
    return [*filter(None, map(published, records(folder))), *_saved(folder, job)]


def _scrub(file: Path) -> None:
    try:
        private.scrub(file)
    except OSError as error:
        text = (
            "{file} can't be changed ({error}): close the program that has it open, and forget "
            "again."
        )
        why = error.strerror or str(error)
        raise Conflict("forget.held", text, file=str(file), error=why) from error


def _is_our(picture: Path, record: Record) -> bool:
    return picture.is_file() and sha256(picture.read_bytes()) == record.placed.get(".png")


def _shows_a_photo(picture: Path, copies: Path) -> bool:
    from ...datasets.looking.same import any_copy, measured

    shown = measured(picture)
    return shown is not None and any_copy(shown, map(measured, copies.rglob("*.png")))


def all_of(
    home: Home, folder: JobFolder, job: TrainingJob, tools: list[JobRow], *, in_full: bool = True
) -> list[Path]:
    """Files and folders that hold something of the photos: of the job, of ``tools`` that worked on
    it, of the caches. Not ``in_full``: a LoRA is taken for whole by its header.
    """
    worked = [JobFolder.of(home, tool.id).root for tool in tools]
    caches = [home.looked, home.headers, home.faces, home.kept]
    besides = filter(None, [copies(home, job)])
    return [*worked, *_leftovers(folder, job, in_full), *caches, *besides]


def _leftovers(folder: JobFolder, job: TrainingJob, in_full: bool) -> list[Path]:
    """All but the LoRAs that are whole, and what is written anew."""
    whole = {path for path in _saved(folder, job) if _is_whole(path, in_full)}
    spared = {folder.output, *whole, *_rewritten(folder)}
    there = [*folder.root.iterdir(), *folder.output.glob("*")] if folder.root.is_dir() else []
    return [path for path in there if path not in spared]


def _saved(folder: JobFolder, job: TrainingJob) -> list[Path]:
    saved = [folder.final_lora(job.name), *(path for path, _ in folder.checkpoints(job.name))]
    return [path for path in saved if path.is_file()]


def _rewritten(folder: JobFolder) -> set[Path]:
    """The job, its report and its records: `empty` and `forget` take the words out of them."""
    told = {record.file for record in records(folder) if record.file and record.stem}
    return {folder.job, *told, *([folder.report] if facts.read(folder.report) else [])}


def _is_whole(path: Path, in_full: bool) -> bool:
    if in_full:
        return not lora.problems(path)
    try:
        read_header(path)
    except Invalid:
        return False
    return True


def freed(going: list[Path]) -> int:
    """Bytes that go with them: a file with another name elsewhere gives nothing."""
    inside = [path for place in going for path in (place, *place.rglob("*"))]
    stats = [path.lstat() for path in inside if path.is_file() and not path.is_symlink()]
    names = Counter((stat.st_dev, stat.st_ino) for stat in stats)
    sizes = {(stat.st_dev, stat.st_ino): stat for stat in stats}
    return sum(stat.st_size for key, stat in sizes.items() if names[key] >= stat.st_nlink)


def empty(folder: JobFolder, job: TrainingJob, going: list[Path], sentence: str) -> None:
    """Delete what is ``going``; of the job's folder its LoRAs stay, without words, and the numbers
    of its report.
    """
    known, report = records(folder), facts.read(folder.report)
    for path in _saved(folder, job):
        if path not in going:
            _scrub(path)
    for path in going:
        _remove(path)
    folder.create()
    if report:
        said = {"status": report.get("status"), "sentence": sentence}
        write_json(folder.report, {**without_text(report), **said})
    for record in known:
        if record.stem:
            record.notes = []
            record.save()


def _remove(path: Path) -> None:
    """A link goes, what it leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif path.is_symlink() or path.exists():
        path.unlink()
