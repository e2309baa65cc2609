"""What a captioner's job is told: plain data in its `job.json`, without the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .captioner import Captioner
from .prompts import asked


@dataclass(frozen=True)
class Settings:
    """Which captioner, which photos, and where the captions go.

    ``names``: (name, class) of the photos whose subject isn't ``name``, by their path; ``beside``:
    into files beside the photos; ``root``: the dataset of ours that they are in; ``key_held``:
    where the endpoint's key is held (`endpoint.handover`); ``finetune`` and ``python``: sd-scripts'
    own captioners and its environment.
    """

    captioner: Captioner
    photos: Sequence[str]
    name: str = ""
    class_token: str = ""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: bool = True
    root: str = ""
    again: bool = False
    key_held: Mapping[str, Any] = field(default_factory=dict)
    finetune: str = ""
    python: str = ""

    def subject_of(self, photo: Path) -> tuple[str, str]:
        """(name, class) of whom the photo shows."""
        name, class_token = self.names.get(str(photo), (self.name, self.class_token))
        return name, class_token

    def asked_of(self, photo: Path) -> str:
        """What a model is asked of this photo; see `prompts.Asks`."""
        return asked(self.captioner.prompt, *self.subject_of(photo))

    def as_dict(self) -> dict[str, Any]:
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**data, "captioner": self.captioner.as_dict(), "photos": [*self.photos]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """What `as_dict` told; what a newer version knows is left out."""
        names = {one.name for one in fields(cls)}
        values = {key: value for key, value in data.items() if key in names}
        return cls(**{**values, "captioner": Captioner.from_dict(data["captioner"])})
