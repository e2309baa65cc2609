"""Captioners over REST."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from sd_scripts_bridge.datasets import manifest
from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.page.captions import found
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft.dataset import write
from sd_scripts_bridge.page.draft.draft import _draft_at
from tests.captioning.conftest import captions
from tests.support.caption_server import Handler, Moody
from tests.support.page import Page, sentences
from tests.support.patience import SECONDS, until
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
        ({"with": "nothing-like-it"}, "is not a captioner"),
        ({"with": "template", "template": {"place": " "}}, "Say at least one of"),
        ({"with": "template", "template": {"weather": "rain"}}, "weather"),
        ({}, "with: is missing"),
    ],
)
def test_what_is_no_captioner(body: dict[str, object], why: str, page: Page, dataset: Path) -> None:
    answer = page.post("caption", photos=[str(dataset)], **body)
    assert answer.status_code == 422 and why in sentences(answer)


# ---- the draft ----


def drafted(ready: Page) -> list[dict[str, Any]]:
    """The photos once no captioner works any more."""
    until(lambda: not ready.get("draft").json()["drafting"], pause=0.1)
    return cast("list[dict[str, Any]]", ready.get("draft").json()["photos"])


def test_a_server_describes_the_drafts_photos_as_they_come(ready: Page) -> None:
    ready.post("draft/photo/1", caption="Ada woman, my own words")
    with Moody("good", "refusal") as server:
        answer = ready.post("draft/caption", **{"with": server.address, "model": "qwen3-vl"})
        assert answer.status_code == 200 and answer.json()["drafting"], answer.text
        one, two, three = drafted(ready)
    assert (one["caption"], one["by"]) == ("Ada woman, my own words", "hand")
    assert two["caption"].startswith("Ada woman") and two["by"] == "qwen3-vl"
    assert three["caption"] == "Ada woman" and "refused" in three["reason"]
    edited = ready.post("draft/photo/2", caption=two["caption"] + ", at noon").json()
    assert (edited["by"], edited["edited"]) == ("qwen3-vl", True)
    ready.post("draft/captions", action="undo")
    ready.post("draft/captions", action="undo")
    assert ready.get("draft").json()["photos"][1]["caption"] == "Ada woman"
    again = ready.post("draft/captions", action="redo").json()["photos"][0]
    assert (again["caption"], again["by"], again["edited"]) == (two["caption"], "qwen3-vl", False)


def restarted(ready: Page) -> Page:
    """The page of another process on the same home."""
    _draft_at.cache_clear()
    return Page(Context(ready.context.bridge, bases=ready.context.bases))


@contextlib.contextmanager
def one_caption_in(ready: Page) -> Iterator[threading.Event]:
    """A captioner has written the first caption, and writes the others once the event is set."""
    hold = threading.Event()

    def held(handler: Handler) -> None:
        hold.wait(SECONDS)
        handler.good()

    with Moody("good", held) as server:
        ready.post("draft/caption", **{"with": server.address, "model": "m"})
        until(lambda: any(photo["by"] for photo in ready.get("draft").json()["photos"]))
        yield hold


def test_a_restart_goes_on_reading_what_the_captioner_writes(ready: Page) -> None:
    """One caption has come in before it, the others come after: they are one step for undo."""
    with one_caption_in(ready) as hold:
        other = restarted(ready)
        assert other.get("draft").json()["caption_job"] == 1
        hold.set()
        photos = drafted(other)
    assert [photo["by"] for photo in photos] == ["m", "m", "m"]
    assert other.get("draft").json()["undo"] == 1
    other.post("draft/captions", action="undo")
    undone = other.get("draft").json()["photos"]
    assert {photo["caption"] for photo in undone} == {"Ada woman"}


def test_captions_that_come_after_the_users_own_change_are_undone_by_themselves(
    ready: Page,
) -> None:
    with one_caption_in(ready) as hold:
        ready.post("draft/captions", action="add", text="smiling", photos=[1])
        hold.set()
        drafted(ready)
    ready.post("draft/captions", action="undo")
    undone = ready.get("draft").json()["photos"]
    assert [photo["caption"] == "Ada woman" for photo in undone] == [False, True, True]
    assert "smiling" in undone[0]["caption"]


def test_the_template_is_there_at_once(ready: Page) -> None:
    said = {"place": "in a park", "light": "soft light"}
    answer = ready.post("draft/caption", **{"with": "template", "template": said}).json()
    assert {photo["caption"] for photo in answer["photos"]} == {"Ada woman, in a park, soft light"}
    refused = ready.post("draft/caption", **{"with": "template", "template": said})
    assert refused.status_code == 409 and "existing captions stay" in sentences(refused)


def test_remote_clients_cant_have_this_machine_ask_or_run_anything(ready: Page) -> None:
    ready.context.local = False
    for what in ("http://169.254.169.254/v1", "/etc", "id"):
        assert ready.post("draft/caption", **{"with": what}).status_code == 403
    assert ready.post("captioners/look").status_code == 403
    kinds = {one["kind"] for one in ready.get("captioners").json()["captioners"]}
    assert kinds == {"host", "template"}


def test_captioners_that_are_found(ready: Page) -> None:
    folder = ready.context.the_bridge.home.root / "captioners" / "wd-tiny"
    folder.mkdir(parents=True)
    for name in ("model.onnx", "selected_tags.csv"):
        (folder / name).touch()
    found = ready.get("captioners").json()["captioners"]
    assert [(one["kind"], one["ready"]) for one in found] == [
        ("host", False),
        ("template", True),
        ("folder", True),
    ]
    assert found[2]["with"] == str(folder) and "wd-tiny" in found[2]["title"]


def test_servers_are_asked_only_on_a_click(ready: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    with Moody(models=["qwen3-vl"]) as server:
        monkeypatch.setattr(found, "PORTS", {"Ollama": server.server_address[1], "vLLM": 9})
        ready.get("captioners")
        assert server.headers == []
        told = ready.post("captioners/look").json()["captioners"]
    assert [(one["with"], one["models"]) for one in told] == [(server.address, ["qwen3-vl"])]


def test_many_captions_are_previewed_changed_counted_and_undone(ready: Page) -> None:
    for number, text in enumerate(["brown eyes, park", "Park, grey shirt", "street"], 1):
        ready.post(f"draft/photo/{number}", caption=f"Ada woman, {text}")
    seen = ready.get("draft/captions").json()
    assert seen["tags"][0] == {"text": "park", "count": 2, "person": False}
    assert seen["person"] == [{"kind": "eyes", "text": "brown eyes", "count": 1}]
    assert seen["asked_for"]["light"] == 3
    shown = ready.post("draft/captions/preview", action="person").json()
    assert shown["count"] == 1 and shown["changes"][0]["after"] == "Ada woman, park"
    assert "brown eyes" in ready.get("draft").json()["photos"][0]["caption"]
    for gone in ([], ["blue eyes"]):
        ready.post("draft/captions", action="person", words=gone)
        assert "brown eyes" in ready.get("draft").json()["photos"][0]["caption"], "only these"
    ready.post("draft/captions", action="person", words=["Brown eyes"])
    body = {"text": r"\bpark\b", "with": "wood", "regex": True, "photos": [1, 3]}
    ready.post("draft/captions", action="replace", **body)
    texts = [photo["caption"] for photo in ready.get("draft").json()["photos"]]
    assert texts == ["Ada woman, wood", "Ada woman, Park, grey shirt", "Ada woman, street"]
    assert ready.post("draft/captions", action="replace", text="(", regex=True).status_code == 422


def test_a_caption_that_is_undone_before_anybody_looks_is_told(ready: Page) -> None:
    ready.post("draft/photo/1", caption="Ada woman, in Rome")
    undone = ready.post("draft/captions?brief=true", action="undo").json()
    assert [(one["id"], one["caption"]) for one in undone["captions"]] == [(1, "Ada woman")]


def test_captions_leave_and_come_back_as_tables(ready: Page) -> None:
    ready.post("draft/photo/1", caption="Ada woman, park")
    table = ready.get("draft/captions/export?form=csv").text
    assert table.splitlines()[1:3] == ['0.jpg,"Ada woman, park",hand', "1.jpg,Ada woman,"]
    ready.post("draft/captions/import", form="csv", text=table.replace("park", "wood"))
    ready.post("draft/captions/import", form="txt", text="Ada woman, two\n", photos=[2])
    texts = [photo["caption"] for photo in ready.get("draft").json()["photos"]]
    assert texts == ["Ada woman, wood", "Ada woman, two", "Ada woman"]
    refused = ready.post("draft/captions/import", form="txt", text="a\nb\n", photos=[2])
    assert refused.status_code == 422


def test_the_dataset_says_who_wrote_what(ready: Page) -> None:
    ready.post(
        "draft/caption", **{"with": "template", "template": {"place": "park"}, "photos": [1]}
    )
    ready.post("draft/photo/2", caption="Ada woman, by hand")
    root = write(ready.context.draft, Buckets(TrainingParams()))
    by = [entry.get("by") for entry in manifest.read(root)["files"].values()]
    assert by == ["template", None, None]
