"""The verb `caption`: a job of the queue, followed to its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from tests.captioning.conftest import captions
from tests.support.caption_server import Handler, Moody
from tests.support.patience import until
from tests.support.verbs import run

KEY = "sk-this-is-a-secret-0123456789"


def test_a_dataset_is_captioned_by_a_server(
    bridge: Bridge, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPTION_API_KEY", KEY)
    with Moody("good", "refusal", "good") as server:
        done = run(bridge, "caption", dataset, "--with", server.address, "--model", "m", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert lines[0] == {"type": "queued", "job": 1} and lines[-1]["type"] == "captions"
    assert lines[-1]["captioned"] == 1 and len(lines[-1]["reasons"]) == 1
    assert captions(dataset)["1"] == "Ada woman, a walk in the park"
    assert "2 photos captioned" not in captions(dataset)["2"] and "sunny" in captions(dataset)["2"]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    files = [path for path in bridge.home.root.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in files)
    assert run(bridge, "resume", "1").returncode == 1


def test_a_stopped_one_goes_on_with_what_is_left(bridge: Bridge, dataset: Path) -> None:
    def until_stopped(handler: Handler) -> None:
        until(bridge.folder(1).stop_request.exists)
        handler.good()

    with Moody(until_stopped, "good") as server:
        words = ("--with", server.address, "--model", "m")
        assert run(bridge, "caption", dataset, *words, "--detach").returncode == 0
        until(lambda: server.asked)
        assert run(bridge, "stop", "1").returncode == 0
        assert run(bridge, "watch", "1").returncode == 1
        assert captions(dataset)["3"] == "Ada woman" and len(server.asked) == 1
        assert run(bridge, "resume", "1").returncode == 0
        assert run(bridge, "watch", "1").returncode == 0
    assert "sunny" in captions(dataset)["3"] and len(server.asked) == 2


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--with", "host"], 1, "in the WebUI's tab only"),
        (["--with", "template"], 1, "Say at least one of"),
        (["--with", "no-such-thing"], 1, "is not a captioner"),
        ([], 2, "--with"),
    ],
)
def test_what_cant_be_done_is_said_before_it_is_queued(
    words: list[str], code: int, why: str, bridge: Bridge, dataset: Path
) -> None:
    done = run(bridge, "caption", dataset, *words)
    assert done.returncode == code and why in done.stderr and bridge.jobs() == []
