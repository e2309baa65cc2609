"""The command line's door: reads the words, runs the verb, turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence

from .. import __version__
from ..bridge import Bridge
from ..errors import BridgeError
from ..paths import Home
from .arguments import parser
from .output import DEFECT, INTERRUPTED, PROBLEM, USAGE, refuse
from .verbs import (
    captions,
    evidence,
    exchange,
    finished,
    judging,
    loras,
    machine,
    photos,
    queue,
    training,
)
from .words import Usage

Verb = Callable[[Bridge, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0, 1 (a problem), 2 (usage), 3 (a defect of ours) or 130
    (Ctrl-C).
    """
    for stream in (sys.stdout, sys.stderr):  # a redirected Windows console would refuse "ü"
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        return _run(parser().parse_args(words))
    except Usage as error:
        if not as_json:
            print(error.usage, end="", file=sys.stderr)
        return refuse(error.sentence, as_json=as_json, code=USAGE)
    except BridgeError as error:
        return refuse(error, as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()
        return PROBLEM
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return refuse(f"{where}{error.strerror or error}.", as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # the edge: a defect of ours
        print(
            f"This is a bug in LoRA Bridge {__version__}. Please report it with these lines:",
            file=sys.stderr,
        )
        traceback.print_exc()
        return DEFECT


def _run(options: argparse.Namespace) -> int:
    if options.verb in WITHOUT_HOME:
        return WITHOUT_HOME[options.verb](options)
    bridge = Bridge(Home.resolve(options.home))
    if bridge.recovered:
        print(bridge.recovered, file=sys.stderr)
    return VERBS[options.verb](bridge, options)


WITHOUT_HOME: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "completion": machine.complete,
    "help": machine.show_help,
}
"""They open no queue, and make no folder."""

VERBS: Mapping[str, Verb] = {
    "check": photos.check,
    "dataset": photos.dataset,
    "frames": photos.frames,
    "regularization": photos.regularization,
    "caption": captions.caption,
    "captions": captions.captions,
    "train": training.train,
    "watch": training.watch,
    "setup": training.setup,
    "ui": machine.ui,
    "jobs": queue.jobs,
    "log": queue.log,
    "report": queue.report,
    "result": queue.result,
    "evaluate": evidence.evaluate,
    "find-step": evidence.find_step,
    "judge": judging.judge,
    "stop": queue.stop,
    "pause": queue.pause,
    "resume": queue.resume,
    "retry": queue.retry,
    "repeat": queue.repeat,
    "compare": finished.compare,
    "rm": queue.remove,
    "forget": finished.forget,
    "clean": queue.clean,
    "import": exchange.import_file,
    "export": exchange.export,
    "options": exchange.options,
    "presets": exchange.show_presets,
    "publish": exchange.publish,
    "verify": loras.verify,
    "likeness": loras.likeness,
    "lora": loras.lora,
    "doctor": machine.doctor,
}
