"""Regularization pictures, asked for over REST."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.engines.tools.regularization import RegularizationTool
from sd_scripts_bridge.jobs.job import ToolJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.system.locks import hold
from tests.support.page import Page, base, context, page, sentences

__all__ = ["base", "context", "page"]


def test_they_are_queued_as_a_job(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RegularizationTool, "check", lambda *_: [])  # torch may not be here
    demo_photos.draw(tmp_path / "set" / "img" / "4_Bob man", 3, side=128)
    asked = {"class": "man", "base": str(demo_base.put(tmp_path)), "out": str(tmp_path / "set")}
    wrong = page.post("regularization", **asked, count=0)
    assert wrong.status_code == 422 and "0 is not a number of pictures" in sentences(wrong)
    with hold(page.context.the_bridge.home.supervisor_lock):
        queued = page.post("regularization", **asked)
        assert queued.status_code < 300, sentences(queued)
        job = page.context.the_bridge.job(queued.json()["job"]).job
        assert isinstance(job, ToolJob) and job.settings["count"] == 12
        assert job.settings["folder"] == str(tmp_path / "set" / "reg")
        again = page.post("regularization", **asked)
        assert again.status_code == 409 and "is drawing them already" in sentences(again)
