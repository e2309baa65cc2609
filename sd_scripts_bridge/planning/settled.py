"""The options that a training gets: a preset's, over them a file's, over those what somebody sets.

What is set above takes effect: options below that would shadow it give way, and that is said. The
number of steps has its one authority here, for every way in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..datasets.config import Share
from ..errors import Invalid, Problem, mistyped
from ..messages import Message
from ..options.effect import has_warmup
from ..options.kinds import is_off
from ..options.params import MOST_STEPS, TrainingParams, fields_of_params
from ..options.presets import Preset

BY_EPOCHS: Mapping[str, str] = {
    "max_train_epochs": "max_train_steps",
    "save_every_n_epochs": "save_every_n_steps",
    "sample_every_n_epochs": "sample_every_n_steps",
}
"""sd-scripts' options that count epochs, and those that count the same in steps.

Only steps are sent: sd-scripts lets epochs override the number of steps that was announced.
"""
RATES = ("unet_lr", "text_encoder_lr")
"""Each is the rate of its part wherever it is set; `learning_rate` counts for the others only."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch shows. ``pictures`` has each repeat counted, without regularisation."""

    pictures: int
    regularisation: bool = False
    processes: int = 1
    shares: tuple[Share, ...] = ()
    """Several datasets with a batch size each, in the place of ``pictures``."""

    def steps(self, params: TrainingParams) -> int:
        """Optimizer steps of one epoch.

        As train_network.py counts them: as many regularisation pictures as others, whole batches,
        shared by the processes.
        """
        pictures = self.pictures * (2 if self.regularisation else 1)
        batches = math.ceil(pictures / params.train_batch_size)
        if self.shares:
            batches = sum(share.batches(params.train_batch_size) for share in self.shares)
        return max(1, math.ceil(batches / self.processes / params.gradient_accumulation_steps))

    def usual_steps(self, params: TrainingParams) -> int:
        """Optimizer steps that show ``pictures`` once: how long a run is where nobody says."""
        return replace(self, regularisation=False).steps(params)


@dataclass(frozen=True)
class Settled:
    """``others`` are options that only the scripts know, as they were given."""

    params: TrainingParams
    others: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def settle(preset: Preset, layers: Sequence[Mapping[str, Any]], epoch: Epoch) -> Settled:
    """The preset's options with each of ``layers`` over those before.

    Raises `Invalid` with every value that can't be used.
    """
    notes: list[str] = []
    values = _merged(preset, layers, notes)
    names = {spec.name for spec in fields_of_params()}
    batch = ("train_batch_size", "gradient_accumulation_steps")
    first = preset.params(1).with_values({key: values[key] for key in batch if key in values})
    values |= _in_steps(values, epoch.steps(first), notes)
    known = {key: value for key, value in values.items() if key in names}
    others = {key: value for key, value in values.items() if key not in names | BY_EPOCHS.keys()}
    given = first.with_values({key: known[key] for key in ("max_train_steps",) if key in known})
    steps = given.max_train_steps if "max_train_steps" in known else epoch.usual_steps(first)
    params = preset.params(min(steps, MOST_STEPS)).with_values(known)
    extra = {key: value for key, value in params.extra.items() if key not in BY_EPOCHS}
    params = replace(params, extra=extra)
    if params.lr_warmup_steps and not has_warmup(replace(params, extra={**extra, **others})):
        params = params.with_values({"lr_warmup_steps": 0})
    return Settled(params, others, tuple(notes))


def _merged(
    preset: Preset, layers: Sequence[Mapping[str, Any]], notes: list[str]
) -> dict[str, Any]:
    """What is set over the preset."""
    below = {**preset.values, **preset.extra}
    counts = {*BY_EPOCHS, *BY_EPOCHS.values()}
    values = {key: value for key, value in below.items() if key in counts}
    for layer in layers:
        rates = _rates(layer, {**below, **values}, notes)
        _drop_counts(values, layer)
        values |= rates
    return values


def _rates(layer: Mapping[str, Any], below: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """``layer``, with the parts' own rates below it taken away where it sets the general one."""
    if is_off(layer.get("learning_rate")):
        return dict(layer)
    own = [name for name in RATES if name not in layer and not is_off(below.get(name))]
    if own:
        notes.append(
            Message(
                "settled.rate_for_all",
                "learning_rate={rate} applies to every part: {gone} {count:is|are} ignored.",
                rate=layer["learning_rate"],
                gone=" and ".join(f"{name}={below[name]}" for name in own),
                count=len(own),
            )
        )
    return {**layer, **dict.fromkeys(own)}


def _drop_counts(values: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """A count in ``layer`` replaces the same one below it, whatever that was counted in."""
    for pair in BY_EPOCHS.items():
        if any(not is_off(layer.get(name)) for name in pair):
            for name in pair:
                values.pop(name, None)


def _in_steps(values: Mapping[str, Any], epoch: int, notes: list[str]) -> dict[str, int]:
    """The options that count epochs, counted in steps. Raises `Invalid`."""
    found, problems = {}, []
    for name, by_steps in BY_EPOCHS.items():
        if is_off(values.get(name)):
            continue
        try:
            found[by_steps] = _whole(values[name], MOST_STEPS // epoch) * epoch
        except ValueError as error:
            said = error.args[0]
            problems.append(Problem(said.code, name, said))
            continue
        notes.append(
            Message(
                "settled.epochs_in_steps",
                "{name}={epochs}: an epoch has {epoch} {epoch:step|steps}, so {by_steps}={steps}.",
                name=name,
                epochs=values[name],
                epoch=epoch,
                by_steps=by_steps,
                steps=found[by_steps],
            )
        )
    if problems:
        raise Invalid(problems)
    return found


def _whole(value: Any, most: int) -> int:
    """``value`` as a number from 1 to ``most``. Raises ValueError with a sentence."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            Message("params.no_number", "{value} is not a number", value=mistyped(value))
        ) from None
    if isinstance(value, bool) or not math.isfinite(number) or number != int(number):
        raise ValueError(
            Message(
                "params.no_whole_number", "{value} is not a whole number", value=mistyped(value)
            )
        )
    if not 1 <= number <= max(1, most):
        raise ValueError(
            Message(
                "settled.outside",
                "{value} is outside 1 to {most}",
                value=mistyped(value),
                most=f"{max(1, most):,}",
            )
        )
    return int(number)
