"""Every request passes here: login, nonce, kind and size of its body; and every error leaves as
docs/rest.md says.
"""

from __future__ import annotations

import gzip
import hmac
import importlib
import inspect
import json
import shutil
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from .. import __version__
from ..errors import BridgeError, Conflict, EngineNotReady, Invalid, NotFound, Problem
from ..messages import Message, found_in
from ..page.context import Context
from ..page.draft.intake import Upload
from ..page.shape import plain
from .body import Refused, aside, boundary_of, read_files, read_json
from .origin import FRAMING, is_foreign
from .privacy import Privacy, without_secrets
from .routes import JSON, NONCE_HEADER, PARTS, Rule

YES_NO: Mapping[str, bool] = {"true": True, "false": False}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
DIGITS = 18
"""Of a number in an address or a query; SQLite's end at 19."""
PACKED_FROM = 1000
"""Bytes from which an answer goes compressed, to whoever can read that."""


STATUS: Mapping[type[BridgeError], int] = {
    Invalid: 422,
    EngineNotReady: 503,
    NotFound: 404,
    Conflict: 409,
}


@dataclass(frozen=True)
class Call:
    """What a handler gets. ``body`` is the parsed JSON object of a POST, or the texts beside its
    ``files``, which are there until it is answered.
    """

    context: Context
    path: Mapping[str, int]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    files: Sequence[Upload] = ()

    def number(self, name: str, default: int = 0) -> int:
        """A whole number from the query. Raises `Invalid`."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not text.isdecimal() or not text.isascii() or len(text) > DIGITS:
            raise Invalid(
                [
                    Problem(
                        "doors.whole_number",
                        name,
                        "{text_name} is not a whole number",
                        text_name=repr(text[:40]),
                    )
                ]
            )
        return int(text)


Handler = Callable[[Call], Any]


def entrance(context: Context, rules: Sequence[Rule]) -> ASGIApp:
    """The app behind the prefix."""
    paths: dict[str, dict[str, Rule]] = {}
    for rule in rules:
        paths.setdefault(rule.path, {})[rule.method] = rule
    routes = [
        Route(path, _endpoint(context, methods), methods=METHODS) for path, methods in paths.items()
    ]
    return Router([*routes, Route("/{rest:path}", _endpoint(context, {}), methods=METHODS)])


def _endpoint(context: Context, rules: Mapping[str, Rule]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        response = await attempt(request)
        response.headers.update({"X-Content-Type-Options": "nosniff", **FRAMING})
        return response

    async def attempt(request: Request) -> Response:
        try:
            return await _answer(context, rules, request)
        except HTTPException as error:
            return _error(context, error.status_code, [str(error.detail)], headers=error.headers)
        except BridgeError as error:
            return _bridge_error(context, error)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _error(context, 500, [f"{where}{error.strerror or error}."])
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  # the edge: a defect of ours, whole in the log, one sentence for the page
            traceback.print_exc()
            return _error(context, 500, [_defect(context, error)])

    return endpoint


async def _answer(context: Context, rules: Mapping[str, Rule], request: Request) -> Response:
    if context.guard is not None:
        found = context.guard(request)
        if inspect.isawaitable(found):
            await found
    if not rules:
        raise Refused(
            404,
            Message(
                "doors.such_address_docs_rest",
                "There is no such address here; docs/rest.md lists them.",
            ),
        )
    rule = rules.get("GET" if request.method == "HEAD" else request.method)
    if rule is None:
        raise Refused(
            405,
            Message(
                "doors.done",
                "{method} is not done here, only {rules}.",
                method=request.method,
                rules=" and ".join(rules),
            ),
        )
    if rule.method == "GET":
        _refuse_from_afar(context, rule)
    if rule.method == "GET":
        return await run_in_threadpool(_handle, context, rule, request, {}, ())
    kind = _refuse_strangers(context, rule, request)
    stated = request.headers.get("content-length", "")
    size = int(stated) if stated.isdecimal() else 0
    if kind == JSON:
        body = await read_json(request.stream(), size)
        return await run_in_threadpool(_handle, context, rule, request, body, ())
    return await _answer_files(context, rule, request, size)


async def _answer_files(context: Context, rule: Rule, request: Request, size: int) -> Response:
    """Its files lie aside until it is answered."""
    boundary = boundary_of(request.headers["content-type"])
    folder = await run_in_threadpool(lambda: aside(context.the_bridge.home.root))
    try:
        got = await read_files(request.stream(), size, boundary, folder)
        fields = {name: YES_NO.get(text, text) for name, text in got.fields.items()}
        return await run_in_threadpool(_handle, context, rule, request, fields, got.files)
    finally:
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def _refuse_strangers(context: Context, rule: Rule, request: Request) -> str:
    """The kind of a POST's body, which is one that the route takes. Raises `Refused`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in rule.takes:
        raise Refused(
            415,
            Message(
                "doors.post_needs_content_type",
                "A POST needs Content-Type: {kinds}.",
                kinds=" or ".join(rule.takes),
            ),
        )
    if not hmac.compare_digest(
        request.headers.get(NONCE_HEADER, "").encode(), context.nonce.encode()
    ):
        raise Refused(
            403,
            Message(
                "doors.page_belongs_earlier_start",
                "This page belongs to an earlier start of the server. Reload it.",
            ),
        )
    if is_foreign(request.headers):
        raise Refused(
            403,
            Message(
                "doors.other_site",
                "This request comes from another site's page. Open LoRA Bridge's own.",
            ),
        )
    _refuse_from_afar(context, rule)
    return kind


def _refuse_from_afar(context: Context, rule: Rule) -> None:
    if rule.only_local and not context.local:
        raise Refused(
            403,
            Message(
                "doors.cant_used_afar_webui",
                "{only_local} can't be used from afar: the WebUI runs with --listen or --share "
                "and without --enable-insecure-extension-access.",
                only_local=rule.only_local,
            ),
        )


def _handle(
    context: Context,
    rule: Rule,
    request: Request,
    body: Mapping[str, Any],
    files: Sequence[Upload],
) -> Response:
    """In a worker thread: do it, write the JSON."""
    call = Call(context, _numbers(request), request.query_params, request.headers, body, files)
    result = handler_of(rule)(call)
    response = result if isinstance(result, Response) else answer(context, result)
    return packed(response) if "gzip" in request.headers.get("accept-encoding", "") else response


def packed(response: Response) -> Response:
    """The answer compressed, where it is JSON and worth it."""
    if response.media_type != "application/json" or len(response.body) < PACKED_FROM:
        return response
    response.body = gzip.compress(response.body, 4)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _numbers(request: Request) -> dict[str, int]:
    """What the address names, which is always a number. Raises `Refused`."""
    names = {name: str(value) for name, value in request.path_params.items()}
    for text in names.values():
        if not (text.isdecimal() and text.isascii() and len(text) <= DIGITS):
            raise Refused(
                404,
                Message(
                    "doors.there_is_no", "There is no {text_name} here.", text_name=repr(text[:40])
                ),
            )
    return {name: int(text) for name, text in names.items()}


def handler_of(rule: Rule) -> Handler:
    """The function that answers a route."""
    module, _, name = rule.handler.partition(":")
    handler: Handler = getattr(importlib.import_module(PARTS + module), name)
    return handler


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
        "application/json",
    )


# ---- errors ----


def _bridge_error(context: Context, error: BridgeError) -> Response:
    if isinstance(error, Refused):
        return _error(context, error.status, [error.message])
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 409)
    problems: Sequence[Problem] = getattr(error, "problems", ())
    return _error(
        context, status, [problem.sentence for problem in problems] or [error.message], problems
    )


def _error(
    context: Context,
    status: int,
    sentences: Sequence[str],
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    rows = [problem.as_dict() for problem in problems]
    error = without_secrets({"sentences": list(sentences), "problems": rows})
    return answer(context, {"error": error}, status, headers)


def _defect(context: Context, error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{place.filename if context.local else place.filename.replace(chr(92), '/').rpartition('/')[2]}:{place.lineno}"
    said = f"{type(error).__name__}: {error}" if context.local else type(error).__name__
    return Message(
        "rest.defect_lora_bridge_please",
        "This is a defect of LoRA Bridge {version__}. Please report it with this line: {said} "
        "({where_name}).",
        version__=__version__,
        said=said,
        where_name=where,
    )


__all__ = ["Call", "JSONResponse", "Refused", "answer", "entrance", "handler_of"]
