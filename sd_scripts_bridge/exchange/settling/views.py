"""An imported file as REST and ``--json`` tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ...jobs.launch import Launch
from ...shapes.marks import Example, OneOf
from .imported import Fate, Imported, plain


@dataclass(frozen=True)
class KeyView:
    """What became of one key of the file."""

    key: Annotated[str, Example("network_dim")]
    fate: Annotated[str, OneOf(tuple(map(str, Fate)))]
    value: Annotated[Any, "as the file has it", Example(32)]
    to: Annotated[str, "what is trained instead"]
    why: str


@dataclass(frozen=True)
class CountsView:
    """How many keys had which fate."""

    used: Annotated[int, Example(41)]
    changed: Annotated[int, Example(3)]
    ignored: Annotated[int, Example(9)]


@dataclass(frozen=True)
class ImportedView:
    """A training from elsewhere, as it would be trained here."""

    file: Annotated[str, Example("AlvaroBadia.json")]
    kind: Annotated[str, "what wrote it"]
    keys: Annotated[Sequence[KeyView], "accounts for every key of the file"]
    counts: CountsView
    values: Annotated[Mapping[str, Any], "by sd-scripts' names", Example({"network_dim": 32})]
    family: Annotated[str | None, Example("sdxl")]
    base: Annotated[str | None, "its base model, where that lies here"]
    base_name: Annotated[str, "what the file calls its base model"]
    dataset: str | None
    dataset_config: Annotated[
        Mapping[str, Any] | None, "what sd-scripts reads itself, where one folder can't say it"
    ]
    name: str | None
    trigger: str | None
    launch: Annotated[Launch | None, "more than one process", Example(None)]
    epochs: int | None
    save_every_epochs: int | None
    warmup: Annotated[float | None, "a part of the run"]
    notes: Sequence[str]


def imported_view(imported: Imported) -> ImportedView:
    """The file's keys with their fates, and what comes of them."""
    keys = [KeyView(r.key, str(r.fate), plain(r.value), r.to, r.why) for r in imported.rows]
    return ImportedView(
        file=str(imported.path),
        kind=imported.kind,
        keys=keys,
        counts=CountsView(**{str(fate): len(imported.of(fate)) for fate in Fate}),
        values=plain(imported.values),
        family=imported.family,
        base=str(imported.base) if imported.base else None,
        base_name=imported.base_name,
        dataset=str(imported.dataset) if imported.dataset else None,
        dataset_config=plain(imported.dataset_config),
        name=imported.name,
        trigger=imported.trigger,
        launch=imported.launch,
        epochs=imported.epochs,
        save_every_epochs=imported.save_every_epochs,
        warmup=imported.warmup,
        notes=imported.notes,
    )
