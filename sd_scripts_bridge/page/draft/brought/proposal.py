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

    def as_dict(self) -> dict[str, Any]:
        """docs/rest.md's ``draft`` of an import."""
        return {
            "name": self.name,
            "class_token": self.class_token,
            "training": self.training,
            "folder": str(self.folder) if self.folder else None,
            "sentences": self.sentences,
        }
