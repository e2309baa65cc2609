"""The routes as an OpenAPI 3.1 description, from their handlers' types and docstrings."""

from __future__ import annotations

import re
from dataclasses import MISSING
from typing import Any

from .. import __version__
from ..shapes.marks import Json, kinds, named
from ..shapes.schema import schema
from .bodies.photos import PngBody
from .routes import CHANGES, JSON, NONCE_HEADER, PNG, PREFIX, RULES, Rule
from .signature import Nothing, Signature, signature_of
from .views import ErrorView

DESCRIPTION = f"""
Everything that the tab and the command line do. A GET changes nothing. A POST needs the page's
nonce in {NONCE_HEADER}: the tab's HTML carries it as data-nonce, and it is made when the server
starts. The host's own login applies: a gradio login where there is one, else --api-auth (HTTP
Basic), else nothing. Routes marked as local are refused (403) while the WebUI runs with --listen or
--share and without --enable-insecure-extension-access; other answers then name no paths of the
server.
"""
LICENSE = {"name": "AGPL-3.0-only", "identifier": "AGPL-3.0-only"}
LOGINS = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "access-token",
        "description": "the host's gradio login",
    },
    "basic": {"type": "http", "scheme": "basic", "description": "--api-auth"},
}
MEANINGS = {
    401: "log in to the host first",
    403: "the nonce of an earlier start, or a remote client",
    404: "not found",
    409: "it doesn't fit the present state",
    413: "too large",
    415: "another content type",
    422: "it can't be used: all problems at once",
    503: "no engine is ready",
}
OF_EVERY_POST = (403, 413, 415, 422)
NUMBER: Json = {"type": "integer", "minimum": 0}
NONCE: Json = {
    "name": NONCE_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "the page's nonce",
}


def description() -> Json:
    """The whole document."""
    shapes: dict[str, Json] = {}
    error = schema(ErrorView, shapes)
    paths: dict[str, Json] = {}
    for rule in RULES:
        operation = _operation(rule, signature_of(rule), shapes, error)
        paths.setdefault(rule.path, {})[rule.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LoRA Bridge",
            "version": __version__,
            "description": " ".join(DESCRIPTION.split()),
            "license": LICENSE,
        },
        "servers": [{"url": PREFIX}],
        "security": [{}, {"session": []}, {"basic": []}],
        "paths": paths,
        "components": {"schemas": shapes, "securitySchemes": LOGINS},
    }


def _operation(rule: Rule, types: Signature, shapes: dict[str, Json], error: Json) -> Json:
    what, _, more = (types.handler.__doc__ or "").partition("\n\n")
    local = "Only where the page is local." if rule.only_local else ""
    found = {
        "operationId": re.sub(r"\W+", "_", f"{rule.method.lower()}{rule.path}").strip("_"),
        "summary": " ".join(what.split()),
        "description": " ".join(f"{more} {local}".split()),
        "parameters": _parameters(rule, types, shapes),
        "responses": _responses(rule, types, shapes, error),
    }
    if types.body is PngBody:
        found["requestBody"] = {"required": True, "content": {PNG: {"schema": PNG_FILE}}}
    elif rule.method == "POST":
        said = schema(types.body, shapes) if types.body is not Nothing else NO_FIELDS
        content = {kind: {"schema": said} for kind in types.takes}
        found["requestBody"] = {"required": True, "content": content}
    return found


PNG_FILE: Json = {"type": "string", "contentMediaType": PNG}
NO_FIELDS: Json = {"type": "object", "properties": {}}


def _parameters(rule: Rule, types: Signature, shapes: dict[str, Json]) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", rule.path)
    found = [{"name": name, "in": "path", "required": True, "schema": NUMBER} for name in names]
    found += _query(types.query, shapes) if types.query else []
    return [*found, NONCE] if rule.method in CHANGES else found


def _query(query: type[Any], shapes: dict[str, Json]) -> list[Json]:
    found = []
    for name, field in named(query).items():
        said = schema(kinds(query)[name], shapes)
        about = said.pop("description", "")
        if field.default not in (MISSING, None, ""):
            said["default"] = field.default
        needed = field.default is MISSING
        found.append(
            {
                "name": name,
                "in": "query",
                "required": needed,
                "schema": said,
                "description": about,
            }
        )
    return found


def _responses(rule: Rule, types: Signature, shapes: dict[str, Json], error: Json) -> Json:
    codes = {401, *rule.errors, *(OF_EVERY_POST if rule.method in CHANGES else ())}
    codes |= {403} if rule.only_local else set()
    refused = {"content": {JSON: {"schema": error}}}
    file = {"type": "string", "contentMediaType": types.media}
    told = schema(types.answer, shapes) if types.answer else file
    return {
        "200": {"description": "done", "content": {types.media: {"schema": told}}},
        **{str(code): {"description": MEANINGS[code], **refused} for code in sorted(codes)},
        "500": {"description": "a defect of ours", **refused},
    }
