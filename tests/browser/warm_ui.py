"""`ui` in copies of a process that has loaded gradio: to load it takes seconds, a copy none.

Reads a line of JSON for each, {"words", "environment", "out", "log"}; answers with its pid.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio
import uvicorn

from sd_scripts_bridge.cli import main as cli
from sd_scripts_bridge.rest import app
from sd_scripts_bridge.webui import standalone

LOADED = (gradio, uvicorn, app, standalone)
"""What every copy has."""


def main() -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a copy has ended
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return serve(json.loads(line))
        print(pid, flush=True)
    return 0


def serve(asked: dict[str, Any]) -> int:
    """As a shell would have started it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, name in ((0, os.devnull), (1, asked["out"]), (2, asked["log"])):
        flags = os.O_RDWR if number == 0 else os.O_WRONLY | os.O_APPEND | os.O_CREAT
        os.dup2(os.open(name, flags), number)
    return cli.main(asked["words"])


if __name__ == "__main__":
    sys.exit(main())
