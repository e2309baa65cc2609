"""How an answer leaves: as JSON, without this machine's paths for remote clients, and every error
as docs/rest.md says.
"""

from __future__ import annotations

import gzip
import json
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from .. import __version__
from ..errors import BridgeError, Conflict, EngineNotReady, Invalid, NotFound, Problem
from ..messages import Message, found_in
from ..page.context import Context
from ..shapes.plain import plain
from .body import Refused
from .privacy import Privacy, without_secrets
from .routes import JSON

PACKED_FROM = 1000
"""Bytes from which an answer goes compressed, to whoever can read that."""
STATUS: Mapping[type[BridgeError], int] = {
    Invalid: 422,
    EngineNotReady: 503,
    NotFound: 404,
    Conflict: 409,
}


def answer(
    context: Context, data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """``data`` as JSON, without this machine's paths where the page is not local.

    Never kept by a cache.
    """
    data = plain(data)
    if isinstance(data, dict) and (messages := found_in(data)):
        data = {**data, "messages": messages}
    if not context.local:
        data = Privacy.of(context).hidden(data)
    content = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        content.encode("utf-8", "backslashreplace"),
        status,
        {"Cache-Control": "no-cache", **(headers or {})},
        JSON,
    )


def packed(response: Response) -> Response:
    """The answer compressed, where it is JSON and worth it."""
    if response.media_type != JSON or len(response.body) < PACKED_FROM:
        return response
    response.body = gzip.compress(response.body, 4)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    response.headers["Vary"] = "Accept-Encoding"
    return response


def refusal(context: Context, error: BridgeError) -> Response:
    """An error of ours, with all its problems."""
    if isinstance(error, Refused):
        return failure(context, error.status, [error.message])
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 409)
    problems: Sequence[Problem] = getattr(error, "problems", ())
    sentences = [problem.sentence for problem in problems] or [error.message]
    return failure(context, status, sentences, problems)


def failure(
    context: Context,
    status: int,
    sentences: Sequence[str],
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """docs/rest.md's `Error`, without passwords and keys."""
    rows = [problem.as_dict() for problem in problems]
    error = without_secrets({"sentences": list(sentences), "problems": rows})
    return answer(context, {"error": error}, status, headers)


def defect(context: Context, error: Exception) -> Response:
    """An error that is none of ours: where it happened;
    remote clients get no paths and no values.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    file = place.filename if context.local else place.filename.replace("\\", "/").rpartition("/")[2]
    said = f"{type(error).__name__}: {error}" if context.local else type(error).__name__
    sentence = Message(
        "rest.defect_lora_bridge_please",
        "This is a bug in LoRA Bridge {version__}. Please report it with this line: {said} "
        "({where_name}).",
        version__=__version__,
        said=said,
        where_name=f"{file}:{place.lineno}",
    )
    return failure(context, 500, [sentence])
