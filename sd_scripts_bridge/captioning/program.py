"""``program.main([FOLDER])``: the captioner that the job in FOLDER asks for, over its photos.

Reads `job.json`, prints events as lines of JSON, writes `output/captions.jsonl` as it goes and
`result.json` at its end; without that it was stopped. What couldn't go on says so in its answer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..jobs.events import Event, Result, to_dict
from ..jobs.folder import JobFolder
from ..system.files import write_json
from .beside import Beside
from .book import Book
from .captioner import Captioner
from .endpoint.handover import fetch
from .run import CaptionRun, Outcome
from .said import Describer
from .settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    folder = JobFolder(Path((arguments or sys.argv[1:])[0]))
    settings = Settings.from_dict(json.loads(folder.job.read_text(encoding="utf-8"))["settings"])
    outcome = run(settings, folder)
    tell(Result({"captioned": outcome.captioned, "reasons": len(outcome.reasons)}))
    if not outcome.stopped:
        write_json(folder.result, told(settings.captioner, outcome))
    return 0


def run(settings: Settings, folder: JobFolder) -> Outcome:
    """The whole of it, from the beginning or from where an earlier run was killed."""
    captioner = settings.captioner
    beside = None
    if settings.beside:
        root = Path(settings.root) if settings.root else None
        beside = Beside(settings.subject_of, root, again=settings.again)
    whole = CaptionRun(
        Book(folder.output, captioner.name), beside, tell, folder.stop_request.exists
    )
    photos = [Path(photo) for photo in settings.photos]
    return whole.run(lambda: describer(settings, folder), photos)


def describer(settings: Settings, folder: JobFolder) -> Describer:
    """The captioner at work. Raises `CannotGoOn`."""
    captioner, stopped = settings.captioner, folder.stop_request.exists
    if captioner.kind == "template":
        from .template import Template

        return Template(captioner)
    if captioner.kind == "endpoint":
        from .endpoint.client import Endpoint
        from .endpoint.exchange import Exchange

        exchange = Exchange(captioner.where, key_for(settings, os.environ), stopped=stopped)
        return Endpoint(captioner, settings.asked_of, exchange)
    if captioner.kind == "folder":
        from .local.opening import opened

        return opened(captioner, settings.asked_of)
    if captioner.is_script:
        from .local.scripts import SdScripts

        finetune, aside = Path(settings.finetune), folder.root / "staged"
        return SdScripts(captioner, finetune, settings.python, aside, stopped)
    from .command import OwnCommand

    return OwnCommand(captioner, settings.asked_of, stopped)


def key_for(settings: Settings, environment: Mapping[str, str]) -> str:
    """The endpoint's key: from whom holds it, else from the environment; "" for none."""
    held = fetch(settings.key_held) if settings.key_held else ""
    return held or environment.get(settings.captioner.key_variable, "").strip()


def told(captioner: Captioner, outcome: Outcome) -> dict[str, Any]:
    """The answer, as `result.json` has it."""
    reasons = {str(photo): reason.as_dict() for photo, reason in outcome.reasons.items()}
    return {
        "by": captioner.name,
        "photos": outcome.total,
        "captioned": outcome.captioned,
        "kept": outcome.kept,
        "broken": outcome.cause is not None,
        "reasons": reasons,
        "sentence": outcome.sentence.as_dict(),
    }


def tell(event: Event) -> None:
    """One line for whoever reads along."""
    print(json.dumps(to_dict(event)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
