"""One line of ``train_network.py``'s output -> an event, or None.

Pure; the lines are those of sd-scripts 0.10.1.
"""

from __future__ import annotations

import math
import re

from ...jobs.events import Checkpoint, Event, Phase, Progress
from ...messages import Message

_STEPS = re.compile(
    r"^steps:\s+\d+%\|[^|]*\|\s*(?P<step>\d+)/(?P<total>\d+) "
    r"\[.*?(?:avr_loss=(?P<loss>[^,\]\s]+))?\]?$"
)
_SAVING = re.compile(r"^saving checkpoint: (?P<path>.+)$")
_SAVED_STEP = re.compile(r"-step(\d{8})\.safetensors$")

_PHASES = (
    ("prepare images", Message("phase.reading_pictures", "reading the pictures")),
    ("loading model for process", Message("phase.loading_base", "loading the base model")),
    ("caching latents", Message("phase.encoding_pictures", "encoding the pictures")),
    ("caching Text Encoder outputs", Message("phase.encoding_captions", "encoding the captions")),
    ("create LoRA network", Message("phase.making_lora", "making the LoRA")),
    ("running training", Message("phase.training", "training")),
    (
        "generating sample images",
        Message("phase.drawing_samples", "drawing sample pictures"),
    ),
)


def read(line: str) -> Event | None:
    """The event that this line tells of. tqdm prints each step twice;
    the one with its loss counts.
    """
    steps = _STEPS.match(line)
    if steps:
        return _progress(steps)
    saving = _SAVING.match(line)
    if saving:
        step = _SAVED_STEP.search(saving["path"])
        return (
            Checkpoint(saving["path"], int(step[1]))
            if step
            else Phase(Message("phase.saving_lora", "saving the LoRA"))
        )
    return next((Phase(words) for start, words in _PHASES if line.startswith(start)), None)


def _progress(match: re.Match[str]) -> Event | None:
    step, total = int(match["step"]), int(match["total"])
    if match["loss"] is None:
        return Phase(Message("phase.training", "training")) if step == 0 else None
    try:
        loss = float(match["loss"])
    except ValueError:
        return Progress(step, total)
    return Progress(step, total, loss if math.isfinite(loss) else None)
