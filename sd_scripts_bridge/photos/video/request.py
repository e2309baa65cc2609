"""What is asked of a video: how many of its frames, and where they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem
from ..printable import shown

MOST_FRAMES = 1000
USUAL = 20


@dataclass(frozen=True)
class FramesRequest:
    """``count`` frames of ``video`` into the folder ``out``; ``face_models``: folders that may hold
    a detector's file.
    """

    video: Path
    count: int
    out: Path
    face_models: Sequence[Path] = ()

    def check(self) -> None:
        """Raises `Invalid`."""
        problems = [*_video_problems(self.video), *_out_problems(self.out)]
        if not 1 <= self.count <= MOST_FRAMES:
            problems.append(
                Problem(
                    "frames.count",
                    "count",
                    "{count} is not a number of frames",
                    "Give 1 to {most}.",
                    count=self.count,
                    most=MOST_FRAMES,
                )
            )
        if problems:
            raise Invalid(problems)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "video": str(self.video),
            "count": self.count,
            "out": str(self.out),
            "face_models": [str(folder) for folder in self.face_models],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FramesRequest:
        """What `as_dict` made."""
        models = [Path(folder) for folder in data["face_models"]]
        return cls(Path(data["video"]), int(data["count"]), Path(data["out"]), models)


def _video_problems(video: Path) -> list[Problem]:
    from .. import content  # numpy and Pillow, which no command line's start should wait for

    name = repr(shown(str(video)))
    if not video.is_file():
        text = "{file} is no file here"
        remedy = "Give the path of an MP4 or a MOV."
        return [Problem("frames.no_file", "video", text, remedy, file=name)]
    with video.open("rb") as opened:
        kind = content.kind(opened.read(content.HEAD))
    if kind in content.PICTURES or kind in content.ARCHIVES:
        wrong = "{file} is a {kind} file, not a video"
        todo = "Give an MP4 or a MOV."
        return [Problem("frames.no_video", "video", wrong, todo, file=name, kind=kind)]
    return []


def _out_problems(out: Path) -> list[Problem]:
    if out.is_dir() or not out.exists():
        return []
    text = "{folder} is a file"
    return [Problem("frames.out", "out", text, "Name a folder.", folder=repr(shown(str(out))))]
