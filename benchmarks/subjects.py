"""Two drawn figures in one LoRA: who answers to whose name.

Both are men, so the class word doesn't tell them apart, and differ in hair, its colour, beard,
glasses and skin. Each has ten drawn photos in a folder of its own, with repeats that balance them.
After the training, pictures are drawn for each name and for the class word alone, at scenes that no
photo shows, and those five properties are read back from the pixels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from sd_scripts_bridge.datasets import subjects
from sd_scripts_bridge.datasets.writer import prepare_several
from sd_scripts_bridge.demo import photos, sheet
from sd_scripts_bridge.demo.look import Features
from sd_scripts_bridge.demo.photos import ALVARO, Sitter
from sd_scripts_bridge.demo.reading import likeness, read
from sd_scripts_bridge.engines.embedded.training import trainer
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.system.files import write_json

from .outcome import Outcome
from .workshop import Workshop, quiet

OTHER = Sitter("KofiMensah", "man", Features("bald", "blond", False, False, "dark"))
FIGURES = (ALVARO, OTHER)
MARGIN = 0.2
"""By so much of the properties each name has to show more of its own figure than of the other."""


@dataclass(frozen=True)
class Answers:
    """How much of each figure the pictures for one prompt show, 0 to 1."""

    asked: str
    shares: tuple[float, ...]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--pictures", type=int, default=5, help="pictures read for each prompt")
    parser.add_argument("--sheet", type=Path, help="keep the drawn pictures as this PNG")


def measure(chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        answers, rows = train_and_ask(Path(folder), chosen.steps, chosen.pictures)
    if chosen.sheet:
        sheet.paste(rows).save(chosen.sheet)
    return outcome(answers)


def outcome(answers: Sequence[Answers]) -> Outcome:
    """The table, and whether each name answers with its own figure."""
    own = [answers[n].shares[n] for n in range(len(FIGURES))]
    others = [answers[n].shares[1 - n] for n in range(len(FIGURES))]
    met = all(mine >= other + MARGIN for mine, other in zip(own, others, strict=True))
    return Outcome(
        ("asked for", *(f"{one.name}'s properties" for one in FIGURES)),
        [(one.asked, *(f"{share:.0%}" for share in one.shares)) for one in answers],
        f"Each name shows {fmean(own):.0%} of its own figure and {fmean(others):.0%} of the other.",
        met,
    )


def train_and_ask(root: Path, steps: int, pictures: int) -> tuple[list[Answers], list[sheet.Row]]:
    """What the names and the class word answer with after ``steps`` steps."""
    workshop = Workshop(root)
    base, tokenizers = demo_base.put(root), workshop.tokenizers()
    _say(f"training {steps} steps on two figures")
    lora = _trained(root, base, tokenizers, steps)
    asked = [*(one.words for one in FIGURES), ALVARO.class_token]
    _say("drawing, and reading the pictures")
    rows = sheet.draw_names(base, tokenizers, lora, asked)
    return [Answers(row.title, _shares(row, pictures)) for row in rows], rows


def _trained(root: Path, base: Path, tokenizers: Path, steps: int) -> Path:
    shares = []
    for one in FIGURES:
        photos.draw(root / one.name, side=256, sitter=one)
        shares.append(subjects.share(one.name, one.class_token, [root / one.name]))
    data = prepare_several(shares, steps, root / "both")
    folder = JobFolder(root / "job").create()
    job = TrainingJob(
        name="Both",
        subject=ALVARO.name,
        class_token=ALVARO.class_token,
        subjects=data.subjects,
        dataset=str(data.image_dir),
        base=str(base),
        family="sd1",
        engine="embedded",
        params=replace(presets.get("tiny").params(steps), extra={"sample_every_n_steps": 0}),
    )
    write_json(folder.job, job.as_dict())
    with quiet():
        code = trainer.main([str(folder.root), "--tokenizers", str(tokenizers)])
    assert code == 0, "the training failed"
    return folder.final_lora(job.name)


def _shares(row: sheet.Row, pictures: int) -> tuple[float, ...]:
    pairs = list(zip(row.pictures, sheet.SCENES, strict=True))[:pictures]
    looks = [read(picture, scene)[0] for picture, scene in pairs]
    return tuple(fmean(likeness(look, one.look) for look in looks) for one in FIGURES)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
