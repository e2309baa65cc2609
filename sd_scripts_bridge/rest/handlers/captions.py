"""Captions over HTTP: captioners, and many captions of the draft at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

from ...captioning.captioner import Captioner, named
from ...captioning.request import CaptionRequest
from ...datasets.captions import person, tables
from ...datasets.captions.edits import CaptionEdit, heads_of
from ...datasets.captions.tally import TallyView, tally
from ...errors import EngineNotReady, Problem
from ...messages import Message
from ...page.captions import drafting, found, interrogation
from ...page.captions.found import CaptionersView
from ...page.context import Context, started
from ...page.draft import captions
from ...page.draft.changes import DraftView
from ...page.draft.draft import Draft
from ...page.draft.state import State
from ...page.draft.view import is_used
from ...photos.printable import shown
from ..bodies.captions import CaptionBody, CaptionsBody, CaptionTableBody, DraftCaptionBody
from ..doors import Call, Refused
from ..queries import ChangeQuery, TableQuery
from ..signature import Media
from ..views import QueuedView
from .draft import changed

MOST_PREVIEWED = 200


@dataclass(frozen=True)
class SeenCaptionView:
    """One caption of the draft, looked at."""

    id: int
    caption: str
    person: Annotated[list[str], "what in it belongs to the person"]
    missing: Annotated[list[str], "of place, light, clothes and pose what it doesn't say"]


@dataclass(frozen=True)
class CaptionChangeView:
    """A caption that would change."""

    id: int
    file: str
    before: str
    after: str


@dataclass(frozen=True)
class CaptionsPreviewView:
    """What a change of many captions would do."""

    count: Annotated[int, "of captions that would change"]
    changes: Annotated[list[CaptionChangeView], "the first of them"]


def write(call: Call, body: CaptionBody) -> QueuedView:
    """Write captions beside photos or into a dataset, as a job: what `caption` does on the command
    line.
    """
    asked = CaptionRequest(
        body.photos, _captioner(body), body.name or "", body.class_ or "", body.again
    )

    def start() -> tuple[int, int]:
        number = call.context.the_bridge.caption(asked, body.key or "")
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def draft(call: Call, query: ChangeQuery, body: DraftCaptionBody) -> DraftView:
    """Have the draft's photos described that have no caption of their own.

    The template's words are there at once; the host and the others work in the background, and what
    they write comes in as it is written.
    """
    _refuse_remote(call.context, body.with_)
    captioner, here = _captioner(body), call.context.draft
    wanted = drafting.todo(here, body.photos, again=body.again)
    if captioner.kind == "template":
        return changed(call, query, lambda: drafting.say(here, captioner, wanted))
    if captioner.kind == "host":
        return changed(call, query, lambda: _interrogate(call.context, wanted, body.again))

    def start() -> tuple[int, None]:
        bridge = call.context.the_bridge
        number = drafting.queue(here, bridge, captioner, body.key or "", wanted, again=body.again)
        return number, None

    return changed(call, query, lambda: tuple(started(call.context, start)[0]))


def _interrogate(context: Context, wanted: list[int], again: bool) -> None:
    if context.interrogator is None:
        why = context.no_interrogator or "this page doesn't run in a WebUI"
        raise EngineNotReady([Problem("captions.no_host", "with", "{why}", why=why)])
    interrogation.start(context.draft, context.interrogator, wanted, again=again)


def _captioner(body: CaptionBody | DraftCaptionBody) -> Captioner:
    aspects = body.template.said() if body.template else {}
    return named(body.with_, body.model or "", body.prompt or "", aspects)


def _refuse_remote(context: Context, what: str) -> None:
    """Remote clients may not have this machine ask servers or run programs."""
    if context.local or what in ("template", "host"):
        return
    raise Refused(
        403,
        Message(
            "captions.remote",
            "Remote clients can use template and host only: the WebUI runs with --listen or "
            "--share and without --enable-insecure-extension-access.",
        ),
    )


def found_here(call: Call) -> CaptionersView:
    """Who can write captions here, as far as is known without asking anybody."""
    return found.here(call.context)


def look(_call: Call) -> CaptionersView:
    """Ask this machine's usual ports for servers: Ollama, LM Studio, llama.cpp, vLLM."""
    return found.servers()


# ---- many captions of the draft ----


def edit_of(body: CaptionsBody, here: Draft) -> CaptionEdit:
    """The change that a body asks for; of the person's words in the draft those that it names."""
    words = None
    if body.words is not None:
        wanted = {word.casefold() for word in body.words}
        words = [w for w in person.words(texts_of(here).values()) if w.text.casefold() in wanted]
    return CaptionEdit(
        body.action,
        body.text or "",
        body.with_ or "",
        body.where == "start",
        body.regex,
        words,
    )


def texts_of(here: Draft) -> dict[int, str]:
    """The captions of the photos that are used, by number."""
    state, judged = here.state, here.check.judged
    return {i.id: captions.caption_of(i, state, judged) for i in state.items if is_used(i, judged)}


def one(call: Call, pid: int) -> SeenCaptionView:
    """What one photo's caption says of the person, and what it doesn't say."""
    here = call.context.draft
    text = captions.caption_of(here.item(pid), here.state, here.check.judged)
    return SeenCaptionView(pid, text, [o.text for o in person.phrases(text)], person.missing(text))


def count(call: Call) -> TallyView:
    """Count the draft's captions: tags, what belongs to the person, what should be said."""
    here = call.context.draft
    heads = [head for one in here.state.subjects for head in heads_of(one.name, one.class_token)]
    return tally([*texts_of(here).values()], heads)


def change(call: Call, query: ChangeQuery, body: CaptionsBody) -> DraftView:
    """Change many captions at once, or undo or redo the last change of them.

    `draft` describes the photos that have no caption of their own: with the host's interrogator in
    the background, else with the name, the class token and `text`. `add` puts `text` after the name
    (`start`) or at the end, once. `remove` takes out the caption tags that equal `text`, else its
    words. `replace` is literal, or a regular expression. `front` moves a tag right after the name,
    `dedupe` keeps each tag once, `person` takes out what belongs to the person.
    """
    here = call.context.draft
    if body.action == "undo":
        return changed(call, query, lambda: here.change(State.undone))
    if body.action == "redo":
        return changed(call, query, lambda: here.change(State.redone))
    if body.action == "draft":
        return changed(call, query, lambda: _draft_all(call.context, body.text or ""))
    edit = edit_of(body, here)
    selected = None if body.photos is None else set(body.photos)

    def edited(state: State) -> State:
        return captions.bulk(state, here.check.judged, edit, selected)

    return changed(call, query, lambda: here.change(edited))


def _draft_all(context: Context, text: str) -> None:
    """By the host where it can, else the name, the class and ``text``."""
    here = context.draft
    wanted = drafting.todo(here, None, again=False)
    if context.interrogator is not None:
        interrogation.start(here, context.interrogator, wanted, text)
        return
    here.change(
        lambda state: state.with_captions(
            {pid: captions.drafted(state, state.item(pid), text, "template") for pid in wanted}
        )
    )


def preview(call: Call, body: CaptionsBody) -> CaptionsPreviewView:
    """What a change of many captions would do; nothing is changed."""
    here = call.context.draft
    state, judged = here.state, here.check.judged
    edit = edit_of(body, here)
    selected = None if body.photos is None else set(body.photos)
    rows = captions.changes(state, judged, edit, selected)
    names = {item.id: shown(here.path(item).name) for item in state.items}
    told = [
        CaptionChangeView(pid, names[pid], before, after)
        for pid, (before, after) in [*rows.items()][:MOST_PREVIEWED]
    ]
    return CaptionsPreviewView(len(rows), told)


def bring(call: Call, query: ChangeQuery, body: CaptionTableBody) -> DraftView:
    """Captions from a table: a line each for `photos` in their order,
    or rows with a file's name.
    """
    here = call.context.draft
    wanted = set(body.photos) if body.photos else None
    items = [i for i in here.state.items if wanted is None or i.id in wanted]
    names = tables.names_of([here.path(item) for item in items])
    brought = tables.read(body.text, body.form, names)
    texts = {items[place].id: text for place, text in brought.captions.items()}

    def bring_in() -> tuple[Message, ...]:
        here.change(lambda state: captions.by_hand(state, texts))
        return brought.notes

    return changed(call, query, bring_in)


def export(call: Call, query: TableQuery) -> Annotated[Response, Media("text/plain")]:
    """The captions of the photos that are used: .txt (a line each), .csv or .json."""
    here, texts = call.context.draft, texts_of(call.context.draft)
    items = [item for item in here.state.items if item.id in texts]
    names = tables.names_of([here.path(item) for item in items])
    rows = [
        tables.CaptionRow(name, texts[item.id], captions.by_of(item, here.check.judged))
        for name, item in zip(names, items, strict=True)
    ]
    name = f"captions.{query.form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(tables.written(rows, query.form), headers=headers, media_type="text/plain")
