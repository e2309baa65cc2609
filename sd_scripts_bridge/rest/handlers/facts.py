"""What there is to choose from, and what this machine can do."""

from __future__ import annotations

from typing import Any

from ...engines import installed
from ...errors import Invalid, Problem
from ...messages import Message
from ...models import offered
from ...page.context import Context
from ...planning import option_list
from ...system.pytorch.choice import choose, this_machine
from ..bodies.trainings import SetupBody
from ..doors import Call
from ..openapi import description
from ..queries import OptionsQuery
from ..views import (
    EngineView,
    HostMemoryView,
    HostView,
    OptionsView,
    PresetsView,
    SetupQueuedView,
)


def openapi(_call: Call) -> dict[str, Any]:
    """This description."""
    return description()


def list_presets(call: Call) -> PresetsView:
    """The presets with their reasons, sources and options."""
    return PresetsView([preset.view() for preset in call.context.the_bridge.presets()])


def options(call: Call, query: OptionsQuery) -> OptionsView:
    """The options whose name or help holds every word of ``search``; remote clients get only those
    that LoRA Bridge knows by name.
    """
    context = call.context
    rows = context.the_bridge.options(_family(context), installed=context.local)
    found = option_list.search(rows, query.search)
    return OptionsView([row.view() for row in found], len(rows))


def _family(context: Context) -> str:
    title = context.draft.state.training.base
    path = offered.find(title, context.models(), local=context.local) if title else None
    base = offered.look(path).base if path else None
    return base.family if base else "sd1"


def engine(call: Call) -> EngineView:
    """What is ready and what is missing, in sentences."""
    findings = call.context.the_bridge.doctor()
    ready = all(finding.ready or not finding.needed for finding in findings)
    return EngineView(ready, findings, installed.costs(with_gpu=choose(this_machine()).cuda))


def setup(call: Call, body: SetupBody) -> SetupQueuedView:
    """Queue the job that makes the training environment."""
    source = (body.source or "").strip().strip('"')
    if "\0" in source:
        text = "{source} is not a folder or an address"
        raise Invalid([Problem("facts.folder_address", "source", text, source=repr(source))])
    made = call.context.the_bridge.setup(source or None, body.python, engine=body.engine)
    return SetupQueuedView(made)


def _no_interrogator(context: Context) -> str:
    return context.no_interrogator or Message(
        "facts.no_interrogator",
        "There is no captioner here, so a caption is the name and the class until "
        "you write more. In a WebUI its BLIP drafts them.",
    )


def host(call: Call) -> HostView:
    """Where this page lives, and what it can do there."""
    context = call.context
    memory = context.memory() if context.memory else None
    return HostView(
        host=context.host,
        local=context.local,
        can_send=context.can_send,
        no_interrogator=None if context.interrogator else _no_interrogator(context),
        memory=HostMemoryView(*memory) if memory else None,
    )
