"""Two windows on one draft."""

from __future__ import annotations

from typing import Any

import pytest

from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.page.draft.windows import refuse_unseen
from sd_scripts_bridge.paths import Home
from tests.support.page import describe


@pytest.fixture
def draft(home: Home) -> Draft:
    draft = Draft(home)
    describe(draft, {"name": "Ada", "training": {"steps": 900, "values": {"seed": 7}}})
    return draft


@pytest.mark.parametrize(
    ("data", "was"),
    [
        ({"name": "Eve"}, {"name": "Ann"}),
        ({"training": {"steps": 800}}, {"training": {"steps": 1500}}),
        (
            {"training": {"values": {"seed": 1}}},
            {"training": {"values": {"seed": None}}},
        ),
    ],
)
def test_what_another_window_wrote_is_not_written_over(draft: Draft, data: Any, was: Any) -> None:
    before = draft.state
    with pytest.raises(Conflict) as caught:
        describe(draft, {**data, "was": [was]})
    assert caught.value.message.code == "draft.changed_elsewhere" and draft.state == before
    describe(draft, data)
    assert draft.state != before, "who insists is obeyed"


@pytest.mark.parametrize(
    "was", [[{"name": "Ada"}], [{"name": "An"}, {"name": "Ada "}], [], [{"class_token": "x"}]]
)
def test_what_this_window_has_seen_may_change(draft: Draft, was: Any) -> None:
    describe(draft, {"name": "Eve", "was": was})
    assert draft.state.name == "Eve"


def test_the_same_words_from_both_windows_are_no_conflict(draft: Draft) -> None:
    describe(draft, {"name": "Ada", "was": [{"name": "A"}]})


def test_start_trains_what_its_window_shows(draft: Draft) -> None:
    training = {"steps": 900, "base": None, "values": {"seed": 7}}
    refuse_unseen(draft.state, {"name": "Ada", "class_token": "", "training": training})
    others: tuple[dict[str, Any], ...] = (
        {"name": "Eve"},
        {"training": {**training, "steps": 1500}},
        {"training": {"values": {}}},
    )
    for other in others:
        with pytest.raises(Conflict, match="Another window has changed this: "):
            refuse_unseen(draft.state, {"training": training, **other})
