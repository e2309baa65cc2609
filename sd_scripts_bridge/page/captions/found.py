"""Which captioners are here: what lies in known folders, and, only when somebody asks for it, which
servers answer on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...captioning.captioner import SCRIPTS
from ...captioning.endpoint.client import models
from ...captioning.endpoint.exchange import Exchange
from ...captioning.local.folder import kind_of
from ...captioning.said import CannotGoOn, NoCaption
from ...engines import installed
from ...messages import Message
from ...shapes.marks import Example, OneOf
from ..context import Context

PORTS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
"""Where such servers listen by default."""
LOOK_SECONDS = 1.0
FOLDERS = ("captioners", "TaggerOnnx", "wd14_tagger_model")
"""Below the home, and beside the host's folders of models."""


@dataclass(frozen=True)
class CaptionerView:
    """Somebody who can write captions."""

    kind: Annotated[str, OneOf(("template", "host", "endpoint", "folder", "command"))]
    with_: Annotated[str, "what `caption --with` takes", Example("http://127.0.0.1:11434/v1")]
    title: Annotated[str, Example("Ollama at 127.0.0.1:11434")]
    ready: bool
    why: Annotated[str, "why it isn't ready, or what it needs"] = ""
    models: Annotated[Sequence[str], "of a server", Example(["qwen3-vl"])] = ()


@dataclass(frozen=True)
class CaptionersView:
    """The captioners that were found."""

    captioners: Sequence[CaptionerView]
    looked: Annotated[Sequence[str], "the folders that were looked in"] = ()


def here(context: Context) -> CaptionersView:
    """What is known without asking anybody."""
    places = _places(context) if context.local else []
    found = [_host(context), CaptionerView("template", "template", _TEMPLATE, True)]
    if context.local:
        found += [*_folders(places), *_scripts(context)]
    return CaptionersView(found, [str(place) for place in places])


_TEMPLATE = Message("found.template", "the same words for each: place, light, clothes, pose")


def servers() -> CaptionersView:
    """The servers that answer on this machine's usual ports."""
    with ThreadPoolExecutor(len(PORTS)) as pool:
        asked = pool.map(_server, PORTS.items())
    return CaptionersView([one for one in asked if one is not None])


def _server(named: tuple[str, int]) -> CaptionerView | None:
    name, port = named
    address = f"http://127.0.0.1:{port}/v1"
    try:
        names = models(Exchange(address, seconds=LOOK_SECONDS, tries=1))
    except (NoCaption, CannotGoOn):
        return None
    title = f"{name}: 127.0.0.1:{port}"
    why = "" if names else Message("found.no_models", "it has no model loaded")
    return CaptionerView("endpoint", address, title, bool(names), why, names)


def _host(context: Context) -> CaptionerView:
    title = Message("found.host", "this WebUI's BLIP")
    ready = context.interrogator is not None
    why = "" if ready else context.no_interrogator or _NO_HOST
    return CaptionerView("host", "host", title, ready, why)


_NO_HOST = Message("found.no_host", "This page doesn't run in a WebUI.")


def _places(context: Context) -> list[Path]:
    beside = {folder.parent for folder in context.looked()}
    roots = [context.the_bridge.home.root, *sorted(beside)]
    return [place for root in roots for name in FOLDERS if (place := root / name).is_dir()]


def _folders(places: Sequence[Path]) -> Iterator[CaptionerView]:
    for place in places:
        for folder in (place, *sorted(path for path in place.iterdir() if path.is_dir())):
            kind = kind_of(folder)
            if kind == "tagger":
                title = Message("found.tagger", "WD14 tagger {name}", name=folder.name)
                yield CaptionerView("folder", str(folder), title, True)
            elif kind:
                title = Message("found.model", "model {name}", name=folder.name)
                yield CaptionerView("folder", str(folder), title, True)


def _scripts(context: Context) -> Iterator[CaptionerView]:
    program = installed.program(context.the_bridge.home, "sd1")
    for script in SCRIPTS:
        if (Path(program.script).parent / "finetune" / script).is_file():
            title = Message("found.script", "sd-scripts' {script}", script=script)
            why = Message("found.needs_weights", "it needs its weights: name them as the model")
            yield CaptionerView("command", script, title, True, why)
