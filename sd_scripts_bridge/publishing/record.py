"""What a publishing has reserved and placed so far, written down before each step, so that whoever
comes after a crash can finish it or take it back.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import PublishRefused
from ..messages import Message
from ..system.files import write_json


@dataclass
class Record:
    """Kept in ``file`` (a job's ``published.json``);
    without one it lasts as long as the program.
    """

    file: Path | None = None
    lora_dir: str = ""
    stem: str = ""
    """Reserved, and taken once the model is in place; empty: nothing was begun."""
    token: str = ""
    """Says that the reservation in the Lora folder is ours."""
    model: str = ""
    """The model's hash (`safetensors_file.model_hash`), which names what is being published."""
    placed: dict[str, str] = field(default_factory=dict)
    """Endings of the files that are new there, each with the sha256 of what we put into it."""
    replaced: dict[str, str] = field(default_factory=dict)
    """The same for files that were there before; the old ones are kept beside the reservation."""
    activation_text: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)
    """See `said`."""

    @classmethod
    def load(cls, file: Path) -> Record:
        """What was written there; a new record where that is nothing, or can't be read."""
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            known = {f.name for f in fields(cls)} - {"file"}
            return cls(file, **{key: value for key, value in data.items() if key in known})
        except (OSError, ValueError, TypeError, AttributeError):
            return cls(file)

    def begin(self, lora_dir: Path, stem: str, model: str) -> None:
        """From now on ``stem`` is what we are about to reserve."""
        fresh = Record(self.file, str(lora_dir), stem, secrets.token_hex(8), model)
        self.__dict__.update(fresh.__dict__)
        self.save()

    def end(self) -> None:
        """Nothing is begun any more."""
        self.__dict__.update(Record(self.file).__dict__)
        self.save()

    def places(self, ending: str, data: bytes) -> None:
        """``data`` is about to become a new file."""
        self.placed[ending] = sha256(data)
        self.save()

    def replaces(self, ending: str, data: bytes) -> None:
        """``data`` is about to take the place of a file that is kept whole by now."""
        self.replaced[ending] = sha256(data)
        self.save()

    def says(self, activation_text: str, notes: list[Message]) -> None:
        """What to tell once the model is in place."""
        self.activation_text, self.notes = activation_text, [note.as_dict() for note in notes]
        self.save()

    @property
    def said(self) -> tuple[Message, ...]:
        return tuple(map(Message.from_dict, self.notes))

    def save(self) -> None:
        """Whole or not at all. Raises `PublishRefused`: what isn't written down can't be taken
        back.
        """
        if self.file is None:
            return
        try:
            write_json(self.file, {k: v for k, v in asdict(self).items() if k != "file"})
        except OSError as error:
            raise PublishRefused(
                "publish.record_unwritable",
                "The job's folder {folder} can't be written ({error}). Free some space there and "
                "publish again.",
                folder=self.file.parent,
                error=error.strerror or str(error),
            ) from error


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
