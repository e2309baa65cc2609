"""The only place that knows the file names inside a job's folder."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATE = re.compile(r"-step(\d{8})-state$")


@dataclass(frozen=True)
class JobFolder:
    """``<home>/jobs/<id>/``."""

    root: Path

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
    def dataset(self) -> Path:
        """Clean copies, where the job was given a folder that holds other pictures than those."""
        return self.root / "dataset"

    @property
    def resumed(self) -> Path:
        """The dataset under names with more repeats, where a resumed run needs it."""
        return self.root / "resumed"

    @property
    def samples(self) -> Path:
        return self.root / "samples"

    @property
    def prompts(self) -> Path:
        """What sample pictures show."""
        return self.root / "prompts.txt"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def report(self) -> Path:
        return self.root / "report.json"

    @property
    def stop_request(self) -> Path:
        """A trainer of ours that finds this file saves, and ends."""
        return self.root / "stop"

    def create(self) -> JobFolder:
        for folder in (self.root, self.samples, self.output):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def final_lora(self, stem: str) -> Path:
        return self.output / f"{stem}.safetensors"

    def states(self, stem: str) -> list[Path]:
        """Saved states of this run, oldest first. A state that is still being written ends in ".part" and isn't one."""
        found = [p for p in self.output.glob(f"{_glob_escape(stem)}-step*-state") if STATE.search(p.name)]
        return sorted(found, key=state_step)


def state_step(state: Path) -> int:
    """The step that a state folder was saved at. Raises ValueError for another folder."""
    match = STATE.search(state.name)
    if not match:
        raise ValueError(f"{state.name!r} is not a state folder")
    return int(match.group(1))


def write_json(path: Path, data: Any) -> None:
    """Write aside, then rename: a reader never sees half a file."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 aside, flush it to the disk, then rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _glob_escape(text: str) -> str:
    import glob

    return glob.escape(text)
