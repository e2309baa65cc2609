"""Whether compiling pays: what it took and saved in earlier trainings of one kind, and what that
means for the next. Light: imports no torch.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ....jobs.job import TrainingJob
from ....jobs.meter import duration
from ....messages import Message
from ....system.files import write_json

OPTION = "torch_compile"
"""sd-scripts' flag for the whole U-Net; here its transformer blocks are compiled."""


@dataclass(frozen=True)
class Earnings:
    """Seconds: of a step as it is and compiled, of compiling at first (``cold``), and with what
    lies in the cache (``warm``); None: not measured yet.
    """

    eager: float
    compiled: float
    cold: float | None = None
    warm: float | None = None

    @property
    def cost(self) -> float:
        """At most, as far as it is known."""
        known = [one for one in (self.warm, self.cold) if one is not None]
        return known[0] if known else 0.0

    def saved(self, steps: int) -> float:
        return max(0.0, self.eager - self.compiled) * steps

    def pays(self, steps: int) -> bool:
        """Whether ``steps`` more earn it back."""
        return self.saved(steps) > self.cost

    def outlook(self, steps: int) -> Message:
        """What that means for so many steps."""
        told = {"cost": duration(self.cost), "saved": duration(self.saved(steps))}
        if self.pays(steps):
            text = (
                "torch_compile: compiling the U-Net's blocks takes about {cost} and saves about "
                "{saved} in {steps} steps (measured in an earlier training)."
            )
            return Message("compile.pays", text, steps=steps, **told)
        text = (
            "torch_compile is left out: compiling the U-Net's blocks takes about {cost} and would "
            "save {saved} in {steps} steps (measured in an earlier training)."
        )
        return Message("compile.left_out", text, steps=steps, **told)


UNKNOWN = Message(
    "compile.unknown",
    "torch_compile: the U-Net's blocks are compiled in the first steps. What that takes and saves "
    "isn't measured here yet; if this training is too short for it, the steps stay uncompiled.",
)


@dataclass(frozen=True)
class EarningsBook:
    """What was measured with one PyTorch, in the folder of what it has compiled."""

    folder: Path

    def of(self, kind: str) -> Earnings | None:
        found = self._all().get(kind)
        return None if found is None else Earnings(**found)

    def write(self, kind: str, found: Earnings) -> None:
        """Keep ``found``, and of compiling what was known before and isn't measured anew. A full
        disk costs a second measurement, nothing else.
        """
        known = self.of(kind)
        if known is not None:
            cold = known.cold if found.cold is None else found.cold
            warm = known.warm if found.warm is None else found.warm
            found = replace(found, cold=cold, warm=warm)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self._file, {**self._all(), kind: asdict(found)})

    @property
    def _file(self) -> Path:
        return self.folder / "earnings.json"

    def _all(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none yet, or damaged: it is measured again
            return {}
        return found if isinstance(found, dict) else {}


def kind_of(job: TrainingJob, device: str) -> str:
    """What makes compiling and a step take equally long; ``device``: a GPU's name, or "cpu"."""
    params, base = job.params, Path(job.base)
    parts = (
        device,
        job.family,
        base.stat().st_size if base.is_file() else 0,
        params.resolution,
        params.train_batch_size,
        params.gradient_accumulation_steps,
        params.network_dim,
        params.mixed_precision,
        "checkpointing" if params.gradient_checkpointing else "",
        "unet" if params.network_train_unet_only else "unet, text",
    )
    return " | ".join(map(str, parts))


def is_wanted(job: TrainingJob) -> bool:
    """Whether the job asks for compiled blocks; nothing of the U-Net learns without it."""
    return bool(job.params.extra.get(OPTION)) and not job.params.network_train_text_encoder_only
