"""What may be asked about captions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from ...shapes.marks import Bounds, Example
from .common import Photos, Text


@dataclass(frozen=True)
class TemplateBody:
    """What a template says of each photo."""

    distance: Text = None
    pose: Text = None
    clothes: Text = None
    place: Text = None
    light: Text = None

    def said(self) -> dict[str, str]:
        """Those that say something."""
        return {name: text for name, text in asdict(self).items() if text and text.strip()}


With = Annotated[
    str,
    Bounds(1, 4000),
    "template, host, a server's address, a model's folder, or a command",
    Example("http://127.0.0.1:11434/v1"),
]


Prompt = Annotated[str | None, "what a model is asked; null: our own words"]


Key = Annotated[str | None, "a server's; it is held in memory and written nowhere"]


Again = Annotated[bool, "also captions that a captioner wrote and that were not changed since"]


@dataclass(frozen=True)
class CaptionBody:
    """Who writes captions, and for which photos."""

    photos: Photos
    with_: With
    model: Annotated[Text, "which of the server's"] = None
    prompt: Prompt = None
    key: Key = None
    name: Annotated[Text, "the subject's, where the folder has none"] = None
    class_: Text = None
    template: TemplateBody | None = None
    again: Again = False


Selected = Annotated[
    Annotated[list[int], Bounds(0, 100_000)] | None, "numbers of photos; null: all of them"
]


@dataclass(frozen=True)
class DraftCaptionBody:
    """Who writes the draft's captions."""

    with_: With
    model: Annotated[Text, "which of the server's"] = None
    prompt: Prompt = None
    key: Key = None
    template: TemplateBody | None = None
    photos: Annotated[
        Annotated[list[int], Bounds(0, 100_000)] | None,
        "numbers of photos; null: those that will be used",
    ] = None
    again: Again = False


@dataclass(frozen=True)
class CaptionsBody:
    """A change of many captions at once."""

    action: Annotated[
        Literal["draft", "add", "remove", "replace", "front", "dedupe", "person", "undo", "redo"],
        Example("add"),
    ]
    text: Annotated[Text, Example("smiling")] = None
    with_: Annotated[Text, "what `replace` puts in the place of `text`"] = None
    where: Annotated[Literal["start", "end"], "start: right after the name"] = "end"
    regex: Annotated[bool, "replace: `text` is a regular expression"] = False
    words: Annotated[list[str] | None, "person: which of its words go; null: all of them"] = None
    photos: Selected = None


@dataclass(frozen=True)
class CaptionTableBody:
    """Captions from a table."""

    text: Annotated[str, Bounds(0, 20_000_000)]
    form: Annotated[Literal["txt", "csv", "json"], "txt: a caption a line, for `photos` in order"]
    photos: Selected = None
