"""The words of the verbs on this machine and on the program itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from .photos import Add

SHELLS = ("bash", "zsh", "fish", "powershell")
"""The shells that `completion` writes a script for."""


def add_machine(add: Add) -> None:
    """The verbs on this machine and on the program itself."""
    _ui(add("ui", "the Train LoRA tab without a WebUI, as a page in the browser"))
    add("doctor", "what is ready, and what is missing")
    _completion(add("completion", "a script for completing words in your shell"))
    sub = add("help", "a verb's page")
    sub.add_argument("topic", nargs="?", metavar="VERB", help="the verb (the program's own page)")


def _ui(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (127.0.0.1: this machine only)",
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


def _completion(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("shell", choices=SHELLS, help="the shell to write it for")
    sub.add_argument(
        "--for",
        dest="words",
        nargs=argparse.REMAINDER,
        metavar="WORD",
        help="used by the script: what may come next",
    )
