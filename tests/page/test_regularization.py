"""Regularization pictures of the draft: drawn from its class word, trained beside its photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.engines.regularizing.class_pictures import read
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
