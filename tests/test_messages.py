"""Messages: what they keep through copies, JSON and the database,
and that each code has one text.
"""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from sd_scripts_bridge.errors import Invalid, Problem
from sd_scripts_bridge.jobs.events import Note, from_dict, to_dict
from sd_scripts_bridge.messages import Message, found_in, joined
from tests.support.messages import said, without_a_code

PHOTOS = Message("test.photos", "{count} {count:photo is|photos are} left out", count=2)


def test_it_is_its_english() -> None:
    assert PHOTOS == "2 photos are left out" and json.dumps(PHOTOS) == '"2 photos are left out"'
    assert Message("test.photos", "{n} {n:photo|photos}", n=1) == "1 photo"


def test_a_place_without_a_value_is_our_defect() -> None:
    with pytest.raises(KeyError):
        Message("test.place", "{count} photos of {folder}", count=1)


@pytest.mark.parametrize(
    "kept",
    [
        copy.deepcopy(PHOTOS),
        pickle.loads(pickle.dumps(PHOTOS)),
        Message.from_dict(json.loads(json.dumps(PHOTOS.as_dict()))),
    ],
)
def test_code_and_values_survive(kept: Message) -> None:
    assert (kept, kept.code, kept.values) == (PHOTOS, "test.photos", {"count": 2})


def test_an_event_keeps_its_message_in_the_database() -> None:
    event = from_dict(json.loads(json.dumps(to_dict(Note(PHOTOS)))))
    assert isinstance(event, Note) and isinstance(event.text, Message)
    assert (event.text, event.text.code, event.text.values) == (PHOTOS, PHOTOS.code, {"count": 2})


def test_an_event_of_an_older_version_is_plain_text() -> None:
    assert from_dict({"type": "note", "text": "as it was"}) == Note("as it was")


def test_a_problem_says_where_what_and_remedy_and_comes_back() -> None:
    problem = Problem("test.long", "name", "has {count} letters", "Use {most}.", count=80, most=64)
    assert str(problem) == "name: has 80 letters. Use 64."
    assert Problem.from_dict(json.loads(json.dumps(problem.as_dict()))) == problem
    assert problem.as_dict()["values"] == {"count": 80, "most": 64}
    assert Invalid([problem]).message.values["part1"].values["what"].code == "test.long"


def test_an_answer_tells_the_code_of_each_sentence_beside_it() -> None:
    both = joined([PHOTOS, Message("test.more", "See {page}.", page="check")])
    found = found_in({"notes": [PHOTOS], "job": {"sentence": both}, "name": "Ada"})
    assert found[PHOTOS] == {"code": "test.photos", "values": {"count": 2}}
    assert found["2 photos are left out See check."]["values"]["part2"]["code"] == "test.more"
    assert len(found) == 2


def test_each_code_has_one_text() -> None:
    several = {code: texts for code, texts in said().items() if len(texts) > 1}
    assert len(said()) > 300 and not several, several


def test_every_problem_and_error_has_a_code() -> None:
    assert without_a_code() == []
