"""The only place that knows the file names inside a job's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..messages import Message
from ..paths import Home

STATE = re.compile(r"-step(\d{8})-state$")
CHECKPOINT = re.compile(r"-step(\d{8})\.safetensors$")
PROMPTS = "prompts.txt"
_STEP_RECORD = re.compile(r"published-step(\d+)\.json")
_SAMPLE = re.compile(r"-step(\d{6,})-prompt(\d{2,})")
_SCRIPTS_SAMPLE = re.compile(r"_(?:e\d{6,}|(\d{6,}))_(\d{2,})_\d{14}")
"""sd-scripts': NAME_000150_00_20261122081021_7.png; e000000 is before the first step."""


KEEP: Mapping[str, Message] = {
    "everything": Message("keep.everything", "all that the training wrote"),
    "checkpoints": Message(
        "keep.checkpoints",
        "the LoRA and its checkpoints; not the saved states, which only a resume needs",
    ),
    "lora": Message("keep.lora", "the LoRA alone"),
}
"""What is kept of a training that ended well, from most to least."""


@dataclass(frozen=True)
class JobFolder:
    """``<home>/jobs/<id>/``."""

    root: Path

    @classmethod
    def of(cls, home: Home, job_id: int) -> JobFolder:
        """The folder of job ``job_id`` in this home, whether it is there or not."""
        return cls(home.jobs / f"{job_id:06d}")

    @classmethod
    def all_in(cls, jobs: Path) -> list[JobFolder]:
        """Every job's folder in ``<home>/jobs``, oldest first."""
        found = [path for path in jobs.glob("[0-9]*") if path.name.isdecimal()]
        return [cls(path) for path in sorted(found, key=lambda path: int(path.name))]

    @property
    def number(self) -> int:
        """The job's. Raises ValueError for a folder that isn't one of a home."""
        return int(self.root.name)

    @property
    def job(self) -> Path:
        return self.root / "job.json"

    @property
    def command(self) -> Path:
        return self.root / "command.txt"

    @property
    def log(self) -> Path:
        return self.root / "train.log"

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def dataset_config(self) -> Path:
        """sd-scripts' own description of the pictures, where one folder can't say it."""
        return self.root / "dataset.toml"

    @property
    def resumed(self) -> Path:
        """The dataset under names with more repeats, where a resumed run needs it."""
        return self.root / "resumed"

    @property
    def samples(self) -> Path:
        return self.root / "samples"

    @property
    def sample_folders(self) -> tuple[Path, Path]:
        """Where sample pictures lie: our own engine's, and sd-scripts'."""
        return self.samples, self.output / "sample"

    def sample(self, stem: str, step: int, row: int) -> Path:
        """Our own engine's picture of the prompt in ``row``, from 0."""
        return self.samples / f"{stem}-step{step:08d}-prompt{row:02d}.png"

    @property
    def grid(self) -> Path:
        """Pictures to judge the saved steps by (`engines.judging`)."""
        return self.root / "grid"

    @property
    def tile(self) -> Path:
        """The card's picture where no sample was drawn."""
        return self.root / "card.png"

    @property
    def votes(self) -> Path:
        """Blind votes between the grid's pictures, one a line."""
        return self.grid / "votes.jsonl"

    @property
    def prompts(self) -> Path:
        """What sample pictures show; read again at each sampling."""
        return self.samples / PROMPTS

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's own log files, where a job asks for them (log_with=tensorboard)."""
        return self.root / "tensorboard"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def report(self) -> Path:
        return self.root / "report.json"

    @property
    def result(self) -> Path:
        """A tool's answer; it is there once all of it is."""
        return self.root / "result.json"

    @property
    def inputs(self) -> Path:
        """Of what the job was queued with, what tells later whether it has changed."""
        return self.root / "inputs.json"

    @property
    def measured(self) -> Path:
        """What was measured at each saved step (`evidence.measured`)."""
        return self.root / "measured"

    @property
    def published(self) -> Path:
        """What publishing has reserved, placed and ended with (`publishing.record`)."""
        return self.root / "published.json"

    def published_step(self, step: int) -> Path:
        """The same for a saved step that was published besides."""
        return self.root / f"published-step{step}.json"

    def published_average(self, step: int) -> Path:
        """The same for its mean with the saves beside it."""
        return self.root / f"published-step{step}-average.json"

    def all_published(self) -> list[Path]:
        """The records of everything that was published of this job, by itself or besides."""
        return sorted(self.root.glob("published*.json"))

    def published_steps(self) -> dict[int, Path]:
        """The records of saved steps, by step."""
        found = {path: _STEP_RECORD.fullmatch(path.name) for path in self.root.glob("published-*")}
        return {int(match[1]): path for path, match in sorted(found.items()) if match}

    @property
    def average(self) -> Path:
        """The mean of several saves, while it is published."""
        return self.root / "average.safetensors"

    @property
    def stop_request(self) -> Path:
        """A trainer of ours that finds this file saves, and ends."""
        return self.root / "stop"

    def spare(self, stem: str, last_step: int, rule: str) -> list[Path]:
        """What a training that ended well doesn't need any more, by a rule of `KEEP`."""
        if rule == "everything":
            return []
        saved = self.checkpoints(stem)
        twice = [path for path, step in saved if step >= last_step or rule == "lora"]
        besides = [path for path in (self.resumed, self.last_state(stem)) if path.exists()]
        return [*self.states(stem), *besides, *twice]

    def create(self) -> JobFolder:
        for folder in (self.root, self.samples, self.output):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def final_lora(self, stem: str) -> Path:
        return self.output / f"{stem}.safetensors"

    def last_state(self, stem: str) -> Path:
        """What sd-scripts saves besides at the end of a run that saves states; nothing reads it."""
        return self.output / f"{stem}-state"

    def checkpoints(self, stem: str) -> list[tuple[Path, int]]:
        """(file, step) of the LoRAs saved on the way, oldest first."""
        files = self.output.glob(f"{_glob_escape(stem)}-step*.safetensors")
        found = [(path, int(match[1])) for path in files if (match := CHECKPOINT.search(path.name))]
        return sorted(found, key=lambda pair: pair[1])

    def states(self, stem: str) -> list[Path]:
        """Saved states of this run, oldest first.

        A state that is still being written ends in ".part" and isn't one.
        """
        found = [
            p for p in self.output.glob(f"{_glob_escape(stem)}-step*-state") if STATE.search(p.name)
        ]
        return sorted(found, key=state_step)


def state_step(state: Path) -> int:
    """The step that a state folder was saved at. Raises ValueError for another folder."""
    match = STATE.search(state.name)
    if not match:
        raise ValueError(f"{state.name!r} is not a state folder")
    return int(match.group(1))


def sample_place(name: str) -> tuple[int, int] | None:
    """(step, row) of a sample picture by its name; None where neither engine has named it."""
    match = _SAMPLE.search(name) or _SCRIPTS_SAMPLE.search(name)
    return (int(match[1] or 0), int(match[2])) if match else None


def _glob_escape(text: str) -> str:
    import glob

    return glob.escape(text)
