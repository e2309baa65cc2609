"""Photos from a video over HTTP: what `frames` does on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import drawn_clip as clips
from tests.support.page import Page, sentences

pytest.importorskip("av", reason="PyAV is not installed (pip install av)")


def test_a_video_becomes_photos(page: Page, tmp_path: Path) -> None:
    frames = clips.drawn(scenes=2, poses=1, blurred=2, seed=4)
    video, out = clips.write(tmp_path / "a.mp4", [frame for frame, _ in frames]), tmp_path / "out"
    answer = page.post("frames", video=str(video), out=str(out), count=2)
    assert answer.status_code == 200, answer.text
    done = page.over(answer.json()["job"])
    assert done["job"]["status"] == "succeeded" and len(list(out.glob("a-*.png"))) == 2
    answer = page.post("frames", video=str(tmp_path / "b.mp4"), out=str(out), count=2)
    assert answer.status_code == 422 and "is no file here" in sentences(answer)
