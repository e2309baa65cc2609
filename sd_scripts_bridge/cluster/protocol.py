"""How the program on the cluster speaks to the one here: lines with a mark, JSON behind it, among
whatever else is printed.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

MARK = "LORA-BRIDGE "
ASK = "LORA_BRIDGE_ASK"
"""Environment variable with what is asked for, as JSON."""
ENTRY = "python -m sd_scripts_bridge.cluster.entry"


def new_name() -> str:
    """A name for a job on the cluster."""
    return f"lora-bridge-{uuid.uuid4().hex[:16]}"


def say(data: dict[str, Any]) -> None:
    """On the cluster."""
    print(MARK + json.dumps(data), flush=True)  # noqa: T201


def heard(line: str) -> dict[str, Any] | None:
    """Here: what a line says; None where it isn't one of ours."""
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    try:
        data = json.loads(text)
    except ValueError:  # the log's end, half written
        return None
    return data if isinstance(data, dict) else None
