"""The routes: each one's method, path and handler, which errors it has, and who may call it.

What a route takes and answers stands in its handler's types, see `signature`.
"""

from __future__ import annotations

from typing import NamedTuple

from ..messages import Message

PREFIX = "/lora-bridge/v1"
NONCE_HEADER = "X-Lora-Bridge-Nonce"
JSON, FILES, PNG = "application/json", "multipart/form-data", "image/png"
CHANGES = ("POST", "PUT", "DELETE")
"""Methods that need the page's nonce."""
PARTS = "sd_scripts_bridge.rest.handlers."


class Rule(NamedTuple):
    """One route: its path below the prefix, its handler as "module:function" below `PARTS`."""

    method: str
    path: str
    handler: str
    errors: tuple[int, ...] = ()
    """Besides those that every GET, or every POST, can have."""
    only_local: str = ""
    """What remote clients are refused, in words."""


MACHINE_FILES = Message("doors.files", "Files on this machine")
MACHINE_FOLDERS = Message("doors.folders", "Folders on this machine")
MACHINE_CONFIGS = Message("doors.folders_configs", "Folders and configs on this machine")
MACHINE_SERVERS = Message("doors.servers", "Servers on this machine")
EXPORTS = Message("doors.exports", "Exports, which contain paths on this machine,")
DEMO_MODELS = Message("doors.demo_model", "Demo models")
SETUPS = Message("doors.setup", "Setup jobs")

RULES = (
    Rule("GET", "/status", "jobs:status", (404, 422)),
    Rule("GET", "/jobs", "jobs:jobs", (422,)),
    Rule("POST", "/jobs", "files:train", (409, 503), MACHINE_CONFIGS),
    Rule("GET", "/jobs/{job}", "jobs:job", (404,)),
    Rule("GET", "/jobs/{job}/events", "jobs:events", (404, 422)),
    Rule("GET", "/jobs/{job}/log", "jobs:log", (404, 422)),
    Rule("GET", "/jobs/{job}/report", "jobs:report", (404,)),
    Rule("GET", "/jobs/{job}/samples/{number}", "jobs:sample_picture", (404,)),
    Rule("GET", "/jobs/{job}/prompts", "jobs:prompts", (404,)),
    Rule("POST", "/jobs/{job}/prompts", "jobs:change_prompts", (404, 409)),
    Rule("GET", "/jobs/{job}/grid", "grid:show", (404,)),
    Rule("POST", "/jobs/{job}/grid", "grid:draw", (404, 409, 503)),
    Rule("POST", "/jobs/{job}/grid/stop", "grid:stop", (404, 409)),
    Rule("GET", "/jobs/{job}/grid/pictures/{number}", "grid:picture", (404,)),
    Rule("GET", "/jobs/{job}/grid/sheet", "grid:whole", (404,)),
    Rule("GET", "/jobs/{job}/grid/pair", "grid:pair", (404, 409)),
    Rule("POST", "/jobs/{job}/grid/vote", "grid:vote", (404,)),
    Rule("GET", "/jobs/{job}/card", "loras:card", (404, 409)),
    Rule("POST", "/jobs/{job}/card", "loras:change_card", (404, 409)),
    Rule("GET", "/jobs/{job}/preview", "jobs:preview_picture", (404,)),
    Rule("GET", "/jobs/{job}/result", "jobs:result", (404, 409)),
    Rule("GET", "/jobs/{job}/export", "exchange:export", (404, 409, 422), EXPORTS),
    Rule("POST", "/jobs/{job}/stop", "jobs:stop", (404, 409)),
    Rule("POST", "/jobs/{job}/pause", "jobs:pause", (404, 409)),
    Rule("POST", "/jobs/{job}/resume", "jobs:resume", (404, 409)),
    Rule("POST", "/jobs/{job}/retry", "jobs:retry", (404, 409)),
    Rule("POST", "/jobs/{job}/repeat", "finished:repeat", (404, 409, 503)),
    Rule("POST", "/jobs/{job}/evaluate", "finished:evaluate", (404, 409, 503)),
    Rule("POST", "/jobs/{job}/find-step", "finished:find_step", (404, 409, 503)),
    Rule("POST", "/evaluate", "finished:evaluate_file", (409, 503), MACHINE_FILES),
    Rule("POST", "/jobs/{job}/likeness", "finished:likeness", (404, 409), MACHINE_FILES),
    Rule("POST", "/jobs/{job}/publish", "jobs:publish", (404, 409)),
    Rule("POST", "/jobs/{job}/remove", "jobs:remove", (404, 409)),
    Rule("GET", "/jobs/{job}/forget", "jobs:look_to_forget", (404, 409)),
    Rule("POST", "/jobs/{job}/forget", "jobs:forget", (404, 409)),
    Rule("GET", "/compare", "finished:compare", (404, 409, 422)),
    Rule("GET", "/clean", "clean:look", (422,)),
    Rule("POST", "/clean", "clean:free"),
    Rule("GET", "/draft", "draft:show", (422,)),
    Rule("POST", "/draft", "draft:describe", (409,)),
    Rule("POST", "/draft/photos", "draft:upload", (404,)),
    Rule("POST", "/draft/folder", "draft:use_folder", (404,), MACHINE_FOLDERS),
    Rule("POST", "/draft/subjects", "draft:add_subject", (409,)),
    Rule("POST", "/draft/subjects/{number}", "draft:change_subject", (404, 409)),
    Rule("POST", "/draft/subjects/{number}/remove", "draft:remove_subject", (404, 409)),
    Rule("POST", "/draft/video", "draft:upload_videos", (409, 503)),
    Rule("POST", "/draft/video/file", "draft:use_video", (409, 503), MACHINE_FILES),
    Rule("POST", "/draft/photos/fix", "draft:fix", (404, 409)),
    Rule("POST", "/draft/photos/undo", "draft:undo_photos", (409,)),
    Rule("GET", "/draft/frames", "draft:show_frames"),
    Rule("POST", "/draft/photo/{pid}", "draft:set_photo", (404, 409)),
    Rule("GET", "/draft/photo/{pid}/thumb", "draft:thumb", (404,)),
    Rule("GET", "/draft/photo/{pid}/picture", "draft:picture", (404,)),
    Rule("GET", "/draft/photo/{pid}/mask", "draft:mask", (404,)),
    Rule("PUT", "/draft/photo/{pid}/mask", "draft:paint_mask", (404, 409)),
    Rule("DELETE", "/draft/photo/{pid}/mask", "draft:forget_mask", (404,)),
    Rule("POST", "/draft/photo/{pid}/mask/face", "draft:mask_face", (404, 409)),
    Rule("POST", "/draft/captions", "captions:change", (409,)),
    Rule("GET", "/draft/photo/{pid}/caption", "captions:one", (404,)),
    Rule("POST", "/draft/caption", "captions:draft", (409, 503)),
    Rule("GET", "/draft/captions", "captions:count"),
    Rule("POST", "/draft/captions/preview", "captions:preview"),
    Rule("POST", "/draft/captions/import", "captions:bring"),
    Rule("GET", "/draft/captions/export", "captions:export", (422,)),
    Rule("GET", "/captioners", "captions:found_here"),
    Rule("POST", "/captioners/look", "captions:look", (), MACHINE_SERVERS),
    Rule("POST", "/draft/clear", "draft:clear", (409,)),
    Rule("GET", "/plan", "plan:show"),
    Rule("POST", "/draft/regularization", "plan:draw_regularization", (409, 503)),
    Rule("POST", "/draft/regularization/stop", "plan:stop_regularization", (409,)),
    Rule("POST", "/train", "plan:train", (409, 503)),
    Rule("POST", "/import", "exchange:bring"),
    Rule("POST", "/import/undo", "exchange:take_back", (409,)),
    Rule("POST", "/find-step", "files:find_step", (409, 503), MACHINE_FILES),
    Rule("POST", "/check", "files:check", (), MACHINE_FOLDERS),
    Rule("POST", "/headers", "files:headers", (), MACHINE_FOLDERS),
    Rule("POST", "/dataset", "files:dataset", (), MACHINE_FOLDERS),
    Rule("POST", "/frames", "files:frames", (409, 503), MACHINE_FOLDERS),
    Rule("POST", "/regularization", "files:regularization", (409, 503), MACHINE_FOLDERS),
    Rule("POST", "/caption", "captions:write", (409, 503), MACHINE_FOLDERS),
    Rule("POST", "/publish", "files:publish", (409,), MACHINE_FILES),
    Rule("GET", "/bases", "bases:show"),
    Rule("POST", "/bases", "bases:choose", (404,), MACHINE_FILES),
    Rule("POST", "/bases/demo", "bases:make_demo", (409, 503), DEMO_MODELS),
    Rule("GET", "/loras", "loras:show"),
    Rule("GET", "/loras/result", "loras:result", (404, 422)),
    Rule("GET", "/loras/preview", "loras:preview_picture", (404,)),
    Rule("GET", "/loras/verify", "loras:verify", (404, 422)),
    Rule("POST", "/verify", "loras:verify_file", (), MACHINE_FILES),
    Rule("POST", "/lora", "loras:work", (409, 503), MACHINE_FILES),
    Rule("GET", "/presets", "facts:list_presets"),
    Rule("POST", "/presets/copy", "files:copy_preset", (404, 409), MACHINE_FILES),
    Rule("GET", "/options", "facts:options"),
    Rule("GET", "/engine", "facts:engine"),
    Rule("POST", "/setup", "facts:setup", (), SETUPS),
    Rule("GET", "/host", "facts:host"),
    Rule("GET", "/openapi.json", "facts:openapi"),
)
