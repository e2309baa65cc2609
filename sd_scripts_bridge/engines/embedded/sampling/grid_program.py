"""The program that draws a grid's missing cells: `JudgeTool`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ....jobs.events import Phase, Progress
from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob, job_from_dict
from ....messages import Message
from ....system.files import write_json
from ...judging import sheet
from ...judging.grid import Cell, Grid, caption, keep
from .. import tool_program
from ..training.said import say
from .applied import applied
from .drawing import MOST_STEPS, infotext, prompt_of
from .loading import on_best_device


def main() -> int:
    return tool_program.run(draw)


def draw(tool: JobFolder, tokenizers: Path) -> int:
    """Draw what is missing. Raises `BridgeError`."""
    about = json.loads(tool.job.read_text(encoding="utf-8"))["about"]
    training = JobFolder(tool.root.parent / f"{about:06d}")
    job = job_from_dict(json.loads(training.job.read_text(encoding="utf-8")))
    assert isinstance(job, TrainingJob)
    grid = Grid.read(training)
    total, done = len(grid.cells), len(grid.cells) - len(grid.missing(training))
    if done < total:
        say(Phase(Message("phase.loading_base_model", "loading the base model")))
        base, sampler = load_base(job, tokenizers)
        for cell, picture in _drawn(grid, training, base, sampler):
            keep(grid.path(training, cell), picture, infotext(grid.prompt(cell), caption(cell)))
            done += 1
            say(Progress(done, total))
            if tool.stop_request.exists():
                return 0
    whole = training.grid / "grid.png"
    sheet.sheet(grid, training).save(whole)
    write_json(tool.result, {"job": about, "pictures": total, "sheet": str(whole)})
    return 0


def load_base(job: TrainingJob, tokenizers: Path) -> tuple[Any, Any]:
    """The base model and a sampler on the best device that is here."""
    base, family, prediction = Path(job.base), job.family, job.prediction
    return on_best_device(base, family, tokenizers, prediction, job.params.clip_skip)


def _drawn(grid: Grid, folder: JobFolder, base: Any, sampler: Any) -> Iterator[tuple[Cell, Any]]:
    """Each missing cell with its picture; neighbours of one step and strength in one go."""
    from safetensors.torch import load_file

    left = grid.missing(folder)
    while left:
        first = left[0]
        together = [cell for cell in left if (cell.step, cell.weight) == (first.step, first.weight)]
        lora = load_file(grid.files[first.step]) if first.step is not None else {}
        with applied(base, lora, first.weight):
            for cell in together:
                prompt = grid.prompt(cell)
                yield cell, sampler.draw([prompt_of(prompt)], min(prompt.steps, MOST_STEPS))[0]
        left = [cell for cell in left if cell not in together]


if __name__ == "__main__":
    sys.exit(main())
