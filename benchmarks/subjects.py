"""Two drawn figures in one LoRA: who answers to whose name.

Both are men, so the class word doesn't tell them apart, and differ in hair, its colour, beard,
glasses and skin. Each has ten drawn photos in a folder of its own, with repeats that balance them.
After the training, pictures are drawn for each name and for the class word alone, at scenes that no
photo shows, and those five properties are read back from the pixels; the last row is what is read
back from true drawings of them at these scenes.

The demo's base model was trained with names that mean nothing. So its text encoder has to learn
them: at the preset's learning rate, in 2000 steps, both names draw the same man.
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
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.system.files import write_json
from tools.demo_base.people import People

from .outcome import Outcome
from .workshop import Workshop, quiet

OTHER = Sitter("KofiMensah", "man", Features("spiky", "blond", False, False, "dark"))
FIGURES = (ALVARO, OTHER)
MARGIN = 0.2
"""By so much of the properties each name has to show more of its own figure than of the other."""


@dataclass(frozen=True)
class Answers:
    """How much of each figure the pictures for one prompt show, 0 to 1."""

    asked: str
    shares: tuple[float, ...]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--text-encoder-lr", type=float, default=3e-3)
    parser.add_argument("--pictures", type=int, default=10, help="pictures read for each prompt")
    parser.add_argument("--sheet", type=Path, help="keep the drawn pictures as this PNG")


def measure(chosen: argparse.Namespace) -> Outcome:
    rates = {"text_encoder_lr": chosen.text_encoder_lr}
    params = presets.get("tiny").params(chosen.steps).with_values(rates)
    with tempfile.TemporaryDirectory() as folder:
        rows = train_and_draw(Path(folder), params)
    if chosen.sheet:
        sheet.paste(rows).save(chosen.sheet)
    _say("reading the pictures")
    answers = [Answers(row.title, _shares(row, FIGURES, chosen.pictures)) for row in rows]
    return outcome([*answers, _ceiling(chosen.pictures)])


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


def train_and_draw(root: Path, params: TrainingParams) -> list[sheet.Row]:
    """What the names and the class word are drawn as after the training."""
    workshop = Workshop(root)
    base, tokenizers = demo_base.put(root), workshop.tokenizers()
    _say(f"training {params.max_train_steps} steps on two figures")
    lora = _trained(root, base, tokenizers, params)
    asked = [*(one.words for one in FIGURES), ALVARO.class_token]
    _say("drawing")
    return sheet.draw_names(base, tokenizers, lora, asked)


def _trained(root: Path, base: Path, tokenizers: Path, params: TrainingParams) -> Path:
    shares = []
    for one in FIGURES:
        photos.draw(root / one.name, side=256, sitter=one)
        shares.append(subjects.share(one.name, one.class_token, [root / one.name]))
    data = prepare_several(shares, params.max_train_steps, root / "both")
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
        params=replace(params, extra={"sample_every_n_steps": 0}),
    )
    write_json(folder.job, job.as_dict())
    with quiet():
        code = trainer.main([str(folder.root), "--tokenizers", str(tokenizers)])
    assert code == 0, "the training failed"
    return folder.final_lora(job.name)


def _shares(row: sheet.Row, figures: Sequence[Sitter], pictures: int) -> tuple[float, ...]:
    pairs = list(zip(row.pictures, sheet.SCENES, strict=True))[:pictures]
    looks = [read(picture, scene)[0] for picture, scene in pairs]
    return tuple(fmean(likeness(look, one.look) for look in looks) for one in figures)


def _ceiling(pictures: int) -> Answers:
    """How much of each figure is read back from true drawings of it."""
    people = People(seed=5, backgrounds=1)
    shares = []
    for one in FIGURES:
        drawn = [people.picture(one.look, scene) for scene in sheet.SCENES]
        shares.append(_shares(sheet.Row(one.name, drawn), [one], pictures)[0])
    return Answers("read back from true drawings", tuple(shares))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
