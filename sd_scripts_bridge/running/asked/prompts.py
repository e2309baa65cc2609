"""Other sample pictures, asked for while a training runs."""

from __future__ import annotations

from ...engines import sample_prompts
from ...errors import Conflict, Invalid, Problem
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...system.files import write_text


def read(folder: JobFolder) -> str:
    """The prompts as they are; empty where there are none yet."""
    try:
        return folder.prompts.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def change(row: JobRow, folder: JobFolder, text: str) -> str:
    """From the next sampling on draw what ``text`` says. Raises `Conflict` or `Invalid`."""
    if not isinstance(row.job, TrainingJob) or row.status.is_over:
        said = "Job {job} draws no more sample pictures ({status})."
        raise Conflict("prompts.job_is_over", said, job=row.id, status=row.status)
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
