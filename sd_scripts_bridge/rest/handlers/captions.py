"""Captioners over HTTP."""

from __future__ import annotations

from ...captioning.captioner import Captioner, named
from ...captioning.request import CaptionRequest
from ...page.context import started
from ..bodies import CaptionBody
from ..doors import Call
from ..views import QueuedView


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


def _captioner(body: CaptionBody) -> Captioner:
    aspects = body.template.said() if body.template else {}
    return named(body.with_, body.model or "", body.prompt or "", aspects)
