"""The tools, by name: programs that run as jobs and train nothing."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from ...errors import NotFound

if TYPE_CHECKING:
    from .base import Tool

TOOLS: Mapping[str, str] = {
    "caption": ".caption:CaptionTool",
    "evaluate": ".evaluate:EvaluateTool",
    "find-step": ".find_step:FindStepTool",
    "frames": ".frames:FramesTool",
    "judge": ".judge:JudgeTool",
    "likeness": ".likeness:LikenessTool",
    "regularization": ".regularization:RegularizationTool",
    "lora": "...running.work.lora_tool:LoraTool",
}
"""Name -> ".module:class", seen from this package."""


def get(name: str) -> Tool:
    """The tool called ``name``. Raises `NotFound` with the names that there are."""
    if name not in TOOLS:
        text = "There is no tool {name}. Choose one of: {tools}."
        tools = ", ".join(TOOLS) or "none"
        raise NotFound("tools.no_tool", text, name=repr(name), tools=tools)
    module, _, cls = TOOLS[name].partition(":")
    found = getattr(importlib.import_module(module, __name__), cls)()
    return cast("Tool", found)
