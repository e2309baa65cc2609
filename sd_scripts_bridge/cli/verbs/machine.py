"""Verbs for this machine and this program: ui, doctor, completion, help."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict

from ...bridge import Bridge
from ...errors import NotFound
from .. import completion
from .. import pages as help_pages
from ..arguments import parser, verbs_of
from ..output import OK, PROBLEM, show
from ..words import meant


def ui(bridge: Bridge, options: argparse.Namespace) -> int:
    print("Starting the page; loading gradio takes about ten seconds.", file=sys.stderr, flush=True)
    from ...webui.standalone import Options, serve

    place = Options(
        bridge.home, options.host, options.port, options.models, options.webui, options.lora_dir
    )

    def started(address: str) -> None:
        show(options, {"address": address}, [f"LoRA Bridge: {address}   (Ctrl-C stops it)"])
        sys.stdout.flush()
        if sys.stdout.isatty() and place.is_local and not (options.json or options.no_browser):
            open_page(address)

    serve(place, started)
    return OK


def open_page(address: str) -> bool:
    """Open it in the user's browser, if there is one with a window; never one inside the terminal.

    The address waits already: it is answered as soon as the page is served.
    """
    import webbrowser

    windows = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    return windows and webbrowser.open(address)


def doctor(bridge: Bridge, options: argparse.Namespace) -> int:
    findings = bridge.doctor()
    show(options, [asdict(finding) for finding in findings], [str(finding) for finding in findings])
    return OK if all(finding.ready or not finding.needed for finding in findings) else PROBLEM


def complete(options: argparse.Namespace) -> int:
    if options.words is None:
        print(completion.script(options.shell, help_pages.PROGRAM), end="")
    else:
        for line in completion.answer(parser(), options.shell, options.words):
            print(line)
    return OK


def show_help(options: argparse.Namespace) -> int:
    whole = parser()
    verbs = verbs_of(whole)
    if options.topic and options.topic not in verbs:
        raise NotFound(
            "cli.no_verb",
            "There is no verb {verb}. {remedy}",
            verb=repr(options.topic),
            remedy=meant(options.topic, verbs),
        )
    print((verbs[options.topic] if options.topic else whole).format_help(), end="")
    return OK
