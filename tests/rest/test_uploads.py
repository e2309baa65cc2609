"""Photos as a browser sends them: a form whose files go straight onto the disk."""

from __future__ import annotations

import asyncio
import random
import shutil
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.rest import body
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX
from tests.support import messy
from tests.support.page import Page, encoded, sentences

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"


def part(name: str, data: bytes, file: str | None = None) -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    head = f'--{BOUNDARY.decode()}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


def send(page: Page, content: Any, to: str = "draft/photos", **headers: str) -> Any:
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    headers = {NONCE_HEADER: page.context.nonce, "Content-Type": kind, **headers}
    return page.client.post(f"{PREFIX}/{to}", content=content, headers=headers)


def test_a_name_with_quotation_marks_reads_as_it_is(page: Page, context: Context) -> None:
    """As Chromium and Firefox send `my "best" one 100%.jpg`."""
    whole = part("files", photo(1), "my %22best%22 one 100%.jpg") + END
    (said,) = send(page, whole).json()["photos"]
    assert said["file"] == "my 'best' one 100%.jpg"


def left_aside(context: Context) -> list[Path]:
    return [*(context.the_bridge.home.root / "draft").glob(".*.part")]


def photo(seed: int) -> bytes:
    return messy.jpeg(messy.photo(seed))


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_a_photo_arrives_as_it_is_however_it_is_cut(
    page: Page, context: Context, size: int
) -> None:
    whole = (
        part("files", photo(1), "Zo\u00eb 1.jpg")
        + part("files", b"in Rome", "Zo\u00eb 1.txt")
        + END
    )
    answer = send(page, (whole[at : at + size] for at in range(0, len(whole), size)))
    assert answer.status_code == 200 and answer.json()["total"] == 1
    (kept,) = [file for file in context.draft.photos_folder.iterdir() if file.suffix == ".jpg"]
    assert kept.read_bytes() == photo(1) and kept.name == "Zo\u00eb 1.jpg"
    assert page.seen()["photos"][0]["caption"] == "in Rome" and left_aside(context) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        END,
        b"nothing",
        part("files", photo(1), "a.jpg"),
        part("files", photo(1), "a.jpg")[:-900],
        part("name", b"Ada") + END,
    ],
    ids=["nothing", "no part", "no form", "no end", "broken off", "no file"],
)
def test_a_form_that_is_none_takes_nothing_in(page: Page, context: Context, content: bytes) -> None:
    answer = send(page, content)
    assert answer.status_code == 422 and sentences(answer)
    assert page.get("draft").json()["total"] == 0 and left_aside(context) == []


def test_a_name_leads_nowhere(page: Page, context: Context) -> None:
    answer = send(page, part("files", photo(1), "../../../evil.jpg") + END)
    assert answer.status_code == 200
    assert [file.name for file in context.draft.photos_folder.iterdir()] == ["evil.jpg"]


def test_what_finds_no_room_is_refused_before_it_is_sent(
    page: Page, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9, 9, 1 << 20))  # type: ignore[attr-defined]
    answer = send(page, part("files", photo(1), "a.jpg") + END)
    assert answer.status_code == 413 and "MB are free" in sentences(answer)
    assert left_aside(context) == []


def test_too_much_at_once_is_refused(
    page: Page, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "FILES_LIMIT", 2000)
    whole = part("files", photo(1), "a.jpg") + END
    assert send(page, whole).status_code == 413
    assert send(page, (whole[at : at + 500] for at in range(0, len(whole), 500))).status_code == 413
    assert left_aside(context) == []


def test_a_large_zip_needs_no_memory(context: Context, tmp_path: Path) -> None:
    """Sixty-four megabytes here; two gigabytes were sent by hand."""
    packed, rng = tmp_path / "many.zip", random.Random(0)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.jpg", photo(1))
        for number in range(8):
            archive.writestr(f"raw{number}.npz", rng.randbytes(8 << 20))

    async def sent() -> AsyncIterator[bytes]:
        yield part("files", b"", "many.zip")[:-2]
        with packed.open("rb") as opened:
            while block := opened.read(1 << 16):
                yield block
        yield b"\r\n" + END

    draft, folder = context.draft, body.aside(context.the_bridge.home.root)
    tracemalloc.start()
    try:
        got = asyncio.run(body.read_files(sent(), 0, BOUNDARY, folder))
        draft.upload(got.files)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(draft.state.items) == 1 and most < 32 << 20, f"{most >> 20} MB for 64 MB"


# ---- what a change answers ----


def test_an_upload_answers_only_what_changed(page: Page) -> None:
    first = page.post("draft/photos", files=[{"name": "1.jpg", "data": encoded(1)}]).json()
    page.seen()
    second = page.post("draft/photos", files=[{"name": "2.jpg", "data": encoded(2)}]).json()
    assert [photo["file"] for photo in first["photos"]] == ["1.jpg"]
    assert [photo["file"] for photo in second["photos"]] == ["2.jpg"]
    assert len(second["ids"]) == second["total"] == 2


def test_a_brief_answer_has_only_captions_where_nothing_else_changed(ready: Page) -> None:
    whole = ready.seen()
    first = whole["photos"][0]["id"]
    ready.post(f"draft/photo/{first}", used=False)
    query = f"since={whole['revision']}&brief=true"
    said = ready.post(f"draft/captions?{query}", action="add", text="smiling").json()
    assert [row["id"] for row in said["photos"]] == [first]
    assert said["photos"][0]["caption"] == "Ada woman, smiling"
    assert [(row["id"], row["caption"], row["words"]) for row in said["captions"]] == [
        (number, "Ada woman, smiling", 3) for number in whole["ids"] if number != first
    ]
    assert "verdict" not in said["captions"][0]
    same = ready.get(f"draft?since={whole['revision']}").json()
    assert (len(same["photos"]), same["captions"]) == (3, []), "asked without brief: whole rows"
    rest = ready.get(f"draft?{query}&start=1&count=1").json()
    assert (rest["photos"], rest["captions"]) == ([], []), "captions come with the first part"


def test_the_draft_says_only_what_changed_since(ready: Page) -> None:
    whole = ready.get("draft").json()
    assert (whole["since"], len(whole["ids"]), len(whole["photos"])) == (0, 3, 3)
    same = ready.get(f"draft?since={whole['revision']}").json()
    assert (same["ids"], same["photos"]) == (None, []) and same["name"] == "Ada"
    ready.post("draft/photo/2", caption="Ada woman, by the sea")
    more = ready.get(f"draft?since={whole['revision']}").json()
    assert [photo["id"] for photo in more["photos"]] == [2] and more["ids"] is None
    ready.post("draft", name="Eva")
    renamed = ready.get(f"draft?since={more['revision']}").json()
    assert renamed["photos"][0]["caption"] == "Eva woman"
    ahead = ready.get("draft?since=99999999999999999").json()
    assert ahead["since"] == 0 and len(ahead["photos"]) == 3, "a revision of nobody's: all of it"


def test_the_draft_comes_in_pages(ready: Page) -> None:
    pages = [ready.get(f"draft?since=0&start={start}&count=2").json() for start in (0, 2)]
    assert [[photo["id"] for photo in page["photos"]] for page in pages] == [[1, 2], [3]]
    assert [page["more"] for page in pages] == [True, False]
    assert [page["total"] for page in pages] == [3, 3]


@pytest.mark.parametrize("brief", ["false", "true"])
def test_a_page_that_follows_the_changes_knows_what_a_reload_would(ready: Page, brief: str) -> None:
    """Whatever is done, whole = known + changes."""
    known = {photo["id"]: photo for photo in ready.get("draft").json()["photos"]}
    order, revision = list(known), ready.get("draft").json()["revision"]
    doings: list[tuple[str, dict[str, Any]]] = [
        ("draft/photo/1", {"used": False}),
        ("draft/captions", {"action": "add", "text": "in Rome", "where": "end"}),
        ("draft", {"class_token": "girl"}),
        ("draft/photos", {"files": [{"name": "9.jpg", "data": encoded(9)}]}),
        ("draft/captions", {"action": "undo"}),
        ("draft/clear", {}),
        ("draft/photos", {"files": [{"name": "8.jpg", "data": encoded(8)}]}),
    ]
    for path, sent in doings:
        assert ready.post(path, **sent).status_code == 200
        whole = ready.seen()
        told = ready.get(f"draft?since={revision}&brief={brief}").json()
        known |= {photo["id"]: photo for photo in told["photos"]}
        known |= {said["id"]: {**known[said["id"]], **said} for said in told["captions"]}
        order, revision = order if told["ids"] is None else told["ids"], told["revision"]
        assert [known[pid] for pid in order] == whole["photos"], path


def test_a_form_says_a_number_as_a_browser_does(page: Page) -> None:
    """Whose photos they are: everything in a form is text."""
    row = {"name": "a.jpg", "data": encoded(1)}
    answer = page.post("draft/photos", files=[row], subject=1)
    assert answer.status_code == 200, answer.text
    answer = page.post("draft/photos", files=[row], subject="one")
    assert answer.status_code == 422 and "whole number" in answer.text
