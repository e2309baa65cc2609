"""Starting points for a kind of subject, a family of base models and a GPU. Each TOML file here is
one preset.

``[options]`` are known to `TrainingParams`, ``[extra]`` are others of the family's script. The file
names the numbers' sources.
"""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from ...errors import Conflict, Invalid, NotFound, Problem
from ...messages import Message, joined
from ...shapes.marks import Example, OneOf
from ...system.toml_file import load
from .. import quicker
from ..families import LDM
from ..memory import count as memory_count
from ..memory import theirs
from ..params import TrainingParams
from ..slang import did_you_mean

FOLDER = Path(__file__).parent
WIDTH = 100
SUBJECTS = ("person", "style", "object")
FOR_FAMILY = {
    "sd1": "person-sd15",
    "sd2": "person-sd15",
    "sdxl": "person-sdxl",
    "sd3": "person-sd3",
    "flux1": "person-flux1",
    "flux1-schnell": "person-flux1",
    "chroma": "person-chroma",
    "lumina2": "person-lumina2",
    "hunyuan-image": "person-hunyuan-image",
    "anima": "person-anima",
}
_SAME = {"sd2": "sd1", "flux1-schnell": "flux1"}
"""Families that train with another one's presets."""
TINY = "tiny"
IMPORTED = "imported"
"""Nothing of ours: for options that a file from elsewhere names."""


@dataclass(frozen=True)
class PresetView:
    """A starting point: options, and why they are so."""

    name: Annotated[str, Example("person-sdxl")]
    version: Annotated[int, Example(1)]
    title: str
    why: str
    values: Annotated[
        Mapping[str, Any], "options by sd-scripts' names", Example({"network_dim": 32})
    ]
    warmup: Annotated[float, "a part of the run", Example(0.05)]
    pictures: Annotated[
        tuple[int, int] | None,
        "from, to: how many the whole run should show, each repeat counted",
        Example([1500, 3000]),
    ]
    memory: Annotated[str, "what is known of the memory that it takes"]
    gigabytes: Annotated[int | None, "of the GPU that it is for", Example(12)]
    subject: Annotated[str, OneOf(("person", "style", "object", ""))]
    family: Annotated[str, "of base models that it is for", Example("sdxl")]
    sources: Sequence[str]


@dataclass(frozen=True)
class Preset:
    """``warmup`` is a part of the run (0 to 1), for the right number of steps is known only with
    the photos.
    """

    name: str
    title: str
    why: str
    warmup: float
    values: dict[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    """Counts up when the options change."""
    sources: tuple[str, ...] = ()
    memory: str = ""
    """What is known of its memory, and from whom."""
    pictures: tuple[int, int] | None = None
    """How many pictures the whole run should show, from and to, each repeat counted."""
    gigabytes: int | None = None
    """The GPU that it is for."""
    subject: str = ""
    """What it trains: person, style or object."""
    family: str = ""
    """The base models that it is for."""

    def params(self, steps: int) -> TrainingParams:
        """The preset's options for a run of ``steps``."""
        warmup = math.ceil(self.warmup * steps)
        known = TrainingParams().with_values(
            {**self.values, "max_train_steps": steps, "lr_warmup_steps": warmup}
        )
        return replace(known, extra=dict(self.extra))

    @property
    def counted(self) -> int | None:
        """Bytes that the embedded engine takes of a GPU, CUDA's own share with them; None where
        they weren't counted.
        """
        found = memory_count.count(self.family, self.params(1000)) if self.family else None
        return None if found is None else found.peak + memory_count.OVERHEAD

    @property
    def families(self) -> list[str]:
        """All whose base models it is offered for."""
        return [self.family, *(one for one, same in _SAME.items() if same == self.family)]

    def their_kind(self, family: str) -> theirs.TheirKind | None:
        """What sd-scripts' memory depends on; None for what isn't counted."""
        return theirs.TheirKind.of(family, self.params(1000))

    @property
    def memory_told(self) -> str:
        """What is counted of its memory, and what is known from elsewhere."""
        if not self.family:
            return self.memory
        return joined([*self._counted_ours(), self._counted_theirs(), self.memory])

    def _counted_ours(self) -> list[str]:
        if self.counted is None:
            return []
        text = (
            "Counted, not measured: {size} with the embedded engine, {cuda} of it an assumption "
            "for CUDA itself."
        )
        told = {"size": _gigabytes(self.counted), "cuda": _gigabytes(memory_count.OVERHEAD)}
        return [Message("presets.counted", text, **told)]

    def _counted_theirs(self) -> str:
        """The same of sd-scripts, which keeps more."""
        found = theirs.count(self.family, self.params(1000))
        if found is None and self.counted is None:
            return Message("presets.not_counted", "With sd-scripts it is not counted.")
        if found is None:
            text = (
                "With sd-scripts it is not counted; that keeps more (norms in 32 bits, copies of "
                "the LoRA's weights)."
            )
            return Message("presets.theirs_keeps_more", text)
        text = (
            "Counted, not measured: {size} with sd-scripts ({weights} the model, {lora} the LoRA "
            "and its optimizer, {step} a step, {cuda} an assumption for CUDA itself)."
        )
        sizes = {"weights": found.weights, "lora": found.lora, "step": found.step}
        sizes |= {"size": found.peak + memory_count.OVERHEAD, "cuda": memory_count.OVERHEAD}
        told = {name: _gigabytes(size) for name, size in sizes.items()}
        return Message("presets.counted_theirs", text, **told)

    @property
    def line(self) -> str:
        """For a list."""
        return f"{self.name:<20} {self.title}"

    def lines(self) -> list[str]:
        """Everything about it, for people."""
        shown = (
            "{} to {} pictures shown, divided by the batch".format(*self.pictures)
            if self.pictures
            else ""
        )
        told = {**self.values, **self.extra, "warm-up": f"{self.warmup:.0%}"}
        options = [f"  {key} = {value}" for key, value in told.items()]
        sources = [f"  {source}" for source in self.sources]
        return [
            f"{self.name}, version {self.version}: {self.title}",
            *textwrap.wrap(self.why, WIDTH),
            *([f"Steps: {shown}."] if shown else []),
            *([f"Memory: {self.memory_told}"] if self.memory_told else []),
            "Time: depends on the GPU; `train` and the tab's plan say it from the first steps on.",
            "Options:",
            *options,
            *self._quicker(),
            *(["Sources:", *sources] if sources else []),
        ]

    def _quicker(self) -> list[str]:
        if self.name == IMPORTED:
            return []
        lines = ["For speed, sd-scripts also gets:", *(one.line for one in quicker.TABLE)]
        if self.family in LDM:
            lines += ["For speed, the embedded engine can be given:", quicker.COMPILED.line]
        return lines

    def view(self) -> PresetView:
        """As REST and ``--json`` tell it."""
        return PresetView(
            name=self.name,
            version=self.version,
            title=self.title,
            why=self.why,
            values={**self.values, **self.extra},
            warmup=self.warmup,
            pictures=self.pictures,
            memory=self.memory_told,
            gigabytes=self.gigabytes,
            subject=self.subject,
            family=self.family,
            sources=self.sources,
        )


def fitting(family: str, full_size: bool = True, gigabytes: float | None = None) -> str:
    """The name of the preset for a base model nobody has chosen one for.

    ``gigabytes``: the GPU's memory, None where it isn't known.
    """
    if not full_size:
        return TINY
    plain = get(FOR_FAMILY[family])
    sized = [p for p in offered(family) if p.subject == plain.subject and p.gigabytes]
    if gigabytes is None or not sized:
        return plain.name
    fits = [preset for preset in sized if (preset.gigabytes or 0) <= gigabytes]
    return (fits[-1] if fits else sized[0]).name


def offered(family: str, full_size: bool = True) -> list[Preset]:
    """The presets that fit a base model: by what they train, then in order of their memory."""
    if not full_size:
        return [get(TINY)]
    wanted = _SAME.get(family, family)
    found = [preset for preset in map(get, names()) if preset.family == wanted]
    return sorted(found, key=lambda p: (SUBJECTS.index(p.subject), p.gigabytes or math.inf))


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def everything() -> list[Preset]:
    """All of ours, by name."""
    return [get(name) for name in names()]


def get(name: str) -> Preset:
    """The preset, ours or a .toml file of one's own.

    Raises `NotFound` with the names that there are, or `Invalid`.
    """
    if name in names():
        return _load(FOLDER / f"{name}.toml")
    if name.endswith(".toml") and Path(name).is_file():
        return _load(Path(name))
    listed = Message("presets.listed", "`sd-scripts-bridge presets` lists them.")
    raise NotFound(
        "presets.none",
        "There is no preset {name}. {remedy}",
        name=repr(name),
        remedy=did_you_mean(name, names()) or listed,
    )


def copy(name: str, to: Path) -> Path:
    """Write our preset ``name`` to a file of one's own.

    Raises `NotFound`, and `Conflict` where something is there.
    """
    get(name)
    to = to / f"{name}.toml" if to.is_dir() else to
    if to.exists():
        raise Conflict(
            "presets.already_choose_another_name",
            "{to} already exists. Choose another name, or remove it first.",
            to=repr(str(to)),
        )
    shutil.copyfile(FOLDER / f"{name}.toml", to)
    return to.absolute()


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _said(path: Path, name: str, text: str) -> str:
    """A text of one of our presets as a message; one of a preset of somebody's own as it is."""
    text = " ".join(text.split()) if isinstance(text, str) else ""
    ours = path.parent == FOLDER and text
    return Message(f"preset.{path.stem}.{name}", text) if ours else text


def _load(path: Path) -> Preset:
    try:
        data = load(path)
        pictures = data.get("pictures")
        preset = Preset(
            path.stem,
            _said(path, "title", data["title"]),
            _said(path, "why", data["why"]),
            data.get("warmup", 0.0),
            data["options"],
            data.get("extra", {}),
            data.get("version", 1),
            tuple(data.get("sources", ())),
            _said(path, "memory", data.get("memory", "")),
            (pictures[0], pictures[1]) if pictures else None,
            data.get("gigabytes"),
            data.get("subject", ""),
            data.get("family", ""),
        )
    except (KeyError, ValueError) as error:
        raise Invalid(
            [
                Problem(
                    "presets.preset",
                    path.name,
                    "is not a preset ({error})",
                    "Start from `presets cp`.",
                    error=error,
                )
            ]
        ) from error
    preset.params(1000)
    return preset
