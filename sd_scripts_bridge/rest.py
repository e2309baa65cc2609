"""REST: docs/rest.md over HTTP, for any Starlette or FastAPI app. Importing this loads neither; the first request does."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .offers import BaseFile, Memory

if TYPE_CHECKING:
    from .bridge import Bridge
    from .draft import Draft
    from .job_view import JobViews

PREFIX = "/lora-bridge/v1"
NONCE_HEADER = "X-Lora-Bridge-Nonce"
PARTS = "sd_scripts_bridge.rest_"


@dataclass
class Context:
    """What REST knows of its host. Every part but the bridge may be left out."""

    bridge: Bridge | Callable[[], Bridge]
    """The bridge, or how to open it at the first request."""
    nonce: str = field(default_factory=lambda: os.urandom(16).hex())
    """The page carries it, and every POST brings it back."""
    guard: Callable[[Any], Any] | None = None
    """Given each Starlette request; raises `rest_doors.Refused`(401, sentence) or Starlette's HTTPException, or is fine."""
    local: bool = True
    """False: from afar, so no foreign paths, no foreign options, no set-up, and no paths in answers."""
    host: str = "standalone"
    can_send: bool = False
    """Whether the page can fill the host's txt2img."""
    lora_dir: Path | None = None
    bases: Callable[[], Sequence[BaseFile]] = tuple
    memory: Callable[[], Memory | None] | None = None
    interrogator: Callable[[Sequence[Path]], Iterable[str]] | None = None
    """Describes pictures in words, one for one; only where its model is there. Called with a few at a time."""
    face_models: Sequence[Path] = ()
    """Folders that may hold YuNet's .onnx (A1111: models/opencv)."""
    before_start: Callable[[], Sequence[str] | None] | None = None
    """Called before a job is queued (start, resume, retry): frees the card. Its sentences become notes; it may raise
    `errors.Conflict`."""
    after_start: Callable[[int | None], None] | None = None
    """Called after it, with the job's number, or None where it came to nothing."""
    boot: str = field(default_factory=lambda: os.urandom(8).hex())

    @functools.cached_property
    def the_bridge(self) -> Bridge:
        return self.bridge() if callable(self.bridge) else self.bridge

    @functools.cached_property
    def draft(self) -> Draft:
        from .draft import draft_of

        return draft_of(self.the_bridge.home, self.face_models)

    @functools.cached_property
    def views(self) -> JobViews:
        from .job_view import JobViews

        return JobViews(self.the_bridge)


class Rule(NamedTuple):
    """One route: its path below the prefix, its handler as "module:function" below `PARTS`, and who may call it."""

    method: str
    path: str
    handler: str
    only_local: str = ""
    """What is refused from afar, in words."""


RULES = (
    Rule("GET", "/status", "jobs:status"),
    Rule("GET", "/jobs", "jobs:jobs"),
    Rule("POST", "/jobs", "machine:train", "Folders and configs of this machine"),
    Rule("GET", "/jobs/{job}", "jobs:job"),
    Rule("GET", "/jobs/{job}/events", "jobs:events"),
    Rule("GET", "/jobs/{job}/log", "jobs:log"),
    Rule("GET", "/jobs/{job}/report", "jobs:report"),
    Rule("GET", "/jobs/{job}/samples/{number}", "jobs:sample_picture"),
    Rule("GET", "/jobs/{job}/preview", "jobs:preview_picture"),
    Rule("GET", "/jobs/{job}/result", "jobs:result"),
    Rule("GET", "/jobs/{job}/export", "elsewhere:export", "Exports, which hold this machine's paths,"),
    Rule("POST", "/jobs/{job}/stop", "jobs:stop"),
    Rule("POST", "/jobs/{job}/pause", "jobs:pause"),
    Rule("POST", "/jobs/{job}/resume", "jobs:resume"),
    Rule("POST", "/jobs/{job}/retry", "jobs:retry"),
    Rule("POST", "/jobs/{job}/publish", "jobs:publish"),
    Rule("POST", "/jobs/{job}/remove", "jobs:remove"),
    Rule("GET", "/draft", "draft:show"),
    Rule("POST", "/draft", "draft:describe"),
    Rule("POST", "/draft/photos", "draft:upload"),
    Rule("POST", "/draft/folder", "draft:use_folder", "Folders of this machine"),
    Rule("POST", "/draft/photo/{pid}", "draft:set_photo"),
    Rule("GET", "/draft/photo/{pid}/thumb", "draft:thumb"),
    Rule("POST", "/draft/captions", "draft:change_captions"),
    Rule("POST", "/draft/clear", "draft:clear"),
    Rule("GET", "/plan", "plan:show"),
    Rule("POST", "/train", "plan:train"),
    Rule("POST", "/import", "elsewhere:bring"),
    Rule("POST", "/import/undo", "elsewhere:take_back"),
    Rule("POST", "/check", "machine:check", "Folders of this machine"),
    Rule("POST", "/dataset", "machine:dataset", "Folders of this machine"),
    Rule("POST", "/publish", "machine:publish", "Files of this machine"),
    Rule("GET", "/bases", "facts:bases"),
    Rule("GET", "/presets", "facts:list_presets"),
    Rule("POST", "/presets/copy", "machine:copy_preset", "Files of this machine"),
    Rule("GET", "/options", "facts:options"),
    Rule("GET", "/engine", "facts:engine"),
    Rule("POST", "/setup", "facts:setup", "Set-up"),
    Rule("GET", "/host", "facts:host"),
    Rule("GET", "/openapi.json", "openapi:show"),
)


def mount(app: Any, context: Context) -> None:
    """Add the routes to a Starlette or FastAPI app, in front of its own; those of an earlier call on it are replaced."""
    from starlette.routing import Mount

    from .rest_doors import entrance

    routes = app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", "") != PREFIX]
    routes.insert(0, Mount(PREFIX, app=entrance(context, RULES)))


__all__ = ["BaseFile", "Context", "Memory", "mount"]
