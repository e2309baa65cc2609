"""The program that draws pictures of a class: `RegularizationTool`."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from ....datasets.writing.recording import record
from ....jobs.events import Phase, Progress
from ....jobs.folder import JobFolder
from ....messages import Message
from ....system.files import write_json
from ...regularizing.class_pictures import STEPS, ClassPictures
from .. import tool_program
from ..training.said import say
from .drawing import infotext, prompt_of
from .loading import on_best_device

AT_ONCE = 4


def main() -> int:
    return tool_program.run(draw)


def draw(tool: JobFolder, tokenizers: Path) -> int:
    """Draw what is missing. Raises `BridgeError`."""
    told = json.loads(tool.job.read_text(encoding="utf-8"))["settings"]
    asked = ClassPictures.from_dict(told)
    left = asked.missing
    if left and not _drawn(asked, left, tool, tokenizers):
        return 0
    record(Path(asked.folder).parent, asked.leaf)
    answer = {"class": asked.class_token, "pictures": asked.count, "folder": str(asked.leaf)}
    write_json(tool.result, answer)
    return 0


def _drawn(asked: ClassPictures, left: list[int], tool: JobFolder, tokenizers: Path) -> bool:
    """Draw them, a few at once; False where somebody stops it."""
    say(Phase(Message("phase.loading_base_model", "loading the base model")))
    sampler: Any = on_best_device(Path(asked.base), asked.family, tokenizers, asked.prediction)[1]
    say(Phase(Message("regularization.drawing", "drawing")))
    numbers, done = iter(left), asked.count - len(left)
    while together := list(islice(numbers, AT_ONCE)):
        prompts = [asked.prompt_of(number) for number in together]
        pictures = sampler.draw([prompt_of(prompt) for prompt in prompts], STEPS)
        for number, prompt, picture in zip(together, prompts, pictures, strict=True):
            asked.keep(number, picture, infotext(prompt))
        done += len(together)
        say(Progress(done, asked.count))
        if tool.stop_request.exists():
            return done == asked.count
    return True


if __name__ == "__main__":
    sys.exit(main())
