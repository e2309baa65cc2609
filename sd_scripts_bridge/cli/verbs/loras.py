"""Verbs for finished LoRAs: verify, lora."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from ...bridge import Bridge
from ...models.verifying.verdict import VerifiedView
from ...running.asked.lora_work import Destination, LoraRequest
from ..output import OK, PROBLEM, show
from ..pages import PROGRAM
from .training import follow_to_end


def verify(bridge: Bridge, options: argparse.Namespace) -> int:
    found = bridge.verify(options.file)
    show(options, asdict(found), _lines(found))
    return OK if found.whole else PROBLEM


def _lines(found: VerifiedView) -> list[str]:
    rows = [
        ("family", found.family_name or "unknown"),
        ("network", found.network),
        ("modules", f"{found.modules}: {_parts(found)}"),
        ("rank", _list(found.ranks)),
        ("alpha", _list(found.alphas) or "as the rank"),
        ("numbers", f"{found.dtype}, {'all finite' if found.finite else 'NOT all finite'}"),
        ("host", _host(found)),
    ]
    lines = [f"  {name:<14} {text}" for name, text in rows]
    lines += ["", "  norm of what is added at strength 1"]
    lines += [
        f"    {one.block:<14} {one.modules:>4} modules  "
        + ("unknown" if one.norm is None else f"{one.norm:.4g}")
        for one in found.norms
    ]
    return [*lines, *(["", *found.problems, *found.notes] if found.problems or found.notes else [])]


def _parts(found: VerifiedView) -> str:
    return f"{found.text_encoder_modules} text encoder, {found.unet_modules} U-Net"


def _host(found: VerifiedView) -> str:
    if found.unmatched is None:
        return "unknown for this family"
    if not found.unmatched:
        return "every module finds its layer"
    return f"{len(found.unmatched)} of {found.modules} modules find no layer"


def _list(numbers: list[int] | list[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def likeness(bridge: Bridge, options: argparse.Namespace) -> int:
    number = bridge.measure_likeness(options.job, options.with_)
    return _run(bridge, number, options)


def lora(bridge: Bridge, options: argparse.Namespace) -> int:
    return _run(bridge, bridge.work_on_loras(_asked(options), options.gpu), options)


def _run(bridge: Bridge, number: int, options: argparse.Namespace) -> int:
    """Say what is queued, and follow it."""
    if options.json:
        print(json.dumps({"type": "queued", "job": number}), flush=True)
    else:
        print(f"Job {number}: {bridge.job(number).title}", flush=True)
    if not options.detach:
        return follow_to_end(bridge, number, options)
    if not options.json:
        print(f"Follow it: {PROGRAM} watch {number}")
    return OK


def _asked(options: argparse.Namespace) -> LoraRequest:
    return LoraRequest(
        options.action,
        tuple(options.files),
        options.rank,
        tuple(options.weights),
        options.into,
        options.base,
        Destination(options.name, options.lora_dir, options.out),
    )
