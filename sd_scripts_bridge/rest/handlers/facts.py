"""What there is to choose from, and what this machine can do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ... import engines
from ...engines import installed
from ...errors import Invalid, Problem
from ...messages import Message
from ...models import offered
from ...options import presets
from ...page.context import Context
from ...planning import option_list
from ...system.torch_choice import choose, this_machine
from ..doors import Call
from .files import path_of


def list_presets(_call: Call) -> Any:
    """The starting points with their reasons, sources and options."""
    return {"presets": [presets.get(name).as_dict() for name in presets.names()]}


def options(call: Call) -> Any:
    """The options whose name or help holds every word of ``search``; from afar only those that we
    know by name.
    """
    context = call.context
    rows = context.the_bridge.options(_family(context), installed=context.local)
    found = option_list.search(rows, call.query.get("search", ""))
    return {"options": [row.as_dict() for row in found], "total": len(rows)}


def _family(context: Context) -> str:
    title = context.draft.state.training.base
    path = offered.find(title, context.models(), local=context.local) if title else None
    base = offered.look(path).base if path else None
    return base.family if base else "sd1"


def engine(call: Call) -> Any:
    """What is ready and what is missing, in sentences."""
    findings = call.context.the_bridge.doctor()
    ready = all(finding.ready or not finding.needed for finding in findings)
    return {
        "ready": ready,
        "findings": [asdict(finding) for finding in findings],
        "costs": installed.costs(with_gpu=choose(this_machine()).cuda),
    }


def setup(call: Call) -> Any:
    """Queue the job that makes the training environment."""
    source = call.body.get("source") or None
    if source is not None and (not isinstance(source, str) or "\0" in source):
        raise Invalid(
            [
                Problem(
                    "facts.folder_address",
                    "source",
                    "{source} is not a folder or an address",
                    source=repr(source),
                )
            ]
        )
    python = path_of(call, "python") if call.body.get("python") is not None else None
    chosen = call.body.get("engine", engines.PREFERRED)
    if chosen not in engines.ENGINES:
        raise Invalid(
            [Problem("facts.no_engine", "engine", "{engine} is no engine", engine=repr(chosen))]
        )
    named = source.strip().strip('"') if source else None
    return {"job": call.context.the_bridge.setup(named, python, engine=chosen)}


def _no_interrogator(context: Context) -> str:
    return context.no_interrogator or Message(
        "facts.no_interrogator",
        "No program that describes pictures is here, so a caption is the name and the class until "
        "you write more. In a WebUI its BLIP drafts them.",
    )


def host(call: Call) -> Any:
    """Where this page lives, and what it can do there."""
    context = call.context
    memory = context.memory() if context.memory else None
    return {
        "host": context.host,
        "local": context.local,
        "can_send": context.can_send,
        "no_interrogator": None if context.interrogator else _no_interrogator(context),
        "memory": {"free": memory.free, "total": memory.total, "name": memory.name}
        if memory
        else None,
    }
