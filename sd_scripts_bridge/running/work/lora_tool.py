"""sd-scripts' own programs for LoRAs as a tool: resize, merge, extract; see `lora_words`. What they
make is published as any LoRA.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...engines.base import Command
from ...engines.tools import lora_command
from ...engines.tools.lora_words import EXTRACT, TITLES, LoraWork, script
from ...errors import BridgeError, Problem
from ...jobs import facts
from ...jobs.events import Event, Phase, Progress
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...models import lora as lora_files
from ...options.families import FAMILIES
from ...paths import Home
from ...publishing import tile
from ...publishing.card import Card, preview_of
from ...publishing.private import MARKS
from ...publishing.publish import PublishedLora, publish
from ...publishing.record import Record
from ...system.files import free_path, write_json

_BAR = re.compile(r"\d+%\|[^|]*\|\s*(\d+)/(\d+) \[")
_PHASES = (
    ("saving", Message("phase.saving_lora", "saving the LoRA")),
    ("merging", Message("phase.merging", "merging")),
    ("loading", Message("phase.loading_models", "loading the models")),
    ("extract", Message("phase.extracting", "extracting")),
)


class LoraTool:
    """See `engines.tools.base.Tool`."""

    name = "lora"

    def check(self, home: Home) -> list[Problem]:
        return lora_command.problems(home)

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        return lora_command.command(home, LoraWork.from_dict(job.settings), folder)

    def read(self, line: str) -> Event | None:
        bar = _BAR.search(line)
        if bar:
            return Progress(int(bar[1]), int(bar[2]))
        low = line.lower()
        return next((Phase(words) for start, words in _PHASES if start in low), None)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        work = LoraWork.from_dict(job.settings)
        source = folder.output / str(facts.read(folder.result).get("file"))
        if work.makes_a_base:
            place, said = _moved(work, source), {}
        else:
            done = _published(home, work, source, folder)
            place, said = done.path, {"stem": done.stem, "notes": list(map(str, done.notes))}
            source.unlink(missing_ok=True)
        write_json(folder.result, {"action": work.action, "file": str(place), **said})
        return Message(
            "lora_tool.is_in", "{name} is in {folder}.", name=place.name, folder=place.parent
        )


def job_for(work: LoraWork, gpu: int | None = None) -> ToolJob:
    """The job that does it."""
    label = f"{TITLES[work.action]} {work.name}"
    return ToolJob(LoraTool.name, label, work.as_dict(), gpu=gpu)


def _published(home: Home, work: LoraWork, source: Path, folder: JobFolder) -> PublishedLora:
    """Into the Lora folder, once, with the marks of its family where the program left them out."""
    problems = lora_files.problems(source)
    if problems:
        text = "The program has not written a usable LoRA: {problem}"
        raise BridgeError("lora_tool.unusable", text, problem=problems[0].sentence)
    said, marks = lora_files.inspect(source).metadata, MARKS.get(work.family, ("", ""))
    whole = {
        "ss_base_model_version": marks[0],
        "ss_v2": str(work.family == "sd2"),
        "modelspec.architecture": f"{marks[1]}/lora",
    }
    missing = {key: text for key, text in whole.items() if marks[0] and not said.get(key)}
    place = Path(work.lora_dir) if work.lora_dir else home.lora
    record, shown = Record.load(folder.published), picture(work, folder)
    return publish(source, place, work.name, _card(work), shown, record, missing)


def picture(work: LoraWork, folder: JobFolder) -> Path:
    """The picture of the LoRA that it came from, of several the heaviest that has one; else a tile
    with its name, as after a training that drew nothing.
    """
    weights = work.weights or (1.0,) * len(work.files)
    heaviest = sorted(zip(weights, work.files, strict=True), key=lambda one: -one[0])
    loras = [] if work.action == EXTRACT else [Path(file) for _, file in heaviest]
    shown = next(filter(None, map(preview_of, loras)), None)
    return shown or tile.draw(work.name, folder.tile)


def _card(work: LoraWork) -> Card:
    parts = " + ".join(Path(file).stem for file in work.files)
    told = {
        "resize": f"{parts}, resized to rank {work.rank}",
        "merge": f"merged: {parts}",
        "extract": f"extracted from {parts} at rank {work.rank}",
    }
    version = FAMILIES[work.family].sd_version
    return Card(
        told[work.action], version, work.spoken, notes=f"Made by LoRA Bridge: {script(work)}."
    )


def _moved(work: LoraWork, source: Path) -> Path:
    """A merged base, where it was wanted; never over another file."""
    if work.out is None:
        return source
    wanted = Path(work.out)
    target = free_path(wanted.parent, wanted.stem, wanted.suffix)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
    except OSError as error:
        text = "{target} can't be written ({error}); the merged model is {source}."
        why = error.strerror or str(error)
        raise BridgeError(
            "lora_tool.not_moved", text, target=str(target), error=why, source=str(source)
        ) from error
    return target
