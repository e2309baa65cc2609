"""What a file from elsewhere would change in the draft."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Proposal:
    """What the file changes in the draft; ``sentences`` say what needs saying besides."""

    name: str | None = None
    class_token: str | None = None
    training: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    sentences: list[str] = field(default_factory=list)
