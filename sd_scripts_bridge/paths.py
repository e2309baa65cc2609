"""Where everything lies: the home folder, and who chose it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import BridgeError
from .messages import Message

LONGEST_HOME = 450
"""Bytes; SQLite's own limit is 512 for the whole path of its file."""

HOME_VARIABLE = "SD_SCRIPTS_BRIDGE_HOME"
PACKAGE_PARENT = Path(__file__).resolve().parents[1]

_README = """\
This folder belongs to LoRA Bridge (the "Train LoRA" tab and the command sd-scripts-bridge).

bridge.sqlite3   the queue and what happened to each job
engines/         sd-scripts, its Python environment and the tokenizers
datasets/        clean copies of photos, with captions
cache/           what was computed of photos, and would be again; may be deleted at any time
settings.json    what is kept of a finished training (`clean --keep`), and which step it publishes
jobs/<id>/       job.json, command.txt, train.log, samples/, output/, report.json

Your photos and your base models are never changed. Deleting jobs/<id>/ loses that run's log and
checkpoints only.
"""


def expanded(path: str | os.PathLike[str]) -> Path:
    """``path`` with ~ as the home folder; "~somebody" stays as it is where nobody of that name is
    here.
    """
    try:
        return Path(os.path.expanduser(path))  # noqa: PTH111  # Path's own raises RuntimeError
    except ValueError:  # a NUL
        return Path(path)


def absolute(path: str | os.PathLike[str], beside: Path | None = None) -> Path:
    """``path`` for good, wherever it is opened from: ~ is the home folder, and a relative path
    counts from ``beside`` (the current folder).

    Every path that somebody types or a file names comes through here.
    """
    found = expanded(path)
    return (beside / found if beside is not None else found).absolute()


def user_data_folder() -> Path:
    """The platform's folder for a program's data."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "sd-scripts-bridge"


@dataclass(frozen=True)
class Home:
    """The bridge's own folder. ``source`` says who chose it, for messages."""

    root: Path
    source: str = "argument"

    @classmethod
    def resolve(
        cls, argument: str | os.PathLike[str] | None = None, webui_data: Path | None = None
    ) -> Home:
        """Argument, then $SD_SCRIPTS_BRIDGE_HOME, then the WebUI's data folder, then the
        platform's.
        """
        if argument:
            return cls(absolute(argument), "--home")
        if os.environ.get(HOME_VARIABLE):
            return cls(absolute(os.environ[HOME_VARIABLE]), f"${HOME_VARIABLE}")
        if webui_data is not None:
            return cls(
                webui_data.absolute() / "lora-bridge",
                Message("paths.webui_data", "the WebUI's data folder"),
            )
        return cls(user_data_folder(), Message("paths.user_data", "the user's data folder"))

    @property
    def database(self) -> Path:
        return self.root / "bridge.sqlite3"

    @property
    def supervisor_lock(self) -> Path:
        return self.root / "supervisor.lock"

    @property
    def settings(self) -> Path:
        """What somebody has set for all jobs (`running.keeping`, `publishing.choice`)."""
        return self.root / "settings.json"

    @property
    def publishing(self) -> Path:
        """What `publish` has begun for no job; there after a kill only."""
        return self.root / "publishing.json"

    @property
    def looked(self) -> Path:
        """What a check of many photos has found (`datasets.looking.kept`); may go at any time."""
        return self.root / "cache" / "looked.jsonl"

    @property
    def headers(self) -> Path:
        """What the photos' headers say (`photos.headers.kept`); may go at any time."""
        return self.root / "cache" / "headers.jsonl"

    @property
    def kept(self) -> Path:
        """Latents and text states of trainings (`engines.embedded.kept`); may go at any time."""
        return self.root / "cache" / "kept"

    @property
    def compiled(self) -> Path:
        """What PyTorch has compiled for trainings, and what that took; may go at any time."""
        return self.root / "cache" / "compiled"

    @property
    def faces(self) -> Path:
        """Vectors of the photos' faces (`likeness.vectors`); may go at any time."""
        return self.root / "cache" / "faces.jsonl"

    @property
    def supervisor_log(self) -> Path:
        return self.root / "supervisor.log"

    @property
    def waiter_lock(self) -> Path:
        """Held by the one supervisor that waits for the end of a pause."""
        return self.root / "waiter.lock"

    @property
    def engines(self) -> Path:
        return self.root / "engines"

    @property
    def tokenizers(self) -> Path:
        return self.engines / "tokenizers"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def regularization(self) -> Path:
        """Regularization pictures by base model, each a reg folder of kohya's."""
        return self.root / "regularization"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    @property
    def lora(self) -> Path:
        """Where LoRAs are published where nobody names a folder."""
        return self.root / "models" / "Lora"

    def create(self) -> Home:
        """Make the folder and its README if they aren't there; returns self.

        Raises `BridgeError` where that can't be.
        """
        if len(os.fsencode(self.root)) > LONGEST_HOME:
            raise BridgeError(
                "paths.home_folders_path_characters",
                "The home folder's path has {count} characters, and SQLite takes no more than "
                "{longest_home}. Choose a shorter one with --home or ${home_variable}.",
                count=len(os.fsencode(self.root)),
                longest_home=LONGEST_HOME,
                home_variable=HOME_VARIABLE,
            )
        try:
            return self._create()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise BridgeError(
                "paths.home_folder_cant_used",
                "The home folder {root} ({source}) can't be used: {why}. Choose another with "
                "--home or ${home_variable}.",
                root=repr(str(self.root)),
                source=self.source,
                why=why,
                home_variable=HOME_VARIABLE,
            ) from error

    def _create(self) -> Home:
        self.jobs.mkdir(parents=True, exist_ok=True)
        self.engines.mkdir(exist_ok=True)
        readme = self.root / "README"
        if not readme.exists():
            readme.write_text(_README, encoding="utf-8")
        return self
