"""What follows once something was measured of a training that is over: the notes of its LoRA's
card, and the recommended step in its Lora folder where that was wanted.
"""

from __future__ import annotations

from ... import engines
from ...engines.tools.evaluate import EvaluateTool
from ...engines.tools.likeness import LikenessTool
from ...errors import PublishRefused
from ...evidence import measured as record
from ...evidence.curve import curve
from ...evidence.recommendation import recommend
from ...jobs import facts
from ...jobs.folder import JobFolder
from ...jobs.job import RECOMMENDED, Status, ToolJob, TrainingJob
from ...jobs.store import JobRow, Store
from ...likeness.measured import LikenessView, view
from ...messages import Message
from ...paths import Home
from ..asked import likeness, publication


def settle(home: Home, store: Store, tool: ToolJob, answer: JobFolder) -> list[str]:
    """Take in what ``tool`` has measured; what to say of it. Raises `BridgeError`, OSError."""
    if tool.about is None or tool.tool not in (EvaluateTool.name, LikenessTool.name):
        return []
    row, found = store.get(tool.about), _likeness(home, store, tool, answer)
    said = found.sentence if found.measured else ""
    publication.renew_notes(home, row, said)
    return _published(home, row, said) if tool.tool == EvaluateTool.name else []


def _likeness(home: Home, store: Store, tool: ToolJob, answer: JobFolder) -> LikenessView:
    if tool.tool == LikenessTool.name:
        return view(facts.read(answer.result))
    assert tool.about is not None
    return likeness.of(home, store, tool.about)


def _published(home: Home, row: JobRow, said: str) -> list[str]:
    """Of a trainer that measures nothing itself: the recommended step, beside the last one."""
    job, folder = row.job, JobFolder.of(home, row.id)
    if not isinstance(job, TrainingJob) or job.publish != RECOMMENDED:
        return []
    if row.status is not Status.SUCCEEDED or engines.of(job, home).traits.measures_saves:
        return []
    best = recommend(curve(record.read(folder.measured)))
    if best.step is None:
        text = "The last step stays published. {reason}"
        return [Message("choice.stays", text, reason=best.reason)]
    if best.step == job.params.max_train_steps:
        text = "The last step, which is published, is the recommended one."
        return [Message("choice.is_last", text)]
    try:
        done = publication.publish_job(
            home, row, step=best.step, is_private=job.private, likeness=said
        )
    except PublishRefused as error:
        return [error.message]
    text = "Step {step}, the recommended one, is published as {stem}. {reason}"
    values = {"step": best.step, "stem": done.stem, "reason": best.reason}
    return [Message("choice.published", text, **values), *done.notes]
