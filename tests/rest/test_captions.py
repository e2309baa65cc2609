"""Captioners over REST."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captioning.conftest import captions
from tests.support.caption_server import Moody
from tests.support.page import Page, sentences
from tests.support.verbs import dataset, photos

__all__ = ["dataset", "photos"]


def test_a_dataset_is_captioned_as_the_command_line_does(page: Page, dataset: Path) -> None:
    with Moody() as server:
        body = {"photos": [str(dataset)], "with": server.address, "model": "m", "key": "sk-123"}
        answer = page.post("caption", **body)
        assert answer.status_code == 200, answer.text
        assert page.over(answer.json()["job"])["job"]["status"] == "succeeded"
    assert server.headers[0]["Authorization"] == "Bearer sk-123"
    assert captions(dataset)["1"] == "Ada woman, a walk in the park"
    assert "sunny park" in captions(dataset)["3"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"with": "nothing-like-it"}, "is no captioner"),
        ({"with": "template", "template": {"place": " "}}, "Say at least one of"),
        ({"with": "template", "template": {"weather": "rain"}}, "weather"),
        ({}, "with: is missing"),
    ],
)
def test_what_is_no_captioner(body: dict[str, object], why: str, page: Page, dataset: Path) -> None:
    answer = page.post("caption", photos=[str(dataset)], **body)
    assert answer.status_code == 422 and why in sentences(answer)
