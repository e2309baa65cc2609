"""The steps and options of a file from elsewhere, as the draft counts and holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....datasets.kohya_folder import open_dataset
from ....errors import BridgeError
from ....exchange.settling.imported import Imported, plain
from ....exchange.settling.work import KNOWN
from ....messages import Message
from ....options.params import MOST_STEPS, TrainingParams
from ..state import State
from ..view import NO_REGULARISATION
from .proposal import Proposal


def steps_and_values(found: Proposal, imported: Imported, state: State) -> None:
    """The draft counts pictures, so that the sum on the page stays right when photos come or go."""
    imported = _gpus(found, imported, state)
    batch = int(imported.values.get("train_batch_size") or 1) * int(
        imported.values.get("gradient_accumulation_steps") or 1
    )
    batch *= imported.launch.processes if imported.launch else 1
    shown, regularisation = _pictures(imported)
    if shown or not imported.epochs:
        steps, settled = _counted(found, imported, batch, shown, regularisation)
    else:
        steps, settled = _uncounted(found, imported, batch, state.training.steps)
    found.training["steps"] = min(MOST_STEPS, max(1, steps * batch))
    ours = TrainingParams()
    found.training["values"] = {
        key: "none" if value is None else str(value) if isinstance(value, Mapping) else plain(value)
        for key, value in settled.items()
        if key != "max_train_steps" and (key not in KNOWN or value != getattr(ours, key))
    }


def _counted(
    found: Proposal, imported: Imported, batch: int, shown: int, regularisation: bool
) -> tuple[int, dict[str, Any]]:
    """(steps, options) of a file whose steps are known, or whose photos are here."""
    settled = imported.settled(shown or 1, regularisation)
    steps = settled["max_train_steps"]
    given = Message("draft.own_number", "its own number")
    if imported.epochs:
        given = Message(
            "draft.epochs_pictures",
            "{epochs} {epochs:epoch|epochs} of {shown} {shown:picture|pictures}",
            epochs=imported.epochs,
            shown=shown,
        )
    found.sentences.append(
        Message(
            "draft.steps_file_trains_batch",
            "Steps: the file trains {steps} ({given}) at batch {batch}, which is {steps2} "
            "{steps2:picture|pictures}.",
            steps=steps,
            given=given,
            batch=batch,
            steps2=steps * batch,
        )
    )
    if regularisation:  # which an epoch of the file has, and one of the page hasn't
        steps = imported.settled(shown or 1)["max_train_steps"]
        found.sentences.append(NO_REGULARISATION)
    return steps, settled


def _uncounted(
    found: Proposal, imported: Imported, batch: int, pictures: int
) -> tuple[int, dict[str, Any]]:
    """(steps, options) of a file that counts epochs of photos that aren't here."""
    steps = math.ceil(pictures / batch)
    own = {**imported.values, "max_train_steps": steps}
    found.sentences.append(
        Message(
            "draft.steps_file_counts_epochs",
            "Steps: the file counts {epochs} {epochs:epoch|epochs} of photos that aren't here, so "
            "their number of steps can't be known: {steps} {steps:picture stays|pictures stay}.",
            epochs=imported.epochs,
            steps=pictures,
        )
    )
    if imported.save_every_epochs:
        found.sentences.append(
            Message(
                "draft.saves_every_epochs_cant",
                "Saves: every {save_every_epochs} {save_every_epochs:epoch|epochs} can't be "
                "counted here; set "
                "save_every_n_steps.",
                save_every_epochs=imported.save_every_epochs,
            )
        )
    return steps, replace(imported, epochs=None, values=own).settled(steps * batch)


def _gpus(found: Proposal, imported: Imported, state: State) -> Imported:
    """The draft trains on this machine, one process on each of its GPUs."""
    launch = imported.launch
    if launch is None:
        found.training |= {"gpus": ""} if state.training.gpus else {}
        return imported
    if launch.machines > 1:
        found.sentences.append(
            Message(
                "draft.several_machines_train_command",
                "{title}: several machines train from the command line only. Here one process "
                "trains.",
                title=launch.title,
            )
        )
        return replace(imported, launch=None)
    found.training["gpus"] = ",".join(map(str, launch.gpus))
    found.sentences.append(
        Message(
            "draft.gpus_process_each_empty",
            "GPUs: {training}, one process on each. Empty the field GPUs for one.",
            training=found.training["gpus"],
        )
    )
    return replace(imported, launch=replace(launch, num_cpu_threads_per_process=None))


def _pictures(imported: Imported) -> tuple[int, bool]:
    """(pictures that an epoch shows, whether there are regularisation pictures); 0 where the photos
    aren't here.
    """
    subsets, regularisation = imported.subsets, imported.regularisation
    if imported.dataset is not None:
        try:
            data = open_dataset(imported.dataset)
        except BridgeError:
            return 0, False
        subsets, regularisation = data.subsets, data.regularisation
    return sum(subset.images * subset.repeats for subset in subsets), bool(regularisation)
