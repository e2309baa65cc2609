"""One picture by the WebUI itself: with the base model that is asked for, and a LoRA that need not
lie in its Lora folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from typing import Any

from ...engines.sample_prompts import SamplePrompt
from ...errors import BridgeError
from .. import host
from .picture import AskedPicture, StepFile

SAMPLER, SCHEDULE = "DPM++ 2M", "Karras"


def draw(wanted: AskedPicture) -> Any:
    """The picture (PIL). Takes its turn in the host's queue: waits while another is generated.

    Raises `BridgeError` where this host can't, or somebody interrupts it.
    """
    prompt, lora = wanted.prompt, wanted.lora
    with host.queue_lock(), _offered(lora):
        processing, shared = host.module("modules.processing"), host.module("modules.shared")
        text = (
            prompt.text if lora is None else f"{prompt.text} <lora:{lora.name}:{wanted.weight:g}>"
        )
        asked = processing.StableDiffusionProcessingTxt2Img(
            sd_model=shared.sd_model,
            prompt=text,
            override_settings=_model(wanted),
            **_settings(processing, prompt),
        )
        with closing(asked):
            try:
                shared.state.begin(job="LoRA Bridge")
                done = processing.process_images(asked)
                if shared.state.interrupted or shared.state.skipped:
                    raise BridgeError("grid.interrupted", "You interrupted the WebUI's drawing.")
            finally:
                shared.state.end()
        if not done.images:
            raise BridgeError("grid.no_image", "The WebUI gave no picture.")
        return done.images[0]


def _model(wanted: AskedPicture) -> dict[str, str]:
    """The host's own way to draw one picture with another model: the one that the user has chosen
    comes back with the user's next picture. Raises `BridgeError`.
    """
    if wanted.base is None:
        return {}
    file = wanted.base.resolve()
    found = [name for name, path in host.bases() if path.resolve() == file]
    if not found and wanted.must_be_base:
        text = "This WebUI doesn't list {base}, so it can't draw with it."
        raise BridgeError("painting.not_listed", text, base=wanted.base.name)
    return {"sd_model_checkpoint": found[0]} if found else {}


def _settings(processing: Any, prompt: SamplePrompt) -> dict[str, Any]:
    """For one picture that the host saves nowhere. Before 1.9 the schedule was in the sampler's
    name.
    """
    known = {field.name for field in fields(processing.StableDiffusionProcessingTxt2Img)}
    sampler: dict[str, Any] = {"sampler_name": f"{SAMPLER} {SCHEDULE}"}
    if "scheduler" in known:
        sampler = {"sampler_name": SAMPLER, "scheduler": SCHEDULE}
    return {
        "negative_prompt": prompt.negative,
        "seed": prompt.seed,
        "steps": prompt.steps,
        "cfg_scale": prompt.scale,
        "width": prompt.width,
        "height": prompt.height,
        "do_not_save_samples": True,
        "do_not_save_grid": True,
        **sampler,
    }


@contextmanager
def _offered(lora: StepFile | None) -> Iterator[None]:
    """Within it the host knows the file by its name; afterwards its lists are as before."""
    if lora is None:
        yield
        return
    networks: Any = sys.modules.get("networks")
    network: Any = sys.modules.get("network")
    if not hasattr(networks, "available_networks") or not hasattr(network, "NetworkOnDisk"):
        text = "This WebUI's Lora extension is switched off, so it can't draw with a LoRA."
        raise BridgeError("grid.no_lora_extension", text)
    lists = [
        networks.available_networks,
        networks.available_network_aliases,
        networks.available_network_hash_lookup,
    ]
    before = [dict(one) for one in lists]
    try:
        entry = network.NetworkOnDisk(lora.name, str(lora.path))
        for one in lists[:2]:
            one[lora.name] = entry
        yield
    finally:
        for one, kept in zip(lists, before, strict=True):
            one.clear()
            one.update(kept)
