"""What the page and REST know of their host."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models.offered import BaseFile, in_folder
from ..system.gpu_memory import Memory

if TYPE_CHECKING:
    from ..bridge import Bridge
    from .draft.changes import DraftChanges
    from .draft.draft import Draft
    from .jobs import JobViews


@dataclass
class Context:
    """What REST knows of its host. Every part but the bridge may be left out."""

    bridge: Bridge | Callable[[], Bridge]
    """The bridge, or how to open it at the first request."""
    nonce: str = field(default_factory=lambda: os.urandom(16).hex())
    """The page carries it, and every POST brings it back."""
    guard: Callable[[Any], Any] | None = None
    """Given each Starlette request; raises `rest_doors.Refused`(401, sentence) or Starlette's
    HTTPException, or is fine.
    """
    local: bool = True
    """False: clients are remote, so no foreign paths, no foreign options, no set-up, and no paths
    in answers.
    """
    host: str = "standalone"
    can_send: bool = False
    """Whether the page can fill the host's txt2img."""
    lora_dir: Path | None = None
    bases: Callable[[], Sequence[BaseFile]] = tuple
    looked: Callable[[], Sequence[Path]] = tuple
    """The folders that ``bases`` come from, for the page to say."""
    memory: Callable[[], Memory | None] | None = None
    interrogator: Callable[[Sequence[Path]], Iterable[str]] | None = None
    """Describes pictures in words, one for one; only where its model is there.

    Called with a few at a time.
    """
    no_interrogator: str = ""
    """Why there is no ``interrogator``, and how to get one: a sentence of the host's."""
    face_models: Sequence[Path] = ()
    """Folders that may hold YuNet's .onnx (A1111: models/opencv)."""
    generate_waits: Callable[[], bool] = bool
    """Whether the host's Generate waits now, because a training has the GPU."""
    host_busy: Callable[[], bool] = bool
    """Whether the host generates now, or waits for a training: its lists had better stay."""
    before_start: Callable[[], Sequence[str] | None] | None = None
    """Called before a job is queued (start, resume, retry): frees the GPU.

    Its sentences become notes; it may raise `errors.Conflict`.
    """
    after_start: Callable[[int | None], None] | None = None
    """Called after it, with the job's number, or None where it came to nothing."""
    paint: Callable[[Path], None] | None = None
    """Has the host draw by itself what this plan file says: a grid, pictures of a class word; None
    where there is no host that can.
    """
    paint_trouble: Callable[[Path], str] = lambda _plan: ""
    """Why the host stopped drawing it, in a sentence."""
    boot: str = field(default_factory=lambda: os.urandom(8).hex())

    @functools.cached_property
    def the_bridge(self) -> Bridge:
        return self.bridge() if callable(self.bridge) else self.bridge

    def models(self) -> list[BaseFile]:
        """The base models that are offered: the host's, and those in the user's own folder."""
        known = list(self.bases())
        folder = self.draft.state.training.model_folder
        paths = {Path(base.path) for base in known}
        own = in_folder(Path(folder)) if folder and self.local else []
        return [*known, *(base for base in own if base.path not in paths)]

    @functools.cached_property
    def draft(self) -> Draft:
        from .draft.draft import draft_of

        draft = draft_of(self.the_bridge.home, self.face_models, self.lora_dir)
        if draft.state.caption_job:
            from .captions.drafting import follow

            follow(draft, self.the_bridge, draft.state.caption_job)
        if draft.state.video_jobs:
            from . import videos

            videos.follow(draft, self.the_bridge)
        return draft

    @functools.cached_property
    def changes(self) -> DraftChanges:
        from .draft.changes import DraftChanges

        return DraftChanges(self.draft)

    @functools.cached_property
    def views(self) -> JobViews:
        from .jobs import JobViews

        return JobViews(self.the_bridge)


def started(
    context: Context, start: Callable[[], tuple[int, Any]], *, later: bool = False
) -> tuple[list[str], Any]:
    """Queue a job with the GPU freed for it: (what the host says about that, what ``start`` gave
    besides the number). One that starts ``later`` has it freed then.
    """
    if later:
        return [], start()[1]
    notes = list((context.before_start() if context.before_start else None) or ())
    job_id = None
    try:
        job_id, given = start()
    finally:
        if context.after_start:
            context.after_start(job_id)
    return notes, given
