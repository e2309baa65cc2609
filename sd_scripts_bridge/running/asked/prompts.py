"""Other sample pictures, asked for while a training runs."""

from __future__ import annotations

from ...engines import sample_prompts
from ...errors import Conflict, Invalid, Problem
from ...jobs.folder import JobFolder
from ...jobs.job import Status, TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...options.families import FAMILIES
from ...system.files import write_text


def read(folder: JobFolder) -> str:
    """The prompts as they are; empty where there are none yet."""
    try:
        return folder.prompts.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def change(row: JobRow, folder: JobFolder, text: str) -> str:
    """From the next sampling on draw what ``text`` says. Raises `Conflict` or `Invalid`."""
    job = row.job
    if not isinstance(job, TrainingJob) or row.status.is_over:
        said = "Job {job} draws no more sample pictures ({status})."
        raise Conflict("prompts.job_is_over", said, job=row.id, status=row.status)
    _refuse_where_nothing_would_change(row, job, folder)
    found = sample_prompts.read(text)
    if not found:
        raise Invalid(
            [Problem("prompts.none", "text", "holds no prompt", "Write one prompt per line.")]
        )
    folder.prompts.parent.mkdir(parents=True, exist_ok=True)
    write_text(folder.prompts, text.rstrip() + "\n")
    return Message(
        "prompts.changed",
        "From the next save on the samples show {count} {count:prompt|prompts}.",
        count=len(found),
    )


def _refuse_where_nothing_would_change(row: JobRow, job: TrainingJob, folder: JobFolder) -> None:
    """Raises `Conflict`."""
    if not sample_prompts.is_text(job):
        said = "Job {job} draws by {file}: change that file, it is read at each sampling."
        file = job.params.extra["sample_prompts"]
        raise Conflict("prompts.own_file", said, job=row.id, file=file)
    if row.status is Status.QUEUED or not folder.command.exists():
        return  # whatever is laid down now is what it begins with
    if not folder.prompts.exists():
        said = "Job {job} draws no sample pictures (sample_every_n_steps)."
        raise Conflict("prompts.draws_none", said, job=row.id)
    family = FAMILIES[job.family]
    if not family.is_ldm and job.params.cache_text_encoder_outputs:
        said = (
            "{family} encodes the prompts once, at its start (cache_text_encoder_outputs), and "
            "would end at one that is new. Change them in the next training."
        )
        raise Conflict("prompts.encoded_once", said, family=family.title)
