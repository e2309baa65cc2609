"""A job as others can run it: sd-scripts' TOML files, kohya_ss' settings,
or a script for a shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..engines import installed, sample_prompts
from ..engines.sd_scripts import config
from ..errors import Invalid, Problem
from ..jobs.folder import PROMPTS, JobFolder
from ..jobs.job import TrainingJob
from ..jobs.launch import MODULE
from ..messages import Message
from ..options.families import FAMILIES
from ..options.kinds import SECRETS
from ..paths import Home, absolute
from ..system.files import write_text
from .kohya_gui import writer as kohya_gui_writer
from .scripts import writer as script_writer
from .toml import writer as toml_writer

FORMATS = ("toml", "kohya", "sh")


@dataclass(frozen=True)
class Exported:
    """The files, and what to know before running them."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        return [*(f"Written: {file}" for file in self.files), *self.notes]


@dataclass(frozen=True)
class InstalledScripts:
    """Where sd-scripts lies on this machine, as far as is known."""

    tokenizers: Path
    python: str = "python"
    script: str = ""
    """Empty: the family's, wherever that lies."""

    @classmethod
    def of(cls, home: Home, family: str) -> InstalledScripts:
        """As set up in ``home``."""
        program = installed.program(home, family)
        return cls(home.tokenizers, program.python, program.script)


def export(job: TrainingJob, form: str, out: Path, place: InstalledScripts) -> Exported:
    """Write ``job`` into the folder ``out``, which may hold older exports.

    Raises `Invalid` for an unknown format.
    """
    out = absolute(out)
    texts, notes = files(job, form, out, place)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(out / name, text)
        if name.endswith(".sh"):
            (out / name).chmod(0o755)
    return Exported(tuple(out / name for name in texts), tuple(notes))


def files(
    job: TrainingJob, form: str, out: Path, place: InstalledScripts
) -> tuple[dict[str, str], list[str]]:
    """(name -> text, notes) of what belongs into the folder ``out``; writes nothing.

    Raises `Invalid`.
    """
    if form not in FORMATS:
        raise Invalid(
            [
                Problem(
                    "export.is_not_one",
                    "format",
                    "{form} is not one of {formats}",
                    form=repr(form),
                    formats=", ".join(FORMATS),
                )
            ]
        )
    options, notes = told(job, out, place)
    launcher = ["-m", MODULE, *job.launch.words(job.params.mixed_precision)] if job.launch else []
    script = place.script or FAMILIES[job.family].script
    command = [place.python, *launcher, script]
    texts, more = {
        "toml": lambda: toml_writer.files(job, options, out, command),
        "kohya": lambda: kohya_gui_writer.files(job, options),
        "sh": lambda: script_writer.files(options, command, title(job)),
    }[form]()
    if job.dataset_config is not None:
        texts = {**texts, JobFolder(out).dataset_config.name: config.dataset_text(job)}
    prompts = out / PROMPTS
    if options.get("sample_prompts") == str(prompts) and form != "kohya":
        texts = {**texts, prompts.name: sample_prompts.text_of(job)}
    return texts, [*notes, *more]


def told(job: TrainingJob, out: Path, place: InstalledScripts) -> tuple[dict[str, Any], list[str]]:
    """What the script is told, without secrets; and notes."""
    table = config.table(job, JobFolder(out), place.tokenizers)
    table.setdefault("save_every_n_steps", job.params.save_interval)  # as it was asked for
    if table.get("sample_prompts") == str(JobFolder(out).prompts):
        table["sample_prompts"] = str(out / PROMPTS)
    secret = sorted(SECRETS & table.keys())
    options = {
        key: value for key, value in table.items() if value is not None and key not in SECRETS
    }
    options["console_log_simple"] = (
        True  # its coloured log draws random numbers, and so changes the pictures' order
    )
    if not place.tokenizers.is_dir():
        options.pop("tokenizer_cache_dir", None)
    notes: list[str] = (
        [
            Message(
                "export.left_since_secrets_never",
                "{secret}: left out, since secrets are never written into a file.",
                secret=", ".join(secret),
            )
        ]
        if secret
        else []
    )
    if job.prediction == "ask-the-model":
        notes.append(
            Message(
                "export.whether_base_predicts_noise",
                "Whether this base predicts noise or v isn't written in it; if it is v, add "
                "v_parameterization.",
            )
        )
    return options, notes


def title(job: TrainingJob) -> str:
    """One line about the job, for a file's beginning."""
    return f"{script_writer.MARK} {__version__}: {job.name}, {job.params.max_train_steps} steps"
