"""What there is to choose from, and what this machine can do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import base_models, plan, presets
from .engines.sd_scripts import catalogue, installation
from .errors import Invalid, Problem
from .params import TrainingParams, fields_of_params, option_type
from .rest import Context
from .rest_doors import Call


def bases(call: Call) -> Any:
    return {"bases": [base_models.base_dict(title, Path(path)) for title, path in map(_pair, call.context.bases())]}


def _pair(base: Any) -> tuple[str, Path]:
    return base.title, base.path


def list_presets(_call: Call) -> Any:
    return {"presets": [plan.preset_dict(presets.get(name)) for name in presets.names()]}


def options(call: Call) -> Any:
    """The options whose name or help holds every word of ``search``; ours first, then the installed script's."""
    rows = [*_known(), *_installed(call.context)]
    words = call.query.get("search", "").lower().replace("-", "_").split()
    found = [row for row in rows if all(word in f"{row['name']} {row['help']}".lower() for word in words)]
    return {"options": found, "total": len(rows)}


def _known() -> list[dict[str, Any]]:
    defaults = TrainingParams()
    rows = []
    for spec in fields_of_params():
        choices = spec.metadata["choices"]
        rows.append({
            "name": spec.name, "type": option_type(spec.name)[0].__name__, "default": getattr(defaults, spec.name),
            "choices": list(choices) if choices else None, "help": spec.metadata["help"], "known": True,
            "min": spec.metadata["ge"], "max": spec.metadata["le"], "may_be_empty": option_type(spec.name)[1],
        })
    return rows


def _installed(context: Context) -> list[dict[str, Any]]:
    """What only the installed sd-scripts knows, for the family of the chosen base; nothing from afar."""
    if not context.local:
        return []
    known = {spec.name for spec in fields_of_params()}
    rows = catalogue.read(context.the_bridge.home, installation.SCRIPTS[_family(context)])
    return [
        {
            "name": name, "type": _type(row), "default": row["default"], "choices": row["choices"],
            "help": row["help"] or "", "known": False, "min": None, "max": None, "may_be_empty": True,
        }
        for name, row in rows.items() if name not in known and name not in catalogue.OWNED
    ]


def _type(row: dict[str, Any]) -> str:
    if row["flag"]:
        return "bool"
    if row["nargs"] in ("*", "+"):
        return "list"
    return row["type"] if row["type"] in ("int", "float") else "str"


def _family(context: Context) -> str:
    title = context.draft.state.training.base
    path = base_models.find(title, context.bases(), local=context.local) if title else None
    base = base_models.look(path).base if path else None
    return base.family if base else "sd1"


def engine(call: Call) -> Any:
    findings = call.context.the_bridge.doctor()
    ready = all(finding.ready or not finding.needed for finding in findings)
    return {"ready": ready, "findings": [asdict(finding) for finding in findings]}


def setup(call: Call) -> Any:
    source = call.body.get("source") or None
    if source is not None and (not isinstance(source, str) or "\0" in source):
        raise Invalid([Problem("source", f"{source!r} is not a folder or an address")])
    return {"job": call.context.the_bridge.setup(source.strip().strip('"') if source else None)}


def host(call: Call) -> Any:
    context = call.context
    memory = context.memory() if context.memory else None
    return {
        "host": context.host, "local": context.local, "can_send": context.can_send,
        "memory": {"free": memory.free, "total": memory.total, "name": memory.name} if memory else None,
    }
