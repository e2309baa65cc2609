"""What a captioner's job is told: plain data in its `job.json`, without the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .captioner import Captioner


@dataclass(frozen=True)
class Settings:
    """Which captioner, which photos, and where the captions go.

    ``beside``: into files beside the photos; ``root``: the dataset of ours that they are in;
    ``key_held``: where the endpoint's key is held (`endpoint.handover`); ``finetune`` and
    ``python``: sd-scripts' own captioners and its environment.
    """

    captioner: Captioner
    photos: Sequence[str]
    name: str = ""
    class_token: str = ""
    beside: bool = True
    root: str = ""
    again: bool = False
    key_held: Mapping[str, Any] = field(default_factory=dict)
    finetune: str = ""
    python: str = ""

    @property
    def subject(self) -> str:
        """The name with its class."""
        return f"{self.name} {self.class_token}".strip()

    def as_dict(self) -> dict[str, Any]:
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**data, "captioner": self.captioner.as_dict(), "photos": [*self.photos]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """What `as_dict` told; what a newer version knows is left out."""
        names = {one.name for one in fields(cls)}
        values = {key: value for key, value in data.items() if key in names}
        return cls(**{**values, "captioner": Captioner.from_dict(data["captioner"])})
