"""The queue's routes."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse

from ...errors import Invalid, NotFound, Problem, short
from ...jobs.events import to_dict
from ...jobs.job import Status
from ...jobs.wanted import Wanted
from ...messages import Message
from ...page.context import started
from ...page.finished import forgetting
from ...page.jobs import read_report, sample
from ...page.result import preview, result_dict
from ...page.shape import read
from ...running.asked import prompts as asked_prompts
from ..bodies import PauseBody, PromptsBody, PublishJobBody, StopBody
from ..doors import Call
from ..privacy import without_secrets

MOST_LINES = 5000
MOST_EVENTS = 5000
MOST_JOBS = 500


def status(call: Call) -> Any:
    """The running job, else the newest, or the named one: progress, loss curve, samples.

    Ask again with ``since`` for what came after. Where ``since`` is above ``seq``, or ``boot`` is
    another, ask with 0.
    """
    job = call.number("job") if call.query.get("job") else None
    context = call.context
    return {
        "boot": context.boot,
        "draft": context.draft.revision,
        "generate_waits": context.generate_waits(),
        **context.views.status(job, call.number("since")),
    }


def jobs(call: Call) -> Any:
    """The queue and its history, newest first, a page at a time.

    ``found`` counts the jobs that the search and the filter let through, ``total`` all; where
    ``more`` is true, ask again with ``below``: the number of the page's last job.
    """
    count = call.number("count", 50)
    if not 1 <= count <= MOST_JOBS:
        raise Invalid(
            [
                Problem(
                    "jobs.count_outside",
                    "count",
                    "{count} is outside 1 to {most}",
                    count=count,
                    most=MOST_JOBS,
                )
            ]
        )
    wanted = Wanted(call.query.get("search", ""), _statuses(call.query.get("status", "")))
    return call.context.views.history(count, call.number("below") or None, wanted)


def _statuses(text: str) -> list[Status]:
    """The statuses in a list with commas; all where there is none. Raises `Invalid`."""
    words = [word for word in text.split(",") if word]
    try:
        return [Status(word) for word in words] or list(Status)
    except ValueError:
        raise Invalid(
            [
                Problem(
                    "jobs.no_status",
                    "status",
                    "{text} is no status of a job",
                    "Use {choices}.",
                    text=short(text),
                    choices=", ".join(Status),
                )
            ]
        ) from None


def job(call: Call) -> Any:
    """One job with all that was asked for, and its report."""
    views = call.context.views
    row = views.row(_id(call))
    report = read_report(views.bridge.folder(row.id))
    spec = without_secrets(json.loads(row.spec))
    return {
        **views.job_dict(row),
        "spec": spec,
        "report": report or None,
        "strip": views.strip(row),
    }


def events(call: Call) -> Any:
    """What happened to a job, in order."""
    bridge, after = call.context.the_bridge, call.number("after")
    bridge.job(_id(call))
    entries = bridge.events(_id(call), after)[:MOST_EVENTS]
    return {
        "events": [
            {"seq": entry.seq, "time": entry.time, **to_dict(entry.event), "attempt": entry.attempt}
            for entry in entries
        ]
    }


def log(call: Call) -> Any:
    """The end of the trainer's own output."""
    lines = call.number("lines", 40)
    if not 1 <= lines <= MOST_LINES:
        raise Invalid(
            [
                Problem(
                    "jobs.outside",
                    "lines",
                    "{lines} is outside 1 to {most_lines}",
                    lines=lines,
                    most_lines=MOST_LINES,
                )
            ]
        )
    return {"lines": call.context.the_bridge.log(_id(call), lines)}


def report(call: Call) -> Any:
    """The job's story to paste in public: without names, paths and pictures."""
    return {"text": call.context.the_bridge.report(_id(call))}


def sample_picture(call: Call) -> Any:
    """A sample picture."""
    views = call.context.views
    row = views.row(_id(call))
    return picture(sample(views.bridge, row.id, call.path["number"], views.fold(row.id)))


def prompts(call: Call) -> Any:
    """What a training's sample pictures show, a prompt a line; empty before it has begun."""
    bridge = call.context.the_bridge
    return {"text": asked_prompts.read(bridge.folder(bridge.job(_id(call)).id))}


def change_prompts(call: Call) -> Any:
    """Change that, from the next sampling on."""
    asked, bridge = read(PromptsBody, call.body), call.context.the_bridge
    row = bridge.job(_id(call))
    return {"sentence": asked_prompts.change(row, bridge.folder(row.id), asked.text)}


def preview_picture(call: Call) -> Any:
    """The published card's picture."""
    views = call.context.views
    found = preview(views.fold(views.row(_id(call)).id))
    if found is None:
        raise NotFound("jobs.job_preview_picture", "Job {id} has no preview picture.", id=_id(call))
    return picture(found)


def picture(path: Path) -> FileResponse:
    """A picture that stays what it is for a day."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=kind, headers=headers)


def result(call: Call) -> Any:
    """The finished LoRA: its prompt, the text for txt2img, proof and facts."""
    return result_dict(call.context.views, _id(call), list(call.context.models()))


def stop(call: Call) -> Any:
    """Stop a job after its next save, or now."""
    asked = read(StopBody, call.body)
    return {"sentence": call.context.the_bridge.stop(_id(call), now=asked.now)}


def pause(call: Call) -> Any:
    """Leave the GPU free after the next save, and go on by itself.

    In a WebUI the minute after the last picture is enough; on its own the page can't know when the
    GPU is free.
    """
    minutes = read(PauseBody, call.body).minutes
    if minutes is None:
        minutes = 1.0 if call.context.can_send else 10.0
    return {"sentence": call.context.the_bridge.pause(_id(call), float(minutes))}


def resume(call: Call) -> Any:
    """Queue a job again from its newest saved state."""
    return _again(call, call.context.the_bridge.resume)


def retry(call: Call) -> Any:
    """Queue a job again from step 0."""
    return _again(call, call.context.the_bridge.retry)


def _again(call: Call, verb: Callable[[int], str]) -> Any:
    call.context.the_bridge.job(_id(call))  # before anything is freed for it
    notes, sentence = started(call.context, lambda: (_id(call), verb(_id(call))))
    return {"sentence": sentence, "notes": notes}


def publish(call: Call) -> Any:
    """The newest checkpoint that the job has saved, into the folder where its LoRA was to go."""
    asked = read(PublishJobBody, call.body)
    done = call.context.the_bridge.publish_job(_id(call), is_private=asked.private)
    return {
        **done.as_dict(),
        "sentence": Message(
            "result.is_in", "{name} is in {parent}.", name=done.path.name, parent=done.path.parent
        ),
    }


def remove(call: Call) -> Any:
    """Forget a job and delete its folder."""
    sentence = call.context.the_bridge.remove(_id(call))
    call.context.views.forget(_id(call))
    return {"sentence": sentence}


def forget(call: Call) -> Any:
    """Delete all that is kept of a job's photos; its LoRA stays."""
    done = forgetting.forget(call.context.the_bridge, _id(call), call.context.draft)
    call.context.views.forget(_id(call))
    return {"sentence": done.sentence, "notes": list(done.notes)}


def _id(call: Call) -> int:
    return call.path["job"]
