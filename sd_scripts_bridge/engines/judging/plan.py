"""From a wish to a grid: which saved steps, strengths and prompts are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...errors import Conflict, Invalid, Problem, short
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from .. import sample_prompts
from ..sample_prompts import SamplePrompt
from .grid import EMBEDDED, Grid

WEIGHTS = (0.6, 0.8, 1.0)
STEPS, PROMPTS = 4, 2
"""How many saved steps and prompts are taken where nobody says."""
MOST_CELLS = 400
SAMPLING_STEPS = 20
HEAVIEST = 2.0


@dataclass(frozen=True)
class GridWish:
    """What to draw; None is chosen here."""

    steps: tuple[int, ...] | None = None
    weights: tuple[float, ...] | None = None
    prompts: str | None = None
    """Lines as in a prompt file."""
    by: str = EMBEDDED


def plan(job: TrainingJob, folder: JobFolder, number: int, wish: GridWish) -> Grid:
    """Raises `Conflict` where nothing is saved yet, `Invalid` with all that can't be drawn."""
    saved = saved_steps(job, folder)
    if not saved:
        raise Conflict("grid.nothing_saved", "Job {job} has no saved step to draw yet.", job=number)
    prompts = _prompts(job, folder, wish.prompts)
    weights = tuple(dict.fromkeys(wish.weights or WEIGHTS))
    steps = tuple(sorted(set(wish.steps or spread(sorted(saved), STEPS))))
    problems = [*_step_problems(steps, saved), *_weight_problems(weights)]
    if not prompts:
        problems.append(
            Problem("grid.no_prompt", "prompts", "holds no prompt", "Write one prompt per line.")
        )
    count = len(steps) * len(weights) * len(prompts)
    if count > MOST_CELLS:
        problems.append(
            Problem(
                "grid.too_many",
                "steps",
                "{count} pictures are more than {most}",
                "Choose fewer steps, weights or prompts.",
                count=count,
                most=MOST_CELLS,
            )
        )
    if problems:
        raise Invalid(problems)
    files = {step: saved[step] for step in steps}
    lines = tuple(prompt.line for prompt in prompts)
    return Grid(number, files, weights, lines, wish.by, pair_step=steps[-1])


def saved_steps(job: TrainingJob, folder: JobFolder) -> dict[int, str]:
    """The LoRA file of each saved step, the finished one at its last."""
    found = {step: str(path) for path, step in folder.checkpoints(job.name)}
    final = folder.final_lora(job.name)
    return {**found, **({job.params.max_train_steps: str(final)} if final.is_file() else {})}


def spread(steps: Sequence[int], most: int) -> list[int]:
    """At most ``most`` of the steps, evenly, the last among them."""
    if len(steps) <= most:
        return list(steps)
    gap = len(steps) / most
    return [steps[round((number + 1) * gap) - 1] for number in range(most)]


def _prompts(job: TrainingJob, folder: JobFolder, text: str | None) -> list[SamplePrompt]:
    """Those that were given, or the samples' own of the subject, in the training's size."""
    if text is not None:
        return sample_prompts.read(text)
    known = sample_prompts.read_file(folder.prompts) or sample_prompts.chosen(job)
    own = [prompt for prompt in known if job.subject in prompt.text] or known
    width, height = job.params.area
    side = (max(64, width // 64 * 64), max(64, height // 64 * 64))
    return [
        replace(prompt, width=side[0], height=side[1], steps=max(SAMPLING_STEPS, prompt.steps))
        for prompt in own[:PROMPTS]
    ]


def _step_problems(steps: Sequence[int], saved: dict[int, str]) -> list[Problem]:
    lost = [step for step in steps if step not in saved]
    if not lost:
        return []
    return [
        Problem(
            "grid.step_not_saved",
            "steps",
            "step {step} is not saved",
            "Choose among {saved}.",
            step=", ".join(map(str, lost)),
            saved=", ".join(map(str, sorted(saved))),
        )
    ]


def _weight_problems(weights: Sequence[float]) -> list[Problem]:
    return [
        Problem(
            "grid.weight",
            "weights",
            "{weight} is outside 0 to {most}",
            weight=short(weight),
            most=HEAVIEST,
        )
        for weight in weights
        if not 0 < weight <= HEAVIEST
    ]
