"""The draft's routes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ...datasets.caption_edits import ACTIONS
from ...errors import Invalid, NotFound, Problem
from ...messages import Message
from ...options.params import fields_of_params
from ...page.draft import captions, interrogation
from ...page.draft.intake import uploads
from ...page.draft.view import draft_dict, photo_dict
from ...paths import expanded
from ...photos.thumbnails import thumbnail
from ..doors import Call, Refused, answer

YEAR = "private, max-age=31536000, immutable"
NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 256 256">'
    '<path d="M64 80h128v96H64zM64 176l48-48 28 28 20-20 32 32M96 40l64 176" '
    'fill="none" stroke="#808080" stroke-width="6"/></svg>'
)
"""A picture frame, struck through: a photo that can't be shown is an answer, not an error."""


def show(call: Call) -> Any:
    """What the user is preparing: photos, captions, training choices."""
    draft = call.context.draft
    counts = (draft.drafting, draft.writing, draft.check.progress)
    tag = f'"{call.context.boot}-{draft.revision}-{hash(counts) & 0xFFFFFF:x}"'
    if call.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    return answer(call.context, draft_dict(draft), headers={"ETag": tag})


def describe(call: Call) -> Any:
    """Change the name, the class or training choices, any part; an option set to null is the
    preset's again.
    """
    _refuse_foreign(call)
    call.context.draft.describe(call.body)
    return draft_dict(call.context.draft)


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
    notes = call.context.draft.upload(uploads(call.body.get("files")))
    return {**draft_dict(call.context.draft), "notes": notes}


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
    call.context.draft.use_folder(expanded(text) if text else None)
    return draft_dict(call.context.draft)


def set_photo(call: Call) -> Any:
    """Use a photo or not, and its caption; null for what holds without a choice."""
    draft = call.context.draft
    draft.set_photo(call.path["pid"], call.body)
    return photo_dict(draft.item(call.path["pid"]), draft.state, draft.check.judged)


def change_captions(call: Call) -> Any:
    """Change many captions at once, or take the last change back."""
    draft, action = call.context.draft, call.body.get("action")
    if action not in ACTIONS:
        raise Invalid(
            [
                Problem(
                    "draft.is_not_one",
                    "action",
                    "{action} is not one of {actions}",
                    action=repr(action),
                    actions=", ".join(ACTIONS),
                )
            ]
        )
    text, by = _text(call, "text"), _text(call, "with")
    if action == "undo":
        draft.change(lambda state: state.undone())
    elif action == "draft":
        interrogation.start(draft, call.context.interrogator, text)
    else:
        at_start = call.body.get("where") == "start"
        draft.change(
            lambda s: captions.bulk(s, draft.check.judged, action, text, by, at_start=at_start)
        )
    return draft_dict(draft)


def _text(call: Call, name: str) -> str:
    value = call.body.get(name) or ""
    if not isinstance(value, str) or len(value) > 1000:
        raise Invalid(
            [
                Problem(
                    "draft.text_characters_3",
                    name,
                    "{value} is not a text of up to 1000 characters",
                    value=repr(str(value)[:40]),
                )
            ]
        )
    return value


def clear(call: Call) -> Any:
    """Begin anew; the training choices stay."""
    call.context.draft.clear()
    return draft_dict(call.context.draft)


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
