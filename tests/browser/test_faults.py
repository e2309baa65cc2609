"""A fault in one part of the page: the others go on, and it is said once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ui
from .page_object import Tab, expect
from .test_finished import two

__all__ = ["two"]

BREAK = "loraBridge.app.%s = () => { throw new Error('broken on purpose'); }; null"
NOTHING = "Nothing to try yet"


@pytest.mark.parametrize("part", ["strip.update", "notice"])
def test_what_throws_is_told_once_and_stops_nothing_else(
    part: str, serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    tab.page.evaluate(BREAK % part)
    panel = tab.step("Try")
    expect(panel.get_by_text("Ada-2.safetensors is in")).to_be_visible()
    tab.page.evaluate("loraBridge.app.asks = 0")
    tab.page.evaluate(
        "loraBridge.app.server.get = ((real) => (...words) => { loraBridge.app.asks += 1; "
        "return real(...words); })(loraBridge.app.server.get.bind(loraBridge.app.server)); null"
    )
    tab.page.evaluate("loraBridge.app.wake(); null")
    tab.knows("app.asks > 0")
    tab.page.evaluate("loraBridge.app.wake(); null")
    tab.knows("app.asks > 1")
    assert len(tab.errors) == 1 and "broken on purpose" in tab.errors[0]
    tab.step("Train")
    expect(tab.root.locator(".lb-run h3")).to_contain_text("Ada")


def test_nothing_to_try_is_said_when_it_is_known(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    held: list[object] = []
    tab.page.route("**/lora-bridge/v1/loras", lambda route: held.append(route))
    panel = tab.step("Try")
    expect(panel.get_by_text("Loading ...")).to_be_visible()
    tab.soon(lambda: held)
    expect(panel.get_by_text(NOTHING)).to_be_hidden()
    for route in held:
        route.fulfill(json=json.loads(route.fetch().text()))  # type: ignore[attr-defined]
    expect(panel.get_by_text(NOTHING)).to_be_visible()


def test_nothing_to_try_isnt_said_before_the_step_was_looked_at(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.page.evaluate(BREAK % "views.try.offered")
    panel = tab.step("Try")
    expect(panel.get_by_role("combobox", name="LoRA")).to_be_attached()
    expect(panel.get_by_text(NOTHING)).to_be_hidden()
