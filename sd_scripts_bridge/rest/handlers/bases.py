"""The base models: which there are, where they are looked for, and how to bring another."""

from __future__ import annotations

from ...page import bases
from ...page.bases import BasesView
from ..bodies.trainings import BaseBody
from ..doors import Call


def show(call: Call) -> BasesView:
    """The base models that are offered, what each is, and the folders that they come from."""
    return bases.listed(call.context)


def choose(call: Call, body: BaseBody) -> BasesView:
    """Train on a file of this machine, or offer the models of one of its folders."""
    bases.choose(call.context, body.path)
    return bases.listed(call.context)


def make_demo(call: Call) -> BasesView:
    """Train on the demo's tiny model, which comes with the extension."""
    bases.make_demo(call.context)
    return bases.listed(call.context)
