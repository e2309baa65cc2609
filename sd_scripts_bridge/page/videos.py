"""Videos dropped among the photos: a job takes their best frames, which come into the draft."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BridgeError, Invalid, NotFound, Problem
from ..jobs import facts
from ..jobs.events import Progress
from ..jobs.job import Status
from ..messages import Message
from ..photos.printable import shown
from ..photos.video.request import FramesRequest
from ..photos.zips import free_name, safe_name
from .draft.draft import Draft
from .draft.intake import Upload, VideoView

if TYPE_CHECKING:
    from ..bridge import Bridge
    from ..jobs.store import JobRow

LOOK_SECONDS = 0.4


@dataclass(frozen=True)
class AskedFrames:
    """``count`` frames of each video, which shows ``subject``; ``models``: folders that may hold a
    face detector's file.
    """

    count: int
    subject: int
    models: Sequence[Path]


def upload(draft: Draft, bridge: Bridge, files: Sequence[Upload], asked: AskedFrames) -> None:
    """Keep the videos and have their frames chosen, one job each. Raises as `choose`."""
    if not files:
        raise Invalid([Problem("intake.none", "files", "there are none", "Send at least one.")])
    _refuse_unready(bridge)
    folder = draft.folder / "videos"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        kept = free_name(folder, safe_name(file.name))
        shutil.move(file.path, kept)
        try:
            choose(draft, bridge, kept, asked)
        except BridgeError:
            kept.unlink(missing_ok=True)
            raise


def choose(draft: Draft, bridge: Bridge, video: Path, asked: AskedFrames) -> None:
    """Queue the job that chooses frames of ``video``, which come into the draft.

    Raises `Invalid` for what is no video, `EngineNotReady` where PyAV isn't in the training
    environment.
    """
    out = draft.folder / "frames" / f"{time.time_ns():x}"
    number = bridge.frames(FramesRequest(video, asked.count, out, asked.models))
    draft.change(
        lambda state: replace(state, video_jobs=(*state.video_jobs, (number, asked.subject)))
    )
    follow(draft, bridge)


def follow(draft: Draft, bridge: Bridge) -> None:
    """Take in the frames of the draft's jobs as these end, also after a restart."""
    with draft.video_lock:
        if draft.following_videos:
            return
        draft.following_videos = True
    args = (draft, bridge)
    threading.Thread(target=_follow, args=args, name="lora-bridge videos", daemon=True).start()


def _refuse_unready(bridge: Bridge) -> None:
    """Before a long upload is put anywhere. Raises `EngineNotReady`."""
    from ..engines.tools.frames import FramesTool
    from ..errors import EngineNotReady

    if problems := FramesTool().check(bridge.home):
        raise EngineNotReady(problems)


def _follow(draft: Draft, bridge: Bridge) -> None:
    try:
        while jobs := draft.state.video_jobs:
            for number, subject in jobs:
                _look(draft, bridge, number, subject)
            time.sleep(LOOK_SECONDS)
    except BridgeError as error:
        draft.failure = error.message
    finally:
        draft.following_videos = False


def _look(draft: Draft, bridge: Bridge, number: int, subject: int) -> None:
    """How far it is; once it is over, its frames become photos."""
    try:
        row = bridge.job(number)
    except NotFound:  # somebody removed the job
        return _forget(draft, number)
    settings = getattr(row.job, "settings", {})
    video, out = Path(settings.get("video", "")), Path(settings.get("out", ""))
    if not row.status.is_over:
        done, total = _progress(bridge, number)
        return _tell(draft, VideoView(number, shown(video.name), done, total))
    _forget(draft, number)
    said = _taken(draft, bridge, row, out, subject)
    _tell(draft, VideoView(number, shown(video.name), 0, 0, said))
    shutil.rmtree(out, ignore_errors=True)
    if video.parent == draft.folder / "videos":
        video.unlink(missing_ok=True)
    return None


def _taken(draft: Draft, bridge: Bridge, row: JobRow, out: Path, subject: int) -> str:
    frames = sorted(out.glob("*.png")) if out.is_dir() else []
    if row.status is Status.SUCCEEDED and frames:
        draft.upload([Upload(frame.name, frame) for frame in frames], subject)
        text = "{count} {count:frame|frames} came in as {count:a photo|photos}."
        return Message("videos.taken", text, count=len(frames))
    told = facts.read(bridge.folder(row.id).result).get("sentence")
    return row.sentence or str(told or "")


def _progress(bridge: Bridge, number: int) -> tuple[int, int]:
    steps = [entry.event for entry in bridge.events(number)]
    last = next((event for event in reversed(steps) if isinstance(event, Progress)), None)
    return (last.step, last.total) if last else (0, 0)


def _tell(draft: Draft, view: VideoView) -> None:
    draft.videos = {**draft.videos, view.job: view}


def _forget(draft: Draft, number: int) -> None:
    draft.change(
        lambda state: replace(
            state, video_jobs=tuple(one for one in state.video_jobs if one[0] != number)
        )
    )
