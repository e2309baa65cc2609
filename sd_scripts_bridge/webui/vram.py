"""Getting the WebUI's own model out of the way of a training, and back again, as each host needs
it.

Everything here is called with the host's queue lock held: nothing is generated meanwhile.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from typing import Any, Protocol

from . import host

SCARCE_BYTES = 8 << 30
"""With less memory free than this a parked model would be in the trainer's way there, too."""


class Vram(Protocol):
    """The host's model on the GPU."""

    def free(self) -> None:
        """Take it off, so that none comes back by itself."""

    def restore(self) -> None:
        """Make the host able to generate again.

        Fine also where `free` broke off in the middle, or never ran.
        """


def of_host() -> Vram:
    """The way of the host that we live in."""
    manager = host.probe("backend.memory_management", "ldm_patched.modules.model_management")
    return LoadsOnDemand(manager) if manager is not None else A1111()


class LoadsOnDemand:
    """Forge, reForge and Classic: what they need is loaded again for each generation."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def free(self) -> None:
        self._manager.unload_all_models()
        self._manager.soft_empty_cache()
        models = host.module("modules.sd_models")
        if _without_room() and hasattr(
            models, "FakeInitialModel"
        ):  # Forge; else it stays in the memory, 7 GB
            models.model_data.sd_model = models.FakeInitialModel()
            models.model_data.forge_hash = ""
        _give_back()

    def restore(self) -> None:
        pass


class A1111:
    """AUTOMATIC1111 moves a model only when another is chosen, so what was moved away must be moved
    back.
    """

    def __init__(self) -> None:
        self._dropped = False

    def free(self) -> None:
        models = host.module("modules.sd_models")
        data = models.model_data
        with data.lock:  # a model that is being loaded at the start is waited for
            self._dropped = data.sd_model is None or _without_room()
            for model in {
                id(m): m for m in (data.sd_model, *data.loaded_sd_models) if m is not None
            }.values():
                if self._dropped:
                    models.send_model_to_trash(
                        model
                    )  # without its numbers, but whoever asks what it is gets an answer
                else:
                    models.send_model_to_cpu(model)
            data.was_loaded_at_least_once = True  # else whoever asks for the model loads one
        host.module("modules.devices").torch_gc()
        _give_back()

    def restore(self) -> None:
        models = host.module("modules.sd_models")
        data = models.model_data
        if self._dropped or data.sd_model is None:
            data.loaded_sd_models.clear()
            data.sd_model = None
            data.was_loaded_at_least_once = False  # the next picture loads it
            self._dropped = False
            _give_back()
        else:
            models.send_model_to_device(data.sd_model)


def _without_room() -> bool:
    """Whether the model must leave the memory, too: because it trains there, or because little is
    left.
    """
    import psutil

    torch = sys.modules.get("torch")
    has_gpu = torch is not None and torch.cuda.is_available()
    return not has_gpu or psutil.virtual_memory().available < SCARCE_BYTES


def _give_back() -> None:
    """What Python and the C library keep for later, to the system."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
