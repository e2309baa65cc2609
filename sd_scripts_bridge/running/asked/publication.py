"""Publishing that somebody asks for: any finished LoRA, or what a job has saved so far."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import engines, names
from ...errors import Conflict, Invalid, PublishRefused
from ...evidence.notes import step_of
from ...jobs import facts
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...models import lora
from ...paths import Home
from ...publishing import job_card, publish
from ...publishing.card import card_bytes, read_card
from ...publishing.publish import PublishedLora
from ...publishing.record import Record
from ...system.files import write_text
from ...system.locks import hold


def publish_file(
    home: Home,
    file: Path,
    lora_dir: Path,
    name: str | None = None,
    *,
    is_private: bool = False,
) -> PublishedLora:
    """A finished LoRA with card, into a Lora folder. Raises `Invalid` or `PublishRefused`."""
    problems = lora.problems(file)
    if problems:
        raise Invalid(problems)
    card, name = publish.card_from_metadata(lora.inspect(file)), name or file.stem
    with _remembered(home, lora_dir, name, is_private) as record:
        done = publish.publish(file, lora_dir, name, card, record=record, is_private=is_private)
    return with_words(done, card.activation_text) if is_private else done


def publish_job(
    home: Home,
    row: JobRow,
    lora_dir: Path | None = None,
    name: str | None = None,
    *,
    step: int | None = None,
    is_private: bool = False,
    likeness: str = "",
) -> PublishedLora:
    """The newest checkpoint that a training has saved, as if it had ended there; or that of
    ``step``, under a name of its own. ``likeness``: what was measured of it, for the card. Raises
    `Conflict` where there is none.
    """
    folder = JobFolder.of(home, row.id)
    job, (file, at) = _saved(row, folder, step)
    own = lora_dir is None and name is None  # then it is what the job itself would publish
    record = Record.load(folder.published if step is None else folder.published_step(step))
    evidence = job_card.evidence(folder, at, likeness, _proof(folder, job, at))
    place = lora_dir or job_card.lora_dir(job, home)
    name = name or (job.name if step is None else f"{job.name}-step{step}")
    otherwise = _remembered(home, place, name, is_private)
    with contextlib.nullcontext(record) if own and not is_private else otherwise as kept:
        done = publish.publish(
            file,
            place,
            name,
            job_card.card(job, at, evidence),
            job_card.sample(folder, at) if is_private else job_card.picture(job, folder, at),
            kept,
            engines.of(job, home).true_metadata(job, lora.inspect(file).metadata),
            is_private=is_private,
        )
    return _privately(done, job, folder) if is_private else done


def publish_average(
    home: Home,
    row: JobRow,
    lora_dir: Path | None = None,
    name: str | None = None,
    *,
    step: int | None = None,
    is_private: bool = False,
) -> PublishedLora:
    """The mean of what a training has saved at ``step`` (else last), right before and right after
    it (`models.weights.mean`), under a name of its own. Raises `Conflict` where there is nothing to
    average.
    """
    folder = JobFolder.of(home, row.id)
    job, (file, at) = _saved(row, folder, step)
    beside = job_card.beside(job, folder, at)
    if not beside:
        text = "Job {job} has no whole save right before or after step {step} to average it with."
        raise Conflict("publication.alone", text, job=row.id, step=at)
    own = lora_dir is None and name is None and not is_private
    place, name = lora_dir or job_card.lora_dir(job, home), name or f"{job.name}-step{at}-average"
    picture = job_card.sample(folder, at) if is_private else job_card.picture(job, folder, at)
    card = job_card.average(job_card.card(job, at), sorted([at, *(near for _, near in beside)]))
    told = engines.of(job, home).true_metadata(job, lora.inspect(file).metadata)
    record = Record.load(folder.published_average(at))
    otherwise = _remembered(home, place, name, is_private)
    with (
        _mean([file, *(path for path, _ in beside)], folder) as mean,
        contextlib.nullcontext(record) if own else otherwise as kept,
    ):
        done = publish.publish(mean, place, name, card, picture, kept, told, is_private=is_private)
    return _privately(done, job, folder) if is_private else done


@contextlib.contextmanager
def _mean(files: Sequence[Path], folder: JobFolder) -> Iterator[Path]:
    """A file that holds it, for a while. Raises `PublishRefused` where it can't be written."""
    from ...models.weights.mean import write_mean  # numpy, that what lists jobs does without

    try:
        write_mean(files, folder.average)
    except OSError as error:
        folder.average.unlink(missing_ok=True)
        text = "The average can't be written to {folder}: {why}."
        why = error.strerror or str(error)
        raise PublishRefused("publication.unwritten", text, folder=folder.root, why=why) from error
    try:
        yield folder.average
    finally:
        folder.average.unlink(missing_ok=True)


@contextlib.contextmanager
def _remembered(home: Home, lora_dir: Path, name: str, is_private: bool) -> Iterator[Record]:
    """A record for a publishing that no job keeps one of.

    What a killed one has left is brought to its end first. Where it was the same publishing, its
    record is given, so that its LoRA isn't published again. Two at once: the second does without.
    """
    with contextlib.ExitStack() as stack:
        record = Record.load(home.publishing) if _is_alone(home, stack) else Record()
        numbered = rf"{re.escape(names.normal(name))}(-\d+)?"
        if (
            is_private
            or record.lora_dir != str(lora_dir)
            or not re.fullmatch(numbered, record.stem)
        ):
            publish.settled(record)
        try:
            yield record
        finally:
            with contextlib.suppress(PublishRefused):
                record.end()


def _is_alone(home: Home, stack: contextlib.ExitStack) -> bool:
    """Whether nobody else publishes from this home until ``stack`` is closed; a home that can't be
    written keeps no record either.
    """
    try:
        return stack.enter_context(hold(home.publishing.with_suffix(".lock")))
    except OSError:
        return False


def _saved(
    row: JobRow, folder: JobFolder, step: int | None
) -> tuple[TrainingJob, tuple[Path, int]]:
    """The training, and the file that it has saved (at ``step``, else its newest) with its step."""
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    if step is None:
        found = job_card.newest_checkpoint(job, folder)
    else:
        found = job_card.checkpoint(job, folder, step)
        if found is None:
            text = "Step {step} of job {job} isn't saved, or its file is damaged."
            raise Conflict("publication.no_such_step", text, step=step, job=row.id)
    if found is None:
        text = "Job {job_id} has saved no LoRA yet."
        raise Conflict("bridge.job_saved_lora_yet", text, job_id=row.id)
    return job, found


def renew_notes(home: Home, row: JobRow, likeness: str = "") -> None:
    """Bring the card of what training ``row`` has published up to what is measured by now; notes
    that somebody else wrote stay.
    """
    folder = JobFolder.of(home, row.id)
    record = Record.load(folder.published)
    file = Path(record.lora_dir) / f"{record.stem}.json"
    told, is_card = read_card(file) if record.stem and file.is_file() else ({}, False)
    step = step_of(str(told.get("notes") or "")) if is_card else None
    if step is not None:
        proof = facts.read(folder.report).get("proof")
        notes = job_card.evidence(folder, step, likeness, proof)
        write_text(file, card_bytes({**told, "notes": notes}).decode("utf-8"))


def _proof(folder: JobFolder, job: TrainingJob, step: int) -> dict[str, Any] | None:
    """What was measured of the last step; of an earlier one the trainer measures nothing."""
    return facts.read(folder.report).get("proof") if step == job.params.max_train_steps else None


def with_words(done: PublishedLora, spoken: str) -> PublishedLora:
    """Tell the words that bring the subject, which the card keeps to itself."""
    if spoken in ("", done.activation_text):
        return done
    text = "The card doesn't say which words bring the subject; they are: {words}."
    note = Message("publication.words", text, words=spoken)
    return replace(done, notes=(*done.notes, note))


def _privately(done: PublishedLora, job: TrainingJob, folder: JobFolder) -> PublishedLora:
    """Tell of the words left in it, and of the LoRA that the job has published before, with all."""
    done, before = with_words(done, job.activation_text), Record.load(folder.published)
    public = Path(before.lora_dir) / f"{before.stem}.safetensors"
    if not before.stem or not public.is_file():
        return done
    text = (
        "{name}, published before, still holds caption words and the base's name: delete it and "
        "its card, or `forget {job}` takes the captions out."
    )
    note = Message("publication.before", text, name=public.name, job=folder.number)
    return replace(done, notes=(*done.notes, note))
