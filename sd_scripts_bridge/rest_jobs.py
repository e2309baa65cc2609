"""The queue's routes."""

from __future__ import annotations

from typing import Any

from .rest_doors import Call


def status(call: Call) -> Any:
    job = call.number("job", -1) if call.query.get("job") else None
    return {"boot": call.context.boot, **call.context.views.status(job, call.number("since"))}
