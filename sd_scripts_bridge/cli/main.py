"""The command line: one function a verb, each a translation of one `Bridge` method."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..bridge import Bridge
from ..errors import BridgeError, NotFound
from ..jobs.facts import lines as report_lines
from ..jobs.facts import read
from ..jobs.meter import duration
from ..jobs.store import JobRow
from ..options import presets
from ..paths import Home
from ..planning import option_help, option_list
from ..publishing.publish import PublishedLora
from . import completion, shells
from . import pages as help_pages
from .arguments import parser, verbs_of
from .output import DEFECT, INTERRUPTED, OK, PROBLEM, USAGE, show
from .train import setup, train, watch

Verb = Callable[[Bridge, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0, 1 (a problem), 2 (usage), 3 (a defect of ours) or 130
    (Ctrl-C).
    """
    for stream in (sys.stdout, sys.stderr):  # a redirected Windows console would refuse "ü"
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = parser().parse_args(arguments)
    try:
        if options.verb in WITHOUT_HOME:
            return WITHOUT_HOME[options.verb](options)
        bridge = Bridge(Home.resolve(options.home))
        if bridge.store.recovered:
            print(bridge.store.recovered, file=sys.stderr)
        return VERBS[options.verb](bridge, options)
    except BridgeError as error:
        print(error, file=sys.stderr)
        return PROBLEM
    except BrokenPipeError:
        sys.stderr.close()
        return PROBLEM
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or error}.", file=sys.stderr)
        return PROBLEM
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # the edge: a defect of ours
        print(
            f"This is a defect of LoRA Bridge {__version__}. Please report it with these lines:",
            file=sys.stderr,
        )
        traceback.print_exc()
        return DEFECT


# ---- photos ----


def check(bridge: Bridge, options: argparse.Namespace) -> int:
    report = bridge.check(options.photos, _counter("photos looked at", options))
    show(options, report.as_dict(), report.lines())
    return OK if report.used else PROBLEM


def dataset(bridge: Bridge, options: argparse.Namespace) -> int:
    made = bridge.write_dataset(
        options.photos,
        options.name,
        options.class_token,
        options.steps,
        options.out,
        _counter("photos copied", options),
    )
    lines = [
        *(made.report.lines() if made.report else []),
        f"{made.images} photos x {made.subsets[0].repeats} repeats = {made.real_steps} steps "
        f"({options.steps} were wanted), in {made.subsets[0].folder}",
    ]
    show(options, made.as_dict(), lines)
    return OK


def captions(bridge: Bridge, options: argparse.Namespace) -> int:
    actions = {
        "add": options.add,
        "remove": options.remove,
        "replace": options.replace,
        "undo": options.undo or None,
    }
    given = {name: value for name, value in actions.items() if value is not None}
    if len(given) > 1:
        print("Give one of --add, --remove, --replace and --undo.", file=sys.stderr)
        return USAGE
    found = bridge.captions(options.folder)
    if given:
        ((action, value),) = given.items()
        words = value if action == "replace" else ["" if action == "undo" else value]
        count, found = (
            len(found),
            bridge.change_captions(options.folder, action, *words, at_start=options.at_start),
        )
    lines = [f"{caption.file.name}: {caption.text}" for caption in found]
    data = {"captions": [{"file": str(caption.file), "text": caption.text} for caption in found]}
    show(
        options, data, [*lines, *([f"{len(found)} of {count} captions changed."] if given else [])]
    )
    return OK


# ---- training ----


def ui(bridge: Bridge, options: argparse.Namespace) -> int:
    from ..webui.standalone import Options, serve

    place = Options(
        bridge.home, options.host, options.port, options.models, options.webui, options.lora_dir
    )

    def started(address: str) -> None:
        show(options, {"address": address}, [f"LoRA Bridge: {address}   (Ctrl-C ends it)"])
        sys.stdout.flush()

    serve(place, started)
    return OK


# ---- the queue ----


def jobs(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.job is not None:
        row = bridge.job(options.job)
        done = read(bridge.folder(row.id).report)
        show(
            options,
            {**_job_dict(row), "report": done or None},
            [_job_line(row), *report_lines(done)],
        )
        return OK
    rows = bridge.jobs()
    lines = [_job_line(row) for row in rows] or ["There are no jobs."]
    show(options, [_job_dict(row) for row in rows], lines)
    return OK


def log(bridge: Bridge, options: argparse.Namespace) -> int:
    lines = bridge.log(options.job, options.lines)
    show(options, {"job": options.job, "lines": lines}, lines)
    return OK


def report(bridge: Bridge, options: argparse.Namespace) -> int:
    text = bridge.report(options.job)
    show(options, {"job": options.job, "text": text}, [text.rstrip()])
    return OK


def result(bridge: Bridge, options: argparse.Namespace) -> int:
    from ..page.jobs import JobViews
    from ..page.result import result_dict

    found = result_dict(JobViews(bridge), options.job, [])
    how = "For txt2img: paste this into the prompt, then press the arrow below Generate."
    show(
        options,
        found,
        [found["sentence"], found["file"], "", how, "", found["infotext_512"] or found["infotext"]],
    )
    return OK


def stop(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.stop(options.job, now=options.now))


def pause(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.pause(options.job, options.minutes))


def resume(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.resume(options.job))


def retry(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.retry(options.job))


def remove(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.remove(options.job))


# ---- from elsewhere, and back ----


def import_file(bridge: Bridge, options: argparse.Namespace) -> int:
    imported = bridge.import_file(options.file)
    show(options, imported.as_dict(), imported.lines())
    return OK


def export(bridge: Bridge, options: argparse.Namespace) -> int:
    done = bridge.export(options.job, options.form, options.out)
    show(options, done.as_dict(), done.lines())
    return OK


def options(bridge: Bridge, options: argparse.Namespace) -> int:
    found = option_list.search(bridge.options(options.family), " ".join(options.words))
    lines = [line for option in found for line in option.lines(option_help.language())]
    show(
        options,
        [option.as_dict() for option in found],
        lines or ["No option has these words in its name or help."],
    )
    return OK if found else PROBLEM


def show_presets(_bridge: Bridge, options: argparse.Namespace) -> int:
    if options.action == "ls":
        found = [presets.get(name) for name in presets.names()]
        show(options, [preset.as_dict() for preset in found], [preset.line for preset in found])
    elif options.action == "show":
        preset = presets.get(options.name or "")
        show(options, preset.as_dict(), preset.lines())
    else:
        copy = presets.copy(options.name or "", options.to or Path(f"{options.name}.toml"))
        show(options, {"path": str(copy)}, [f"Written: {copy}   Use it: train ... --preset {copy}"])
    return OK


# ---- the rest ----


def publish(bridge: Bridge, options: argparse.Namespace) -> int:
    done = _published(bridge, options)
    lines = [
        f"Published: {done.path}",
        f"Prompt: {done.activation_text} <lora:{done.stem}:1>",
        *done.notes,
    ]
    show(options, done.as_dict(), lines)
    return OK


def _published(bridge: Bridge, options: argparse.Namespace) -> PublishedLora:
    if options.file.name.isdigit() and not options.file.exists():
        return bridge.publish_job(int(options.file.name), options.lora_dir, options.name)
    if options.lora_dir is None:
        raise BridgeError(
            "cli.main.say_shall_go_lora", "Say where it shall go: --lora-dir WEBUI/models/Lora."
        )
    return bridge.publish(options.file, options.lora_dir, options.name)


def doctor(bridge: Bridge, options: argparse.Namespace) -> int:
    findings = bridge.doctor()
    show(options, [asdict(finding) for finding in findings], [str(finding) for finding in findings])
    return OK if all(finding.ready or not finding.needed for finding in findings) else PROBLEM


def complete(options: argparse.Namespace) -> int:
    if options.words is None:
        print(shells.script(options.shell, help_pages.PROGRAM), end="")
    else:
        for line in completion.answer(parser(), options.shell, options.words):
            print(line)
    return OK


def show_help(options: argparse.Namespace) -> int:
    whole = parser()
    verbs = verbs_of(whole)
    if options.topic and options.topic not in verbs:
        raise NotFound(
            "cli.main.verb_choose",
            "There is no verb {topic}. Choose one of: {verbs}.",
            topic=repr(options.topic),
            verbs=", ".join(verbs),
        )
    print((verbs[options.topic] if options.topic else whole).format_help(), end="")
    return OK


# ---- showing ----


def _say(options: argparse.Namespace, sentence: str) -> int:
    show(options, {"job": options.job, "sentence": sentence}, [sentence])
    return OK


def _job_line(row: JobRow) -> str:
    took = (
        f", {duration(max(0.0, row.finished - row.started))}"
        if row.finished and row.started
        else ""
    )
    return f"{row.id:>4}  {row.status.value:<9}  {row.title}{took}" + (
        f"  {row.sentence}" if row.sentence else ""
    )


def _job_dict(row: JobRow) -> dict[str, Any]:
    names = ("id", "kind", "title", "attempt", "created", "started", "finished", "sentence")
    return {
        "status": str(row.status),
        **{name: getattr(row, name) for name in names},
        "job": json.loads(row.spec),
    }


def _counter(what: str, options: argparse.Namespace) -> Callable[[int, int], None]:
    """Counts on stderr, once a second, where somebody watches."""
    last = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last
        if options.json or not sys.stderr.isatty() or time.monotonic() - last < 1:
            return
        last = time.monotonic()
        print(
            f"\r{done} of {total} {what}\x1b[K",
            end="" if done < total else "\n",
            file=sys.stderr,
            flush=True,
        )

    return advance


WITHOUT_HOME: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "completion": complete,
    "help": show_help,
}
"""They open no queue, and make no folder."""

VERBS: Mapping[str, Verb] = {
    "check": check,
    "dataset": dataset,
    "captions": captions,
    "train": train,
    "watch": watch,
    "setup": setup,
    "ui": ui,
    "jobs": jobs,
    "log": log,
    "report": report,
    "result": result,
    "stop": stop,
    "pause": pause,
    "resume": resume,
    "retry": retry,
    "rm": remove,
    "import": import_file,
    "export": export,
    "options": options,
    "presets": show_presets,
    "publish": publish,
    "doctor": doctor,
}
