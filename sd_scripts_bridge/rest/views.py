"""What REST answers besides what the page and the packages below tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from ..exchange.settling.views import ImportedView
from ..options.presets import PresetView
from ..page.jobs import JobView, ProgressView
from ..page.progress.best import BestView
from ..page.progress.strip import StripView
from ..planning.doctor import Readiness
from ..planning.option_list import OptionView
from ..shapes.marks import BESIDE, Example


@dataclass(frozen=True)
class ProblemView:
    """One thing that is wrong."""

    code: Annotated[str, "of the message, for translations", Example("shape.missing")]
    where: Annotated[str, "the field, option or file", Example("name")]
    what: Annotated[str, Example("is missing")]
    remedy: Annotated[str, "what to do about it"]
    text: Annotated[str, "all three as a sentence", Example("name: is missing.")]
    values: Annotated[Mapping[str, Any], "that stand in `what`", Example({})]


@dataclass(frozen=True)
class ErrorPart:
    """Everything that is wrong, at once."""

    sentences: Annotated[Sequence[str], Example(["name: is missing."])]
    problems: Annotated[Sequence[ProblemView], "where they are known one by one"]


@dataclass(frozen=True)
class ErrorView:
    """What every refused request answers."""

    error: ErrorPart


@dataclass(frozen=True)
class SentenceView:
    """What was done, in words."""

    sentence: Annotated[str, Example("Job 12 stops after its next save.")]


@dataclass(frozen=True)
class AgainView(SentenceView):
    """A job that is queued again."""

    sentence: Annotated[str, Example("Job 12 goes on from step 500.")]
    notes: Annotated[Sequence[str], "what was done to free the GPU"]


@dataclass(frozen=True)
class RetriedView(AgainView):
    """A job that starts over, or a new one."""

    job: Annotated[int, "its number: with all_photos the new one's", Example(12)]


@dataclass(frozen=True)
class ForgottenView(SentenceView):
    """A job whose photos were deleted, or would be."""

    sentence: Annotated[str, Example("10 photos of job 12 are forgotten.")]
    notes: Annotated[Sequence[str], "what stays, and why"]
    bytes: Annotated[int, "freed, or to be freed", Example(212_000_000)]
    dry_run: Annotated[bool, "true: nothing was deleted yet"]


@dataclass(frozen=True)
class RepeatedView(SentenceView):
    """A training that is queued once more."""

    job: Annotated[int, "the new one's number", Example(13)]
    of: Annotated[int, "the job that it repeats", Example(12)]
    notes: Annotated[Sequence[str], "what has changed since, and what was done to free the GPU"]


@dataclass(frozen=True)
class PublishedView(SentenceView):
    """A checkpoint of a job that was published."""

    sentence: Annotated[str, Example("AlvaroBadia.safetensors is in Lora.")]
    path: Annotated[str, Example("/webui/models/Lora/AlvaroBadia.safetensors")]
    stem: Annotated[str, "what prompts call it", Example("AlvaroBadia")]
    activation_text: Annotated[str, Example("AlvaroBadia man")]
    notes: Sequence[str]


@dataclass(frozen=True)
class QueuedView:
    """A job that was queued."""

    job: Annotated[int, "its number", Example(12)]
    notes: Annotated[Sequence[str], "what to know about it"]


@dataclass(frozen=True)
class SetupQueuedView:
    """A set-up that was queued."""

    job: Annotated[int, "its number", Example(1)]


@dataclass(frozen=True)
class StatusView(ProgressView):
    """The queue, and how far one of its jobs is."""

    boot: Annotated[
        str,
        "this start of the server; where it is another, or `since` is above `seq`, ask again with "
        "`since` 0",
        Example("9f86d081884c7d65"),
    ]
    draft: Annotated[int, "the draft's revision", Example(40)]
    generate_waits: Annotated[bool, "the host's Generate waits for the training", Example(False)]
    host_busy: Annotated[bool, "the host generates, or waits for a training", Example(False)]


@dataclass(frozen=True)
class JobDetailsView(JobView):
    """One job with all that was asked for."""

    spec: Annotated[Mapping[str, Any], "its job.json", Example({"kind": "train"})]
    report: Annotated[Mapping[str, Any] | None, "its report.json", Example(None)]
    strip: Annotated[StripView | None, "the sample pictures; null before the first"]
    best: Annotated[BestView | None, "which saved step to use; null where no photo is held out"]


@dataclass(frozen=True)
class EventView:
    """Something that happened to a job; what that was stands beside its type."""

    seq: Annotated[int, Example(2211)]
    time: Annotated[float, "seconds since 1970", Example(1764028800.0)]
    attempt: Annotated[int, Example(1)]
    type: Annotated[str, "started, phase, progress, note, sample, ...", Example("progress")]
    said: Mapping[str, Any] = field(default_factory=dict, metadata=BESIDE)


@dataclass(frozen=True)
class EventsView:
    """What happened to a job, in order."""

    events: Sequence[EventView]


@dataclass(frozen=True)
class LogView:
    """The end of the trainer's own output."""

    lines: Annotated[Sequence[str], Example(["steps: 43%|####3     | 640/1500"])]


@dataclass(frozen=True)
class PromptsView:
    """What a training's sample pictures show."""

    text: Annotated[
        str, "a prompt a line, in sd-scripts' words", Example("AlvaroBadia man --w 512 --h 512")
    ]


@dataclass(frozen=True)
class JobReportView:
    """A job's story to paste in public."""

    text: Annotated[str, "Markdown"]


@dataclass(frozen=True)
class PresetsView:
    """The presets that there are."""

    presets: Sequence[PresetView]


@dataclass(frozen=True)
class PresetCopyView:
    """A preset's copy."""

    path: Annotated[str, Example("/home/me/person-sdxl.toml")]


@dataclass(frozen=True)
class OptionsView:
    """The options that were found."""

    options: Sequence[OptionView]
    total: Annotated[int, "all of the base's family", Example(214)]


@dataclass(frozen=True)
class EngineView:
    """What is ready and what is missing."""

    ready: Annotated[bool, "whether a training can start"]
    findings: Sequence[Readiness]
    costs: Annotated[
        Mapping[str, str],
        "what a set-up of each engine takes",
        Example({"sd-scripts": "About 2 minutes, 1.4 GB on the disk"}),
    ]


@dataclass(frozen=True)
class HostMemoryView:
    """The first GPU's memory."""

    free: Annotated[int, "bytes", Example(11_200_000_000)]
    total: Annotated[int, "bytes", Example(12_800_000_000)]
    name: Annotated[str, Example("NVIDIA GeForce RTX 3060")]


@dataclass(frozen=True)
class HostView:
    """Where the page lives, and what it can do there."""

    host: Annotated[str, "A1111, Forge, standalone, ...", Example("A1111")]
    local: Annotated[bool, "whether files on this machine can be used"]
    can_send: Annotated[bool, "whether txt2img can be filled in"]
    no_interrogator: Annotated[str | None, "why no captions can be drafted here", Example(None)]
    memory: HostMemoryView | None


@dataclass(frozen=True)
class ProposalView:
    """What an import changes in the draft."""

    name: str | None
    class_token: str | None
    training: Annotated[Mapping[str, Any], "training choices", Example({"preset": "imported"})]
    folder: Annotated[str | None, "the photos' folder"]
    sentences: Annotated[Sequence[str], "what needs saying besides"]


@dataclass(frozen=True)
class ImportView(ImportedView):
    """What became of each key of a config, and what that changes in the draft."""

    draft: ProposalView
    applied: Annotated[bool, "whether it is in the draft now", Example(False)]
