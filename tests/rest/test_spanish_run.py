"""A whole run in Spanish: every sentence of ours in every answer has a code that is translated."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from sd_scripts_bridge.page.context import Context
from tests.support import messy
from tests.support.page import Page, encoded
from tests.test_spanish import BY_CODE, FRAMES

SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
"""Three words in a row: what no name, value or number has."""
NOT_OURS = {
    "messages",
    "caption",
    "captions",
    "prompt",
    "negative_prompt",
    "infotext",
    "infotext_512",
    "lines",
    "report",
    "spec",
    "sources",
    "help_ja",
    "training_comment",
}
"""The user's words, the trainer's log, report.json and citations."""


def test_every_sentence_of_a_run_has_its_spanish(ready: Page, context: Context) -> None:
    found: dict[str, str] = {}
    for path, answer in a_run(ready, context):
        assert isinstance(answer, dict), path
        said = answer.get("messages", {})
        for text in texts(answer):
            if text not in said:
                found[text] = f"{path}: no code"
        for message in said.values():
            for lost in unsaid(message):
                found[lost] = f"{path}: in {message['code']}"
    assert not found, "\n".join(f"{where}: {text}" for text, where in found.items())


def a_run(page: Page, context: Context) -> Iterator[tuple[str, Any]]:
    """(path, answer) of all that the page asks for, from the photos to the LoRA and a failure."""

    def get(path: str) -> tuple[str, Any]:
        return path, page.get(path).json()

    def post(path: str, **body: Any) -> tuple[str, Any]:
        return path, page.post(path, **body).json()

    everywhere = ("draft", "plan", "status", "jobs", "host", "engine", "presets", "bases", "loras")
    yield post("draft/photos", files=messy_files())
    assert context.draft.check.wait()
    yield post("draft/captions", action="prefix", text="")
    yield post("draft/captions", action="prefix", text="studio")
    yield from map(get, everywhere)
    yield post("draft", training={"values": {"network_dim": "many"}})
    yield post("draft", training={"base": "", "gpus": "x", "lora_name": "a/b"})
    yield get("plan")
    yield post("train")
    yield post("import", files=[a_file("kohya.json", KOHYA)])
    yield post("import", files=[a_file("notes.json", b"[]")])
    yield post("draft", training={"values": {"network_dim": 8}})
    yield post("draft", training={"base": "v1-5 [abc]"})
    yield post("draft", training={"gpus": None, "lora_name": None})
    started = post("train")
    assert "job" in started[1], started
    yield started
    yield "status", page.over(started[1]["job"])
    yield from map(get, everywhere)
    for part in ("", "/result", "/events", "/log", "/export?format=toml"):
        path = f"jobs/{started[1]['job']}{part}"
        answer = page.get(path)
        if answer.headers["content-type"] == "application/json":
            yield path, answer.json()
    yield post("draft", training={"values": {"training_comment": "oom:10"}})
    failed = post("train")
    assert "job" in failed[1], failed
    yield failed
    yield "status", page.over(failed[1]["job"])
    for path in ("jobs", "status", f"jobs/{failed[1]['job']}", "options", "setup"):
        yield get(path)
    for verb in ("stop", "pause", "resume", "retry", "publish", "remove", "remove"):
        yield post(f"jobs/{started[1]['job']}/{verb}")


def messy_files() -> list[dict[str, str]]:
    photo = base64.b64decode(encoded(7))
    files = {
        "cut.jpg": photo[: len(photo) // 2],
        "copy of 0.jpg": base64.b64decode(encoded(0)),
        "page.jpg": b"<!doctype html><html><body>no photo</body></html>",
        "small.jpg": messy.jpeg(messy.photo(9).resize((40, 40))),
        "7.jpg": photo,
        "7.txt": "Ada woman,\n in a park".encode("utf-16"),
        "8.txt": b"alone",
    }
    return [a_file(name, data) for name, data in files.items()]


def a_file(name: str, data: bytes) -> dict[str, str]:
    return {"name": name, "data": base64.b64encode(data).decode()}


KOHYA = json.dumps(
    {
        "LoRA_type": "Standard",
        "pretrained_model_name_or_path": "/nowhere/model.safetensors",
        "train_data_dir": "/nowhere/img",
        "network_dim": 16,
        "epoch": 3,
        "learning_rate": 0.0001,
        "optimizer": "AdamW8bit",
        "wandb_api_key": "secret",
        "no_such_key": 1,
        "logging_dir": "/nowhere/log",
        "xformers": "xformers",
    }
).encode()


def texts(data: Any, key: str = "") -> Iterator[str]:
    """Every text in an answer that reads like a sentence of ours."""
    if key in NOT_OURS:
        return
    if isinstance(data, str):
        if SENTENCE.search(data) and "/" not in data[:1]:
            yield data
    elif isinstance(data, dict) and "text" in data and "code" in data:
        return  # a message inside a problem: `unsaid` looks at it
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from texts(value, name)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value, key)


def unsaid(message: Any) -> Iterator[str]:
    """What of a message would be English on the Spanish page: it, or something in it."""
    if message["code"] not in FRAMES and message["code"] not in BY_CODE:
        yield f"{message['code']} has no Spanish"
    for value in message["values"].values():
        if isinstance(value, dict):
            yield from unsaid(value)
        elif isinstance(value, str) and SENTENCE.search(value):
            yield value
