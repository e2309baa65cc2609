"""Writing LoRA files and states: aside first, then renamed, so that what has the final name is
whole.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import PickleError
from typing import Any

import torch

from ....errors import Invalid, Problem
from ....jobs.events import Note
from ....jobs.folder import JobFolder, state_step
from ....messages import Message
from .. import STATE_FILE
from ..model.lora_network import LoraNetwork
from . import metadata
from .said import say

DTYPES = {"float": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
STATES_KEPT = 2
FACTS_FILE = "train_state.json"


def save_lora(path: Path, network: LoraNetwork, precision: str, data: Mapping[str, str]) -> None:
    """Write the LoRA with its metadata and hashes."""
    from safetensors.torch import save

    tensors = network.tensors(DTYPES[precision])
    own = {key: value for key, value in data.items() if key.startswith("ss_")}
    complete = metadata.with_hashes(data, save(tensors, metadata=own))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(save(tensors, metadata=complete))
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def save_state(folder: JobFolder, name: str, step: int, state: Mapping[str, Any]) -> Path:
    """Write all that going on needs, and remove all but the newest states."""
    target = folder.output / f"{name}-step{step:08d}-state"
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with (aside / STATE_FILE).open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    facts = {"current_epoch": state["epoch"], "current_step": step}
    (aside / FACTS_FILE).write_text(json.dumps(facts), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(aside, target)
    for old in [state for state in folder.states(name) if state_step(state) < step][
        : -(STATES_KEPT - 1)
    ]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def load_state(folder: Path) -> dict[str, Any]:
    """A saved state. Raises `Invalid` where it isn't one of ours or can't be read."""
    file = folder / STATE_FILE
    if not file.is_file():
        raise Invalid(
            [
                Problem(
                    "state.holds",
                    str(folder),
                    "holds no {state_file}",
                    "Resume with the engine that wrote the state, or start over.",
                    state_file=STATE_FILE,
                )
            ]
        )
    try:
        with zipfile.ZipFile(file) as packed:
            if packed.testzip() is not None:
                raise damaged(folder)
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, KeyError, PickleError):
        raise damaged(folder) from None  # whatever torch makes of broken bytes
    return state


def restore_dice(dice: torch.Generator, saved: torch.Tensor) -> None:
    """Go on with saved random numbers. Those of another kind of device (a GPU's on a processor)
    begin anew, which is said. Raises TypeError or RuntimeError for what is no generator's state.
    """
    if saved.numel() != dice.get_state().numel() and saved.dtype == torch.uint8:
        text = (
            "The state was saved on another kind of device, whose random numbers can't be gone on "
            "with here: they begin anew."
        )
        say(Note(Message("note.other_dice", text)))
        return
    dice.set_state(saved)


def damaged(folder: Path) -> Invalid:
    """The state can't be used. `running.failures.states` knows the sentence: an older one is."""
    what, remedy = "is cut off or damaged", "Resume from an older state."
    return Invalid([Problem("state.cut_off_damaged", f"The state {folder.name}", what, remedy)])
