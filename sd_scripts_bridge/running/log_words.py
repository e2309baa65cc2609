"""A trainer's log as people read it: the events that our own engine prints become words."""

from __future__ import annotations

import json
from pathlib import Path

from ..jobs.events import (
    Checkpoint,
    Event,
    Measured,
    Note,
    Phase,
    Progress,
    Proof,
    Result,
    Sample,
    from_dict,
)


def spoken(line: str) -> str:
    """``line`` in words where it is one of our engine's events, else as it is."""
    if not line.startswith("{"):
        return line
    try:
        return _words(from_dict(json.loads(line))) or line
    except (ValueError, TypeError):
        return line


def _words(event: Event) -> str:
    """Empty for what no trainer prints."""
    match event:
        case Progress(step, total, loss):
            return f"step {step} of {total}" + ("" if loss is None else f", loss {loss:.4f}")
        case Phase(text):
            return text
        case Note(text):
            return f"note: {text}"
        case Sample(path, step, _, _):
            return f"sample picture at step {step}: {Path(path).name}"
        case Checkpoint(path, step):
            return f"saved at step {step}: {Path(path).name}"
        case Proof(without, with_lora, _):
            return (
                f"denoising loss on the training pictures: {without:.4f} without the LoRA, "
                f"{with_lora:.4f} with it"
            )
        case Measured(step, held_out, _, training):  # its error is known with the other saves'
            trained = "" if training is None else f", on training photos {training:.4f}"
            return f"held-out loss at step {step}: {held_out:.4f}{trained}"
        case Result(facts):
            return "result: " + ", ".join(f"{name} = {value}" for name, value in facts.items())
    return ""
