"""Photos that are held out, and the measuring on them, asked for over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.engines.embedded import EmbeddedEngine
from sd_scripts_bridge.engines.tools.evaluate import EvaluateTool
from sd_scripts_bridge.engines.tools.find_step import FindStepTool
from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.system.locks import hold
from tests.support import model_headers as headers
from tests.support.page import Page, ready, sentences

__all__ = ["ready"]

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def waiting(context: Context) -> Iterator[None]:
    """What is queued meanwhile waits."""
    with hold(context.the_bridge.home.supervisor_lock):
        yield


@pytest.fixture
def body(tmp_path: Path) -> dict[str, Any]:
    """Ten photos, to make a dataset of."""
    demo_photos.draw(tmp_path / "photos", side=192)
    said = {"name": "Ada", "class": "woman", "steps": 30, "out": str(tmp_path / "set")}
    return {"photos": [str(tmp_path / "photos")], **said}


def test_a_dataset_holds_out_what_was_asked_for(page: Page, body: dict[str, Any]) -> None:
    wrong = page.post("dataset", **body, held_out=["99.jpg"])
    assert wrong.status_code == 422 and "there is no photo '99.jpg'" in sentences(wrong)
    made = page.post("dataset", **body, held_out=["3.png", "4.jpg"]).json()
    assert len(made["held_out"]) == 2 and made["images"] == 8


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("said", "apart"), [({}, 1), ({"held_out": ["none"]}, 0), ({"held_out": ["auto"]}, 1)]
)
def test_a_training_holds_out_what_was_asked_for(
    page: Page, base: Path, body: dict[str, Any], said: dict[str, Any], apart: int
) -> None:
    made = page.post("dataset", **body).json()
    asked = {"dataset": made["root"], "base": str(base), "engine": "sd-scripts", **said}
    job = page.post("jobs", **asked).json()["job"]
    trained = Path(page.get(f"jobs/{job}").json()["spec"]["dataset"])
    assert len([*trained.parent.glob("held_out/*.png")]) == apart
    assert len([*trained.glob("*/*.png")]) == 10 - apart


@pytest.mark.usefixtures("waiting")
def test_none_takes_back_what_a_dataset_held_out(
    page: Page, base: Path, body: dict[str, Any]
) -> None:
    made = page.post("dataset", **body, held_out=["auto"]).json()
    asked = {"dataset": made["root"], "base": str(base), "engine": "sd-scripts"}
    answer = page.post("jobs", **asked, held_out=["none"]).json()
    trained = Path(page.get(f"jobs/{answer['job']}").json()["spec"]["dataset"])
    assert len([*trained.glob("*/*.png")]) == 10
    assert not [note for note in answer["notes"] if "held out" in note]


def test_an_engine_that_cant_end_by_itself_is_named(
    page: Page, base: Path, body: dict[str, Any]
) -> None:
    made = page.post("dataset", **body).json()
    asked = {"dataset": made["root"], "base": str(base), "engine": "sd-scripts"}
    answer = page.post("jobs", **asked, enough=True)
    assert answer.status_code == 422
    assert "enough: sd-scripts can't measure while it trains" in sentences(answer)
    assert "publish the recommended step" in sentences(answer), "what can be done instead"


def test_a_draft_that_ends_by_itself_needs_an_engine_that_measures_and_a_photo(
    ready: Page,
) -> None:
    def said(**choice: object) -> list[str]:
        assert ready.post("draft", training=choice).status_code == 200
        problems = ready.get("plan").json()["problems"]
        return [str(one) for one in problems if str(one).startswith("enough: ")]

    assert said(engine="sd-scripts", enough=True)[0].startswith("enough: sd-scripts can't measure")
    assert said(engine="embedded") == [
        "enough: no photo is held out. Hold one out: --held-out auto, or its name."
    ]
    assert said(enough=False) == []


@pytest.mark.usefixtures("waiting")
def test_the_saves_of_a_training_are_measured_by_a_job(
    page: Page, context: Context, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EvaluateTool, "check", lambda _tool, _home: [])
    store, job = context.the_bridge._store, make_job()
    number = store.add(job)
    store.move(number, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    folder = context.the_bridge.folder(number).create()
    (folder.output / "Ada-step00000005.safetensors").write_bytes(b"x")
    refused = page.post(f"jobs/{number}/evaluate")
    assert refused.status_code == 422 and "held no photo out" in sentences(refused)
    apart = Path(job.dataset).parent / "held_out"
    apart.mkdir()
    (apart / "1.png").write_bytes((Path(job.dataset) / "2_Ada woman" / "1.png").read_bytes())

    told = page.post(f"jobs/{number}/evaluate").json()

    queued = page.get(f"jobs/{told['job']}").json()
    assert (queued["kind"], queued["status"]) == ("tool", "queued")
    spec = queued["spec"]
    assert (spec["tool"], spec["about"], spec["settings"]["saves"][1][0]) == ("evaluate", number, 5)
    assert page.post(f"jobs/{told['job']}/evaluate").status_code == 409, "that is no training"
    assert page.post("jobs/99/evaluate").status_code == 404


@pytest.mark.usefixtures("waiting")
def test_the_step_for_all_photos_is_found_by_a_job(
    page: Page,
    context: Context,
    make_job: MakeJob,
    body: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FindStepTool, "check", lambda _tool, _home: [])
    made = page.post("dataset", **body, held_out=["auto"]).json()
    bridge, job = context.the_bridge, make_job().evolve(dataset=f"{made['root']}/img")

    def stopped(job: TrainingJob) -> int:
        number = bridge._store.add(job)
        bridge._store.move(number, Status.STOPPED, of=[Status.QUEUED], attempt=0)
        return number

    refused = page.post(f"jobs/{stopped(job)}/find-step")
    assert refused.status_code == 422 and "measures while it trains" in sentences(refused)
    number = stopped(job.evolve(engine="embedded"))
    refused = page.post(f"jobs/{number}/find-step", folds=99)
    assert refused.status_code == 422 and "folds: is 99, with 10 photos" in sentences(refused)
    assert page.post("jobs/99/find-step").status_code == 404

    told = page.post(f"jobs/{number}/find-step", folds=3).json()

    spec = page.get(f"jobs/{told['job']}").json()["spec"]
    assert (spec["tool"], spec["about"], spec["settings"]["folds"]) == ("find-step", number, 3)
    folder = bridge.folder(told["job"]).create()
    for step, loss in ((0, 0.3), (5, 0.2), (10, 0.1), (15, 0.2)):
        errors = {f"{photo}": (loss, loss + 0.01) * 16 for photo in range(9)}
        write(folder.measured, MeasuredStep(step, errors, {}))
    assert bridge.step_found(number) is None, "that isn't done"
    bridge._store.move(told["job"], Status.STOPPED, of=[Status.QUEUED], attempt=0)
    assert page.get(f"jobs/{told['job']}").json()["best"]["step"] == 10
    for of, steps in ((number, 10), (told["job"], None)):
        again = page.post(f"jobs/{of}/retry", all_photos=True, steps=steps).json()
        assert page.get(f"jobs/{again['job']}").json()["spec"]["params"]["max_train_steps"] == 10


@pytest.mark.usefixtures("waiting")
def test_the_step_is_found_before_any_training(
    page: Page,
    context: Context,
    base: Path,
    body: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for tool in (FindStepTool, EmbeddedEngine):
        monkeypatch.setattr(tool, "check", lambda *_: [])
    made = page.post("dataset", **body, held_out=["auto"]).json()
    asked = {"dataset": made["root"], "base": str(base), "folds": 3}
    refused = page.post("find-step", **asked, values={"save_every_n_steps": 900})
    assert refused.status_code == 422 and "fewer than 4 saves" in sentences(refused)

    told = page.post("find-step", **asked, values={"save_every_n_steps": 5}).json()

    spec = page.get(f"jobs/{told['job']}").json()["spec"]
    job = spec["settings"]["job"]
    assert (spec["tool"], spec["about"], job["engine"]) == ("find-step", None, "embedded")
    assert len([*Path(job["dataset"]).rglob("*.png")]) == 10, "the held-out photo, too"
    assert context.the_bridge.free_copies().bytes == 0, "its copies are needed"
    context.the_bridge._store.move(told["job"], Status.STOPPED, of=[Status.QUEUED], attempt=0)
    none = page.post(f"jobs/{told['job']}/retry", all_photos=True)
    assert none.status_code == 409 and "has found no step" in sentences(none)


@pytest.mark.usefixtures("waiting")
def test_any_lora_is_measured_on_photos_by_a_job(
    page: Page, base: Path, body: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EvaluateTool, "check", lambda _tool, _home: [])
    file = tmp_path / "hero.safetensors"
    asked = {"file": str(file), "on": body["photos"][0]}
    headers.write(file, headers.lora(), {"ss_sd_model_name": "elsewhere.safetensors"})
    refused = page.post("evaluate", **asked)
    assert refused.status_code == 422
    assert "was trained on elsewhere.safetensors, which is not known here" in sentences(refused)
    assert page.post("evaluate", **asked, base=str(base)).status_code == 200

    headers.write(file, headers.lora(), {"ss_sd_model_name": base.name, "ss_steps": "900"})
    told = page.post("evaluate", **asked).json()

    spec = page.get(f"jobs/{told['job']}").json()["spec"]
    assert (spec["tool"], spec["settings"]["base"]) == ("evaluate", str(base))
    assert spec["settings"]["saves"] == [[0, None], [900, str(file)]]
