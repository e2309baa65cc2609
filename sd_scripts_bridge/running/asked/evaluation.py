"""Measuring that somebody asks for: the saves of a training, or any LoRA on some photos."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ...datasets.kohya_folder import held_out_folders
from ...errors import Invalid, Problem
from ...jobs.facts import read as read_json
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob, TrainingJob
from ...messages import Message
from ...models import checkpoint, lora
from ...models.checkpoint import Base
from ...models.lora import LoraFile
from ...options.families import LDM, title
from ...options.params import TrainingParams
from ...paths import Home
from ...photos.masking import Masks
from ...system.files import free_path


def of_job(number: int, job: TrainingJob, folder: JobFolder) -> ToolJob:
    """Measure every save of job ``number`` that isn't measured yet. Raises `Invalid`."""
    held_out = held_out_folders(Path(job.dataset).parent)
    saves = saves_of(job, folder)
    problems = _family_problems(job.family)
    if not any(path.is_file() for folder in held_out for path in folder.glob("*")):
        problems.append(
            Problem(
                "evaluate.no_held_out",
                "on",
                "job {job} held no photo out, so there is nothing to measure it on",
                "Give photos that it wasn't trained on: evaluate FILE --on PHOTOS.",
                job=number,
            )
        )
    if not saves:
        text = "job {job} has saved no LoRA"
        problems.append(Problem("evaluate.no_saves", "job", text, "", job=number))
    if problems:
        raise Invalid(problems)
    settings = {
        "saves": [(0, None), *((step, str(path)) for path, step in saves)],
        "base": job.base,
        "family": job.family,
        "prediction": job.prediction,
        "params": job.params.as_dict(),
        "dataset": job.dataset,
        "held_out": [str(folder) for folder in held_out],
        "measured": str(folder.measured),
    }
    label = Message("evaluate.label", "measure {name}", name=job.name)
    return ToolJob("evaluate", str(label), settings, about=number, gpu=job.gpu)


def saves_of(job: TrainingJob, folder: JobFolder) -> list[tuple[Path, int]]:
    """(file, step) of every LoRA that is there, the last one included."""
    saves = folder.checkpoints(job.name)
    final = folder.final_lora(job.name)
    if final.is_file():
        last = read_json(folder.report).get("steps") or job.params.max_train_steps
        saves = [save for save in saves if save[1] < last] + [(final, int(last))]
    return saves


def of_file(home: Home, file: Path, photos: Path, base: Path) -> ToolJob:
    """Measure any LoRA on clean copies of the photos in a folder, each with the caption beside it.

    Raises `Invalid`.
    """
    from ...datasets import writer

    model = checkpoint.read(base)
    if problems := [*_family_problems(model.family), *lora.problems(file)]:
        raise Invalid(problems)
    found = lora.inspect(file)
    _refuse_another_family(found, model)
    taken = writer.open_dataset(photos)
    out = free_path(home.datasets, f"measured on {taken.root.name}")
    copy, _ = writer.clean_copy(taken, out, masks=Masks(bool(taken.masks)))
    folders = [*{photo.parent for photo in copy.held_out}, *(s.folder for s in copy.subsets)]
    params = _as_trained(found, model, {"alpha_mask": True} if taken.masks else {})
    settings = {
        "saves": [(0, None), (_steps(found), str(file))],
        "base": str(base),
        "family": model.family,
        "prediction": model.prediction,
        "params": params.as_dict(),
        "dataset": None,
        "held_out": [str(folder) for folder in folders],
        "measured": None,
    }
    return ToolJob("evaluate", f"measure {file.name}", settings)


def _steps(found: LoraFile) -> int:
    """For so many it says that it was trained; 1 where it says nothing."""
    told = found.metadata.get("ss_steps", "")
    return int(told) if told.isdecimal() and 0 < len(told) < 10 and int(told) else 1


def _as_trained(found: LoraFile, model: Base, extra: Mapping[str, object]) -> TrainingParams:
    """The size and the text encoder's layer that it says it was trained with; else its family's."""
    told = found.metadata
    sides = [int(side) for side in re.findall(r"\d{2,4}", told.get("ss_resolution", ""))][:2]
    if not sides:
        sides = [64 if not model.full_size else 1024 if model.family == "sdxl" else 512]
    skip = told.get("ss_clip_skip", "")
    values = {
        "resolution": ",".join(map(str, sides)),
        "min_bucket_reso": min(sides) // 2,
        "max_bucket_reso": max(sides) * 2,
        **({"clip_skip": int(skip)} if re.fullmatch("[1-9]", skip) else {}),
    }
    return TrainingParams(extra=dict(extra)).with_values(values)


def _refuse_another_family(found: LoraFile, model: Base) -> None:
    if found.family in ("", model.family):
        return
    text = "{file} is a LoRA for {own}, but the base model is {base}"
    remedy = "Give the base model that it was trained on."
    own, base = title(found.family) or found.family, title(model.family)
    values = {"file": found.path.name, "own": own, "base": base}
    raise Invalid([Problem("evaluate.another_family", "base", text, remedy, **values)])


def _family_problems(family: str) -> list[Problem]:
    if family in LDM:
        return []
    text = "a LoRA of the family {family} can't be measured here"
    remedy = "SD 1.5, SD 2 and SDXL can."
    return [Problem("evaluate.family", "base", text, remedy, family=repr(family))]
