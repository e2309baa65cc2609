"""The draft's routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from ...errors import Invalid, NotFound, Problem
from ...messages import Message
from ...options.params import fields_of_params
from ...page.draft import captions, interrogation
from ...page.draft.changes import MOST_ROWS, DraftView
from ...page.draft.state import State
from ...page.draft.view import photo_of
from ...page.shape import read
from ...paths import expanded
from ...photos.thumbnails import thumbnail
from ..bodies import CaptionsBody
from ..doors import Call, Refused, answer

YEAR = "private, max-age=31536000, immutable"
NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 256 256">'
    '<path d="M64 80h128v96H64zM64 176l48-48 28 28 20-20 32 32M96 40l64 176" '
    'fill="none" stroke="#808080" stroke-width="6"/></svg>'
)
"""A picture frame, struck through: a photo that can't be shown is an answer, not an error."""


def show(call: Call) -> Any:
    """What the user is preparing: photos, captions, training choices.

    With ``since``, the revision of an earlier answer, only photos that changed after it; with
    ``start`` and ``count`` only that page of the list.
    """
    draft, changes = call.context.draft, call.context.changes
    counts = (draft.drafting, draft.writing, draft.check.progress, *sorted(call.query.items()))
    tag = f'"{call.context.boot}-{draft.revision}-{hash(counts) & 0xFFFFFFFF:x}"'
    if call.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    count = call.number("count") if call.query.get("count") else None
    view = changes.view(call.number("since"), call.number("start"), count)
    return answer(call.context, view, headers={"ETag": tag})


def changed(call: Call, do: Callable[[], object]) -> DraftView:
    """Do it; what is different in the draft then, or since the revision that the page knows."""
    known = call.number("since") or call.context.changes.revision
    notes = do()
    return call.context.changes.view(
        known, count=MOST_ROWS, notes=notes if isinstance(notes, tuple) else ()
    )


def describe(call: Call) -> Any:
    """Change the name, the class or training choices, any part; an option set to null is the
    preset's again.
    """
    _refuse_foreign(call)
    return changed(call, lambda: call.context.draft.describe(call.body))


def _refuse_foreign(call: Call) -> None:
    """From afar: bases by their titles only, and only the options that we know by name."""
    training = call.body.get("training")
    if call.context.local or not isinstance(training, dict):
        return
    known = {field.name for field in fields_of_params()}
    values = training.get("values")
    foreign = sorted(set(values) - known) if isinstance(values, dict) else []
    if foreign:
        raise Refused(
            403,
            Message(
                "draft.afar_options_lora_bridge",
                "From afar only the options that LoRA Bridge knows can be set, not {foreign}: "
                "the WebUI runs with --listen or --share and without "
                "--enable-insecure-extension-access.",
                foreign=", ".join(foreign),
            ),
        )
    base = training.get("base")
    if base and base not in {offered.title for offered in call.context.models()}:
        raise Refused(
            403,
            Message(
                "draft.webuis_models", "{base} is not one of the WebUI's models.", base=repr(base)
            ),
        )


def upload(call: Call) -> Any:
    """Add pictures, captions (.txt under a photo's name) or zips, all or nothing."""
    if not call.files:
        raise Invalid([Problem("intake.none", "files", "there are none", "Send at least one.")])
    return changed(call, lambda: call.context.draft.upload(call.files))


def use_folder(call: Call) -> Any:
    """Take the photos of a folder, which stay where they are; null for none."""
    path = call.body.get("path")
    if path is not None and (not isinstance(path, str) or "\0" in path):
        raise Invalid(
            [
                Problem(
                    "draft.folders_path", "path", "{path} is not a folder's path", path=repr(path)
                )
            ]
        )
    text = (path or "").strip().strip('"')
    folder = expanded(text) if text else None
    return changed(call, lambda: call.context.draft.use_folder(folder))


def set_photo(call: Call) -> Any:
    """Use a photo or not, and its caption; null for what holds without a choice."""
    draft = call.context.draft
    draft.set_photo(call.path["pid"], call.body)
    return photo_of(draft.item(call.path["pid"]), draft.state, draft.check.judged)


def change_captions(call: Call) -> Any:
    """Change many captions at once, or take the last change back."""
    draft, asked = call.context.draft, read(CaptionsBody, call.body)
    text, by = asked.text or "", asked.with_ or ""
    if asked.action == "undo":
        return changed(call, lambda: draft.change(lambda state: state.undone()))
    if asked.action == "draft":
        return changed(call, lambda: interrogation.start(draft, call.context.interrogator, text))

    def edit(state: State) -> State:
        at_start = asked.where == "start"
        return captions.bulk(state, draft.check.judged, asked.action, text, by, at_start=at_start)

    return changed(call, lambda: draft.change(edit))


def clear(call: Call) -> Any:
    """Begin anew; the training choices stay."""
    return changed(call, call.context.draft.clear)


def thumb(call: Call) -> Any:
    """A photo, 256 pixels large."""
    draft, pid = call.context.draft, call.path["pid"]
    path = draft.path(draft.item(pid))
    from ...system.files import mark

    tag = f'"{mark(path)}"'
    headers = {
        "ETag": tag,
        "Cache-Control": YEAR if call.query.get("v") == mark(path) else "no-cache",
    }
    if call.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    try:
        picture = thumbnail(path, draft.thumbs_folder, str(pid))
    except NotFound:  # nothing to show; the photo's verdict says why
        return Response(NO_PICTURE, headers=headers, media_type="image/svg+xml")
    return Response(picture, headers=headers, media_type="image/jpeg")
