"""The base models: which there are, where they are looked for, and how to bring another."""

from __future__ import annotations

from typing import Any

from ...page import bases
from ..doors import Call
from .files import path_of


def show(call: Call) -> Any:
    """The base models that are offered, what each is, and the folders that are looked in."""
    return bases.as_dict(call.context)


def choose(call: Call) -> Any:
    """Train on a file of this machine, or offer the models of one of its folders."""
    bases.choose(call.context, path_of(call, "path"))
    return bases.as_dict(call.context)


def make_demo(call: Call) -> Any:
    """Make the demo's tiny model, and train on it."""
    bases.make_demo(call.context)
    return bases.as_dict(call.context)
