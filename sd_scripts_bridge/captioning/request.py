"""From what a user asks for to a captioner's job:
which photos, whose name, all problems at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datasets import manifest
from ..datasets.kohya_folder import open_dataset
from ..errors import Invalid, Problem
from ..names import name_problems, normal
from ..photos import files as photo_files
from ..photos.printable import shown
from .captioner import Captioner
from .local import folder as model_folder
from .settings import Settings


@dataclass(frozen=True)
class CaptionRequest:
    """``photos``: a dataset, folders or photos; ``name`` and ``class_token`` where the folder
    doesn't say them; ``again``: also where a captioner wrote, and nobody changed it since.
    """

    photos: Sequence[Path]
    captioner: Captioner
    name: str = ""
    class_token: str = ""
    again: bool = False

    def settings(self) -> Settings:
        """The job's settings. Raises `Invalid`."""
        problems = problems_of(self.captioner)
        name, class_token = normal(self.name), normal(self.class_token)
        problems += name_problems(name, "name") if name else []
        problems += name_problems(class_token, "class") if class_token else []
        photos, root = self._found(problems)
        if problems:
            raise Invalid(problems)
        named = {} if name else _named_by(self.photos, class_token)
        if named:
            name, class_token = next(iter(named.values()))
        return Settings(
            self.captioner,
            [str(photo) for photo in photos],
            name,
            class_token,
            _others(photos, named, (name, class_token)),
            root=str(root) if root else "",
            again=self.again,
        )

    def _found(self, problems: list[Problem]) -> tuple[list[Path], Path | None]:
        """The photos, and the root of the dataset of ours that they are."""
        packed = [path for path in self.photos if path.suffix.lower() == ".zip"]
        if packed:
            text = "{file} is an archive, and captions are written beside the photos"
            remedy = "Unpack it first."
            name = repr(shown(packed[0].name))
            problems.append(Problem("caption.packed", "photos", text, remedy, file=name))
            return [], None
        photos = [
            path for path in photo_files.find(self.photos) if photo_files.has_picture_name(path)
        ]
        if not photos:
            text = "there are none here"
            problems.append(Problem("caption.no_photos", "photos", text))
        return photos, _root_of(self.photos)


def problems_of(captioner: Captioner) -> list[Problem]:
    """Why this captioner can't work from here, as far as a look at the disk tells."""
    if captioner.kind == "host":
        text = "the WebUI's own captioner works in the WebUI's tab only"
        return [Problem("captioner.host_only", "with", text, "Draft the captions there.")]
    if captioner.kind == "folder":
        return model_folder.problems(Path(captioner.where))
    if captioner.kind == "template" and not captioner.aspects:
        text = "says nothing"
        remedy = "Say at least one of distance, pose, clothes, place, light."
        return [Problem("captioner.empty_template", "template", text, remedy)]
    return []


def _root_of(paths: Sequence[Path]) -> Path | None:
    """The dataset of ours that ``paths`` names, by itself, its img or its class folder."""
    if len(paths) != 1:
        return None
    path = paths[0].absolute()
    places = (path, path.parent, path.parent.parent)
    return next((place for place in places if manifest.read(place)), None)


def _named_by(paths: Sequence[Path], class_token: str) -> dict[Path, tuple[str, str]]:
    """(name, class) that each folder of a dataset gives its photos, the first subject first, with
    ``class_token`` where that was given; nothing where it is any folder of photos.
    """
    if len(paths) != 1 or not paths[0].is_dir():
        return {}
    return {
        one.folder: (one.subject, class_token or one.class_token)
        for one in open_dataset(paths[0]).subsets
        if photo_files.LEAF.fullmatch(one.folder.name)
    }


def _others(
    photos: Sequence[Path], named: Mapping[Path, tuple[str, str]], usual: tuple[str, str]
) -> dict[str, tuple[str, str]]:
    """(name, class) of the photos that don't show the usual subject, by their path."""
    whose = ((photo, named.get(photo.parent, usual)) for photo in photos)
    return {str(photo): one for photo, one in whose if one != usual}
