"""What the query of a GET may say, a frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..exchange.export import FORMATS
from ..jobs.folder import KEEP
from ..shapes.marks import Bounds, OneOf


@dataclass(frozen=True)
class StatusQuery:
    """Which job, and from where on."""

    job: Annotated[int | None, "follow this job"] = None
    since: Annotated[int, "seq of the last answer"] = 0


@dataclass(frozen=True)
class JobsQuery:
    """Which page of which jobs."""

    count: Annotated[int, Bounds(1, 500)] = 50
    below: Annotated[int, "only jobs with a smaller number: the next page"] = 0
    search: Annotated[str, "every one of these words: in name, base, sentence, number"] = ""
    status: Annotated[str, "only these, separated by commas: failed,lost"] = ""


@dataclass(frozen=True)
class CompareQuery:
    """Which jobs."""

    jobs: Annotated[str, "two to eight numbers, separated by commas: 1,2"] = ""


@dataclass(frozen=True)
class EventsQuery:
    """From where on."""

    after: Annotated[int, "only events after this seq"] = 0


@dataclass(frozen=True)
class LogQuery:
    """How much of the end."""

    lines: Annotated[int, Bounds(1, 5000)] = 40


@dataclass(frozen=True)
class ExportQuery:
    """For whom."""

    format: Annotated[str, OneOf(FORMATS)]


Brief = Annotated[
    bool, "of photos of which nothing else has changed only the captions, in `captions`"
]


@dataclass(frozen=True)
class DraftQuery:
    """What is known, and which part of the changed photos."""

    since: Annotated[int, "a known revision: only what has changed after it"] = 0
    start: Annotated[int, "of the changed photos: from this one on"] = 0
    count: Annotated[int | None, "of the changed photos: at most this many"] = None
    brief: Brief = False


@dataclass(frozen=True)
class ChangeQuery:
    """What is known."""

    since: Annotated[int, "a known revision: what has changed since; 0: what this changes"] = 0
    brief: Brief = False


@dataclass(frozen=True)
class ThumbQuery:
    """Which version."""

    v: Annotated[str, "as in the photo's `thumb`: then it can be kept for long"] = ""


@dataclass(frozen=True)
class LoraQuery:
    """Which LoRA."""

    file: Annotated[str, "its path in the Lora folder"] = ""


@dataclass(frozen=True)
class OptionsQuery:
    """Which options."""

    search: Annotated[str, "only options with all these words in their name or help"] = ""


@dataclass(frozen=True)
class CleanQuery:
    """By which rule."""

    keep: Annotated[
        Annotated[str, OneOf(tuple(KEEP))] | None, "what this rule would free; else the home's"
    ] = None


@dataclass(frozen=True)
class TableQuery:
    """In which form captions go out."""

    form: Annotated[str, OneOf(("txt", "csv", "json"))] = "txt"
