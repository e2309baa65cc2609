"""What a captioner says of a photo, and the two ways in which it can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..errors import BridgeError
from ..messages import Message

Stopped = Callable[[], bool]
"""Whether somebody has asked to stop."""


class NoCaption(BridgeError):
    """This photo gets no caption; the next one may."""


class CannotGoOn(BridgeError):
    """No further photo will get a caption in this run."""


@dataclass(frozen=True)
class Said:
    """A description of one photo, or the reason why there is none."""

    file: Path
    text: str = ""
    reason: Message | None = None
    seconds: float = 0.0

    def as_dict(self, by: str) -> dict[str, Any]:
        """One line of `captions.jsonl`."""
        told: dict[str, Any] = {"file": str(self.file), "by": by, "seconds": self.seconds}
        if self.reason is not None:
            return {**told, "reason": self.reason.as_dict()}
        return {**told, "caption": self.text}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Said:
        """What `as_dict` told. Raises KeyError or TypeError for other data."""
        reason = data.get("reason")
        return cls(
            Path(data["file"]),
            str(data.get("caption", "")),
            Message.from_dict(reason) if reason else None,
            float(data.get("seconds", 0)),
        )


class Describer(Protocol):
    """Puts photos into words; what it loads stays loaded until the last of them."""

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        """Each photo's words or reason, as they come, in any order.

        Raises `CannotGoOn`; the photos that it hasn't said anything of get that reason.
        """
        ...
