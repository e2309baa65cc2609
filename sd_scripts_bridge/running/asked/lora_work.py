"""Work on LoRAs that somebody asks for, refused before it is queued where it can't be done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...engines.tools.lora_words import EXTRACT, MERGE, RESIZE, LoraWork
from ...errors import Invalid, Problem
from ...models import checkpoint, lora, lora_family
from ...models.checkpoint import Base
from ...models.lora import LoraFile
from ...models.safetensors_file import read_header
from ...options.families import LDM, title
from ...publishing import folder as lora_folder
from ...publishing.card import card_from_metadata, read_card
from ...publishing.stems import stem_problems

HIGHEST_RANK = 1024


@dataclass(frozen=True)
class Destination:
    """Where the result goes. ``name`` None: after the first file."""

    name: str | None = None
    lora_dir: Path | None = None
    out: Path | None = None


NOWHERE = Destination()


@dataclass(frozen=True)
class LoraRequest:
    """What somebody wants, as the command line and REST say it."""

    action: str
    files: tuple[Path, ...]
    rank: int | None = None
    weights: tuple[float, ...] = ()
    into: Path | None = None
    base: Path | None = None
    to: Destination = NOWHERE


def work_of(asked: LoraRequest) -> LoraWork:
    """What to do. Raises `Invalid` with everything that is wrong."""
    if asked.action == MERGE:
        return merge(asked.files, asked.weights, asked.into, asked.rank, asked.to)
    problems = []
    if asked.rank is None:
        remedy = "Give the rank of the result."
        problems.append(Problem("lora_work.no_rank", "rank", "is missing", remedy))
    if len(asked.files) != 1:
        text = "{count} were given"
        count = len(asked.files)
        problems.append(Problem("lora_work.one", "files", text, "Give one.", count=count))
    if asked.action == EXTRACT and asked.base is None:
        todo = "Give the base that was tuned."
        problems.append(Problem("lora_work.no_base", "from", "is missing", todo))
    _refuse(problems)
    rank = asked.rank or 0
    if asked.action == RESIZE:
        return resize(asked.files[0], rank, asked.to)
    return extract(asked.files[0], asked.base or Path(), rank, asked.to)


def resize(file: Path, rank: int, to: Destination) -> LoraWork:
    """A LoRA at a lower rank. Raises `Invalid` with everything that is wrong."""
    problems = [*_rank_problems(rank), *_destination_problems(to)]
    (found,), wrong = _loras([file])
    problems += wrong
    if found and rank >= max(found.dims, default=0):
        text = "{rank} is not below the LoRA's rank, {own}"
        todo = "Only a lower rank makes sense."
        own = max(found.dims, default=0)
        problems.append(Problem("lora_work.no_lower", "rank", text, todo, rank=rank, own=own))
    _refuse(problems)
    assert found is not None
    name = to.name or f"{file.stem}-rank{rank}"
    return _work(
        RESIZE, name, found.family, to, files=(str(file),), rank=rank, spoken=_spoken([found])
    )


def merge(
    files: Sequence[Path],
    weights: Sequence[float] = (),
    into: Path | None = None,
    rank: int | None = None,
    to: Destination = NOWHERE,
) -> LoraWork:
    """LoRAs with each other, or into a base. Raises `Invalid` with everything that is wrong."""
    problems = [*_weight_problems(files, weights), *_destination_problems(to)]
    problems += _rank_problems(rank) if rank is not None else []
    if into is None and len(files) < 2:
        text = "{count} LoRA was given"
        todo = "Give two or more, or a base with --into."
        problems.append(Problem("lora_work.alone", "files", text, todo, count=len(files)))
    loras, wrong = _loras(files)
    known = [found for found in loras if found]
    base, bad = _base(into, "into") if into else (None, [])
    families = [*(found.family for found in known), *([base.family] if base else [])]
    problems += [*wrong, *bad, *_one_family(families)]
    problems += _sizes(files, base.context) if base and not problems else []
    _refuse(problems)
    sums = sum(max(found.dims, default=0) for found in known)
    first = "-".join(file.stem for file in files)[:80]
    name = to.name or (f"{into.stem}-{first}"[:100] if into else first)
    return _work(
        MERGE,
        name,
        families[0],
        to,
        files=tuple(map(str, files)),
        weights=tuple(weights) or (1.0,) * len(files),
        rank=0 if into else rank or min(sums, HIGHEST_RANK),
        base=str(into) if into else None,
        spoken=_spoken(known),
    )


def extract(tuned: Path, base: Path, rank: int, to: Destination) -> LoraWork:
    """What ``tuned`` has learnt beyond ``base``. Raises `Invalid` with everything that is wrong."""
    problems = [*_rank_problems(rank), *_destination_problems(to)]
    found, wrong = _base(tuned, "file")
    origin, bad = _base(base, "from")
    problems += [*wrong, *bad, *_one_family([m.family for m in (found, origin) if m])]
    if not problems and os.path.realpath(tuned) == os.path.realpath(base):
        text = "is the same file as the base"
        todo = "Give the model that was tuned."
        problems.append(Problem("lora_work.same", tuned.name, text, todo))
    _refuse(problems)
    assert origin is not None
    name = to.name or f"{tuned.stem}-lora"
    v = origin.prediction == "v_prediction"
    return _work(
        EXTRACT,
        name,
        origin.family,
        to,
        files=(str(tuned),),
        rank=rank,
        base=str(base),
        v_prediction=v,
    )


def _work(action: str, name: str, family: str, to: Destination, **more: object) -> LoraWork:
    lora_dir = str(to.lora_dir) if to.lora_dir else None
    out = str(to.out) if to.out else None
    _refuse(stem_problems(name))
    return LoraWork(action, name, family, lora_dir=lora_dir, out=out, **more)  # type: ignore[arg-type]


# ---- what is wrong ----


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(list(problems))


def _loras(files: Sequence[Path]) -> tuple[list[LoraFile | None], list[Problem]]:
    """Each file as a LoRA that sd-scripts' programs can work on,
    and what is wrong with the rest.
    """
    found: list[LoraFile | None] = []
    problems: list[Problem] = []
    for file in files:
        wrong = lora.problems(file)
        one = None if wrong else lora.inspect(file)
        if one and one.network[0] != "networks.lora":
            text = "is {kind}"
            todo = "sd-scripts' programs know plain LoRAs only."
            wrong = [
                Problem("lora_work.kind", file.name, text, todo, kind=" ".join(one.network[1]))
            ]
        if one and one.family not in LDM:
            wrong = [_family_problem(file.name, one.family)]
        problems += wrong
        found.append(None if wrong else one)
    return found, problems


def _base(file: Path, where: str) -> tuple[Base | None, list[Problem]]:
    try:
        found = checkpoint.read(file)
    except Invalid as error:
        return None, [problem.at(where) for problem in error.problems]
    if found.family not in LDM:
        return None, [_family_problem(where, found.family)]
    if not found.full_size:
        text = "is smaller than its family's own size"
        todo = "sd-scripts' programs can't read it."
        return None, [Problem("lora_work.small", where, text, todo)]
    return found, []


def _family_problem(where: str, family: str) -> Problem:
    text = "is for {family}"
    todo = "Only SD 1.5, SD 2 and SDXL can be worked on."
    return Problem("lora_work.family", where, text, todo, family=title(family) or "another family")


def _one_family(families: Sequence[str]) -> list[Problem]:
    several = sorted(set(families))
    if len(several) < 2:
        return []
    text = "are for {families}"
    todo = "Give files of one family."
    return [
        Problem("lora_work.mixed", "files", text, todo, families=", ".join(map(title, several)))
    ]


def _sizes(files: Sequence[Path], context: int) -> list[Problem]:
    """LoRAs of a smaller model than the base have the names of its modules, too."""
    widths = {file: lora_family.context(lora.modules_of(read_header(file))) for file in files}
    text = "is for a model of another size (text of {own} numbers, the base has {base})"
    return [
        Problem(
            "lora_work.size",
            file.name,
            text,
            "Give the base that it is for.",
            own=own,
            base=context,
        )
        for file, own in widths.items()
        if own and own != context
    ]


def _rank_problems(rank: int) -> list[Problem]:
    if 1 <= rank <= HIGHEST_RANK:
        return []
    text = "{rank} is outside 1 to {most}"
    todo = "Common ranks are 4 to 128."
    return [Problem("lora_work.rank", "rank", text, todo, rank=rank, most=HIGHEST_RANK)]


def _weight_problems(files: Sequence[Path], weights: Sequence[float]) -> list[Problem]:
    if weights and len(weights) != len(files):
        text = "{count} weights for {files} LoRAs"
        todo = "Give one for each."
        values = {"count": len(weights), "files": len(files)}
        return [Problem("lora_work.weights", "weights", text, todo, **values)]
    wild = next((weight for weight in weights if not -4 <= weight <= 4), None)
    if wild is None:
        return []
    text = "{weight} is outside -4 to 4"
    todo = "1 is a LoRA as it was trained."
    return [Problem("lora_work.weight", "weights", text, todo, weight=f"{wild:g}")]


def _destination_problems(to: Destination) -> list[Problem]:
    problems = stem_problems(to.name) if to.name is not None else []
    problems += lora_folder.problems(to.lora_dir) if to.lora_dir else []
    if to.out and to.out.suffix.lower() != ".safetensors":
        text = "{out} doesn't end in .safetensors"
        todo = "Call it {stem}.safetensors."
        problems.append(
            Problem("lora_work.out", "out", text, todo, out=to.out.name, stem=to.out.stem)
        )
    return problems


def _spoken(loras: Sequence[LoraFile]) -> str:
    """The activation texts of all of them, as their cards say them, else their metadata."""
    texts = [_on_card(found.path) or card_from_metadata(found).activation_text for found in loras]
    return ", ".join(dict.fromkeys(filter(None, texts)))


def _on_card(file: Path) -> str:
    told, _ = read_card(file.with_suffix(".json"))
    return str(told.get("activation text") or "").strip()
