"""python -m benchmarks scan | editor | first_caption | findings | frames | same_person |
dispatches | best_step | averages | subjects | page | supervisor | start | cpu | compiled |
memory | sd_scripts_memory | gpu

Each prints a table and, as its last line, its figure in one sentence; the exit code is 1 where a
target is missed, 2 where something that it needs isn't there.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from .outcome import Missing, Outcome

VERBS = {
    "editor": "the captions' editor in a browser, each action timed",
    "first_caption": "how soon a caption is shown after its server has answered",
    "findings": "what the doctor finds on drawn photos: precision and recall",
    "frames": "frames chosen from drawn clips: how many of them are sharp",
    "same_person": "someone else among a person's photos, on vectors drawn at random",
    "person_words": "words that belong to a person, found in labelled captions",
    "best_step": "the recommended step against the truth",
    "averages": "saves averaged with their neighbours, against the truth",
    "scan": "photos looked at per CPU-second, beside the naive way",
    "subjects": "two drawn figures in one LoRA: who answers to whose name",
    "page": "the page's answers about a run of a million steps: time and size",
    "supervisor": "what the supervisor costs while a training runs",
    "start": "from Start to the first step, beside sd-scripts called by hand",
    "cpu": "the embedded engine beside the real sd-scripts, on the CPU",
    "dispatches": "operations and kernels of one training step, counted",
    "compiled": "the option torch_compile: losses, and what a second training compiles",
    "memory": "the memory of 36 trainings, counted from shapes",
    "sd_scripts_memory": "what sd-scripts takes of a GPU for our presets, counted from shapes",
    "gpu": "steps, whole runs and memory on an NVIDIA GPU, beside the real sd-scripts",
}
"""Each is a module here, with `options` and `measure`."""


class Verb(Protocol):
    """What a module of this package offers."""

    def options(self, parser: argparse.ArgumentParser) -> None: ...

    def measure(self, chosen: argparse.Namespace) -> Outcome: ...


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    loaded: dict[str, Verb] = {}
    wanted = (argv if argv is not None else sys.argv[1:])[:1]
    for name, what in VERBS.items():
        verb = verbs.add_parser(
            name, help=what, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name in wanted:  # a benchmark's libraries are loaded for that benchmark only
            module = importlib.import_module(f".{name}", __package__)
            verb.description, loaded[name] = module.__doc__, cast(Verb, module)
            loaded[name].options(verb)
    chosen = parser.parse_args(argv)
    try:
        outcome = loaded[chosen.verb].measure(chosen)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    print("\n".join(outcome.lines()), flush=True)
    return 0 if outcome.met else 1


if __name__ == "__main__":
    sys.exit(main())
