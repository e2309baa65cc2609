"""Every request passes here: login, nonce, kind and size of its body; its handler gets what the
types of its parameters say.
"""

from __future__ import annotations

import hmac
import inspect
import shutil
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from ..errors import BridgeError
from ..messages import Message
from ..page.context import Context
from ..shapes.marks import bare, kinds
from ..shapes.reader import YES_NO, is_number, read, read_query
from .answers import answer, defect, failure, packed, refusal
from .bodies.photos import PngBody
from .body import Refused, aside, boundary_of, read_bytes, read_files, read_json
from .origin import FRAMING, is_foreign
from .routes import JSON, NONCE_HEADER, PNG, Rule
from .signature import Nothing, signature_of

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class Call:
    """What a handler gets besides the address's numbers, the query and the body."""

    context: Context
    headers: Mapping[str, str]


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
            return failure(context, error.status_code, [str(error.detail)], headers=error.headers)
        except BridgeError as error:
            return refusal(context, error)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return failure(context, 500, [f"{where}{error.strerror or error}."])
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  # the edge: a defect of ours, whole in the log, one sentence for the page
            traceback.print_exc()
            return defect(context, error)

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
                "There is no such address; docs/rest.md lists them.",
            ),
        )
    rule = rules.get("GET" if request.method == "HEAD" else request.method)
    if rule is None:
        raise Refused(
            405,
            Message(
                "doors.done",
                "{method} is not allowed here, only {rules}.",
                method=request.method,
                rules=" and ".join(rules),
            ),
        )
    if rule.method == "GET":
        _refuse_remote(context, rule)
        return await run_in_threadpool(_handle, context, rule, request, None)
    kind = _refuse_strangers(context, rule, request)
    stated = request.headers.get("content-length", "")
    size = int(stated) if stated.isdecimal() else 0
    if kind == PNG:
        data = await read_bytes(request.stream(), size)
        return await run_in_threadpool(_handle, context, rule, request, PngBody(data))
    if kind == JSON:
        body = await read_json(request.stream(), size)
        return await run_in_threadpool(_handle, context, rule, request, body)
    return await _answer_files(context, rule, request, size)


async def _answer_files(context: Context, rule: Rule, request: Request, size: int) -> Response:
    """Its files lie aside until it is answered."""
    boundary = boundary_of(request.headers["content-type"])
    folder = await run_in_threadpool(lambda: aside(context.the_bridge.home.root))
    try:
        got = await read_files(request.stream(), size, boundary, folder)
        body = {**_typed(got.fields, signature_of(rule).body), "files": got.files}
        return await run_in_threadpool(_handle, context, rule, request, body)
    finally:
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def _typed(texts: Mapping[str, str], shape: type[Any]) -> dict[str, Any]:
    """A form's texts as JSON would say them: numbers where the shape has whole numbers."""
    numbers = {name for name, kind in kinds(shape).items() if bare(kind)[0] is int}
    return {
        name: int(text) if name in numbers and is_number(text) else YES_NO.get(text, text)
        for name, text in texts.items()
    }


def _refuse_strangers(context: Context, rule: Rule, request: Request) -> str:
    """The kind of a POST's body, which is one that the route takes. Raises `Refused`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    takes = signature_of(rule).takes
    if rule.method == "DELETE" and not kind:
        kind = JSON  # it says nothing
    if kind not in takes:
        raise Refused(
            415,
            Message(
                "doors.post_needs_content_type",
                "A {method} needs Content-Type: {kinds}.",
                method=rule.method,
                kinds=" or ".join(takes),
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
    _refuse_remote(context, rule)
    return kind


def _refuse_remote(context: Context, rule: Rule) -> None:
    if rule.only_local and not context.local:
        raise Refused(
            403,
            Message(
                "doors.remote",
                "{only_local} are disabled for remote clients, because the WebUI runs with "
                "--listen or --share and without --enable-insecure-extension-access.",
                only_local=rule.only_local,
            ),
        )


def _handle(context: Context, rule: Rule, request: Request, body: Any) -> Response:
    """In a worker thread: do it, write the JSON. ``body`` is None for a GET."""
    types = signature_of(rule)
    given: dict[str, Any] = _numbers(request)
    if types.query is not None:
        given["query"] = read_query(types.query, request.query_params)
    if body is not None:
        said = body if isinstance(body, PngBody) else read(types.body, body)
        given |= {} if types.body is Nothing else {"body": said}
    result = types.handler(Call(context, request.headers), **given)
    response = result if isinstance(result, Response) else answer(context, result)
    return packed(response) if "gzip" in request.headers.get("accept-encoding", "") else response


def _numbers(request: Request) -> dict[str, int]:
    """What the address names, which is always a number. Raises `Refused`."""
    names = {name: str(value) for name, value in request.path_params.items()}
    for text in names.values():
        if not is_number(text):
            raise Refused(
                404,
                Message(
                    "doors.there_is_no",
                    "{text_name} was not found here.",
                    text_name=repr(text[:40]),
                ),
            )
    return {name: int(text) for name, text in names.items()}


__all__ = ["Call", "Refused", "answer", "entrance"]
