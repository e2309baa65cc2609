"""The base models that the page offers: the host's, a folder or a file of the user's,
the demo's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from .. import engines
from ..errors import EngineNotReady, Invalid, NotFound, Problem
from ..models import offered
from ..models.offered import BaseFile
from ..models.shipped import demo_base
from ..shapes.marks import Example
from .context import Context
from .draft.state import State


@dataclass(frozen=True)
class BaseView:
    """A base model that is offered."""

    title: Annotated[str, "what the host's list calls it", Example("sd_xl_base_1.0 [31e35c80fc]")]
    family: Annotated[str | None, Example("sdxl")]
    family_name: Annotated[str | None, Example("SDXL")]
    trainable: bool
    why: Annotated[str, "why it isn't trainable, or what to know about it"]
    prediction: Annotated[str | None, Example("epsilon")]


@dataclass(frozen=True)
class BasesView:
    """The base models that are offered, and the folders that they come from."""

    bases: Sequence[BaseView]
    looked: Annotated[Sequence[str], Example(["/webui/models/Stable-diffusion"])]


def base_view(title: str, path: Path) -> BaseView:
    """What a file is, under its ``title``."""
    base, problems = offered.look(path)
    return BaseView(
        title=title,
        family=base.family if base else None,
        family_name=base.family_title if base else None,
        trainable=base is not None,
        why=" ".join(map(str, problems)) or " ".join(base.notes if base else ()),
        prediction=base.prediction if base else None,
    )


def listed(context: Context) -> BasesView:
    """The base models that are offered, with a file of the user's that was chosen."""
    own = context.draft.state.training.model_folder
    folders = [*context.looked(), *([Path(own)] if own else [])]
    models, chosen = context.models(), context.draft.state.training.base
    if chosen and context.local and Path(chosen).is_file():
        models.append(BaseFile(chosen, Path(chosen)))
    return BasesView(
        [base_view(base.title, Path(base.path)) for base in models],
        [str(folder) for folder in folders],
    )


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
