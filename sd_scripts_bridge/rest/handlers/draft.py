"""The draft's routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from starlette.responses import Response

from ...datasets.framing.buckets import Buckets
from ...errors import Invalid, NotFound, Problem
from ...messages import Message
from ...options.params import UNMASKED, fields_of_params
from ...page import plan, videos
from ...page.draft.changes import MOST_ROWS, DraftView
from ...page.draft.choices import DraftChange, PhotoChange, TrainingChange
from ...page.draft.looks import fixes, masks
from ...page.draft.looks.fixes import PhotoFix
from ...page.draft.looks.frames import FramesView, frames
from ...page.draft.subjects import SubjectChange, added, known
from ...page.draft.view import PhotoView, version_of
from ...page.videos import AskedFrames
from ...photos.thumbnails import large, thumbnail
from ...shapes.marks import ABSENT
from ...system.files import mark
from ..bodies.photos import FolderBody, PngBody, UploadBody, VideoFileBody, VideosBody
from ..doors import Call, Refused, answer
from ..queries import ChangeQuery, DraftQuery, ThumbQuery
from ..signature import Media

YEAR = "private, max-age=31536000, immutable"
NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 256 256">'
    '<path d="M64 80h128v96H64zM64 176l48-48 28 28 20-20 32 32M96 40l64 176" '
    'fill="none" stroke="#808080" stroke-width="6"/></svg>'
)
"""A picture frame, struck through: a photo that can't be shown is an answer, not an error."""


def show(call: Call, query: DraftQuery) -> DraftView | Response:
    """What the user is preparing: photos, captions, training choices.

    Without ``since`` all of it, with it only what has changed after that revision; with ``count``
    at most that many of those photos. An `ETag` makes an unchanged one a 304.
    """
    draft, changes = call.context.draft, call.context.changes
    shown = tuple(draft.videos.values())
    comparing = draft.check.people.progress if draft.check.people else None
    seen = (draft.drafting, draft.writing, draft.check.progress, comparing, shown, query)
    tag = f'"{call.context.boot}-{draft.revision}-{hash(seen) & 0xFFFFFFFF:x}"'
    if call.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    view = changes.view(query.since, query.start, query.count, brief=query.brief)
    return answer(call.context, view, headers={"ETag": tag})


def changed(call: Call, query: ChangeQuery, do: Callable[[], object]) -> DraftView:
    """Do it; what is different in the draft then, or since the revision that the page knows."""
    known = query.since or call.context.changes.revision
    done = do()
    notes = done if isinstance(done, tuple) else ()
    return call.context.changes.view(known, 0, MOST_ROWS, notes, brief=query.brief)


def describe(call: Call, query: ChangeQuery, body: DraftChange) -> DraftView:
    """Change the name, the class token or training choices, any part of them."""
    if body.training is not ABSENT and not call.context.local:
        _refuse_foreign(call, body.training)
    return changed(call, query, lambda: call.context.draft.describe(body))


def _refuse_foreign(call: Call, training: TrainingChange) -> None:
    """Remote clients choose bases by their titles only, and only options that we know by name."""
    known = {UNMASKED, *(field.name for field in fields_of_params())}
    values = {} if training.values is ABSENT else training.values
    foreign = sorted(set(values) - known)
    if foreign:
        raise Refused(
            403,
            Message(
                "draft.remote_options",
                "Remote clients can set only the options that LoRA Bridge knows, not {foreign}: "
                "the WebUI runs with --listen or --share and without "
                "--enable-insecure-extension-access.",
                foreign=", ".join(foreign),
            ),
        )
    base = None if training.base is ABSENT else training.base
    if base and base not in {offered.title for offered in call.context.models()}:
        raise Refused(
            403,
            Message(
                "draft.webuis_models", "{base} is not one of the WebUI's models.", base=repr(base)
            ),
        )


def upload(call: Call, query: ChangeQuery, body: UploadBody) -> DraftView:
    """Add photos, captions (.txt named after a photo) or zips, all or nothing."""
    if not body.files:
        raise Invalid([Problem("intake.none", "files", "there are none", "Send at least one.")])
    draft = call.context.draft
    known(draft.state, body.subject)
    return changed(call, query, lambda: draft.upload(body.files, body.subject))


def upload_videos(call: Call, query: ChangeQuery, body: VideosBody) -> DraftView:
    """Choose the sharpest, most different frames of videos, as jobs; they come in as photos."""
    context, files = call.context, body.files
    known(context.draft.state, body.subject)
    asked = AskedFrames(body.count, body.subject, context.face_models)
    return changed(
        call, query, lambda: videos.upload(context.draft, context.the_bridge, files, asked)
    )


def use_video(call: Call, query: ChangeQuery, body: VideoFileBody) -> DraftView:
    """The same of a video on this machine, which stays where it is."""
    context, video = call.context, body.video
    known(context.draft.state, body.subject)
    asked = AskedFrames(body.count, body.subject, context.face_models)
    return changed(
        call, query, lambda: videos.choose(context.draft, context.the_bridge, video, asked)
    )


def use_folder(call: Call, query: ChangeQuery, body: FolderBody) -> DraftView:
    """Take the photos of a folder, which stay where they are; again to see what changed there.
    Several folders of kohya's in it are taken with their names, classes and repeats.
    """
    draft = call.context.draft
    known(draft.state, body.subject)
    return changed(call, query, lambda: draft.use_folder(body.path, body.subject))


def add_subject(call: Call, query: ChangeQuery) -> DraftView:
    """Add another subject: all of them go into one LoRA."""
    return changed(call, query, lambda: call.context.draft.change(added))


def change_subject(call: Call, number: int, query: ChangeQuery, body: SubjectChange) -> DraftView:
    """Change a subject's name, class token, or how often an epoch shows its photos."""
    return changed(call, query, lambda: call.context.draft.change_subject(number, body))


def remove_subject(call: Call, number: int, query: ChangeQuery) -> DraftView:
    """Remove a subject and its photos from the draft; a folder of yours stays."""
    return changed(call, query, lambda: call.context.draft.remove_subject(number))


def set_photo(call: Call, pid: int, body: PhotoChange) -> PhotoView:
    """Use a photo or not; hold it out; its caption, its turn, and where its frame is."""
    draft = call.context.draft
    draft.set_photo(pid, body)
    return _photo(call, pid)


def undo_photos(call: Call, query: ChangeQuery) -> DraftView:
    """Undo the last change of a photo's use, turn or frame."""
    draft = call.context.draft
    return changed(call, query, lambda: draft.change(lambda state: state.photos_undone()))


def fix(call: Call, query: ChangeQuery, body: PhotoFix) -> DraftView:
    """Do at once what can be done about a finding, on the copies: turn photos upright, move frames
    onto faces, leave photos out, or keep the better of nearly the same ones. One undo takes it
    back.
    """
    buckets = Buckets(plan.make(call.context).params)
    return changed(call, query, lambda: fixes.apply(call.context.draft, body, buckets))


def show_frames(call: Call) -> FramesView:
    """What the trainer will see of each photo, with the options that hold now."""
    made = plan.make(call.context)
    return frames(call.context.draft, made.params, made.repeats)


def clear(call: Call, query: ChangeQuery) -> DraftView:
    """Start over with no photos and no name; the training choices stay."""
    return changed(call, query, call.context.draft.clear)


def thumb(call: Call, pid: int, query: ThumbQuery) -> Annotated[Response, Media("image/jpeg")]:
    """A photo, 256 pixels large, grey where its mask hides it while masks are trained; a
    struck-through frame (SVG) where it can't be shown.
    """
    draft = call.context.draft
    item, verdict = draft.item(pid), draft.check.judged.verdicts.get(pid)
    path = draft.path(item)
    version, masked = version_of(item, mark(path)), None
    if draft.state.training.masks and masks.source_of(item, verdict):
        version, masked = f"{version}-masked{item.mask}", partial(masks.trained, draft, item)
    make = partial(thumbnail, path, draft.thumbs_folder, str(pid), item.turn, masked)
    return _picture(call, query, version, make)


def picture(call: Call, pid: int, query: ThumbQuery) -> Annotated[Response, Media("image/jpeg")]:
    """A photo, at most 1024 pixels large and without its mask; a struck-through frame (SVG) where
    it can't be shown.
    """
    draft = call.context.draft
    item = draft.item(pid)
    path = draft.path(item)
    return _picture(call, query, version_of(item, mark(path)), partial(large, path, item.turn))


def _picture(call: Call, query: ThumbQuery, version: str, make: Callable[[], bytes]) -> Response:
    tag, caching = f'"{version}"', YEAR if query.v == version else "no-cache"
    headers = {"ETag": tag, "Cache-Control": caching}
    if call.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    try:
        return Response(make(), headers=headers, media_type="image/jpeg")
    except NotFound:  # nothing to show; the photo's verdict says why
        return Response(NO_PICTURE, headers=headers, media_type="image/svg+xml")


def mask(call: Call, pid: int, query: ThumbQuery) -> Annotated[Response, Media("image/png")]:  # noqa: ARG001  # its version is for the browser
    """A photo's mask as the photo is turned, at most 1024 pixels large: white is trained."""
    data = masks.png(call.context.draft, pid)
    return Response(data, media_type="image/png", headers={"Cache-Control": "no-cache"})


def paint_mask(call: Call, pid: int, body: PngBody) -> PhotoView:
    """Take a PNG as a photo's mask, and train with masks from then.

    White is trained, black is ignored, grey in part. It has the shape of the photo as that is
    turned, and may be smaller.
    """
    masks.put(call.context.draft, pid, body.data)
    return _photo(call, pid)


def forget_mask(call: Call, pid: int) -> PhotoView:
    """Forget the mask that was painted: the one beside the photo, or its transparency, counts."""
    masks.drop(call.context.draft, pid)
    return _photo(call, pid)


def mask_face(call: Call, pid: int) -> PhotoView:
    """A box around the largest face as a photo's mask; needs a face detector."""
    masks.around_face(call.context.draft, pid)
    return _photo(call, pid)


def _photo(call: Call, pid: int) -> PhotoView:
    return call.context.changes.photo(pid)
