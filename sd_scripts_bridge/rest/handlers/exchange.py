"""From elsewhere and back: configs into the draft, jobs out of the queue as others can run them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from starlette.responses import Response

from ...errors import Invalid, Problem
from ...exchange.settling.imported import Imported
from ...exchange.settling.views import KeyView, imported_view
from ...messages import Message
from ...page.draft import imports
from ...page.draft.changes import DraftView
from ...system import secret_text
from ..bodies.trainings import ImportBody
from ..doors import Call, Refused
from ..privacy import without_secrets
from ..queries import ChangeQuery, ExportQuery
from ..signature import Media
from ..views import ImportView, ProposalView
from .draft import changed

README, HOW = "READ ME.txt", "Unpack this into a folder of its own, and run it there."


def bring(call: Call, body: ImportBody) -> ImportView:
    """What became of each key of a config, and what using it would change in the draft.

    ``files`` is one config (a kohya_ss .json, a .toml, a LoRA's .safetensors of which the header is
    enough, a .sh, .bat or .ps1, a job.json), or a .toml with the dataset_config that it names.
    Using it replaces all training options, with the preset `imported`; name, class token and LoRA
    name are filled in only where the draft has none, and the photos' folder only where it has no
    photos. For remote clients no path of the file is looked up, and options that LoRA Bridge
    doesn't know by name are ignored, which their row says.
    """
    context, local = call.context, call.context.local
    imported = _imported(call, body)
    proposal = imports.propose(imported, context.draft.state, context.models(), local=local)
    if body.apply:
        imports.use(context.draft, proposal)
    told = imported_view(imported)
    told = replace(told, keys=[_without_secret(row) for row in told.keys])
    draft = ProposalView(
        proposal.name,
        proposal.class_token,
        proposal.training,
        str(proposal.folder) if proposal.folder else None,
        proposal.sentences,
    )
    return ImportView(**vars(told), draft=draft, applied=body.apply)


def _imported(call: Call, body: ImportBody) -> Imported:
    context = call.context
    home, models = context.the_bridge.home, context.models()
    if body.files:
        return imports.read(body.files, home, models, local=context.local)
    if not context.local:
        raise Refused(
            403,
            Message(
                "exchange.remote_path",
                "Remote clients can't import files that lie on this machine. Send the file itself.",
            ),
        )
    if body.path is None:
        raise Invalid([Problem("shape.missing", "path", "is missing")])
    return imports.read_path(body.path, home, models)


def _without_secret(row: KeyView) -> KeyView:
    """A key's row, with nothing that a strange program keeps as its password."""
    shown = "(not shown)" if secret_text.is_name_of_one(row.key) else row.value
    return KeyView(**without_secrets({**vars(row), "value": shown}))


def take_back(call: Call, query: ChangeQuery) -> DraftView:
    """Undo the last import: back to the choices that it has replaced."""
    return changed(call, query, lambda: imports.take_back(call.context.draft))


def export(
    call: Call, job: int, query: ExportQuery
) -> Annotated[Response, Media("application/zip")]:
    """A job as a zip of files that train the same by hand.

    It can be unpacked anywhere on this machine.
    """
    texts, notes = call.context.the_bridge.export_files(job, query.format)
    content = _zipped({**texts, README: "\n".join([HOW, *notes, ""])})
    disposition = f'attachment; filename="job-{job}-{query.format}.zip"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-cache"}
    return Response(content, headers=headers, media_type="application/zip")


def _zipped(texts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(entry, text)
    return packed.getvalue()
