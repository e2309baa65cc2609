"""The command line's words: every verb, its arguments and their help."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from .. import __version__
from ..engines import ENGINES
from ..jobs.folder import KEEP
from ..options.families import FAMILIES
from . import pages as help_pages
from . import words
from .typed.masks import add_masks
from .typed.photos import Add, add_held_out, add_photos
from .typed.regularization import add_regularization
from .typed.subjects import add_subjects
from .verbs.launch import add_launch
from .verbs.lora_arguments import add_loras

SHELLS = ("bash", "zsh", "fish", "powershell")
"""The shells that `completion` writes a script for."""

A_JOB = "the job's number; `jobs` lists them"
LORA_DIR = "the WebUI's models/Lora folder"


def parser() -> argparse.ArgumentParser:
    """Every verb and its words; `verb` in what it parses names the verb."""
    whole = words.Parser(
        prog=help_pages.PROGRAM,
        formatter_class=words.Pages,
        description=_wrapped(help_pages.WHOLE),
        epilog=(help_pages.EXIT_CODES + help_pages.SURROUNDINGS).strip(),
    )
    whole.add_argument("--version", action="version", version=__version__, help="print the version")
    whole.add_argument("--home", help="the home folder: queue, engines, datasets")
    whole.set_defaults(json=False)
    verbs = whole.add_subparsers(required=True, metavar="VERB", title="verbs")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(
            name,
            help=help,
            formatter_class=words.Pages,
            description=_wrapped(help_pages.PAGES[name].text),
            epilog=help_pages.epilog(name),
        )
        sub.set_defaults(verb=name)
        sub.add_argument("--home", default=argparse.SUPPRESS, help="the home folder")
        sub.add_argument("--json", action="store_true", help="print JSON, for programs")
        return sub

    for group in (
        add_photos,
        add_regularization,
        _training,
        _queue,
        _exchange,
        add_loras,
        _machine,
    ):
        group(add)
    return whole


def verbs_of(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The verbs' own parsers by name."""
    return next(
        dict(action.choices)
        for action in whole._actions
        if isinstance(action, argparse._SubParsersAction)
    )


# ---- the verbs, group by group ----


def _training(add: Add) -> None:
    sub = add("train", "train a LoRA and publish it")
    sub.add_argument(
        "dataset", nargs="?", type=Path, help="a folder made by `dataset`, or a kohya folder"
    )
    add_subjects(sub)
    sub.add_argument("--base", type=Path, help="the base model, a .safetensors file")
    sub.add_argument(
        "--config", type=Path, metavar="FILE", help="train with this file's settings (see `import`)"
    )
    sub.add_argument(
        "--engine",
        choices=ENGINES,
        help="the trainer to use (sd-scripts, once it is set up)",
    )
    sub.add_argument("--preset", help="the starting point; by default one for the base's family")
    sub.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="options, under sd-scripts' names",
    )
    sub.add_argument("--lora-dir", type=Path, help=LORA_DIR)
    sub.add_argument(
        "--sample-prompts",
        metavar="FILE",
        help="prompts for the sample pictures, one per line; none: no samples",
    )
    sub.add_argument("--name", help="the LoRA's name (the subject's)")
    sub.add_argument("--gpu", type=int, help="the GPU to train on; each has its own queue")
    add_held_out(sub, "as the dataset says; from 8 photos of `dataset` on, one")
    add_masks(sub)
    sub.add_argument(
        "--enough",
        action="store_true",
        help="end at the first save whose held-out loss is significantly worse",
    )
    sub.add_argument(
        "--at", metavar="TIME", help="start at 23:00, or at 2026-12-24 23:00; `resume`: start now"
    )
    sub.add_argument("--detach", action="store_true", help="start it and return at once")
    sub.add_argument("--dry-run", action="store_true", help="show the plan; start nothing")
    add_launch(sub)

    add("watch", "follow a job").add_argument("job", type=words.job_number, help=A_JOB)
    sub = add("setup", "install sd-scripts and its training environment")
    sub.add_argument(
        "--source", help="an sd-scripts or kohya_ss folder that you have, or a URL to clone"
    )
    sub.add_argument(
        "--python", type=Path, help="the environment's Python, if it is not in that folder"
    )
    sub.add_argument(
        "--dry-run", action="store_true", help="print the commands that it would run; run none"
    )


def _queue(add: Add) -> None:
    sub = add("jobs", "list all jobs, or show everything about one")
    sub.add_argument("job", nargs="?", type=words.job_number, help="a job's number")
    for name, purpose in (
        ("repeat", "run exactly the same training again, as a new job"),
        ("report", "a job's story for a bug report, without names, paths or pictures"),
        ("result", "a finished LoRA: its prompt and its txt2img settings"),
    ):
        add(name, purpose).add_argument("job", type=words.job_number, help=A_JOB)
    sub = add("retry", "start over from step 0, or on all photos")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument(
        "--all-photos", action="store_true", help="as a new job, the held-out photos trained, too"
    )
    sub.add_argument(
        "--steps",
        type=words.count,
        metavar="N",
        help="with --all-photos: for so many steps (the recommended step, else as before)",
    )
    sub = add("evaluate", "measure saved steps on photos that they weren't trained on")
    sub.add_argument("target", metavar="JOB_OR_FILE", help="a training's number, or any LoRA")
    sub.add_argument("--on", type=Path, metavar="PHOTOS", help="a folder of photos, for a FILE")
    sub.add_argument("--base", type=Path, help="the base model, for a FILE (as it says)")
    sub.add_argument("--detach", action="store_true", help="start it and return at once")
    sub = add("judge", "draw the saved steps side by side, at several strengths")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument(
        "--steps",
        type=words.whole_numbers,
        metavar="N,N",
        help="the saved steps (four of them, the last included)",
    )
    sub.add_argument(
        "--weights",
        type=words.numbers,
        metavar="W,W",
        help="the LoRA's strengths (0.6,0.8,1)",
    )
    sub.add_argument(
        "--prompts", type=Path, metavar="FILE", help="one prompt per line (the samples' own)"
    )
    sub.add_argument("--stop", action="store_true", help="stop drawing; keep what is drawn")
    sub.add_argument("--detach", action="store_true", help="start it and return at once")
    sub = add("compare", "compare trainings: settings, data, curves, samples")
    sub.add_argument("job", type=words.job_number, nargs="+", help="the jobs' numbers")
    sub = add("resume", "continue from the latest saved state, or from another")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument(
        "--from",
        dest="step",
        type=words.count,
        metavar="STEP",
        help="the state saved at this step; later ones are deleted",
    )
    sub = add("rm", "remove jobs and their folders")
    sub.add_argument("job", type=words.job_number, nargs="+", help="the jobs' numbers")
    sub = add("forget", "delete everything kept of a job's photos; its LoRA stays")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub = add("clean", "free what finished trainings don't need")
    sub.add_argument("--keep", choices=tuple(KEEP), help="from now on keep this of each of them")
    sub.add_argument("--dry-run", action="store_true", help="only say how much; free nothing")
    sub = add("log", "the end of the trainer's own output")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument("--lines", type=words.count, default=40, help="number of lines (40)")
    sub.add_argument("--csv", action="store_true", help="the loss at each step instead, as CSV")
    sub = add("stop", "stop after the next save, or now")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument(
        "--now", action="store_true", help="at once; steps since the last save are lost"
    )
    sub = add("pause", "free the GPU after the next save, and continue later")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument("--minutes", type=float, default=10.0, help="length of the pause (10)")


def _exchange(add: Add) -> None:
    sub = add("import", "show what a file from another trainer would train; changes nothing")
    sub.add_argument("file", type=Path, help="a config, a script, or any LoRA")
    sub = add("export", "write a job for other trainers")
    sub.add_argument("job", type=words.job_number, help=A_JOB)
    sub.add_argument(
        "--format",
        required=True,
        choices=("toml", "kohya", "sh"),
        dest="form",
        help="sd-scripts' TOML, kohya_ss' JSON, or scripts",
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to write (the job's folder)")
    sub = add("options", "list the options for --set")
    sub.add_argument("words", nargs="*", metavar="WORD", help="words to look for in name and help")
    sub.add_argument(
        "--family", choices=tuple(FAMILIES), default="sd1", help="the base model's family (sd1)"
    )
    sub = add("presets", "list the presets, show one, or copy one to change it")
    sub.add_argument(
        "action", nargs="?", choices=("ls", "show", "cp"), default="ls", help="what to do (ls)"
    )
    sub.add_argument("name", nargs="?", metavar="PRESET", help="a preset's name, or a .toml file")
    sub.add_argument("to", nargs="?", type=Path, help="cp: the .toml file to write")
    sub = add("publish", "put a finished LoRA into a Lora folder, with card and preview")
    sub.add_argument(
        "file",
        type=Path,
        metavar="FILE_OR_JOB",
        help="a .safetensors file, or a job's number: its latest checkpoint",
    )
    sub.add_argument("--lora-dir", type=Path, help=LORA_DIR + " (for a job: its own)")
    sub.add_argument(
        "--step", type=words.count, metavar="N", help="of a job: this saved step, not the last one"
    )
    sub.add_argument("--name", help="the name to give it (the file's)")
    sub.add_argument(
        "--private",
        action="store_true",
        help="leave out captions, paths and every name but the LoRA's own",
    )


def _machine(add: Add) -> None:
    sub = add("ui", "the Train LoRA tab without a WebUI, as a page in the browser")
    sub.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on; others open it to networks"
    )
    sub.add_argument("--port", type=int, default=7862, help="the port; 0: any free one (7862)")
    sub.add_argument(
        "--models",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a folder of base models; may be repeated",
    )
    sub.add_argument("--webui", type=Path, metavar="DIR", help="use this WebUI's model folders")
    sub.add_argument("--lora-dir", type=Path, help="the folder for finished LoRAs")
    sub.add_argument("--no-browser", action="store_true", help="don't open the browser")
    add("doctor", "what is ready, and what is missing")
    sub = add("completion", "a script for completing words in your shell")
    sub.add_argument("shell", choices=SHELLS, help="the shell to write it for")
    sub.add_argument(
        "--for",
        dest="words",
        nargs=argparse.REMAINDER,
        metavar="WORD",
        help="used by the script: what may come next",
    )
    sub = add("help", "a verb's page")
    sub.add_argument("topic", nargs="?", metavar="VERB", help="the verb (the program's own page)")


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), words.columns())
