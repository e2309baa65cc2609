"""The routes: each one's method, path and handler, and who may call it."""

from __future__ import annotations

from typing import NamedTuple

from ..messages import Message

PREFIX = "/lora-bridge/v1"
NONCE_HEADER = "X-Lora-Bridge-Nonce"
JSON, FILES = "application/json", "multipart/form-data"
PARTS = "sd_scripts_bridge.rest.handlers."


class Rule(NamedTuple):
    """One route: its path below the prefix, its handler as "module:function" below `PARTS`, and who
    may call it.
    """

    method: str
    path: str
    handler: str
    only_local: str = ""
    """What is refused from afar, in words."""
    takes: tuple[str, ...] = (JSON,)
    """The content types of a POST's body."""


RULES = (
    Rule("GET", "/status", "jobs:status"),
    Rule("GET", "/jobs", "jobs:jobs"),
    Rule(
        "POST",
        "/jobs",
        "files:train",
        Message("doors.folders_configs", "Folders and configs of this machine"),
    ),
    Rule("GET", "/jobs/{job}", "jobs:job"),
    Rule("GET", "/jobs/{job}/events", "jobs:events"),
    Rule("GET", "/jobs/{job}/log", "jobs:log"),
    Rule("GET", "/jobs/{job}/report", "jobs:report"),
    Rule("GET", "/jobs/{job}/samples/{number}", "jobs:sample_picture"),
    Rule("GET", "/jobs/{job}/prompts", "jobs:prompts"),
    Rule("POST", "/jobs/{job}/prompts", "jobs:change_prompts"),
    Rule("GET", "/jobs/{job}/preview", "jobs:preview_picture"),
    Rule("GET", "/jobs/{job}/result", "jobs:result"),
    Rule(
        "GET",
        "/jobs/{job}/export",
        "exchange:export",
        Message("doors.exports", "Exports, which hold this machine's paths,"),
    ),
    Rule("POST", "/jobs/{job}/stop", "jobs:stop"),
    Rule("POST", "/jobs/{job}/pause", "jobs:pause"),
    Rule("POST", "/jobs/{job}/resume", "jobs:resume"),
    Rule("POST", "/jobs/{job}/retry", "jobs:retry"),
    Rule("POST", "/jobs/{job}/publish", "jobs:publish"),
    Rule("POST", "/jobs/{job}/remove", "jobs:remove"),
    Rule("POST", "/jobs/{job}/forget", "jobs:forget"),
    Rule("GET", "/clean", "clean:look"),
    Rule("POST", "/clean", "clean:free"),
    Rule("GET", "/draft", "draft:show"),
    Rule("POST", "/draft", "draft:describe"),
    Rule("POST", "/draft/photos", "draft:upload", takes=(FILES,)),
    Rule(
        "POST",
        "/draft/folder",
        "draft:use_folder",
        Message("doors.folders", "Folders of this machine"),
    ),
    Rule("POST", "/draft/photo/{pid}", "draft:set_photo"),
    Rule("GET", "/draft/photo/{pid}/thumb", "draft:thumb"),
    Rule("POST", "/draft/captions", "draft:change_captions"),
    Rule("POST", "/draft/clear", "draft:clear"),
    Rule("GET", "/plan", "plan:show"),
    Rule("POST", "/train", "plan:train"),
    Rule("POST", "/import", "exchange:bring", takes=(FILES, JSON)),
    Rule("POST", "/import/undo", "exchange:take_back"),
    Rule("POST", "/check", "files:check", Message("doors.folders", "Folders of this machine")),
    Rule("POST", "/dataset", "files:dataset", Message("doors.folders", "Folders of this machine")),
    Rule("POST", "/publish", "files:publish", Message("doors.files", "Files of this machine")),
    Rule("GET", "/bases", "bases:show"),
    Rule("POST", "/bases", "bases:choose", Message("doors.files", "Files of this machine")),
    Rule("POST", "/bases/demo", "bases:make_demo", Message("doors.demo_model", "The demo's model")),
    Rule("GET", "/loras", "loras:show"),
    Rule("GET", "/loras/result", "loras:result"),
    Rule("GET", "/loras/preview", "loras:preview_picture"),
    Rule("GET", "/presets", "facts:list_presets"),
    Rule(
        "POST",
        "/presets/copy",
        "files:copy_preset",
        Message("doors.files", "Files of this machine"),
    ),
    Rule("GET", "/options", "facts:options"),
    Rule("GET", "/engine", "facts:engine"),
    Rule("POST", "/setup", "facts:setup", Message("doors.setup", "Set-up")),
    Rule("GET", "/host", "facts:host"),
    Rule("GET", "/openapi.json", "openapi:show"),
)
