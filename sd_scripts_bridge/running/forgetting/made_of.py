"""LoRAs that sd-scripts' own programs have made of a training's: its captions went along in their
metadata.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...engines.tools.lora_words import LoraWork
from ...errors import BridgeError
from ...jobs import facts
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...jobs.store import JobRow, Store
from ...paths import Home
from ...publishing.record import Record
from ..work.lora_tool import LoraTool


def made_of(home: Home, store: Store, loras: Iterable[Path]) -> dict[Path, Record]:
    """What was resized or merged from any of ``loras``, and from that in turn; and what is known
    of its publishing.
    """
    known, found = {os.path.realpath(file) for file in loras}, {}
    for row in sorted(store.jobs(), key=lambda row: row.id):
        work = _work(row)
        if work is None or work.makes_a_base or not known & {*map(os.path.realpath, work.files)}:
            continue
        folder = JobFolder.of(home, row.id)
        made = Path(str(facts.read(folder.result).get("file", "")))
        if made.is_absolute() and made.is_file():
            known.add(os.path.realpath(made))
            found[made] = Record.load(folder.published)
    return found


def _work(row: JobRow) -> LoraWork | None:
    try:
        job = row.job
    except BridgeError:  # another version's
        return None
    if isinstance(job, ToolJob) and job.tool == LoraTool.name:
        return LoraWork.from_dict(job.settings)
    return None
