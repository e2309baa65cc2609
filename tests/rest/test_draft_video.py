"""A video dropped among the photos: its frames come into the draft."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from benchmarks import drawn_clip as clips
from tests.support.page import Page, encoded, sentences
from tests.support.patience import until


def when_over(page: Page) -> dict[str, Any]:
    def over() -> bool:
        videos = page.seen()["videos"]
        return bool(videos) and all(one["sentence"] for one in videos)

    until(over, pause=0.2)
    return page.seen()


def test_a_dropped_videos_frames_become_photos(page: Page, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed (pip install av)")
    page.post("draft/photos", files=[{"name": "me.jpg", "data": encoded(1)}])
    frames = clips.drawn(scenes=2, poses=1, blurred=2, seed=4)
    video = clips.write(tmp_path / "IMG_1.MOV", [frame for frame, _ in frames])
    data = base64.b64encode(video.read_bytes()).decode()
    sent = page.post("draft/video", files=[{"name": "IMG_1.MOV", "data": data}], count=2)
    assert sent.status_code == 200, sent.text
    draft = when_over(page)
    names = [photo["file"] for photo in draft["photos"]]
    assert len(names) == 3 and names[0] == "me.jpg"
    assert all(name.startswith("IMG_1-") for name in names[1:])
    assert draft["videos"][0]["file"] == "IMG_1.MOV"
    assert draft["videos"][0]["sentence"] == "2 frames came in as photos."
    folder = page.context.draft.folder
    assert not list((folder / "videos").iterdir()) and not list((folder / "frames").iterdir())
    assert page.context.draft.state.video_jobs == ()
    again = page.post("draft/video/file", video=str(video), count=1)
    assert again.status_code == 200, again.text
    assert len(when_over(page)["photos"]) in (3, 4)  # the same frame isn't taken twice
    assert video.is_file()


def test_what_is_no_video_and_what_is_missing_is_said(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.engines.embedded import libraries

    monkeypatch.setattr(libraries, "has", lambda *_: True)
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    answer = page.post("draft/video/file", video=str(tmp_path / "a.zip"))
    assert answer.status_code == 422 and "not a video" in sentences(answer)
    monkeypatch.setattr(libraries, "has", lambda *_: False)
    data = base64.b64encode(b"\0\0\0\x18ftypmp42" + bytes(40)).decode()
    answer = page.post("draft/video", files=[{"name": "a.mp4", "data": data}])
    assert answer.status_code == 503
    assert "PyAV, which reads videos, is not installed" in sentences(answer)
    assert page.get("draft").json()["videos"] == []
