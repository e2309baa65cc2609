"""A server whose answers come late and in another order: the page shows what it asked for last."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .conftest import Ui
from .page_object import Tab


class Held:
    """The first answer with some words is held back, those that come after it aren't."""

    def __init__(self, tab: Tab, question: str, words: str) -> None:
        self.route: Any = None
        self.body, self.words = "", words
        tab.page.route(question, self._take)
        self.tab = tab

    def _take(self, route: Any) -> None:
        if self.route:
            route.continue_()
            return
        body = route.fetch().text()
        if self.words in body:
            self.route, self.body = route, body
        else:
            route.fulfill(body=body, content_type="application/json")

    def let_go(self) -> None:
        self.route.fulfill(body=self.body, content_type="application/json")
        self.tab.page.wait_for_timeout(300)


def test_an_old_plan_replaces_no_new_one(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.step("Train")
    tab.knows("app.state.plan")
    held = Held(tab, "**/lora-bridge/v1/plan", "First")
    for name in ("First", "Second"):
        tab.field("LoRA name").fill(name)
        tab.field("LoRA name").blur()
        tab.soon(lambda: held.body)
    assert json.loads(held.body)["lora_stem"] == "First"
    tab.knows("app.state.plan.lora_stem === 'Second'")
    held.let_go()
    assert tab.page.evaluate("loraBridge.app.state.plan.lora_stem") == "Second"
