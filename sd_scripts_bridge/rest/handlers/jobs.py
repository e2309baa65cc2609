"""The queue's routes."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from starlette.responses import FileResponse

from ...errors import Invalid, NotFound, Problem, short
from ...jobs.events import to_dict
from ...jobs.history.entries import Entry
from ...jobs.job import Status
from ...jobs.wanted import Wanted
from ...messages import Message
from ...page.context import started
from ...page.finished import forgetting
from ...page.jobs import JobsView, read_report
from ...page.progress.best import best_of
from ...page.progress.samples import sample
from ...page.result import ResultView, preview, result_of
from ...running.asked import prompts as asked_prompts
from ...running.asked.repeat import Repeated
from ...running.forgetting.forget import Forgotten
from ..bodies.jobs import PauseBody, PromptsBody, PublishJobBody, ResumeBody, RetryBody, StopBody
from ..doors import Call
from ..privacy import without_secrets
from ..queries import EventsQuery, JobsQuery, LogQuery, StatusQuery
from ..signature import Media
from ..views import (
    AgainView,
    EventsView,
    EventView,
    ForgottenView,
    JobDetailsView,
    JobReportView,
    LogView,
    PromptsView,
    PublishedView,
    RetriedView,
    SentenceView,
    StatusView,
)

MOST_EVENTS = 5000
Png = Annotated[FileResponse, Media("image/png")]


def status(call: Call, query: StatusQuery) -> StatusView:
    """The running job, else the newest, or the named one: progress, loss curve, samples.

    Ask again with ``since`` for what came after.
    """
    context = call.context
    return StatusView(
        **vars(context.views.status(query.job, query.since)),
        boot=context.boot,
        draft=context.draft.revision,
        generate_waits=context.generate_waits(),
        host_busy=context.host_busy(),
    )


def jobs(call: Call, query: JobsQuery) -> JobsView:
    """The queue and its history, newest first, a page at a time."""
    wanted = Wanted(query.search, _statuses(query.status))
    return call.context.views.history(query.count, query.below or None, wanted)


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
                    "{text} is not the status of a job",
                    "Use {choices}.",
                    text=short(text),
                    choices=", ".join(Status),
                )
            ]
        ) from None


def job(call: Call, job: int) -> JobDetailsView:
    """One job with all that was asked for, and its report."""
    views = call.context.views
    row = views.row(job)
    report = read_report(views.bridge.folder(row.id))
    spec = without_secrets(json.loads(row.spec))
    return JobDetailsView(
        **vars(views.view(row)),
        spec=spec,
        report=report or None,
        strip=views.strip(row),
        best=best_of(views.bridge.folder(row.id)),
    )


def events(call: Call, job: int, query: EventsQuery) -> EventsView:
    """What happened to a job, in order; at most 5,000 events at a time."""
    bridge = call.context.the_bridge
    bridge.job(job)
    return EventsView([_event(entry) for entry in bridge.events(job, query.after, MOST_EVENTS)])


def _event(entry: Entry) -> EventView:
    said = to_dict(entry.event)
    return EventView(entry.seq, entry.time, entry.attempt, said.pop("type"), said)


def log(call: Call, job: int, query: LogQuery) -> LogView:
    """The last lines of the trainer's own output."""
    return LogView(call.context.the_bridge.log(job, query.lines))


def report(call: Call, job: int) -> JobReportView:
    """The job's story to paste in public: without names, paths and pictures."""
    return JobReportView(call.context.the_bridge.report(job))


def sample_picture(call: Call, job: int, number: int) -> Png:
    """A sample picture."""
    views = call.context.views
    row = views.row(job)
    return picture(sample(views.bridge.folder(row.id), row.id, number, views.fold(row.id)))


def prompts(call: Call, job: int) -> PromptsView:
    """What a training's sample pictures show, a prompt a line; empty before it has begun."""
    bridge = call.context.the_bridge
    return PromptsView(asked_prompts.read(bridge.folder(bridge.job(job).id)))


def change_prompts(call: Call, job: int, body: PromptsBody) -> SentenceView:
    """Change what the sample pictures show, from the next sampling on."""
    bridge = call.context.the_bridge
    row = bridge.job(job)
    return SentenceView(asked_prompts.change(row, bridge.folder(row.id), body.text))


def preview_picture(call: Call, job: int) -> Png:
    """The preview picture of the published LoRA's card."""
    views = call.context.views
    found = preview(views.fold(views.row(job).id))
    if found is None:
        raise NotFound("jobs.job_preview_picture", "Job {id} has no preview picture.", id=job)
    return picture(found)


def picture(path: Path) -> FileResponse:
    """A picture that stays what it is for a day."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=kind, headers=headers)


def result(call: Call, job: int) -> ResultView:
    """The finished LoRA: its prompt, the text for txt2img, proof and facts."""
    return result_of(call.context.views, job, list(call.context.models()))


def stop(call: Call, job: int, body: StopBody) -> SentenceView:
    """Stop a job after its next save, or now."""
    return SentenceView(call.context.the_bridge.stop(job, now=body.now))


def pause(call: Call, job: int, body: PauseBody) -> SentenceView:
    """Free the GPU after the next save, and go on automatically.

    In a WebUI a minute after the last image is enough; elsewhere the page can't know when the GPU
    is free. `resume` ends the pause.
    """
    minutes = body.minutes
    if minutes is None:
        minutes = 1.0 if call.context.can_send else 10.0
    return SentenceView(call.context.the_bridge.pause(job, float(minutes)))


def resume(call: Call, job: int, body: ResumeBody) -> AgainView:
    """Queue a job again from its newest saved state, or from another one."""
    bridge = call.context.the_bridge
    return _again(call, job, lambda number: bridge.resume(number, body.from_))


def retry(call: Call, job: int, body: RetryBody) -> RetriedView:
    """Queue a job again from step 0; with ``all_photos`` queue it as a new job that trains the
    photos that were held out, too.
    """
    if body.all_photos:
        return _on_all_photos(call, job, body.steps)
    if body.steps is not None:
        text = "is for all_photos: a job starts over as it was"
        raise Invalid([Problem("retry.steps", "steps", text, "Leave it out.")])
    again = _again(call, job, call.context.the_bridge.retry)
    return RetriedView(again.sentence, again.notes, job)


def _on_all_photos(call: Call, job: int, steps: int | None) -> RetriedView:
    bridge = call.context.the_bridge
    bridge.job(job)  # before anything is freed for it

    def start() -> tuple[int, Repeated]:
        done = bridge.retry_on_all(job, steps)
        return done.job, done

    notes, done = started(call.context, start)
    return RetriedView(done.sentence, [*done.notes, *notes], done.job)


def _again(call: Call, job: int, verb: Callable[[int], str]) -> AgainView:
    call.context.the_bridge.job(job)  # before anything is freed for it
    notes, sentence = started(call.context, lambda: (job, verb(job)))
    return AgainView(sentence, notes)


def publish(call: Call, job: int, body: PublishJobBody) -> PublishedView:
    """Publish the newest checkpoint of a job into the folder where its LoRA was to go."""
    bridge = call.context.the_bridge
    done = bridge.publish_job(job, step=body.step, is_average=body.average, is_private=body.private)
    sentence = Message(
        "result.is_in", "{name} is in {parent}.", name=done.path.name, parent=done.path.parent
    )
    return PublishedView(sentence, str(done.path), done.stem, done.activation_text, done.notes)


def remove(call: Call, job: int) -> SentenceView:
    """Remove a job from the history, and delete its folder."""
    sentence = call.context.the_bridge.remove(job)
    call.context.views.forget(job)
    return SentenceView(sentence)


def forget(call: Call, job: int) -> ForgottenView:
    """Delete everything that the home holds of a job's photos: copies, captions, samples, states,
    log, the draft's photos.

    The LoRA stays, without caption words, and so does the job with its figures.
    """
    done = forgetting.forget(call.context.the_bridge, job, call.context.draft)
    call.context.views.forget(job)
    return _forgotten(done)


def look_to_forget(call: Call, job: int) -> ForgottenView:
    """How much forgetting a job's photos would free; nothing is deleted."""
    return _forgotten(forgetting.look(call.context.the_bridge, job, call.context.draft))


def _forgotten(done: Forgotten) -> ForgottenView:
    return ForgottenView(done.sentence, done.notes, done.bytes, done.dry_run)
