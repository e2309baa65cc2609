"""The command line's words: every verb, its arguments and their help."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..options.families import FAMILIES
from ..paths import absolute
from . import pages as help_pages
from .shells import SHELLS

A_JOB = "the job's number; `jobs` lists them"
WIDEST = 100
"""Columns of a help page: wider lines are hard to read."""


class Pages(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, up to `WIDEST`."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=columns())


def columns() -> int:
    """How wide a help page may be here."""
    return max(50, min(WIDEST, shutil.get_terminal_size().columns - 2))


LAUNCH = (
    "processes",
    "machines",
    "machine_rank",
    "main_process_ip",
    "main_process_port",
    "num_cpu_threads_per_process",
)
"""The words of `train` that make a `launch.Launch`, besides --gpus."""


def _add_launch(sub: argparse.ArgumentParser) -> None:
    more = sub.add_argument_group("more than one card or machine (docs/more-than-one.md)")
    more.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="processes in all; each step sees so many batches",
    )
    more.add_argument(
        "--gpus", metavar="0,1", help="the cards, one for each process here (the first ones)"
    )
    more.add_argument(
        "--machines",
        type=int,
        metavar="M",
        help="machines in all; the same command on each, but for the rank",
    )
    more.add_argument(
        "--machine-rank", type=int, metavar="R", help="this machine's number; 0 saves and publishes"
    )
    more.add_argument("--main-process-ip", metavar="IP", help="the address of machine 0")
    more.add_argument("--main-process-port", type=int, metavar="PORT", help="a free port there")
    more.add_argument(
        "--num-cpu-threads-per-process", type=int, metavar="N", help="as accelerate has it"
    )
    more = sub.add_argument_group("on a Ray cluster (docs/more-than-one.md)")
    more.add_argument(
        "--on",
        metavar="ray://HOST",
        help="train there, and bring the LoRA back; also http://HOST:8265",
    )
    more.add_argument(
        "--on-base",
        metavar="PATH",
        help="the base model's path there (a small one may be sent with --base)",
    )
    more.add_argument(
        "--on-home",
        metavar="PATH",
        help="the home folder there, where `setup` was run (the default one)",
    )
    more.add_argument(
        "--on-gpus",
        type=int,
        metavar="N",
        help="cards to ask for (one a process, where there are any)",
    )


class _Parser(argparse.ArgumentParser):
    """Says what to do about a value that begins with a dash, and makes every path that is typed
    absolute.
    """

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.register("type", Path, absolute)

    def error(self, message: str) -> NoReturn:
        hint = (
            " (write a value that begins with - like this: --name=-x)"
            if message.endswith("one argument")
            else ""
        )
        super().error(message + hint)


def parser() -> argparse.ArgumentParser:
    """Every verb and its words; `verb` in what it parses names the verb."""
    whole = _Parser(
        prog=help_pages.PROGRAM,
        formatter_class=Pages,
        description=_wrapped(help_pages.WHOLE),
        epilog=(help_pages.EXIT_CODES + help_pages.SURROUNDINGS).strip(),
    )
    whole.add_argument(
        "--version", action="version", version=__version__, help="say which version this is"
    )
    whole.add_argument("--home", help="the bridge's own folder")
    whole.set_defaults(json=False)
    verbs = whole.add_subparsers(required=True, metavar="VERB", title="verbs")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        page = help_pages.PAGES.get(name)
        sub = verbs.add_parser(
            name,
            help=help,
            formatter_class=Pages,
            description=_wrapped(page.text) if page else help,
            epilog=help_pages.epilog(name) if page else None,
        )
        sub.set_defaults(verb=name)
        sub.add_argument("--home", default=argparse.SUPPRESS, help="the bridge's own folder")
        sub.add_argument("--json", action="store_true", help="print JSON, for programs")
        return sub

    sub = add("check", "say what photos are good for, and what to mind; changes nothing")
    sub.add_argument("photos", nargs="+", type=Path, help="photos, folders of them, or zips")

    sub = add("dataset", "make clean copies and captions, as a kohya folder")
    sub.add_argument("photos", nargs="+", type=Path, help="photos, folders of them, or zips")
    sub.add_argument("--name", required=True, help="the subject's name, as prompts will call it")
    sub.add_argument(
        "--class",
        dest="class_token",
        required=True,
        help="what the subject is: man, woman, dog, ...",
    )
    sub.add_argument(
        "--steps", type=int, default=1500, help="steps wanted in one epoch at batch 1 (1500)"
    )
    sub.add_argument("--out", required=True, type=Path, help="the folder to make")

    sub = add("captions", "list a dataset's captions, or change many at once")
    sub.add_argument("folder", type=Path, help="a folder that `dataset` made")
    sub.add_argument("--add", metavar="TEXT", help="put TEXT at the end of each, once")
    sub.add_argument("--at-start", action="store_true", help="put it behind the name instead")
    sub.add_argument("--remove", metavar="TEXT", help="take TEXT out of each")
    sub.add_argument("--replace", nargs=2, metavar=("OLD", "NEW"), help="put NEW where OLD stands")
    sub.add_argument("--undo", action="store_true", help="take the last change back")

    sub = add("train", "train a LoRA and publish it")
    sub.add_argument(
        "dataset", nargs="?", type=Path, help="a folder that `dataset` made, or a kohya folder"
    )
    sub.add_argument("--base", type=Path, help="the base model, a .safetensors file")
    sub.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="train as this file says; `import` says what it may be",
    )
    sub.add_argument(
        "--engine",
        choices=("sd-scripts", "embedded"),
        help="who trains (sd-scripts where it is set up)",
    )
    sub.add_argument("--preset", help="starting point; the default fits the base model's family")
    sub.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="options by sd-scripts' names",
    )
    sub.add_argument("--lora-dir", type=Path, help="the WebUI's models/Lora")
    sub.add_argument("--name", help="the LoRA's name (the subject's)")
    sub.add_argument("--gpu", type=int, help="the card to train on; each has a queue of its own")
    sub.add_argument("--detach", action="store_true", help="don't follow it")
    sub.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be trained, how long and with what; start nothing",
    )
    _add_launch(sub)

    for name, purpose in (
        ("watch", "follow a job"),
        ("resume", "go on from the newest saved state"),
        ("retry", "start anew"),
        ("report", "a job's story, to paste into a bug report: no names, paths or pictures in it"),
        ("result", "a finished LoRA: its prompt and the settings for txt2img"),
        ("rm", "forget a job and delete its folder"),
    ):
        add(name, purpose).add_argument("job", type=int, help=A_JOB)
    add("jobs", "list the queue and its history, or tell all about one job").add_argument(
        "job",
        nargs="?",
        type=int,
        help="one job's number: what it planned and did, as its report.json says",
    )
    sub = add("log", "the end of a trainer's own output")
    sub.add_argument("job", type=int, help=A_JOB)
    sub.add_argument("--lines", type=int, default=40, help="how many (40)")
    sub = add("stop", "stop after the next save, or now")
    sub.add_argument("job", type=int, help=A_JOB)
    sub.add_argument(
        "--now", action="store_true", help="at once; what came after the last save is lost"
    )
    sub = add(
        "pause",
        "leave the card free after the next save, and go on by itself afterwards (`resume`: at "
        "once)",
    )
    sub.add_argument("job", type=int, help=A_JOB)
    sub.add_argument("--minutes", type=float, default=10.0, help="how long (10)")

    sub = add("import", "say what a file from elsewhere would train, key by key; changes nothing")
    sub.add_argument(
        "file", type=Path, help="of kohya_ss, sd-scripts, LoRA_Easy_Training_Scripts, or any LoRA"
    )
    sub = add("export", "write a job as others can run it")
    sub.add_argument("job", type=int, help=A_JOB)
    sub.add_argument(
        "--format",
        required=True,
        choices=("toml", "kohya", "sh"),
        dest="form",
        help="sd-scripts' TOML, kohya_ss' settings, or scripts",
    )
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder to write into (the job's own)"
    )
    sub = add("options", "list what --set takes, with types, defaults and help")
    sub.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="only options with these words in their name or help",
    )
    sub.add_argument(
        "--family", choices=tuple(FAMILIES), default="sd1", help="the family of base models (sd1)"
    )
    sub = add("presets", "list the starting points, show one, or copy one to change it")
    sub.add_argument(
        "action", nargs="?", choices=("ls", "show", "cp"), default="ls", help="what to do (ls)"
    )
    sub.add_argument(
        "name",
        nargs="?",
        metavar="PRESET",
        help="show, cp: one of ours; show: also a file of your own",
    )
    sub.add_argument(
        "to",
        nargs="?",
        type=Path,
        help="cp: the .toml file to write; use it with train --preset FILE",
    )

    sub = add("publish", "put a finished LoRA into a Lora folder, with card and preview")
    sub.add_argument(
        "file",
        type=Path,
        metavar="FILE_OR_JOB",
        help="the LoRA, a .safetensors file; or a job's number: the newest that it has saved",
    )
    sub.add_argument(
        "--lora-dir", type=Path, help="the WebUI's models/Lora (of a job: where it was to go)"
    )
    sub.add_argument("--name", help="what it shall be called there (its file's name)")

    sub = add("setup", "get sd-scripts and make its training environment")
    sub.add_argument(
        "--source", help="an existing sd-scripts or kohya_ss folder, or another address to clone"
    )
    sub.add_argument(
        "--python", type=Path, help="the environment's Python, where it isn't in that folder"
    )

    sub = add("ui", "the tab without a WebUI, as a page of its own")
    sub.add_argument(
        "--host",
        default="127.0.0.1",
        help="whom to answer; anything else opens the page to your network",
    )
    sub.add_argument("--port", type=int, default=7862, help="0: any free one (7862)")
    sub.add_argument(
        "--models",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a folder with base models",
    )
    sub.add_argument(
        "--webui", type=Path, metavar="DIR", help="a WebUI whose models and Lora folder to use"
    )
    sub.add_argument("--lora-dir", type=Path, help="where finished LoRAs go")

    add("doctor", "what is ready, and what is not")
    sub = add("completion", "a script that makes a shell complete our words")
    sub.add_argument("shell", choices=SHELLS, help="the shell to write it for")
    sub.add_argument(
        "--for",
        dest="words",
        nargs=argparse.REMAINDER,
        metavar="WORD",
        help="the script asks: what may follow",
    )
    sub = add("help", "the page of a verb")
    sub.add_argument("topic", nargs="?", metavar="VERB", help="the verb (the program's own page)")
    return whole


def verbs_of(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The verbs' own parsers by name."""
    return next(
        dict(action.choices)
        for action in whole._actions
        if isinstance(action, argparse._SubParsersAction)
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), columns())
