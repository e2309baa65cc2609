"""What happens to a job, as a small closed set of records. A job's state is a fold over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from ..messages import Message


@dataclass(frozen=True)
class Started:
    """An attempt began: the process that trains."""

    type: ClassVar[str] = "started"
    attempt: int
    pid: int


@dataclass(frozen=True)
class Phase:
    """What the trainer is doing before or between steps, in words ("caching latents")."""

    type: ClassVar[str] = "phase"
    text: str


@dataclass(frozen=True)
class Progress:
    """``step`` of ``total`` optimizer steps are done.

    ``loss`` is the engine's running mean, None before the first.
    """

    type: ClassVar[str] = "progress"
    step: int
    total: int
    loss: float | None = None


@dataclass(frozen=True)
class Note:
    """Something the user should know about this run."""

    type: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Sample:
    """A sample picture was written: ``prompt`` is its place in the prompt file, from 0; ``text``
    what it shows, where that is known.
    """

    type: ClassVar[str] = "sample"
    path: str
    step: int
    prompt: int = 0
    text: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """An intermediate LoRA (and its state, where the engine saves one) was written at ``step``."""

    type: ClassVar[str] = "checkpoint"
    path: str
    step: int


@dataclass(frozen=True)
class Proof:
    """Mean denoising loss on the training pictures at fixed noise and timesteps, without and with
    the LoRA.
    """

    type: ClassVar[str] = "proof"
    without: float
    with_lora: float
    pairs: int


@dataclass(frozen=True)
class Measured:
    """Mean denoising loss of the LoRA at ``step`` on held-out photos, with its standard error
    against the saves that were measured until then (each later one changes it), and on training
    photos: `evidence.curve`.
    """

    type: ClassVar[str] = "measured"
    step: int
    held_out: float
    error: float
    training: float | None = None


@dataclass(frozen=True)
class Result:
    """Facts that the trainer states about the finished run (modules, captions, peak memory in
    bytes...).
    """

    type: ClassVar[str] = "result"
    facts: dict[str, Any]


@dataclass(frozen=True)
class Published:
    """The LoRA lies in the WebUI's folder."""

    type: ClassVar[str] = "published"
    path: str
    stem: str
    activation_text: str


@dataclass(frozen=True)
class Finished:
    """The attempt is over; ``status`` is a Status value, ``sentence`` says why in words."""

    type: ClassVar[str] = "finished"
    status: str
    sentence: str
    code: int | None = None


Event = (
    Started
    | Phase
    | Progress
    | Note
    | Sample
    | Checkpoint
    | Proof
    | Measured
    | Result
    | Published
    | Finished
)

EVENT_TYPES: Mapping[str, type[Any]] = {
    cls.type: cls
    for cls in (
        Started,
        Phase,
        Progress,
        Note,
        Sample,
        Checkpoint,
        Proof,
        Measured,
        Result,
        Published,
        Finished,
    )
}


def to_dict(event: Event) -> dict[str, Any]:
    """``event`` as plain data, its kind under "type"."""
    data = {"type": event.type, **asdict(event)}
    said = next((value for value in data.values() if isinstance(value, Message)), None)
    if said is not None:
        data["message"] = said.as_dict()
    return data


def from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `to_dict` made; keys of a newer version are left out.

    Raises ValueError for an unknown type.
    """
    cls = EVENT_TYPES.get(str(data.get("type")))
    if cls is None:
        raise ValueError(f"unknown event type {data.get('type')!r}")
    names = {field.name for field in fields(cls)}
    values = {key: value for key, value in data.items() if key in names}
    if isinstance(data.get("message"), dict):
        said = Message.from_dict(data["message"])
        values = {key: said if value == said else value for key, value in values.items()}
    event: Event = cls(**values)
    return event


def in_numbers(data: Mapping[str, Any], sentence: str) -> dict[str, Any] | None:
    """An event's data without any text but its kind, or None where nothing is left of it; where
    the LoRA was published stays, and how the job ended is said by ``sentence``.
    """
    kind = str(data.get("type"))
    if kind == Published.type:
        return dict(data)
    if kind == Finished.type:
        return {key: data.get(key) for key in ("type", "status", "code")} | {"sentence": sentence}
    kept = without_text({key: value for key, value in data.items() if key != "type"})
    needed = {field.name for field in fields(EVENT_TYPES[kind])} if kind in EVENT_TYPES else set()
    return {"type": kind, **kept} if kept and needed <= kept.keys() else None


def without_text(data: Any) -> Any:
    """Plain data without its texts, and without what then is empty."""
    if isinstance(data, Mapping):
        kept = {key: without_text(value) for key, value in data.items()}
        return {key: value for key, value in kept.items() if value not in ("", {}, [])}
    if isinstance(data, (list, tuple)):
        return [kept for value in data if (kept := without_text(value)) not in ("", {}, [])]
    return "" if isinstance(data, str) else data
