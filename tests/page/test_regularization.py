"""Regularization pictures of the draft: drawn from its class word, trained beside its photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.engines.regularizing.class_pictures import ClassPictures, read
from sd_scripts_bridge.engines.tools.regularization import RegularizationTool
from sd_scripts_bridge.system.locks import hold
from tests.support.page import Page, base, context, page, ready, sentences

__all__ = ["base", "context", "page", "ready"]


def test_they_are_drawn_counted_and_trained_beside_the_photos(
    ready: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RegularizationTool, "check", lambda *_: [])  # torch may not be here
    ready.post("draft", name="Ada", class_token="woman", training={"steps": 30})
    bridge = ready.context.the_bridge
    with hold(bridge.home.supervisor_lock):  # nothing is drawn meanwhile
        plan = ready.post("draft/regularization", count=2).json()
        assert [(one["word"], one["drawn"]) for one in plan["regularization"]] == [("woman", 0)]
        assert plan["regularization"][0]["usable"] == 30
        assert plan["regularization"][0]["job"] == bridge.jobs()[-1].id
        assert "0 of 2 regularization pictures of 'woman' are drawn" in " ".join(plan["problems"])
        assert ready.post("train").status_code == 422
        (file,) = bridge.home.regularization.glob("*/*.json")
        drawing = read(file)
        assert drawing is not None
        for number in (1, 2):
            picture = Image.effect_noise((64, 64), 20 * number).convert("RGB")
            drawing.keep(number, picture, "woman")
        plan = ready.get("plan").json()
        assert not [p for p in plan["problems"] if "regularization" in p]
        assert "Every other picture that is trained is a regularization" in " ".join(plan["advice"])
        queued = ready.post("train")
        assert queued.status_code < 300, sentences(queued)
        spec = json.loads(bridge.job(queued.json()["job"]).spec)
    root = Path(spec["dataset"]).parent
    assert len(list((root / "reg" / "1_woman").glob("*.png"))) == 2
    assert (root / "reg" / "1_woman" / "1.txt").read_text() == "woman\n"
    assert spec["params"]["max_train_steps"] == plan["steps"]
    ready.post("draft/regularization", count=0)
    assert ready.seen()["training"]["regularization"] == 0


def plan_of(page: Page) -> ClassPictures:
    (file,) = page.context.the_bridge.home.regularization.glob("*/*.json")
    found = read(file)
    assert found is not None
    return found


def test_the_webui_draws_them_where_it_is_asked(
    ready: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a WebUI's page has it: no job, no GPU freed; stopped, and gone on with."""
    monkeypatch.setattr(RegularizationTool, "check", lambda *_: [])
    ready.post("draft", name="Ada", class_token="woman", training={"steps": 30})
    assert ready.post("draft/regularization", count=2, by="webui").status_code == 409
    assert ready.seen()["training"]["regularization"] == 0, "what can't be is not chosen"
    asked: list[Path] = []
    ready.context.paint = asked.append
    freed: list[bool] = []
    ready.context.before_start = lambda: freed.append(True)

    [told] = ready.post("draft/regularization", count=2, by="webui").json()["regularization"]
    assert (told["job"], told["by"], told["drawn"]) == (None, "webui", 0)
    drawing = plan_of(ready)
    assert asked == [drawing.plan_file] and not ready.context.the_bridge.jobs()
    assert not freed, "the WebUI needs the GPU for drawing"
    other = ready.post("draft/regularization", count=2)
    assert other.status_code == 409 and "The WebUI is drawing them" in sentences(other)

    drawing.keep(1, Image.new("RGB", (64, 64)), "woman")
    ready.context.paint_trouble = lambda _plan: "No room."
    [told] = ready.post("draft/regularization/stop").json()["regularization"]
    assert (told["by"], told["drawn"], told["sentence"]) == (None, 1, "No room.")
    assert not plan_of(ready).is_painted
    ready.post("draft/regularization", count=2, by="webui")
    assert plan_of(ready).missing == [2] and plan_of(ready).is_painted
    [told] = ready.post("draft/regularization", count=0).json()["regularization"]
    assert told["by"] is None, "what is trained without is not drawn either"


def test_our_own_job_is_stopped_too(ready: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RegularizationTool, "check", lambda *_: [])
    ready.post("draft", name="Ada", class_token="woman")
    bridge = ready.context.the_bridge
    with hold(bridge.home.supervisor_lock):
        [told] = ready.post("draft/regularization", count=2).json()["regularization"]
        assert told["by"] == "embedded"
        [told] = ready.post("draft/regularization/stop").json()["regularization"]
    assert (told["job"], told["by"]) == (None, None)
    assert bridge.jobs()[-1].status.value == "stopped"
