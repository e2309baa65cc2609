"""From elsewhere and back: configs into the draft, jobs out of the queue as others can run them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from starlette.responses import Response

from ...errors import Invalid, Problem
from ...messages import Message
from ...page.draft import imports
from ...system import secret_text
from ..doors import Call, Refused
from ..privacy import without_secrets
from .draft import changed
from .files import path_of

README, HOW = "READ ME.txt", "Unpack this into a folder of its own, and run it there."


def bring(call: Call) -> Any:
    """What became of each key of a config; with ``apply`` it is put into the draft, too."""
    context, local = call.context, call.context.local
    apply = call.body.get("apply", False)
    if not isinstance(apply, bool):
        raise Invalid(
            [
                Problem(
                    "exchange.neither_true_nor_false",
                    "apply",
                    "{apply} is neither true nor false",
                    apply=repr(apply),
                )
            ]
        )
    if not call.files:
        if not local:
            raise Refused(
                403,
                Message(
                    "exchange.files_machine_cant_imported",
                    "Files of this machine can't be imported from afar: send the file itself.",
                ),
            )
        imported = imports.read_path(
            path_of(call, "path"), context.the_bridge.home, context.models()
        )
    else:
        imported = imports.read(call.files, context.the_bridge.home, context.models(), local=local)
    proposal = imports.propose(imported, context.draft.state, context.models(), local=local)
    if apply:
        imports.use(context.draft, proposal)
    told = {**imported.as_dict(), "draft": proposal.as_dict(), "applied": apply}
    return {**told, "keys": [_without_secret(row) for row in told["keys"]]}


def _without_secret(row: dict[str, Any]) -> dict[str, Any]:
    """A key's row, with nothing that a strange program keeps as its password."""
    shown = "(not shown)" if secret_text.is_name_of_one(row["key"]) else row["value"]
    return without_secrets({**row, "value": shown})  # type: ignore[no-any-return]


def take_back(call: Call) -> Any:
    """The choices that the last import has replaced."""
    return changed(call, lambda: imports.take_back(call.context.draft))


def export(call: Call) -> Any:
    """A job as a zip to unpack anywhere on this machine: its files name each other, not a folder."""
    form = call.query.get("format", "")
    texts, notes = call.context.the_bridge.export_files(call.path["job"], form)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**texts, README: "\n".join([HOW, *notes, ""])}.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(entry, text)
    file = f"job-{call.path['job']}-{form}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-cache"}
    return Response(packed.getvalue(), headers=headers, media_type="application/zip")
