"""What `gpu` measures with: a line of its table, and the GPU with the time that is left."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sd_scripts_bridge.engines.embedded.model import device

from .workshop import Workshop

STEPS = 1500
"""Steps that a whole run has."""
GIGABYTES = {"sd1": 7, "sdxl": 22}
SIDES = {"sd1": 512, "sdxl": 1024}
TINY_SIDE = 64


@dataclass(frozen=True)
class Line:
    """One row of the table; what wasn't measured is None."""

    case: str
    way: str
    ms: float | None = None
    whole: float | None = None
    peak: float | None = None
    loss: float | None = None
    note: str = ""

    @property
    def cells(self) -> tuple[object, ...]:
        def said(value: float | None, digits: int) -> str:
            return "" if value is None else f"{value:.{digits}f}"

        numbers = said(self.ms, 2), said(self.whole, 0), said(self.peak, 1), said(self.loss, 4)
        return (self.case, self.way, *numbers, self.note)


@dataclass(frozen=True)
class Bench:
    """Where it is measured, until when, and whether it is only rehearsed."""

    workshop: Workshop
    device: str
    tiny: bool
    ends: float

    @property
    def name(self) -> str:
        here = torch.cuda.get_device_name() if self.device == "cuda" else "the CPU"
        return f"{here} with PyTorch {torch.__version__}"

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def has_room(self, family: str) -> bool:
        if self.device != "cuda" or self.tiny:
            return True
        return bool(torch.cuda.mem_get_info()[0] >= GIGABYTES[family] * 1e9)

    def work(self, family: str, *, unet_only: bool) -> tuple[Path, Path, dict[str, Any]]:
        """Base model, dataset and options."""
        side = TINY_SIDE if self.tiny else SIDES[family]
        base = self.workshop.base(family, narrow=self.tiny)
        return base, self.workshop.dataset(4, side), _options(side, unet_only=unet_only)

    def line(self, case: str, way: str, needs: float, measured: Callable[[], Line]) -> Line:
        """What was ``measured``, or why it wasn't: the other lines stand without it."""
        if self.left < needs:
            return Line(case, way, note="not measured: no time was left")
        say(f"{case}: {way} ...")
        try:
            return measured()
        except Exception as error:  # noqa: BLE001  # whatever a GPU, a compiler or a program has
            say(f"{type(error).__name__}: {error}")
            return Line(case, way, note=f"failed: {str(error).strip().partition(chr(10))[0]}")
        finally:
            self.free()

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def free(self) -> None:
        """Give the GPU back what nobody uses: the next line, or program, may need it."""
        gc.collect()
        device.give_back(torch.device(self.device))

    def forget_peak(self) -> None:
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()


def _options(side: int, *, unet_only: bool) -> dict[str, Any]:
    return {
        "resolution": str(side),
        "min_bucket_reso": side // 2,
        "max_bucket_reso": 2 * side,
        "mixed_precision": "bf16",
        "save_precision": "bf16",
        "network_dim": 16,
        "network_alpha": 8,
        "learning_rate": 1e-4,
        "lr_scheduler": "constant",
        "max_train_steps": STEPS,
        "network_train_unet_only": unet_only,
        "save_every_n_steps": STEPS,
        "save_state": False,
        "extra": {"sample_every_n_steps": 0},
    }


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
