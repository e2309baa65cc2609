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

from . import __version__, cli_help, completion, completion_shells, from_elsewhere, option_help, option_list, presets
from .bridge import Bridge
from .cli_words import LAUNCH, parser, verbs_of
from .cluster.place import Cluster, address
from .errors import BridgeError, NotFound
from .follow import exit_code, follow
from .job import Status, TrainingJob
from .launch import Launch
from .launch import from_words as launch_from_words
from .meter import duration
from .paths import Home
from .publish import PublishedLora
from .report import lines as report_lines
from .report import read as read_report
from .request import Request
from .store import Row

OK, PROBLEM, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130

Verb = Callable[[Bridge, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0, 1 (a problem), 2 (usage), 3 (a defect of ours) or 130 (Ctrl-C)."""
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
        print(f"This is a defect of LoRA Bridge {__version__}. Please report it with these lines:", file=sys.stderr)
        traceback.print_exc()
        return DEFECT


# ---- photos ----


def check(bridge: Bridge, options: argparse.Namespace) -> int:
    report = bridge.check(options.photos, _counter("photos looked at", options))
    _show(options, report.as_dict(), report.lines())
    return OK if report.used else PROBLEM


def dataset(bridge: Bridge, options: argparse.Namespace) -> int:
    made = bridge.write_dataset(
        options.photos, options.name, options.class_token, options.steps, options.out, _counter("photos copied", options)
    )
    lines = [
        *(made.report.lines() if made.report else []),
        f"{made.images} photos x {made.subsets[0].repeats} repeats = {made.real_steps} steps "
        f"({options.steps} were wanted), in {made.subsets[0].folder}",
    ]
    _show(options, made.as_dict(), lines)
    return OK


# ---- training ----


def train(bridge: Bridge, options: argparse.Namespace) -> int:
    wanted = {
        "dataset": options.dataset,
        "base": options.base or (Path(options.on_base) if options.on and options.on_base else None),
        "engine": options.engine,
        "preset": options.preset,
        "values": _settings(options.set),
        "lora_dir": options.lora_dir,
        "name": options.name,
        "gpu": options.gpu,
        "launch": _launch(options),
        "on": _cluster(options),
    }
    remarks: list[str] = []
    if options.config:
        imported = bridge.import_file(options.config, from_elsewhere.model_folders(options.lora_dir))
        remarks, request = from_elsewhere.remarks(imported), bridge.like(imported, wanted)
    elif options.dataset is None or wanted["base"] is None:
        print("Give DATASET and --base, or --config with a file that names them.", file=sys.stderr)
        return USAGE
    else:
        request = Request(**wanted)
    submitted = bridge.submit(request)
    if options.json:
        print(json.dumps({"type": "queued", "job": submitted.id, "notes": [*remarks, *submitted.notes]}), flush=True)
    else:
        for note in [*remarks, *submitted.notes]:
            print(note)
        params = submitted.job.params
        print(f"Job {submitted.id}: {submitted.job.title}, {params.max_train_steps} steps on "
              f"{Path(submitted.job.base).name}, engine {submitted.job.engine}{_where(submitted.job)}.", flush=True)
    if options.detach:
        if not options.json:
            print(f"Follow it: sd-scripts-bridge watch {submitted.id}")
        return OK
    return _follow(bridge, submitted.id, options)


def watch(bridge: Bridge, options: argparse.Namespace) -> int:
    bridge.job(options.job)
    return _follow(bridge, options.job, options)


def setup(bridge: Bridge, options: argparse.Namespace) -> int:
    return _follow(bridge, bridge.setup(options.source, options.python), options)


def ui(bridge: Bridge, options: argparse.Namespace) -> int:
    from .webui.standalone import Place, serve

    place = Place(bridge.home, options.host, options.port, options.models, options.webui, options.lora_dir)

    def started(address: str) -> None:
        _show(options, {"address": address}, [f"LoRA Bridge: {address}   (Ctrl-C ends it)"])
        sys.stdout.flush()

    serve(place, started)
    return OK


def _follow(bridge: Bridge, job_id: int, options: argparse.Namespace) -> int:
    try:
        row = follow(bridge, job_id, as_json=options.json)
    except KeyboardInterrupt:
        print(f"\nJob {job_id} goes on without this window. Follow it: sd-scripts-bridge watch {job_id}   "
              f"Stop it: sd-scripts-bridge stop {job_id}", file=sys.stderr)
        return INTERRUPTED
    if row.status is not Status.SUCCEEDED:
        print(f"Job {job_id} is {row.status}: {row.sentence}", file=sys.stderr)
    return exit_code(row)


# ---- the queue ----


def jobs(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.job is not None:
        row = bridge.job(options.job)
        done = read_report(bridge.folder(row.id).report)
        _show(options, {**_job_dict(row), "report": done or None}, [_job_line(row), *report_lines(done)])
        return OK
    rows = bridge.jobs()
    lines = [_job_line(row) for row in rows] or ["There are no jobs."]
    _show(options, [_job_dict(row) for row in rows], lines)
    return OK


def log(bridge: Bridge, options: argparse.Namespace) -> int:
    lines = bridge.log(options.job, options.lines)
    _show(options, {"job": options.job, "lines": lines}, lines)
    return OK


def report(bridge: Bridge, options: argparse.Namespace) -> int:
    text = bridge.report(options.job)
    _show(options, {"job": options.job, "text": text}, [text.rstrip()])
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
    _show(options, imported.as_dict(), imported.lines())
    return OK


def export(bridge: Bridge, options: argparse.Namespace) -> int:
    done = bridge.export(options.job, options.form, options.out)
    _show(options, done.as_dict(), done.lines())
    return OK


def options(bridge: Bridge, options: argparse.Namespace) -> int:
    found = option_list.search(bridge.options(options.family), " ".join(options.words))
    lines = [line for option in found for line in option.lines(option_help.language())]
    _show(options, [option.as_dict() for option in found], lines or ["No option has these words in its name or help."])
    return OK if found else PROBLEM


def show_presets(_bridge: Bridge, options: argparse.Namespace) -> int:
    if options.action == "ls":
        found = [presets.get(name) for name in presets.names()]
        _show(options, [preset.as_dict() for preset in found], [preset.line for preset in found])
    elif options.action == "show":
        preset = presets.get(options.name or "")
        _show(options, preset.as_dict(), preset.lines())
    else:
        copy = presets.copy(options.name or "", options.to or Path(f"{options.name}.toml"))
        _show(options, {"path": str(copy)}, [f"Written: {copy}   Use it: train ... --preset {copy}"])
    return OK


# ---- the rest ----


def publish(bridge: Bridge, options: argparse.Namespace) -> int:
    done = _published(bridge, options)
    lines = [f"Published: {done.path}", f"Prompt: {done.activation_text} <lora:{done.stem}:1>", *done.notes]
    _show(options, done.as_dict(), lines)
    return OK


def _published(bridge: Bridge, options: argparse.Namespace) -> PublishedLora:
    if options.file.name.isdigit() and not options.file.exists():
        return bridge.publish_job(int(options.file.name), options.lora_dir, options.name)
    if options.lora_dir is None:
        raise BridgeError("Say where it shall go: --lora-dir WEBUI/models/Lora.")
    return bridge.publish(options.file, options.lora_dir, options.name)


def doctor(bridge: Bridge, options: argparse.Namespace) -> int:
    findings = bridge.doctor()
    _show(options, [asdict(finding) for finding in findings], [str(finding) for finding in findings])
    return OK if all(finding.ready or not finding.needed for finding in findings) else PROBLEM


def complete(options: argparse.Namespace) -> int:
    if options.words is None:
        print(completion_shells.script(options.shell, cli_help.PROGRAM), end="")
    else:
        print(*completion.answer(parser(), options.shell, options.words), sep="\n")
    return OK


def show_help(options: argparse.Namespace) -> int:
    whole = parser()
    verbs = verbs_of(whole)
    if options.topic and options.topic not in verbs:
        raise NotFound(f"There is no verb {options.topic!r}. Choose one of: {', '.join(verbs)}.")
    print((verbs[options.topic] if options.topic else whole).format_help(), end="")
    return OK


# ---- showing ----


def _show(options: argparse.Namespace, data: Any, lines: Sequence[str]) -> None:
    if options.json:
        print(json.dumps(data, ensure_ascii=False))
        return
    for line in lines:
        print(line)


def _say(options: argparse.Namespace, sentence: str) -> int:
    _show(options, {"job": options.job, "sentence": sentence}, [sentence])
    return OK


def _job_line(row: Row) -> str:
    took = f", {duration(max(0.0, row.finished - row.started))}" if row.finished and row.started else ""
    return f"{row.id:>4}  {row.status.value:<9}  {row.title}{took}" + (f"  {row.sentence}" if row.sentence else "")


def _job_dict(row: Row) -> dict[str, Any]:
    names = ("id", "kind", "title", "attempt", "created", "started", "finished", "sentence")
    return {"status": str(row.status), **{name: getattr(row, name) for name in names}, "job": json.loads(row.spec)}


def _counter(what: str, options: argparse.Namespace) -> Callable[[int, int], None]:
    """Counts on stderr, once a second, where somebody watches."""
    last = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last
        if options.json or not sys.stderr.isatty() or time.monotonic() - last < 1:
            return
        last = time.monotonic()
        print(f"\r{done} of {total} {what}\x1b[K", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return advance


def _launch(options: argparse.Namespace) -> Launch | None:
    """More than one process, where any of its words is given."""
    given = {name: getattr(options, name) for name in LAUNCH}
    if options.gpus is None and all(value is None for value in given.values()):
        return None
    if given == {**dict.fromkeys(LAUNCH), "processes": 1} and options.gpus is None:
        return None
    try:
        return launch_from_words(options.gpus, **given)
    except ValueError:
        raise BridgeError(f"--gpus {options.gpus!r} is no list of cards: write 0,1.") from None


def _cluster(options: argparse.Namespace) -> Cluster | None:
    more = {"--on-base": options.on_base, "--on-home": options.on_home, "--on-gpus": options.on_gpus}
    if options.on is not None:
        return Cluster(address(options.on), options.on_base, options.on_home, options.on_gpus)
    lone = next((word for word, value in more.items() if value is not None), None)
    if lone:
        raise BridgeError(f"{lone} is for a cluster: name it with --on ray://HOST.")
    return None


def _where(job: TrainingJob) -> str:
    return (f", {job.launch.title}" if job.launch else "") + (f", on {job.on.address}" if job.on else "")


def _settings(words: Sequence[str]) -> dict[str, str]:
    """``key=value`` words. Dashes in a key count as underscores, as on sd-scripts' own command line."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise BridgeError(f"--set {word!r} is not of the form key=value.")
        pairs[key.strip().lstrip("-").replace("-", "_")] = value.strip()
    return pairs


WITHOUT_HOME: Mapping[str, Callable[[argparse.Namespace], int]] = {"completion": complete, "help": show_help}
"""They open no queue, and make no folder."""

VERBS: Mapping[str, Verb] = {
    "check": check,
    "dataset": dataset,
    "train": train,
    "watch": watch,
    "setup": setup,
    "ui": ui,
    "jobs": jobs,
    "log": log,
    "report": report,
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
