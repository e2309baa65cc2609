"""Reading a kohya dataset: the ``N_subject class`` folders, their pictures and captions."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from ....errors import Invalid, Problem

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
FOLDER = re.compile(r"^(\d+)_(.*)$")


@dataclass(frozen=True)
class SubsetPicture:
    """One picture file: its caption, how often an epoch shows it, and whether it is a
    regularisation picture.
    """

    path: Path
    caption: str
    repeats: int
    is_reg: bool
    has_caption_file: bool


@dataclass(frozen=True)
class TrainedSubset:
    """One ``N_subject class`` folder."""

    folder: Path
    repeats: int
    class_tokens: str
    is_reg: bool
    pictures: tuple[SubsetPicture, ...]

    @property
    def tag_counts(self) -> dict[str, int]:
        """How many captions hold each comma-separated part, in lower case."""
        tags = (
            tag.strip().lower() for picture in self.pictures for tag in picture.caption.split(",")
        )
        return dict(Counter(tag for tag in tags if tag))


@dataclass(frozen=True)
class TrainingSet:
    """The training folders and, where there are any, the regularisation folders beside them."""

    subsets: tuple[TrainedSubset, ...]

    @property
    def train(self) -> tuple[TrainedSubset, ...]:
        return tuple(subset for subset in self.subsets if not subset.is_reg)

    @property
    def reg(self) -> tuple[TrainedSubset, ...]:
        return tuple(subset for subset in self.subsets if subset.is_reg)

    @property
    def training_pictures(self) -> list[SubsetPicture]:
        return [picture for subset in self.train for picture in subset.pictures]

    @property
    def pictures(self) -> list[SubsetPicture]:
        """Every picture with the repeats that it really gets: regularisation pictures fill up to
        the training ones.
        """
        training = self.training_pictures
        reg = [picture for subset in self.reg for picture in subset.pictures]
        return training + _fill_up(reg, sum(picture.repeats for picture in training))

    def count(self, is_reg: bool) -> int:
        """Pictures with repeats, as the folders say."""
        return sum(s.repeats * len(s.pictures) for s in self.subsets if s.is_reg == is_reg)


def read(dataset: Path) -> TrainingSet:
    """The dataset in ``dataset``, with ``../reg`` if it holds pictures.

    Raises `Invalid` where there is no picture.
    """
    train = _subsets(dataset, is_reg=False)
    if not train:
        raise Invalid(
            [
                Problem(
                    "subsets.holds_folder_named_like",
                    str(dataset),
                    "holds no folder named like '10_AlvaroBadia man' with pictures in it",
                    "A picture ends in {extensions}.",
                    extensions=", ".join(EXTENSIONS),
                )
            ]
        )
    return TrainingSet(tuple(train + _subsets(dataset.parent / "reg", is_reg=True)))


def loose(folder: Path) -> list[SubsetPicture]:
    """The pictures that lie in ``folder`` itself, each with its caption,
    empty where it has none.
    """
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        _picture(path, 1, "", is_reg=False)
        for path in found
        if path.suffix.lower() in EXTENSIONS and path.is_file()
    ]


def _subsets(root: Path, is_reg: bool) -> list[TrainedSubset]:
    if not root.is_dir():
        return []
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        match = FOLDER.match(folder.name)
        if not match or int(match.group(1)) < 1:
            continue
        repeats, class_tokens = int(match.group(1)), match.group(2)
        pictures = tuple(
            _picture(path, repeats, class_tokens, is_reg)
            for path in sorted(folder.iterdir())
            if path.suffix.lower() in EXTENSIONS and path.is_file()
        )
        if pictures:
            found.append(TrainedSubset(folder, repeats, class_tokens, is_reg, pictures))
    return found


def _picture(path: Path, repeats: int, class_tokens: str, is_reg: bool) -> SubsetPicture:
    file = path.with_suffix(".txt")
    if not file.is_file():
        return SubsetPicture(path, class_tokens, repeats, is_reg, False)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Invalid(
            [
                Problem(
                    "subsets.utf_text", str(file), "is not UTF-8 text", "Save the caption as UTF-8."
                )
            ]
        ) from None
    return SubsetPicture(path, lines[0].strip() if lines else "", repeats, is_reg, True)


def _fill_up(reg: list[SubsetPicture], wanted: int) -> list[SubsetPicture]:
    """Regularisation pictures until ``wanted`` are reached: each with its repeats, then one more
    each in turn.
    """
    used: list[SubsetPicture] = []
    count = 0
    for picture in reg:
        if count >= wanted:
            break
        used.append(picture)
        count += picture.repeats
    missing = max(0, wanted - count) if used else 0
    return [
        replace(
            picture,
            repeats=picture.repeats + missing // len(used) + (position < missing % len(used)),
        )
        for position, picture in enumerate(used)
    ]
