"""``frames_program.main([FOLDER])``: what the job in FOLDER asks of a video.

Prints events, keeps its looks in `output/looks.jsonl` as it goes, and writes `result.json` at its
end; without that it was stopped. A frame that lies in the folder already is not written again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from ...errors import BridgeError
from ...jobs.events import Event, Phase, Progress, to_dict
from ...jobs.folder import JobFolder
from ...messages import Message, joined
from ...photos.faces import find_detector
from ...photos.printable import shown
from ...photos.video.clip import Clip
from ...photos.video.look import FrameLook
from ...photos.video.request import FramesRequest
from ...photos.video.selection import Selection, choose
from ...photos.video.watching import watch
from ...system.files import write_json

SECONDS_BETWEEN = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    folder = JobFolder(Path((arguments or sys.argv[1:])[0]))
    told = json.loads(folder.job.read_text(encoding="utf-8"))["settings"]
    asked = FramesRequest.from_dict(told)
    try:
        answer = run(asked, folder)
    except BridgeError as error:
        answer = {"frames": [], "sentence": error.message.as_dict()}
    except OSError as error:
        text = "{folder} can't be written ({error}). Make room or name another folder."
        why = error.strerror or str(error)
        said = Message("frames.not_written", text, folder=str(asked.out), error=why)
        answer = {"frames": [], "sentence": said.as_dict()}
    if answer is not None:
        write_json(folder.result, answer)
    return 0


def run(asked: FramesRequest, folder: JobFolder) -> dict[str, Any] | None:
    """The answer as `result.json` has it; None: it was stopped. Raises `BridgeError`."""
    folder.output.mkdir(parents=True, exist_ok=True)
    stopped, detector = folder.stop_request.exists, find_detector(asked.face_models)
    with Clip(asked.video) as clip:
        tell(Phase(Message("frames.watching", "looking at each frame")))
        looks = watch(clip, folder.output / "looks.jsonl", detector, advance(), stopped)
        if looks is None:
            return None
        choice = choose(looks, asked.count)
        tell(Phase(Message("frames.writing", "writing the frames")))
        files = [written(clip, look, asked) for look in choice.taken]
    return {
        "video": str(asked.video),
        "out": str(asked.out),
        "looked": choice.looked,
        "detector": detector.name if detector else None,
        "frames": [
            {"file": str(file), "seconds": round(look.time, 3), "sharpness": look.sharpness}
            for file, look in zip(files, choice.taken, strict=True)
            if file is not None
        ],
        "sentence": sentence(choice, asked).as_dict(),
    }


def written(clip: Clip, look: FrameLook, asked: FramesRequest) -> Path | None:
    """The frame as a PNG, whole or not there; None where it can't be found any more."""
    minutes, rest = divmod(round(look.time * 1000), 60_000)
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / f"{asked.video.stem}-{minutes:02d}m{rest // 1000:02d}s{rest % 1000:03d}.png"
    frame = None if file.exists() else clip.at(look.time)
    if frame is not None:
        part = file.with_name(file.name + ".part")
        clip.picture(frame).save(part, format="PNG", compress_level=1)
        os.replace(part, file)
    return file if file.exists() else None


def sentence(choice: Selection, asked: FramesRequest) -> Message:
    """What came of it, and why it is not more."""
    values = {"count": len(choice.taken), "folder": str(asked.out)}
    name, few = repr(shown(asked.video.name)), len(choice.taken) < asked.count
    taken = Message(
        "frames.taken",
        "{count} {count:frame|frames} of {video} {count:is|are} in {folder}.",
        video=name,
        **values,
    )
    if not choice.taken:
        taken = Message("frames.none", "No frame of {video} can be used.", video=name)
    text = "No frame of this video is really sharp: these are the sharpest."
    soft = [Message("frames.soft", text)] if choice.is_soft else []
    return cast(Message, joined([taken, *soft, *([_why(choice, asked)] if few else [])]))


def _why(choice: Selection, asked: FramesRequest) -> Message:
    text = (
        "{wanted} were asked for: of {looked} frames {blurred} are blurred or empty, {faces} show "
        "no face or several, and the rest look like those taken."
    )
    return Message(
        "frames.fewer",
        text,
        wanted=asked.count,
        looked=choice.looked,
        blurred=choice.blurred,
        faces=choice.faces,
    )


def advance() -> Callable[[int, int], None]:
    """Tells how far it is, twice a second."""
    last = 0.0

    def step(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= SECONDS_BETWEEN:
            last = time.monotonic()
            tell(Progress(done, total))

    return step


def tell(event: Event) -> None:
    """One line for whoever reads along."""
    sys.stdout.write(json.dumps(to_dict(event)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
