"""A dataset as kohya users lay it out on the disk: ``img/150_subject class/1.png``, with ``reg/``
beside ``img/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Invalid, Problem
from ..messages import Message, joined
from ..names import name_problems
from ..options.params import MOST_STEPS
from ..photos import files as photo_files
from ..photos.files import LEAF
from ..photos.places import path_problems
from ..photos.printable import shown
from . import manifest

if TYPE_CHECKING:
    from .verdicts import DatasetCheck

LONGEST_BYTES = 255
"""Every usual file system takes a name of this length."""


HELD_OUT = "held_out"
"""Beside ``img/``: photos that are never trained on, so that the result can be measured on them.
sd-scripts doesn't look there.
"""


@dataclass(frozen=True)
class Subset:
    """One folder of pictures; an epoch shows each of them ``repeats`` times."""

    folder: Path
    repeats: int
    subject: str
    class_token: str
    images: int
    besides: Path | None = None
    """Another folder, whose pictures a copy puts beside these: see `held_out.whole`."""

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.folder, self.besides) if self.besides else (self.folder,)

    @property
    def steps(self) -> int:
        return self.images * self.repeats

    @property
    def words(self) -> str:
        return spoken(self.subject, self.class_token)


@dataclass(frozen=True)
class Dataset:
    """The subsets under ``image_dir`` (sd-scripts' --train_data_dir), and the regularisation
    pictures, if any.

    ``remarks`` say which folders were taken and which weren't. ``wanted_steps`` is what was asked
    of `dataset.prepare`, ``checked`` what it said about the photos, where this was just written.
    """

    root: Path
    image_dir: Path
    subsets: tuple[Subset, ...]
    regularisation: tuple[Subset, ...] = ()
    wanted_steps: int | None = None
    remarks: tuple[str, ...] = ()
    held_out: tuple[Path, ...] = ()
    """The photos in `HELD_OUT`."""
    hold_out: tuple[str, ...] = ()
    """What a copy of it shall hold out: see `held_out.reduced`."""
    is_decided: bool = False
    """Whether somebody has said what is held out, or that nothing is."""
    named: bool = False
    """Whether somebody has said whom the photos show: then a copy's captions begin with that."""
    masks: int | None = None
    """Photos of which only a part is trained; None: it was written without masks."""
    checked: DatasetCheck | None = field(default=None, compare=False)

    @property
    def images(self) -> int:
        return sum(subset.images for subset in self.subsets)

    @property
    def real_steps(self) -> int:
        """Pictures that one epoch shows: the optimizer steps at batch 1 without regularisation
        pictures.
        """
        return sum(subset.steps for subset in self.subsets)

    @property
    def subject(self) -> str:
        return self.subsets[0].subject

    @property
    def class_token(self) -> str:
        return self.subsets[0].class_token

    @property
    def subjects(self) -> tuple[str, ...]:
        """Each subject with its class once, as captions say it: "Ada woman"."""
        return tuple(dict.fromkeys(subset.words for subset in self.subsets))

    @cached_property
    def caption_texts(self) -> tuple[str, ...]:
        """What the captions' files say, several lines too; read once."""
        there = [one for subset in self.subsets for one in subset.folders if one.is_dir()]
        files = [file for folder in there for file in folder.glob("*.txt")]
        return tuple(file.read_text(encoding="utf-8", errors="replace") for file in files)


def spoken(subject: str, class_token: str) -> str:
    """As captions and prompts say a subject: "Ada woman"."""
    return f"{subject} {class_token}".strip()


def repeats_for(images: int, steps: float) -> int:
    """How often an epoch must show each of ``images`` so that it has about ``steps`` steps; at
    least once.
    """
    return max(1, int(steps / images + 0.5))


def leaf_name(repeats: int, subject: str, class_token: str) -> str:
    """The folder name that sd-scripts reads repeats and class tokens from."""
    return f"{repeats}_{spoken(subject, class_token)}"


def naming_problems(name: str, class_token: str) -> list[Problem]:
    """Why a subject and its class can't be called so, or nothing; a class may be empty."""
    found = [
        *name_problems(name, "name"),
        *(name_problems(class_token, "class") if class_token else []),
    ]
    if found or len(leaf_name(MOST_STEPS, name, class_token).encode()) <= LONGEST_BYTES:
        return found
    return [
        Problem(
            "kohya_folder.too_long",
            "name",
            "{name} with {class_token} is too long for a folder's name",
            "Shorten it.",
            name=repr(name),
            class_token=repr(class_token),
        )
    ]


def open_dataset(path: Path) -> Dataset:
    """The dataset at ``path``: its root, its img folder, one ``150_name class`` folder, or a flat
    folder of photos.

    Raises `Invalid` with what is wrong with the folder.
    """
    path = Path(path)
    problems = path_problems(path)
    if not problems and not path.is_dir():
        problems = [
            Problem(
                "kohya_folder.file",
                "",
                "{shown} is a file",
                "Give the folder that holds the photos.",
                shown=repr(shown(path)),
            )
        ]
    if problems:
        raise Invalid(problems)
    path = path.absolute()
    for image_dir in (path / "img", path):
        folders = photo_files.subfolders(image_dir)
        if subsets := _subsets(folders):
            return _dataset(image_dir, subsets, _folder_remarks(image_dir, folders))
    if _images(path):
        return _single(path)
    raise Invalid([_no_photos(path)])


def open_folders(path: Path) -> Dataset:
    """As `open_dataset`, of folders whose names say who is in them. Raises `Invalid`."""
    found = open_dataset(path)
    if all(LEAF.fullmatch(subset.folder.name) for subset in found.subsets):
        return found
    raise Invalid(
        [
            Problem(
                "kohya_folder.nameless",
                "",
                "{shown} doesn't say who is in it",
                "Give --name and --class, or a folder that holds folders like '10_Ada woman'.",
                shown=repr(shown(path.name)),
            )
        ]
    )


def _single(path: Path) -> Dataset:
    """One folder that holds the photos itself: kohya's, or any."""
    subsets = _subsets([path])
    if subsets:
        return _dataset(path.parent, subsets, ())
    subject, _, class_token = path.name.partition(" ")
    remark = Message(
        "folder.took_photos_directly_name",
        "Took the photos directly in {shown}: its name has no number of repeats, so an epoch "
        "shows each once; the subject is called {shown2}.",
        shown=repr(shown(path.name)),
        shown2=repr(shown(subject)),
    )
    return Dataset(
        path,
        path.parent,
        (Subset(path, 1, subject, class_token, _images(path)),),
        remarks=(remark,),
    )


def _dataset(image_dir: Path, subsets: tuple[Subset, ...], remarks: Sequence[str]) -> Dataset:
    root = image_dir.parent if image_dir.name == "img" else image_dir
    ours = manifest.read(root)
    wanted_steps = ours.get("wanted_steps")
    reg_folders = photo_files.subfolders(root / "reg")
    regularisation = _subsets(reg_folders)
    took = joined(map(_told, subsets), ", ")
    return Dataset(
        root,
        image_dir,
        _named(subsets, ours),
        regularisation,
        wanted_steps if isinstance(wanted_steps, int) else None,
        (
            Message("folder.took", "Took {folders}.", folders=took),
            *remarks,
            *(() if regularisation else _reg_remarks(root / "reg", reg_folders)),
        ),
        _held_out(root) if image_dir.name == "img" else (),
        is_decided=HELD_OUT in ours or (root / HELD_OUT).is_dir(),
        masks=sum("mask" in one for one in ours["files"].values()) if ours.get("masks") else None,
    )


def _told(subset: Subset) -> Message:
    text = "{folder} ({count} {count:photo|photos})"
    folder = repr(shown(subset.folder.name))
    return Message("folder.with_photos", text, folder=folder, count=subset.images)


def _reg_remarks(folder: Path, folders: Sequence[Path]) -> list[str]:
    if _images(folder):
        return [
            Message(
                "folder.pictures_reg_used_they",
                "The pictures in 'reg' are not used: they have to be in a folder like 'reg/1_man'.",
            )
        ]
    return _skipped(folders)


def _subsets(folders: Sequence[Path]) -> tuple[Subset, ...]:
    """Those of ``folders`` that sd-scripts would train from."""
    found = []
    for folder in folders:
        match = LEAF.fullmatch(folder.name)
        images = _images(folder) if match else 0
        if match and images and int(match[1]):
            subject, _, class_token = match[2].partition(" ")
            found.append(Subset(folder, int(match[1]), subject, class_token, images))
    return tuple(found)


def _named(subsets: Sequence[Subset], ours: Mapping[str, Any]) -> tuple[Subset, ...]:
    """Our own datasets know where each name ends ("150_Ana Maria woman" alone doesn't say), and
    which subject comes first.
    """
    known = {spoken(*one): (place, one) for place, one in enumerate(named_in(ours)) if one[0]}
    found: list[tuple[int, int, Subset]] = []
    for subset in subsets:
        place, (subject, class_token) = known.get(
            subset.words, (len(known), (subset.subject, subset.class_token))
        )
        named = replace(subset, subject=subject, class_token=class_token)
        found.append((place, len(found), named))
    return tuple(named for *_, named in sorted(found, key=lambda one: one[:2]))


def named_in(ours: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(subject, class) of each subject that a dataset's manifest names, the first one first."""
    said = ours.get("subjects")
    if isinstance(said, list) and said:
        pairs = [one for one in said if isinstance(one, list) and len(one) == 2]
        return [(str(subject), str(class_token)) for subject, class_token in pairs]
    return [(str(ours.get("subject", "")), str(ours.get("class_token", "")))]


def held_out_folders(root: Path) -> tuple[Path, ...]:
    """Where the photos of `HELD_OUT` lie: of one subject in that folder itself, of several in a
    folder of each.
    """
    return (root / HELD_OUT, *photo_files.subfolders(root / HELD_OUT))


def _skipped(folders: Sequence[Path]) -> list[str]:
    """Those of ``folders`` that aren't trained; sd-scripts passes over them without a word."""
    remarks: list[str] = []
    for folder in folders:
        match = LEAF.fullmatch(folder.name)
        if not match and _images(folder):
            remarks.append(
                Message(
                    "folder.used_needs_number_repeats",
                    "{shown} is not used: it needs a number of repeats, like {value}.",
                    shown=repr(shown(folder.name)),
                    value=repr("10_" + shown(folder.name)),
                )
            )
        elif match and not int(match[1]):
            remarks.append(
                Message(
                    "folder.used_number_repeats",
                    "{shown} is not used: its number of repeats is 0.",
                    shown=repr(shown(folder.name)),
                )
            )
    return remarks


def _folder_remarks(image_dir: Path, folders: Sequence[Path]) -> list[str]:
    """What lies here but isn't trained."""
    loose = _images(image_dir)
    return [
        *_skipped(folders),
        *(
            [
                Message(
                    "folder.photos_directly_used",
                    "Photos directly in {shown} are not used: {loose}.",
                    shown=repr(shown(image_dir.name)),
                    loose=loose,
                )
            ]
            if loose
            else []
        ),
    ]


def _no_photos(path: Path) -> Problem:
    ours = ("img", "reg", "model", "log")
    image_dir = path / "img" if (path / "img").is_dir() else path
    inside = [folder for folder in photo_files.subfolders(image_dir) if folder.name not in ours]
    folders = [shown(folder.name) for folder in inside if not LEAF.fullmatch(folder.name)]
    if folders:
        return Problem(
            "kohya_folder.holds_photos_folders",
            "",
            "{shown} holds no photos, only folders: {folders}",
            "Put a number of repeats in front ('10_{folders2}'), or give one of those folders.",
            shown=repr(shown(image_dir)),
            folders=", ".join(folders[:5]),
            folders2=folders[0],
        )
    if any(_images(folder) for folder in inside):
        return Problem(
            "kohya_folder.no_repeats",
            "",
            "the photos in {folders} have 0 repeats, so none is trained",
            "Begin the folder's name with another number, as in '10_Ada woman'.",
            folders=", ".join(shown(folder.name) for folder in inside[:5]),
        )
    return Problem(
        "kohya_folder.holds_photos",
        "",
        "{shown} holds no photos",
        "Give the folder that holds them.",
        shown=repr(shown(path)),
    )


def _held_out(root: Path) -> tuple[Path, ...]:
    return tuple(photo for folder in held_out_folders(root) for photo in _pictures(folder))


def _images(folder: Path) -> int:
    return len(_pictures(folder))


def _pictures(folder: Path) -> tuple[Path, ...]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(file for file in found if photo_files.has_picture_name(file))
