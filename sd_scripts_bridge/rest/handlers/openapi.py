"""The routes as an OpenAPI 3.1 description: `RULES`, the handlers' docstrings, and what each takes
and gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import __version__
from ...engines import ENGINES
from ...jobs.folder import KEEP
from ...page import shape as shapes
from ...page.draft.changes import DraftView
from ...page.strip import StripView
from ...page.tidying import CleanView
from .. import schemas
from ..bodies import (
    CaptionsBody,
    CheckBody,
    CleanBody,
    PauseBody,
    PromptsBody,
    PublishJobBody,
    StopBody,
)
from ..doors import Call, handler_of
from ..routes import NONCE_HEADER, PREFIX, RULES, Rule
from ..schemas import (
    NUMBER,
    SCHEMAS,
    TEXT,
    TEXTS,
    VALUES,
    WHOLE,
    YES_NO,
    Schema,
    body,
    many,
    ref,
    shape,
    some,
    words,
)

DESCRIPTION = f"""
Everything that the tab and the command line do. A GET changes nothing. A POST needs the page's nonce in {NONCE_HEADER}: the
tab's HTML carries it as data-nonce, made anew with each start. The host's own login applies: a gradio login where there is
one, else --api-auth (HTTP Basic), else nothing. Routes marked as local are refused (403) while the WebUI runs with --listen
or --share and without --enable-insecure-extension-access; other answers then name no paths of the server.
"""

TOLD = (
    DraftView,
    CaptionsBody,
    CheckBody,
    CleanBody,
    CleanView,
    PauseBody,
    PromptsBody,
    PublishJobBody,
    StopBody,
    StripView,
)

MEANINGS = {
    401: "log in to the host first",
    403: "another start's nonce, or not from afar",
    404: "there is no such thing",
    409: "it doesn't fit the present state",
    413: "too large",
    415: "not JSON",
    422: "it can't be used: all problems at once",
    503: "no engine is ready",
}


@dataclass(frozen=True)
class Doc:
    """What a route takes and gives, and which errors it has besides those that every one has."""

    gives: Schema
    query: Mapping[str, tuple[Schema, str]] = field(default_factory=dict)
    takes: Schema | None = None
    errors: tuple[int, ...] = ()
    media: str = "application/json"


def _file(media: str) -> Doc:
    return Doc({"type": "string", "contentMediaType": media}, errors=(404,), media=media)


FILES, PATH, QUEUED = schemas.FILES, schemas.PATH, schemas.QUEUED
_LINES = (WHOLE, "how many of the last lines, 1 to 5000 (40)")
_AGAIN = Doc(shape(sentence=TEXT, notes=TEXTS), takes=body(), errors=(404, 409))
_BASES = shape(bases=many(ref("Base")), looked=TEXTS)
_PICTURE = {"type": "string", "contentMediaType": "image/png"}
_FILE = {"file": (TEXT, "its name in the Lora folder")}
_SEARCH = (TEXT, "only options with all these words in their name or help")

DOCS: Mapping[str, Doc] = {
    "GET /status": Doc(
        ref("Status"),
        {"job": (WHOLE, "follow this job"), "since": (WHOLE, "seq of the last answer")},
        errors=(404, 422),
    ),
    "GET /jobs": Doc(
        shape(jobs=many(ref("Job")), more=YES_NO, found=WHOLE, total=WHOLE),
        {
            "count": (WHOLE, "how many, 1 to 500 (50)"),
            "below": (WHOLE, "only jobs with a smaller number: the next page"),
            "search": (TEXT, "only jobs with all these words: name, base, sentence, number"),
            "status": (TEXT, "only these, with commas between: failed,lost"),
        },
        errors=(422,),
    ),
    "POST /jobs": Doc(
        QUEUED,
        takes=body(
            dataset=PATH,
            base=PATH,
            config=PATH,
            lora_dir=PATH,
            engine=words(*ENGINES),
            preset=TEXT,
            values=VALUES,
            name=TEXT,
            gpu=WHOLE,
            launch=schemas.LAUNCH,
            on=schemas.CLUSTER,
        ),
        errors=(409, 422, 503),
    ),
    "GET /jobs/{job}": Doc(
        {
            "allOf": [
                ref("Job"),
                shape(
                    spec={"type": "object"},
                    report=some({"type": "object"}),
                    strip=some(ref("Strip")),
                ),
            ]
        },
        errors=(404,),
    ),
    "GET /jobs/{job}/events": Doc(
        shape(events=many(shape(seq=WHOLE, time={"type": "number"}, attempt=WHOLE, type=TEXT))),
        {"after": (WHOLE, "only events after this seq")},
        errors=(404, 422),
    ),
    "GET /jobs/{job}/log": Doc(shape(lines=TEXTS), {"lines": _LINES}, errors=(404, 422)),
    "GET /jobs/{job}/report": Doc(shape(text=TEXT), errors=(404,)),
    "GET /jobs/{job}/samples/{number}": _file("image/png"),
    "GET /jobs/{job}/prompts": Doc(shape(text=TEXT), errors=(404,)),
    "POST /jobs/{job}/prompts": Doc(
        schemas.SENTENCE, takes=ref("PromptsBody"), errors=(404, 409, 422)
    ),
    "GET /jobs/{job}/preview": _file("image/png"),
    "GET /jobs/{job}/result": Doc(ref("Result"), errors=(404, 409)),
    "GET /jobs/{job}/export": Doc(
        {"type": "string", "contentMediaType": "application/zip"},
        {"format": (words("toml", "kohya", "sh"), "for whom")},
        errors=(404, 409, 422),
        media="application/zip",
    ),
    "POST /jobs/{job}/stop": Doc(schemas.SENTENCE, takes=ref("StopBody"), errors=(404, 409, 422)),
    "POST /jobs/{job}/pause": Doc(schemas.SENTENCE, takes=ref("PauseBody"), errors=(404, 409, 422)),
    "POST /jobs/{job}/resume": _AGAIN,
    "POST /jobs/{job}/retry": _AGAIN,
    "POST /jobs/{job}/publish": Doc(
        {
            "allOf": [
                schemas.SENTENCE,
                shape(path=TEXT, stem=TEXT, activation_text=TEXT, notes=TEXTS),
            ]
        },
        takes=ref("PublishJobBody"),
        errors=(404, 409, 422),
    ),
    "POST /jobs/{job}/remove": Doc(schemas.SENTENCE, takes=body(), errors=(404, 409)),
    "POST /jobs/{job}/forget": _AGAIN,
    "GET /clean": Doc(
        ref("Clean"),
        {"keep": (words(*KEEP), "what this rule would free, instead of the one that holds")},
        errors=(422,),
    ),
    "POST /clean": Doc(ref("Clean"), takes=ref("CleanBody"), errors=(422,)),
    "GET /draft": Doc(
        ref("Draft"),
        {
            "since": (WHOLE, "the revision that is known: only what has changed after it"),
            "start": (WHOLE, "of the photos that changed: from this one on"),
            "count": (WHOLE, "of the photos that changed: at most so many"),
        },
        errors=(422,),
    ),
    "POST /draft": Doc(
        ref("Draft"),
        takes=body(
            name=TEXT, class_token=TEXT, training=ref("Training"), was=many({"type": "object"})
        ),
        errors=(409, 422),
    ),
    "POST /draft/photos": Doc(
        ref("Draft"),
        takes=body("files", files=FILES),
        errors=(413, 422),
    ),
    "POST /draft/folder": Doc(ref("Draft"), takes=body("path", path=some(PATH)), errors=(422,)),
    "POST /draft/photo/{pid}": Doc(
        ref("Photo"),
        takes=body(used=some(YES_NO), caption=some(TEXT), was=many({"type": "object"})),
        errors=(404, 409, 422),
    ),
    "GET /draft/photo/{pid}/thumb": _file("image/jpeg"),
    "POST /draft/captions": Doc(
        ref("Draft"),
        takes=ref("CaptionsBody"),
        errors=(409, 422),
    ),
    "POST /draft/clear": Doc(ref("Draft"), takes=body(), errors=(409,)),
    "GET /plan": Doc(ref("Plan")),
    "POST /train": Doc(QUEUED, takes=body(seen={"type": "object"}), errors=(409, 422, 503)),
    "POST /import": Doc(
        ref("Import"), takes=body(files=FILES, path=PATH, apply=YES_NO), errors=(413, 422)
    ),
    "POST /import/undo": Doc(ref("Draft"), takes=body(), errors=(409,)),
    "POST /check": Doc(ref("Report"), takes=ref("CheckBody"), errors=(422,)),
    "POST /dataset": Doc(
        ref("Dataset"),
        takes=body(
            "photos",
            "name",
            "class",
            "out",
            photos=many(PATH),
            name=TEXT,
            steps=WHOLE,
            out=PATH,
            **{"class": TEXT},
        ),
        errors=(422,),
    ),
    "POST /publish": Doc(
        shape(path=TEXT, stem=TEXT, activation_text=TEXT, notes=TEXTS),
        takes=body("file", file=PATH, lora_dir=PATH, name=TEXT, private=YES_NO),
        errors=(409, 422),
    ),
    "GET /bases": Doc(_BASES),
    "POST /bases": Doc(_BASES, takes=body("path", path=PATH), errors=(404, 422)),
    "POST /bases/demo": Doc(_BASES, takes=body(), errors=(409, 503)),
    "GET /loras": Doc(
        shape(loras=many(shape(file=TEXT, stem=TEXT, time=NUMBER, job=some(WHOLE)))),
    ),
    "GET /loras/result": Doc(ref("Result"), _FILE, errors=(404, 422)),
    "GET /loras/preview": Doc(_PICTURE, _FILE, errors=(404,), media="image/png"),
    "GET /presets": Doc(shape(presets=many(ref("Preset")))),
    "POST /presets/copy": Doc(
        shape(path=TEXT), takes=body("name", "to", name=TEXT, to=PATH), errors=(404, 409, 422)
    ),
    "GET /options": Doc(shape(options=many(ref("Option")), total=WHOLE), {"search": _SEARCH}),
    "GET /engine": Doc(
        shape(ready=YES_NO, findings=many(schemas.FINDING), costs={"type": "object"})
    ),
    "POST /setup": Doc(
        shape(job=WHOLE),
        takes=body(source=some(TEXT), python=some(PATH), engine=words(*ENGINES)),
        errors=(422,),
    ),
    "GET /host": Doc(
        shape(
            host=TEXT,
            local=YES_NO,
            can_send=YES_NO,
            no_interrogator=some(TEXT),
            memory=some({"type": "object"}),
        )
    ),
    "GET /openapi.json": Doc({"type": "object", "additionalProperties": schemas.ANY}),
}


def show(_call: Call) -> Any:
    """This description."""
    return description()


def description() -> dict[str, Any]:
    """The whole document. Raises KeyError for a route of `RULES` that `DOCS` says nothing of."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in RULES:
        paths.setdefault(rule.path, {})[rule.method.lower()] = _operation(
            rule, DOCS[f"{rule.method} {rule.path}"]
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LoRA Bridge",
            "version": __version__,
            "description": " ".join(DESCRIPTION.split()),
            "license": {"name": "AGPL-3.0-only", "identifier": "AGPL-3.0-only"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{}, {"session": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **_told()},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "access-token",
                    "description": "the host's gradio login",
                },
                "basic": {"type": "http", "scheme": "basic", "description": "--api-auth"},
            },
        },
    }


def _told() -> dict[str, Any]:
    """The schemas of what is a dataclass."""
    found: dict[str, Any] = {}
    for cls in TOLD:
        shapes.schema(cls, found)
    return found


def _operation(rule: Rule, doc: Doc) -> dict[str, Any]:
    text = handler_of(rule).__doc__ or ""
    what, _, more = text.partition("\n\n")
    local = "Only where the page is local." if rule.only_local else ""
    found = {
        "operationId": re.sub(r"\W+", "_", f"{rule.method.lower()}{rule.path}").strip("_"),
        "summary": " ".join(what.split()),
        "description": " ".join(f"{more} {local}".split()),
        "parameters": _parameters(rule, doc),
        "responses": _responses(rule, doc),
    }
    if rule.method == "POST":
        content = {kind: {"schema": doc.takes or body()} for kind in rule.takes}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _parameters(rule: Rule, doc: Doc) -> list[dict[str, Any]]:
    number = {**WHOLE, "minimum": 0}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": number}
        for name in re.findall(r"\{(\w+)\}", rule.path)
    ]
    found += [
        {"name": name, "in": "query", "required": False, "schema": kind, "description": what}
        for name, (kind, what) in doc.query.items()
    ]
    if rule.method == "POST":
        found.append(
            {
                "name": NONCE_HEADER,
                "in": "header",
                "required": True,
                "schema": TEXT,
                "description": "the page's nonce",
            }
        )
    return found


def _responses(rule: Rule, doc: Doc) -> dict[str, Any]:
    own = {
        401,
        *((403, 413, 415, 422) if rule.method == "POST" else ()),
        *((403,) if rule.only_local else ()),
        *doc.errors,
    }
    error = {"application/json": {"schema": ref("Error")}}
    return {
        "200": {"description": "done", "content": {doc.media: {"schema": doc.gives}}},
        **{str(code): {"description": MEANINGS[code], "content": error} for code in sorted(own)},
        "500": {"description": "a defect of ours", "content": error},
    }
