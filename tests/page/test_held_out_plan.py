"""What the tab announces where a photo is held out is what trains."""

from __future__ import annotations

from sd_scripts_bridge.jobs.job import TrainingJob
from tests.support import messy
from tests.support.page import Page, base, context, page, ready, uploaded

__all__ = ["base", "context", "page", "ready"]


def test_the_announced_steps_are_those_of_the_job(ready: Page) -> None:
    more = [uploaded(f"{n}.jpg", messy.jpeg(messy.photo(900 + n))) for n in range(7)]
    ready.context.draft.upload(more)
    assert ready.context.draft.check.wait()
    plan = ready.get("plan").json()
    assert plan["photos"] == 9 and plan["sentence"].startswith("9 photos x ")
    assert "1 of 10 photos is held out to measure the result." in plan["advice"]
    started = ready.post("train").json()
    job = ready.context.the_bridge.job(started["job"]).job
    assert isinstance(job, TrainingJob)
    assert job.params.max_train_steps == plan["steps"]
