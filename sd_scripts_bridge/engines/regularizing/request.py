"""From what somebody asks for to the pictures that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...datasets.kohya_folder import Dataset, open_dataset
from ...errors import Invalid, Problem
from ...names import normal
from ...options.families import LDM
from ...paths import Home, absolute
from ..judging.grid import EMBEDDED
from .class_pictures import MOST, USUAL, ClassPictures, refuse

SIDES = {"sd1": 512, "sd2": 768, "sdxl": 1024}
SMALL = 64
"""The side of a picture of a base that is smaller than its family."""


@dataclass(frozen=True)
class RegularizationRequest:
    """Pictures of ``class_token``, drawn with ``base``. ``count`` None: `USUAL`; ``out`` None: the
    home keeps them for every training on that base, else the dataset there gets them.
    """

    class_token: str
    base: Path
    count: int | None = None
    out: Path | None = None
    prompt: str = ""
    resolution: int | None = None
    """The side of a picture; None: the family's own."""
    by: str = EMBEDDED
    """Who draws them; the WebUI draws what the home keeps."""


def reg_folder(out: Path) -> Path:
    """Kohya's ``reg`` of the dataset at ``out``: beside ``img`` where that is named."""
    root = out.parent if out.name == "img" else out
    return root if root.name == "reg" else root / "reg"


def pool(home: Home, base: Path) -> Path:
    """The folder in which the home keeps those of a base model."""
    return home.regularization / base.stem


def settle(home: Home, asked: RegularizationRequest) -> ClassPictures:
    """Raises `Invalid` with everything that is wrong."""
    from ...models import checkpoint

    base = checkpoint.read(asked.base)
    if base.family not in LDM:
        text = "{title} can't be drawn with here"
        remedy = "SD 1.5, SD 2 and SDXL can."
        raise Invalid(
            [Problem("regularization.family", "base", text, remedy, title=base.family_title)]
        )
    side = asked.resolution or (SIDES[base.family] if base.full_size else SMALL)
    side = max(64, side // 64 * 64)
    folder = reg_folder(absolute(asked.out)) if asked.out else pool(home, base.path)
    word = normal(asked.class_token)
    found = ClassPictures(
        word,
        _usual(asked.out, word) if asked.count is None else asked.count,
        str(folder),
        str(absolute(base.path)),
        base.family,
        prediction="epsilon" if base.prediction == "ask-the-model" else base.prediction,
        prompt=" ".join(asked.prompt.split()),
        width=side,
        height=side,
        by=asked.by,
    )
    refuse(found)
    return found


def _usual(out: Path | None, class_token: str) -> int:
    """As many as the dataset at ``out`` can use. Raises `Invalid` where there is none."""
    return USUAL if out is None else count_for(open_dataset(out), class_token)


def count_for(dataset: Dataset, class_token: str) -> int:
    """So many can a training use: as many as it shows photos of that class (images x repeats), and
    no more than `USUAL` different ones, which are then shown more than once.
    """
    shown = sum(one.steps for one in dataset.subsets if one.class_token == class_token)
    return min(shown or dataset.real_steps, USUAL, MOST)
