"""A tool that counts: it goes on where it was, stops when it is asked, and answers at its end."""

from __future__ import annotations

import sys
from pathlib import Path

from sd_scripts_bridge.engines.base import Command
from sd_scripts_bridge.engines.own_programs import event_of
from sd_scripts_bridge.errors import Problem
from sd_scripts_bridge.jobs.events import Event
from sd_scripts_bridge.jobs.facts import read
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import ToolJob
from sd_scripts_bridge.paths import Home

PROGRAM = """
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
settings = json.loads((folder / "job.json").read_text())["settings"]
done = folder / "output" / "done"
hold = None if done.exists() else settings.get("hold")  # there it waits to be asked to stop
while (count := len(done.read_bytes()) if done.exists() else 0) < settings["to"]:
    while count == hold and not (folder / "stop").exists():
        time.sleep(0.02)
    if (folder / "stop").exists() or count >= 90:
        sys.exit(3 * (count >= 90))
    with done.open("ab") as file:
        file.write(b".")
    print(json.dumps({"type": "progress", "step": count + 1, "total": settings["to"]}), flush=True)
answer = json.dumps({"count": count})
(folder / "result.json").write_text(answer[:3] if settings.get("torn") else answer)
"""


class CountTool:
    """See `engines.tools.base.Tool`."""

    name = "count"

    def check(self, home: Home) -> list[Problem]:
        away = home.root / "no-counting"
        return [Problem("test.away", "", "there is no counting here")] if away.exists() else []

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        return Command((sys.executable, "-c", PROGRAM, str(folder.root)), cwd=Path(folder.root))

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        return f"Counted to {read(folder.result)['count']}."
