"""The only place that knows the file names inside a job's folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELD_SECONDS = 5.0
_HELD = (5, 32, 33)
"""Windows' numbers for "access denied", "in use" and "locked"."""

STATE = re.compile(r"-step(\d{8})-state$")
CHECKPOINT = re.compile(r"-step(\d{8})\.safetensors$")


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

    def checkpoints(self, stem: str) -> list[tuple[Path, int]]:
        """(file, step) of the LoRAs saved on the way, oldest first."""
        files = self.output.glob(f"{_glob_escape(stem)}-step*.safetensors")
        found = [(path, int(match[1])) for path in files if (match := CHECKPOINT.search(path.name))]
        return sorted(found, key=lambda pair: pair[1])

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
    """Write UTF-8 aside, flush it to the disk, then rename; a power cut leaves the old file or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    replace_file(aside, path)
    flush_folder(path.parent)


def replace_file(source: Path, target: Path) -> None:
    """`os.replace`, tried again for a while where Windows' virus scanner or a reader holds a file."""
    deadline = time.monotonic() + HELD_SECONDS
    while True:
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def flush_folder(folder: Path) -> None:
    """The name of a new file, too, has to reach the disk. Windows has no way to say that, and does it by itself."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # some network drives refuse
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _glob_escape(text: str) -> str:
    import glob

    return glob.escape(text)
