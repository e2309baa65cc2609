"""The page as a browser uses it over REST, and its fixtures."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.models.offered import BaseFile
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft.changes import DraftChanges
from sd_scripts_bridge.page.draft.choices import DraftChange, PhotoChange
from sd_scripts_bridge.page.draft.draft import Draft, _draft_at
from sd_scripts_bridge.page.draft.intake import Upload
from sd_scripts_bridge.rest import app as rest
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX
from sd_scripts_bridge.shapes.plain import plain
from sd_scripts_bridge.shapes.reader import read
from tests.support import messy
from tests.support import model_headers as headers
from tests.support.patience import SECONDS


class Page:
    """What the browser does."""

    def __init__(self, context: Context, app: Any = None) -> None:
        self.context = context
        self.app = app or FastAPI()
        rest.mount(self.app, context)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"{PREFIX}/{path}", headers=headers)

    def post(self, path: str, /, **body: Any) -> Any:
        """``files``, [{"name", "data": base64}], go as a form does."""
        sent: dict[str, Any] = {"json": body}
        if "files" in body:
            rows = body.pop("files")
            sent = {"files": [("files", (row["name"], b64decode(row["data"]))) for row in rows]}
            sent["data"] = {name: json.dumps(value) for name, value in body.items()}
        headers = {NONCE_HEADER: self.context.nonce}
        return self.client.post(f"{PREFIX}/{path}", headers=headers, **sent)

    def seen(self) -> dict[str, Any]:
        """The draft, once all photos are looked at."""
        assert self.context.draft.check.wait()
        return self.get("draft").json()

    def over(self, job: int, seconds: float = SECONDS) -> dict[str, Any]:
        """The status once the job is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status: dict[str, Any] = self.get(f"status?job={job}").json()
            if status["job"]["finished"]:
                return status
            time.sleep(0.1)
        raise AssertionError(status)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A checkpoint with the names and sizes of SD 1.5, its 2 GB a hole in the file."""
    return headers.full_size_sd15(tmp_path / "models" / "v1-5-pruned-emaonly.safetensors")


@pytest.fixture
def context(bridge: Bridge, base: Path, tmp_path: Path) -> Iterator[Context]:
    _draft_at.cache_clear()
    context = Context(
        lambda: bridge,
        bases=lambda: [BaseFile("v1-5 [abc]", base)],
        lora_dir=tmp_path / "models" / "Lora",
    )
    yield context
    assert context.draft.check.wait()


@pytest.fixture
def page(context: Context) -> Page:
    return Page(context)


def draft_dict(draft: Draft) -> dict[str, Any]:
    """The whole draft as REST tells it."""
    return plain(DraftChanges(draft).view())  # type: ignore[no-any-return]


def describe(draft: Draft, data: Any) -> None:
    """A change of the draft as REST reads it."""
    draft.describe(read(DraftChange, data))


def set_photo(draft: Draft, pid: int, data: Any) -> None:
    """A choice about a photo as REST reads it."""
    draft.set_photo(pid, read(PhotoChange, data))


def uploaded(name: str, data: bytes) -> Upload:
    """A file as it arrives: on the disk, under a number."""
    path = Path(tempfile.mkdtemp()) / "0"
    path.write_bytes(data)
    return Upload(name, path)


def encoded(seed: int) -> str:
    return base64.b64encode(messy.jpeg(messy.photo(seed))).decode()


@pytest.fixture
def ready(page: Page) -> Page:
    """A page with three photos and all choices made."""
    page.post("draft/photos", files=[{"name": f"{n}.jpg", "data": encoded(n)} for n in range(3)])
    training = {
        "base": "v1-5 [abc]",
        "steps": 30,
        "engine": "sd-scripts",
        "values": {"training_comment": "slow"},
    }
    assert page.post("draft", name="Ada", class_token="woman", training=training).status_code == 200
    page.seen()
    return page


def sentences(answer: Any) -> str:
    return " ".join(answer.json()["error"]["sentences"])


def filled(path: str) -> str:
    path = path.replace("{job}", "1").replace("{pid}", "1").replace("{number}", "0").lstrip("/")
    asked = {"export": "?format=toml", "compare": "?jobs=1,2"}
    return path + asked.get(path.rpartition("/")[2], "")


PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
