"""A training from elsewhere into the draft:
what it would put where, doing so, and taking it back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem
from ...exchange import request as exchange_request
from ...exchange.settling.imported import Fate, Imported, KeyRow
from ...exchange.settling.work import KNOWN
from ...exchange.toml import reader as toml_reader
from ...messages import Message
from ...models.offered import BaseFile
from ...names import normal
from ...options import families, presets
from ...paths import Home
from ...photos.zips import safe_name
from ...system import toml_file
from .brought.proposal import Proposal
from .brought.steps import steps_and_values
from .draft import Draft
from .intake import Upload
from .state import State, TrainingChoices

LIMIT = 100_000_000
"""Bytes of a config; a LoRA's header may have as many."""
REMOTE = Message(
    "draft.only_known_options", "remote clients can set only the options that LoRA Bridge knows"
)


def read(
    files: Sequence[Upload], home: Home, bases: Sequence[BaseFile], *, local: bool
) -> Imported:
    """What the files say; a .toml may come with the dataset_config that it names. Raises `Invalid`.

    Of a .safetensors file the header is enough. For remote clients no path of the files is looked
    up on this machine.
    """
    too_large = [file for file in files if file.path.stat().st_size > LIMIT]
    if too_large:
        raise Invalid(
            [
                Problem(
                    "imports.too_large_settings_bytes_2",
                    file.name,
                    "is too large for settings ({count} bytes)",
                    count=f"{file.path.stat().st_size:,}",
                )
                for file in too_large
            ]
        )
    with tempfile.TemporaryDirectory(prefix="lora-bridge-import-") as folder:
        paths = []
        for file in files:
            paths.append(Path(folder) / safe_name(file.name))
            shutil.copyfile(file.path, paths[-1])
        main = _main(paths)
        found = exchange_request.read(main, home, _folders(bases), looks=local, whole=False)
        found = exchange_request.of_one_set(replace(found, path=Path(main.name)))
    return found if local else without_foreign(found)


def read_path(path: Path, home: Home, bases: Sequence[BaseFile]) -> Imported:
    """What a file or folder of this machine says. Raises `Invalid`."""
    return exchange_request.of_one_set(exchange_request.read(path, home, _folders(bases)))


def _main(paths: Sequence[Path]) -> Path:
    """The config among a config and its dataset_config.

    Raises `Invalid` for anything else that is several.
    """
    if len(paths) == 1:
        return paths[0]
    others = [path for path in paths if not _is_dataset(path)]
    if len(others) != 1 or any(path.suffix.lower() != ".toml" for path in paths):
        names = ", ".join(path.name for path in paths)
        remedy = Message(
            "draft.bring_time_toml_dataset", "Bring one at a time; or a .toml and its dataset.toml."
        )
        raise Invalid(
            [
                Problem(
                    "imports.training", "files", "{names} are not one training", remedy, names=names
                )
            ]
        )
    return others[0]


def _is_dataset(path: Path) -> bool:
    try:
        return path.suffix.lower() == ".toml" and toml_reader.looks_like_dataset(
            toml_file.load(path)
        )
    except (OSError, ValueError):
        return False


def _folders(bases: Sequence[BaseFile]) -> list[Path]:
    return sorted({Path(base.path).parent for base in bases})


def without_foreign(imported: Imported) -> Imported:
    """Without options that we don't know by name: those may name programs and files, so they are
    not set by remote clients.
    """
    foreign = set(imported.values) - set(KNOWN)
    rows = tuple(
        replace(row, fate=Fate.IGNORED, to="", why=REMOTE) if foreign & _options_of(row) else row
        for row in imported.rows
    )
    values = {key: value for key, value in imported.values.items() if key in KNOWN}
    unsaid = sorted(foreign.difference(*map(_options_of, imported.rows)))
    notes = (
        (
            *imported.notes,
            Message(
                "draft.used_since",
                "Not used, because {remote}: {unsaid}.",
                remote=REMOTE,
                unsaid=", ".join(unsaid),
            ),
        )
        if unsaid
        else imported.notes
    )
    return replace(imported, values=values, rows=rows, notes=notes)


def _options_of(row: KeyRow) -> set[str]:
    """The options that a row may be about; none where it has no effect anyway."""
    if row.fate is Fate.IGNORED:
        return set()
    return {row.key.rpartition(".")[2], row.key.removeprefix("ss_"), row.to.partition("=")[0]}


# ---- what it would change ----


def propose(
    imported: Imported, state: State, bases: Sequence[BaseFile], *, local: bool
) -> Proposal:
    """What using the file would put into a draft that is in ``state``."""
    found = Proposal()
    if imported.values:
        steps_and_values(found, imported, state)
        found.training["preset"] = presets.IMPORTED
        found.training["v_parameterization"] = imported.v_parameterization
    _base(found, imported, bases, local)
    _photos(found, imported, state, local)
    _names(found, imported, state)
    return found


def _base(found: Proposal, imported: Imported, bases: Sequence[BaseFile], local: bool) -> None:
    path = imported.base
    title = next(
        (base.title for base in bases if path and Path(base.path).resolve() == path.resolve()), None
    )
    if title is None and path is not None and local:
        title = str(path)
    if title is not None:
        found.training["base"] = title
    elif imported.base_name or imported.family:
        family = families.title(imported.family or "")
        named = (
            Message(
                "draft.isnt_among_models",
                "{base_name} isn't among the models here",
                base_name=repr(imported.base_name),
            )
            if imported.base_name
            else Message("draft.file_names_base_model", "the file names no base model")
        )
        found.sentences.append(
            Message(
                "draft.choose_base_for",
                "Base model: {named}. Choose one for {family}.",
                named=named,
                family=family,
            )
            if family
            else Message("draft.choose_base", "Base model: {named}. Choose one.", named=named)
        )


def _photos(found: Proposal, imported: Imported, state: State, local: bool) -> None:
    """A folder of this machine's, into a draft that has no photos yet."""
    if imported.dataset is None or not local:
        return
    if state.items:
        found.sentences.append(
            Message(
                "draft.photos_those_stay_files",
                "Photos: those that you have here stay; the file's are in {dataset}.",
                dataset=imported.dataset,
            )
        )
    else:
        found.folder = imported.dataset


def _names(found: Proposal, imported: Imported, state: State) -> None:
    """Where the draft has none: the subject and its class; and the LoRA's name, where that is
    another.
    """
    subject, _, kind = (imported.trigger or imported.name or "").partition(" ")
    if subject and not state.name:
        found.name = normal(subject)
    if kind and not state.class_token and not state.name:
        found.class_token = normal(kind)
    if imported.name and not state.training.lora_name and imported.name != (state.name or subject):
        found.training["lora_name"] = imported.name


# ---- doing it, and taking it back ----


def use(draft: Draft, found: Proposal) -> None:
    """Put it into the draft. What was there is kept for `take_back`."""

    def edit(state: State) -> State:
        before = {
            "name": state.name,
            "class_token": state.class_token,
            "training": asdict(state.training),
        }
        folder = {"folder": str(found.folder)} if found.folder else {}
        return replace(
            state,
            name=state.name if found.name is None else found.name,
            class_token=state.class_token if found.class_token is None else found.class_token,
            training=replace(state.training, **found.training),
            before={**before, **folder},
        )

    draft.change(edit)
    if found.folder:
        draft.use_folder(found.folder)


def take_back(draft: Draft) -> None:
    """The name, the class and the training choices that were there before `use`; also its folder
    goes.
    """
    before: Mapping[str, Any] = draft.state.before or {}

    def edit(state: State) -> State:
        if not state.before:
            return state
        training = TrainingChoices(**state.before["training"])
        return replace(
            state,
            name=before["name"],
            class_token=before["class_token"],
            training=training,
            before=None,
        )

    draft.change(edit)
    if before.get("folder") and draft.state.source == before["folder"]:
        draft.use_folder(None)
