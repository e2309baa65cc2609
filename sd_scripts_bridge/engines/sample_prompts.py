"""Sample pictures while a LoRA trains: when they are drawn, and the file that says what they show.

A line of the file is a prompt in sd-scripts' own words (``a prompt --n negative --w 512 --h 512 --d
seed --l CFG --s steps``); a line that begins with # says nothing. Both engines read it anew each
time that they draw, so it may be changed while they train.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import BridgeError, Problem, short
from ..jobs.folder import JobFolder
from ..jobs.job import TrainingJob
from ..messages import Message
from ..options.families import FAMILIES, SamplingSettings
from ..system.files import write_text

OPTIONS = ("sample_every_n_steps", "sample_at_first", "sample_prompts")
"""What both engines know of sd-scripts' options for samples."""
MOST_SAMPLINGS = 25
"""Where a run saves more often, only every so-manieth save is drawn."""
STEPS, CFG = 12, 7
MOST_SIDE: Mapping[str, int] = {"sd1": 384, "sd2": 512, "sdxl": 768}
"""The longest side of a picture: small, since it is drawn many times."""
PASSES_A_STEP = 3.0
"""A training step costs about three passes of the model: one forward, twice that backward."""
NEGATIVE = "deformed, blurry, lowres, watermark, text"
POSE = "portrait, looking at the camera"
PLACE = "standing in a sunny park"
OTHER_CLASS: Mapping[str, str] = {
    "man": "woman",
    "woman": "man",
    "boy": "girl",
    "girl": "boy",
    "person": "man",
    "dog": "cat",
    "cat": "dog",
}
LONGEST_CAPTION = 300
HEAD = (
    "# LoRA Bridge chose these prompts ({mark}). Change them at any time: each sampling reads them."
)
_HEAD = re.compile(re.escape(HEAD).replace(r"\{mark\}", "([0-9a-f]{8})"))
_OPTION = re.compile(r"^(n|w|h|d|s|l|g) (.+)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class SamplePrompt:
    """One picture to draw. ``width`` and ``height`` are pixels;
    ``distilled`` is FLUX.1's guidance.
    """

    text: str
    negative: str = ""
    width: int = 512
    height: int = 512
    seed: int = 1
    scale: float = 7.5
    steps: int = 30
    distilled: float | None = None

    @property
    def line(self) -> str:
        """As the file says it."""
        negative = f" --n {self.negative}" if self.negative else ""
        guidance = "" if self.distilled is None else f" --g {self.distilled:g}"
        size = f"--w {self.width} --h {self.height} --d {self.seed}"
        return f"{self.text}{negative} {size} --l {self.scale:g}{guidance} --s {self.steps}"


# ---- the file ----


def read(text: str) -> list[SamplePrompt]:
    """The prompts of a file, as sd-scripts' `line_to_prompt_dict` reads them."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    return [_prompt(line) for line in lines]


def read_file(path: Path) -> list[SamplePrompt]:
    """The prompts in ``path``; none where it can't be read."""
    try:
        return read(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return []


def _prompt(line: str) -> SamplePrompt:
    text, *words = line.split(" --")
    found = {match[1].lower(): match[2].strip() for word in words if (match := _OPTION.match(word))}
    whole = {"width": "w", "height": "h", "seed": "d", "steps": "s"}
    values: dict[str, int | float] = {
        name: int(found[key]) for name, key in whole.items() if found.get(key, "").isdecimal()
    }
    for name, key in (("scale", "l"), ("distilled", "g")):
        if re.fullmatch(r"\d+(\.\d*)?", found.get(key, "")):
            values[name] = float(found[key])
    return SamplePrompt(text.strip(), found.get("n", ""), **values)  # type: ignore[arg-type]


def text_of(job: TrainingJob) -> str:
    """The file for ``job``, where the user gives none."""
    lines = "".join(f"{prompt.line}\n" for prompt in chosen(job))
    return f"{HEAD.format(mark=_mark(lines))}\n{lines}"


def is_ours(file: Path) -> bool:
    """Whether `text_of` made the prompts in ``file``, and nobody has changed them."""
    try:
        head, _, lines = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return False
    match = _HEAD.fullmatch(head)
    return match is not None and match[1] == _mark(lines)


def _mark(lines: str) -> str:
    return f"{zlib.crc32(lines.encode()):08x}"


def lay_down(job: TrainingJob, folder: JobFolder) -> None:
    """Put the prompts into the job's folder, unless they are there: somebody may have changed them.

    Raises OSError.
    """
    if folder.prompts.exists():
        return
    own = job.params.extra.get("sample_prompts")
    text = Path(str(own)).read_text(encoding="utf-8-sig") if own else text_of(job)
    folder.prompts.parent.mkdir(parents=True, exist_ok=True)
    write_text(folder.prompts, text)


def is_text(job: TrainingJob) -> bool:
    """Whether its prompts are lines: sd-scripts reads .toml and .json files, too."""
    own = job.params.extra.get("sample_prompts")
    return not own or str(own).lower().endswith(".txt")


def problems(job: TrainingJob) -> list[Problem]:
    """Why nothing could be drawn from the user's own file of prompts; the scripts find out late,
    or never.
    """
    own = str(job.params.extra.get("sample_prompts") or "")
    if not own or every(job, by_default=True) is None or not Path(own).exists():
        return []
    if not own.endswith((".txt", ".TXT", ".toml", ".json")):
        what = "{file} is not a .txt, .toml or .json file"
        remedy = "Write the prompts into a .txt file, one per line."
        return [Problem("samples.ending", "sample_prompts", what, remedy, file=short(own))]
    if is_text(job) and not read_file(Path(own)):
        what = "{file} holds no prompt in UTF-8"
        remedy = "Write one per line, or leave it out: then prompts are chosen for you."
        return [Problem("samples.no_prompt", "sample_prompts", what, remedy, file=short(own))]
    return []


# ---- which prompts ----


def chosen(job: TrainingJob) -> list[SamplePrompt]:
    """Two pictures of the subject, one by a caption of its photos; one of every further subject;
    and the first one's prompt without its name and for another class, which show whether the LoRA
    bleeds into others.
    """
    return _prompts(job, _caption(job))


def _prompts(job: TrainingJob, caption: str) -> list[SamplePrompt]:
    """As many whatever ``caption`` is, so that their cost is known without any caption."""
    name, *others = job.spoken
    plain = job.class_token or "person"
    other = OTHER_CLASS.get(plain.lower(), "person")
    texts = [
        f"{name}, {POSE}",
        caption or f"{name}, {PLACE}",
        *(f"{one}, {POSE}" for one in others),
        f"{plain}, {POSE}",
        f"{other}, {POSE}",
    ]
    return [_of(job, text) for text in dict.fromkeys(texts)]


def _of(job: TrainingJob, text: str) -> SamplePrompt:
    family = FAMILIES[job.family]
    picture = family.picture or SamplingSettings(STEPS, CFG)
    distilled = family.options.get("guidance_scale")
    width, height = size(job)
    return SamplePrompt(
        text.replace(" --", " "),
        NEGATIVE if picture.negative else "",
        width,
        height,
        job.params.seed,
        picture.cfg,
        picture.steps,
        distilled if picture.distilled is None else picture.distilled,
    )


def size(job: TrainingJob) -> tuple[int, int]:
    """(width, height) of the pictures: the training's shape,
    its longest side at most `MOST_SIDE`.
    """
    width, height = job.params.area
    part = min(1.0, MOST_SIDE.get(job.family, 768) / max(width, height))
    return max(64, int(width * part) // 64 * 64), max(64, int(height * part) // 64 * 64)


def _caption(job: TrainingJob) -> str:
    """The caption that says most among those with the subject's name in them."""
    from .embedded.data import subsets

    try:
        pictures = subsets.read(Path(job.dataset)).training_pictures
    except (BridgeError, OSError):  # a cluster's folder, or one that only the scripts understand
        return ""
    found = {picture.caption for picture in pictures if job.subject in picture.caption}
    found -= {f"{one}, {POSE}" for one in job.spoken}  # a prompt already
    fitting = [one for one in found if len(job.spoken[0]) < len(one) <= LONGEST_CAPTION]
    return max(sorted(fitting), key=len, default="")


# ---- when, and what it costs ----


def every(job: TrainingJob, by_default: bool) -> int | None:
    """Steps between two samplings; None: no samples. ``by_default`` is whether this machine draws
    where nobody says so.
    """
    extra = job.params.extra
    asked = extra.get("sample_every_n_steps")
    if asked is not None:
        return int(asked) or None
    if not by_default and not extra.get("sample_prompts"):
        return None
    saves = job.params.max_train_steps // job.params.save_interval
    return job.params.save_interval * max(1, -(-saves // MOST_SAMPLINGS))


def samplings(job: TrainingJob, interval: int) -> int:
    """How often is drawn: before the first step, at each interval."""
    first = job.params.extra.get("sample_at_first", True)
    return int(bool(first)) + max(1, job.params.max_train_steps // interval)


def none_drawn(job: TrainingJob, by_default: bool) -> list[Message]:
    """Why there will be no samples, where nobody has switched them off."""
    asked = job.params.extra.get("sample_every_n_steps")
    if asked is not None or every(job, by_default) is not None:
        return []
    text = (
        "No sample pictures while it trains: on this machine each takes minutes. "
        "sample_every_n_steps=N draws them every N steps."
    )
    return [Message("samples.none", text)]


def notes(job: TrainingJob, by_default: bool | None) -> list[Message]:
    """What the samples will cost, or why there are none, to be said before the start.
    ``by_default`` as in `every`; None where that isn't known yet.
    """
    interval = every(job, bool(by_default))
    if interval is None:
        return [] if by_default is None else none_drawn(job, by_default)
    if not is_text(job):
        return []
    own = job.params.extra.get("sample_prompts")
    prompts = read_file(Path(str(own))) if own else _prompts(job, "")
    if not prompts:
        return []
    text = (
        "Sample pictures: {prompts} {prompts:prompt|prompts} before the first step and every "
        "{every} {every:step|steps}, {pictures} pictures in all; that adds about {share} % to the "
        "time. sample_every_n_steps=0 leaves them out."
    )
    times = samplings(job, interval)
    return [
        Message(
            "samples.cost",
            text,
            prompts=len(prompts),
            every=interval,
            pictures=len(prompts) * times,
            share=max(1, round(100 * _passes(prompts, job) * times / _training_passes(job))),
        )
    ]


def _passes(prompts: list[SamplePrompt], job: TrainingJob) -> float:
    """Forward passes at the training's size that one sampling costs: two a step, with and without
    the prompt.
    """
    width, height = job.params.area
    return sum(2 * one.steps * one.width * one.height / (width * height) for one in prompts)


def _training_passes(job: TrainingJob) -> float:
    return PASSES_A_STEP * job.params.max_train_steps * job.pictures_a_step
