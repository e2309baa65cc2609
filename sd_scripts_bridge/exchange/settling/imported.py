"""What became of each key of an imported file: used, changed (from, to) or ignored, each with its
reason.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from ...datasets import config as dataset_config
from ...datasets.kohya_folder import Subset
from ...errors import Problem
from ...jobs.launch import Launch
from ...messages import Message
from . import table

HIDDEN = "(not shown)"
DEFAULT = Message("imported.programs_default", "not in the file: the default of its program")
LONGEST = 60


class Fate(str, Enum):
    """What became of a key."""

    USED = "used"
    """It is trained as the file says."""
    CHANGED = "changed"
    """Something else is trained in its place."""
    IGNORED = "ignored"
    """It has no effect here."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class KeyRow:
    """One key of the file. ``to`` is what it became, where that has another name or value."""

    key: str
    fate: Fate
    value: Any
    to: str = ""
    why: str = ""

    def __str__(self) -> str:
        arrow = f" -> {self.to}" if self.to else ""
        return f"{self.key} = {_short(self.value)}{arrow}" + (
            f"   ({self.why})" if self.why else ""
        )


class Ledger:
    """Collects the rows while a file is read; the last word on a key counts."""

    def __init__(self) -> None:
        self._rows: dict[str, KeyRow] = {}
        self.originals: dict[str, Any] = {}
        """What stands in the file, where an importer passes on something else."""

    def used(self, key: str, value: Any, to: str = "", why: str = "") -> None:
        self._rows[key] = KeyRow(key, Fate.USED, value, to, why)

    def changed(self, key: str, value: Any, to: str, why: str) -> None:
        self._rows[key] = KeyRow(key, Fate.CHANGED, value, to, why)

    def ignored(self, key: str, value: Any, why: str) -> None:
        self._rows[key] = KeyRow(key, Fate.IGNORED, value, "", why)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def rows(self) -> tuple[KeyRow, ...]:
        return tuple(
            replace(row, value=self.originals[row.key])
            if row.key in self.originals and row.value != HIDDEN
            else row
            for row in self._rows.values()
        )


@dataclass(frozen=True)
class Imported:
    """A foreign file as we would train it.

    ``values`` holds the options by sd-scripts' names, all that `TrainingParams` knows among them
    but those that can be told only with the photos at hand: ``epochs``, ``save_every_epochs`` and
    ``warmup`` (a part of the run), see `settled`.
    """

    path: Path
    kind: str
    rows: tuple[KeyRow, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    family: str | None = None
    base: Path | None = None
    """Its base model, where that lies here."""
    base_name: str = ""
    """What the file calls its base model."""
    dataset: Path | None = None
    subsets: tuple[Subset, ...] = ()
    """Folders that lie here, but not side by side as a kohya folder has them."""
    regularisation: tuple[Subset, ...] = ()
    dataset_config: Mapping[str, Any] | None = None
    """What sd-scripts reads itself, where one folder of ours can't say it."""
    beyond: tuple[Problem, ...] = ()
    """Why one folder can't."""
    name: str | None = None
    trigger: str | None = None
    epochs: int | None = None
    rounded_once: bool = False
    """The steps of all ``epochs`` are counted together (kohya_ss), not epoch by epoch (sd-scripts).
    """
    save_every_epochs: int | None = None
    warmup: float | None = None
    launch: Launch | None = None
    """More than one process, where the file asks for it."""
    v_parameterization: bool = False
    """The file asks for v-prediction."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each of ``values`` comes from: the file's key, or `DEFAULT`."""
    notes: tuple[str, ...] = ()

    def of(self, fate: Fate) -> list[KeyRow]:
        return [row for row in self.rows if row.fate is fate]

    def settled(self, real_steps: int, regularisation: bool = False) -> dict[str, Any]:
        """``values`` for pictures of which an epoch shows ``real_steps``: everything counted in
        steps.
        """
        values = dict(self.values)
        a_process = int(values.get("train_batch_size", 1)) * int(
            values.get("gradient_accumulation_steps", 1)
        )
        a_step = a_process * (self.launch.processes if self.launch else 1)
        pictures = real_steps * (2 if regularisation else 1)
        if self.dataset_config is not None:
            batch = int(values.get("train_batch_size", 1))
            pictures = dataset_config.batches(self.dataset_config, batch) * batch
        epoch = max(1, math.ceil(pictures / a_step))
        steps = epoch * self.epochs if self.epochs else int(values.get("max_train_steps") or epoch)
        if self.epochs and self.rounded_once:
            steps = max(
                1, math.ceil(pictures * self.epochs / a_process)
            )  # whatever the number of processes
        values["max_train_steps"] = steps
        if self.warmup is not None:
            values["lr_warmup_steps"] = int(self.warmup * steps)
        if self.save_every_epochs:
            interval = epoch * self.save_every_epochs
            values["save_every_n_steps"] = interval if interval < steps else None
        return values

    def lines(self) -> list[str]:
        """For people: first what differs, then what has no effect, then what was taken
        as it is.
        """
        counts = ", ".join(f"{len(self.of(fate))} {fate}" for fate in Fate)
        lines = [f"{self.path.name}: {self.kind}; {counts}."]
        lines += (
            ["Changed:", *(line for row in self.of(Fate.CHANGED) for line in _wrapped(str(row)))]
            if self.of(Fate.CHANGED)
            else []
        )
        lines += ["Ignored:", *_by_reason(self.of(Fate.IGNORED))] if self.of(Fate.IGNORED) else []
        lines += (
            ["Used:", *_wrapped(", ".join(map(str, self.of(Fate.USED))))]
            if self.of(Fate.USED)
            else []
        )
        notes = [line for note in self.notes for line in _wrapped(note, "")]
        return [
            *lines,
            *notes,
            "Will be trained:",
            *table.lines(self.values, self.sources, [*self._counted()]),
        ]

    def _counted(self) -> Iterator[table.Row]:
        """What is counted in epochs until the photos are there, and what no option says."""
        if self.dataset_config is not None:
            usual = (self.values.get("resolution"), int(self.values.get("train_batch_size", 1)))
            told = dataset_config.told(self.dataset_config, *usual)
            yield "dataset_config", str(told), "read by sd-scripts itself"
        if self.epochs:
            yield "epochs", str(self.epochs), "the photos say how many steps that is"
        if self.warmup:
            source = self.sources.get("lr_warmup_steps", "")
            yield "warm-up", f"{self.warmup:.0%} of the run", source
        if self.save_every_epochs:
            yield (
                "saves",
                "every epoch"
                if self.save_every_epochs == 1
                else f"every {self.save_every_epochs} epochs",
                "the file",
            )
        if self.v_parameterization:
            said = "the file, unless the base model says otherwise"
            yield "v_parameterization", "True", said


def _by_reason(rows: list[KeyRow]) -> list[str]:
    """Many keys go for one and the same reason, so that is said once."""
    reasons: dict[str, list[KeyRow]] = {}
    for row in rows:
        reasons.setdefault(row.why, []).append(row)
    return [
        line
        for why, group in reasons.items()
        for line in _wrapped(
            f"{', '.join(f'{row.key} = {_short(row.value)}' for row in group)}   ({why})"
        )
    ]


def plain(value: Any) -> Any:
    """``value`` as JSON can say it: a TOML file also knows dates, and JSON of Python's making
    "NaN".
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    finite = isinstance(value, float) and math.isfinite(value)
    return value if value is None or finite or isinstance(value, (str, bool, int)) else str(value)


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text,
        table.columns(),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
