"""Pictures of a class, drawn by the base model that will be trained, in kohya's ``reg/1_man``.

Trained beside the photos they keep "man" what it was, while "Ada man" changes. The caption of each
is its prompt. A picture's number tells its seed, so one that is there is never drawn again: not
after a kill, not by another program, not where more of them are wanted later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...datasets.kohya_folder import leaf_name
from ...errors import Invalid, Problem, short
from ...names import name_problems
from ...photos.printable import shown
from ...system.files import write_json
from ..judging.grid import EMBEDDED, WEBUI, keep
from ..sample_prompts import SamplePrompt

USUAL, MOST = 200, 10_000
STEPS, SCALE = 20, 7.0


@dataclass(frozen=True)
class ClassPictures:
    """``count`` pictures of ``class_token`` into ``folder``, which is kohya's reg folder. Paths are
    absolute text, ``width`` and ``height`` pixels in multiples of 64.
    """

    class_token: str
    count: int
    folder: str
    base: str
    family: str
    prediction: str = "epsilon"
    prompt: str = ""
    """What is asked for; the class word where this is empty."""
    width: int = 512
    height: int = 512
    seed: int = 1
    job: int | None = None
    """The one that draws them, where one does."""
    by: str = EMBEDDED
    """Who draws: our own sampler, as a job in the queue, or the WebUI between other pictures."""
    wanted: bool = True
    """Whether the WebUI goes on with them."""

    @property
    def leaf(self) -> Path:
        """Where they lie: one repeat, since there are as many as are needed."""
        return Path(self.folder, leaf_name(1, self.class_token, ""))

    @property
    def text(self) -> str:
        return self.prompt or self.class_token

    @property
    def missing(self) -> list[int]:
        """Numbers of pictures that are still to be drawn."""
        return [n for n in range(1, self.count + 1) if not self._file(n).is_file()]

    @property
    def drawn(self) -> int:
        return self.count - len(self.missing)

    @property
    def is_painted(self) -> bool:
        """Whether the WebUI draws them now, or as soon as it runs."""
        return self.by == WEBUI and self.wanted and bool(self.missing)

    def prompt_of(self, number: int) -> SamplePrompt:
        """What the picture is drawn from."""
        seed = self.seed + number - 1
        return SamplePrompt(self.text, "", self.width, self.height, seed, SCALE, STEPS)

    def keep(self, number: int, picture: Any, told: str) -> None:
        """Put the picture and its caption there; the picture last, and whole. Raises OSError."""
        file = self._file(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{number}.txt.part")
        aside.write_text(f"{self.text}\n", encoding="utf-8")
        os.replace(aside, file.with_suffix(".txt"))
        keep(file, picture, told)

    def _file(self, number: int) -> Path:
        return self.leaf / f"{number}.png"

    def evolve(self, **changes: Any) -> ClassPictures:
        return replace(self, **changes)

    @property
    def problems(self) -> list[Problem]:
        """Why they can't be drawn so."""
        found = name_problems(self.class_token, "class")
        if not 1 <= self.count <= MOST:
            found.append(
                Problem(
                    "regularization.count",
                    "count",
                    "{count} is not a number of pictures",
                    "Give 1 to {most}.",
                    count=short(self.count),
                    most=MOST,
                )
            )
        if Path(self.folder).is_file():
            found.append(
                Problem(
                    "regularization.is_file",
                    "out",
                    "{folder} is a file",
                    "Name a folder.",
                    folder=repr(shown(self.folder)),
                )
            )
        return found

    # ---- as plain data ----

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassPictures:
        """What `as_dict` made; keys of a newer version are left out. Raises TypeError."""
        names = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in names})

    @property
    def plan_file(self) -> Path:
        """Beside the folder, for whoever draws them and whoever asks how far they are."""
        return self.leaf.with_name(f"{self.leaf.name}.json")

    def write(self) -> None:
        """Raises OSError."""
        self.plan_file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.plan_file, self.as_dict())


def all_in(folder: Path) -> Iterator[ClassPictures]:
    """All plans of the home's pool ``folder``, one base model after the other."""
    for plan_file in sorted(folder.glob("*/*.json")):
        found = read(plan_file)
        if found is not None:
            yield found


def read(plan_file: Path) -> ClassPictures | None:
    """The plan in a file; None where there is none that can be read."""
    try:
        return ClassPictures.from_dict(json.loads(plan_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def refuse(asked: ClassPictures) -> None:
    """Raises `Invalid` with everything that is wrong with it."""
    if asked.problems:
        raise Invalid(asked.problems)
