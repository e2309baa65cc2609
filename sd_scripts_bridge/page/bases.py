"""The base models that the page offers: the host's, a folder or a file of the user's, the demo's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import engines
from ..errors import EngineNotReady, Invalid, NotFound, Problem
from ..models import offered
from ..models.offered import BaseFile
from ..models.shipped import demo_base
from .context import Context
from .draft.state import State


def as_dict(context: Context) -> dict[str, Any]:
    """docs/rest.md's answer of `GET bases`."""
    own = context.draft.state.training.model_folder
    folders = [*context.looked(), *([Path(own)] if own else [])]
    models, chosen = context.models(), context.draft.state.training.base
    if chosen and context.local and Path(chosen).is_file():
        models.append(BaseFile(chosen, Path(chosen)))  # a file of the user's
    return {
        "bases": [offered.base_dict(base.title, Path(base.path)) for base in models],
        "looked": [str(folder) for folder in folders],
    }


def choose(context: Context, path: Path) -> None:
    """Train on the file ``path``, or offer what lies below the folder ``path`` from now on.

    Raises `NotFound`, or `Invalid` where nothing in it can be trained.
    """
    if path.is_dir():
        _offer(context, path)
    elif not path.exists():
        raise NotFound("bases.none_there", "There is no such file or folder: {path}.", path=path)
    else:
        problems = offered.look(path).problems
        if problems:
            raise Invalid(problems)
        _train_on(context, path)


def make_demo(context: Context) -> None:
    """The demo's tiny model, put into the home and chosen.

    Raises `EngineNotReady`, or `Invalid` where the package's own file is damaged.
    """
    home = context.the_bridge.home
    trainer, _ = engines.choose(home, "sd1", full_size=False)
    if problems := trainer.check():
        raise EngineNotReady(problems)
    _train_on(context, demo_base.put(home.root / "models" / "demo"))


def _offer(context: Context, folder: Path) -> None:
    found = offered.in_folder(folder)
    usable = [file for file in found if offered.look(file.path).base is not None]
    if not usable:
        raise Invalid([_nothing(folder, len(found))])

    def edit(state: State) -> State:
        training = replace(state.training, model_folder=str(folder), base=usable[0].title)
        return replace(state, training=training)

    context.draft.change(edit)


def _nothing(folder: Path, count: int) -> Problem:
    if count:
        return Problem(
            "bases.none_trainable",
            "base",
            "none of the {count} .safetensors files in {folder} can be trained",
            "Choose a checkpoint of a base model.",
            count=count,
            folder=folder,
        )
    return Problem(
        "bases.no_safetensors",
        "base",
        "there is no .safetensors file in {folder}",
        "Choose another folder, or a file.",
        folder=folder,
    )


def _train_on(context: Context, file: Path) -> None:
    context.draft.change(
        lambda state: replace(state, training=replace(state.training, base=str(file)))
    )
