"""The files that a base needs beside it: looked for where a WebUI keeps them, or named by hand;
each told by its header.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Invalid, Problem
from ..messages import Message
from ..options.families import Companion, Family
from ..system.files import mark
from . import companion_kinds
from .companion_kinds import KINDS
from .safetensors_file import TensorInfo, read_header

FOLDERS = (
    "text_encoder",
    "text_encoders",
    "clip",
    "CLIP",
    "VAE",
    "vae",
    "Stable-diffusion",
    "checkpoints",
    "unet",
    "diffusion_models",
)
"""Below a folder of models: Forge's and A1111's names, then ComfyUI's."""
ENDINGS = (".safetensors", ".sft")
MODELS = "models"
SD_VAE = "first_stage_model."
"""Where a checkpoint of Stable Diffusion has its VAE."""


class Found(NamedTuple):
    """Options to send, what was taken, and what is missing or wrong."""

    options: dict[str, str]
    notes: list[str]
    problems: list[Problem]


def find(
    family: Family,
    base: Path,
    given: Mapping[str, Any],
    lora_dir: Path | None = None,
    more: Sequence[Path] = (),
) -> Found:
    """What ``family`` needs beside ``base``.

    A path in ``given`` takes precedence over what lies in the folders.
    """
    found = Found({}, [], [])
    folders = list(places(base, lora_dir, more)) if family.companions else []
    for companion in family.companions:
        named = given.get(companion.option)
        if named:
            problem = _wrong(companion, Path(str(named)).expanduser())
            if problem:
                found.problems.append(problem)
            else:
                found.options[companion.option] = str(Path(str(named)).expanduser().absolute())
        elif _inside(companion, base):
            _take_inside(companion, base, found)
        else:
            _search(companion, family, folders, found)
    return found


def places(base: Path, lora_dir: Path | None = None, more: Sequence[Path] = ()) -> Iterator[Path]:
    """Every folder that is looked in, nearest first: the base's own, those of its folder of models
    and the Lora's, ``more``.
    """
    seen = set()
    for folder in (
        base.absolute().parent,
        *(root / name for root in roots(base, lora_dir) for name in FOLDERS),
        *more,
    ):
        real = folder.resolve()
        if folder.is_dir() and real not in seen:
            seen.add(real)
            yield folder


def roots(base: Path, lora_dir: Path | None = None) -> list[Path]:
    """The folders of models: what lies above the base and is called so, and the one that holds the
    Lora folder.
    """
    above = [folder for folder in base.absolute().parents if folder.name.lower() == MODELS][:1]
    if not above and base.absolute().parent.name in FOLDERS:
        above = [base.absolute().parent.parent]
    beside = [lora_dir.expanduser().absolute().parent] if lora_dir else []
    return list(dict.fromkeys([*above, *beside]))


# ---- one file ----


def _wrong(companion: Companion, path: Path) -> Problem | None:
    """Why ``path`` can't be handed over as this file."""
    remedy = Message(
        "companion.give_usually",
        "Give {title} (usually {usual}).",
        title=companion.title,
        usual=companion.usual,
    )
    if companion.option == "qwen3" and path.is_dir():
        return None  # a folder of Hugging Face, which the script reads too
    if path.suffix.lower() not in ENDINGS:
        return Problem(
            "companion_files.safetensors_file",
            companion.option,
            "{path} is not a .safetensors file",
            remedy,
            path=repr(str(path)),
        )
    try:
        tensors = read_header(path).tensors
    except Invalid as error:
        return Problem(
            "companion_files.said",
            companion.option,
            "{path} {what_name}",
            error.problems[0].remedy or remedy,
            path=repr(str(path)),
            what_name=error.problems[0].what,
        )
    return _unfit(companion, path.name, tensors, remedy)


def _unfit(
    companion: Companion, name: str, tensors: Mapping[str, TensorInfo], remedy: Message
) -> Problem | None:
    """Why a file that can be read isn't this one."""
    if companion_kinds.is_quantised(tensors):
        return Problem(
            "companion_files.holds_quantised_weights_sd",
            companion.option,
            "{name} holds quantised weights, which sd-scripts does not read",
            remedy,
            name=name,
        )
    kind = KINDS[companion.looks_for]
    if kind.fits(tensors):
        return None
    something = Message("companion.something_else", "something else")
    return Problem(
        "companion_files.wanted",
        companion.option,
        "{name} is {real}, but {title} is needed",
        remedy,
        name=name,
        real=companion_kinds.called(tensors) or something,
        title=kind.title,
    )


def _inside(companion: Companion, base: Path) -> bool:
    """Whether the base itself holds it, as whole Lumina 2 and SD 3 files do."""
    kinds = _kinds_of(base, mark(base))
    return companion.looks_for in kinds or (companion.option == "vae" and SD_VAE in kinds)


def _take_inside(companion: Companion, base: Path, found: Found) -> None:
    if companion.option != "vae":  # that one the script finds by itself
        found.options[companion.option] = str(base.absolute())
    found.notes.append(
        Message(
            "companion.itself",
            "{name} holds {title} itself.",
            name=base.name,
            title=companion.title,
        )
    )


def _search(companion: Companion, family: Family, folders: list[Path], found: Found) -> None:
    kind = KINDS[companion.looks_for]
    candidates = [path for path in _files(folders) if not kind.suspects(path.name)]
    fitting = [path for path in candidates if _fits(companion, path)]
    best = min(
        fitting,
        key=lambda path: (
            path.name.lower() != companion.usual.lower(),
            not kind.expects(path.name),
        ),
        default=None,
    )
    if best is None:
        found.problems.append(_missing(companion, family, folders))
    else:
        found.options[companion.option] = str(best)
        found.notes.append(
            Message(
                "companion.taken",
                "{option}: {best} is taken as {title}.",
                option=companion.option,
                best=best,
                title=companion.title,
            )
        )


def _missing(companion: Companion, family: Family, folders: list[Path]) -> Problem:
    looked = ", ".join(map(str, folders)) or Message("companion.folder", "no folder")
    return Problem(
        "companion_files.needs_usually_none_lies",
        companion.option,
        "{title} needs {title2} (usually {usual}), and there is none in {looked}",
        "Put it into one of them, or name it: {option}=/path/to/{usual} (--set, or Advanced in "
        "the tab).",
        title=family.title,
        title2=companion.title,
        usual=companion.usual,
        looked=looked,
        option=companion.option,
    )


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    """What lies in them, and one folder deeper in those that aren't the first (the base's own,
    which may be large).
    """
    for place, folder in enumerate(folders):
        for pattern in ("*",) if place == 0 else ("*", "*/*"):
            yield from sorted(
                path for path in folder.glob(pattern) if path.suffix.lower() in ENDINGS
            )


def _fits(companion: Companion, path: Path) -> bool:
    return companion.looks_for in _kinds_of(path, mark(path))


@functools.lru_cache(maxsize=2000)
def _kinds_of(path: Path, _mark: str) -> frozenset[str]:
    """Every kind that the file may be handed over as, and `SD_VAE`; read again only when the file
    changes.
    """
    try:
        tensors = read_header(path).tensors
    except Invalid:
        return frozenset()
    if companion_kinds.is_quantised(tensors):
        return frozenset()
    inside = {SD_VAE} if any(name.startswith(SD_VAE) for name in tensors) else set()
    return frozenset(inside | {name for name, kind in KINDS.items() if kind.fits(tensors)})
