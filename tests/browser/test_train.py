"""The third step: no dead end without a base model, two questions for a preset, a quiet Start whose
problems lead to their fields, and what a training leaves behind.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from tests.support import model_headers as headers

from .conftest import Ui
from .page_object import Tab, expect

NAME = "Name, as you will use it in prompts"
PATH = "A .safetensors file, or a folder with some"


def test_without_a_base_model_there_is_a_way_on(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    ui = serve()
    tab = visit(ui.address)
    tab.step("Train")
    tab.sees("No base model yet.")
    tab.sees(f"We look in {ui.home}/models/Stable-diffusion.")
    tab.field(PATH).fill(str(tmp_path / "nowhere"))
    tab.button("Use it").click()
    tab.sees(re.compile("There is no such file or folder"))
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    headers.full_size_sd15(folder / "deep" / "v1-5.safetensors")
    tab.field(PATH).fill(str(folder))
    tab.button("Use it").click()
    tab.knows("app.state.draft.training.base === 'deep/v1-5.safetensors'")
    tab.root.get_by_text("No base model yet.").wait_for(state="hidden")
    tab.button("Another file or folder").click()
    tab.sees(re.compile(re.escape(str(folder))))
    assert tab.errors == []


def test_a_preset_is_two_questions(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    headers.full_size_sd15(tmp_path / "v1-5.safetensors")
    tab = visit(serve("--models", str(tmp_path)).address)
    tab.step("Train")
    tab.knows("app.state.plan && app.state.plan.base && app.state.presets")
    what, memory = tab.field("What are you training?"), tab.field("GPU memory to stay within")
    texts = "select => [...select.options].map((option) => option.text.split(' (')[0])"
    tab.soon(lambda: what.evaluate(texts) == ["a person", "a style", "an object"])
    sizes = [f"{n} GB" for n in (6, 8, 12, 16, 24)]
    tab.soon(lambda: memory.evaluate(texts) == [*sizes, "no limit"])
    memory.select_option(label="8 GB")
    tab.knows("app.state.draft.training.preset === 'person-sd15-8gb'")
    what.select_option(label="a style")
    tab.knows("app.state.draft.training.preset === 'style-sd15-8gb'")
    tab.knows("app.state.plan.preset.name === 'style-sd15-8gb'")
    tab.soon(lambda: memory.evaluate(texts) == sizes)


def test_start_is_quiet_until_it_can_and_each_problem_leads_to_its_field(
    serve: Callable[..., Ui], visit: Callable[..., Tab], models: Path, pictures: list[Path]
) -> None:
    tab = visit(serve("--models", str(models)).address)
    panel = tab.step("Train")
    tab.sees("Before it can start:")
    assert tab.button("Start training").is_disabled()
    for label, step in (("Name", "photos"), ("Photos", "photos")):
        panel.get_by_role("button", name=label, exact=True).click()
        assert tab.page.evaluate("loraBridge.app.step") == step
        focused = tab.page.evaluate("document.activeElement.labels[0].textContent")
        assert focused.startswith(label)
        tab.step("Train")
    tab.step("Photos")
    tab.field(NAME).fill("Ada")
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    tab.button("Next: captions").click()
    tab.button("Next: train").click()
    tab.knows("app.state.plan && !app.state.plan.problems.length")
    tab.page.wait_for_function("!loraBridge.app.views.train.start.disabled")
    tab.root.get_by_text("Before it can start:").wait_for(state="hidden")


def test_an_earlier_jobs_curve_goes_with_it(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.step("Train")
    seen = """(points) => {
        const train = loraBridge.app.views.train;
        train.run.removeAttribute('hidden');
        train.curve.set(points, 100);
        const {svg} = train.curve;
        return getComputedStyle(svg).display !== 'none' && svg.clientHeight > 0;
    }"""
    assert tab.page.evaluate(seen, [[1, 0.5], [2, 0.4], [3, 0.3]])
    assert not tab.page.evaluate(seen, []), "a new job has no curve yet"


def test_the_history_is_searched_and_holds_no_set_up(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home").create()
    store = Bridge(home)._store
    for number in range(60):
        job = TrainingJob(
            f"Ada{number}", f"Ada{number}", "", "/x", "/m", "sd1", "embedded", TrainingParams()
        )
        end(store, store.add(job), Status.FAILED if number == 7 else Status.STOPPED)
    end(store, store.add(SetupJob("sd-scripts")), Status.FAILED)
    tab = visit(serve(home=home.root).address)
    assert tab.root.locator(".lb-strip").is_hidden(), "a set-up that is over isn't news"
    panel = tab.step("Train")
    tab.root.get_by_text("Queue and history").click()
    tab.sees("Ada59")
    assert tab.root.locator(".lb-jobs").get_by_text("set up sd-scripts").count() == 0
    tab.button("Show more").click()
    tab.sees("Ada0")
    tab.field("Search").fill("Ada7")
    tab.page.wait_for_function("document.querySelectorAll('#lora-bridge .lb-job').length === 1")
    tab.field("Search").fill("")
    panel.get_by_label("Show", exact=True).and_(panel.locator("select")).select_option(
        label="failed"
    )
    tab.page.wait_for_function("document.querySelectorAll('#lora-bridge .lb-job').length === 1")
    assert tab.errors == []


def test_what_a_finished_training_keeps_is_shown_and_set(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    bridge = Bridge(Home(tmp_path / "home").create())
    job = TrainingJob("Ada", "Ada", "", "/x", "/m", "sd1", "embedded", TrainingParams())
    end(bridge._store, bridge._store.add(job), Status.SUCCEEDED)
    output = bridge.folder(1).create().output
    for name in ("Ada.safetensors", "Ada-step00000100.safetensors"):
        (output / name).write_bytes(bytes(3_000_000))
    tab = visit(serve(home=bridge.home.root).address)
    tab.step("Train")
    tab.root.get_by_text("Queue and history").click()
    tab.sees("There is nothing to free.")
    assert tab.button("Free it now").is_hidden()
    tab.field("A finished training keeps").select_option(label="the LoRA alone")
    tab.sees("3 MB can be freed.")
    assert len(list(output.iterdir())) == 2, "it is asked first"
    tab.button("Keep only this from now on, and free the rest").click()
    tab.sees("There is nothing to free.")
    assert [path.name for path in output.iterdir()] == ["Ada.safetensors"]
    assert bridge.keeps() == "lora" and tab.errors == []


def end(store: Store, number: int, status: Status) -> None:
    ran = status in (Status.FAILED, Status.SUCCEEDED)
    if ran:
        store.move(number, Status.RUNNING, of=[Status.QUEUED], attempt=0)
    was = Status.RUNNING if ran else Status.QUEUED
    store.move(number, status, of=[was], attempt=0, sentence="Over.")


def test_generate_says_why_it_waits(serve: Callable[..., Ui], visit: Callable[..., Tab]) -> None:
    tab = visit(serve().address)
    running = {"id": 3, "kind": "train", "status": "running", "step": 620, "total": 1500}
    asked: list[str] = []
    queued = {"host_busy": True, "waiting": 1, "running": None}
    trains = {"generate_waits": True, "running": {**running, "title": "Ada"}}

    def status(route: object) -> None:
        got = route.fetch()  # type: ignore[attr-defined]
        body = {**got.json(), **(trains if asked else queued)}
        route.fulfill(response=got, body=json.dumps(body))  # type: ignore[attr-defined]

    tab.page.route("**/lora-bridge/v1/status*", status)
    tab.page.route(
        "**/lora-bridge/v1/jobs/3/pause",
        lambda route: (asked.append("pause"), route.fulfill(json={"sentence": "Pausing."})),
    )
    tab.page.evaluate(
        """() => {
            const box = document.createElement('div');
            box.id = 'txt2img_generate_box';
            box.innerHTML = '<button id="txt2img_generate">Generate</button>';
            document.body.append(box);
            loraBridge.watchGenerate();
            document.querySelector('#txt2img_generate').click();
        }"""
    )
    expect(tab.root.locator(".lb-strip")).to_contain_text("1")
    asked.append("the training came before the picture")
    said = tab.page.locator("#txt2img_generate_box + .lb-waiting")
    said.get_by_text("A LoRA is training (step 620 of 1500): the picture waits").wait_for()
    said.get_by_role("button", name="Generate now").click()
    tab.soon(lambda: asked[1:] == ["pause"])
    expect(tab.root.locator(".lb-strip")).to_contain_text("41 %")


def test_loras_that_were_published_by_hand_can_be_tried(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    folder = tmp_path / "Lora"
    (folder / "people").mkdir(parents=True)
    headers.write(folder / "people" / "Grace.safetensors", headers.lora(), {})
    (folder / "people" / "Grace.json").write_text('{"activation text": "Grace woman"}')
    shutil.copy(folder / "people" / "Grace.safetensors", folder / "Eve.safetensors")
    tab = visit(serve("--lora-dir", str(folder)).address)
    tab.step("Try")
    choice = tab.field("LoRA")
    choice.select_option(value="file:people/Grace.safetensors")
    text = tab.root.locator(".lb-infotext")
    text.get_by_text("Grace woman, portrait").wait_for()
    text.get_by_text("<lora:Grace:1>").wait_for()
    assert tab.errors == []


def test_a_training_can_wait_for_the_night(
    serve: Callable[..., Ui], visit: Callable[..., Tab], models: Path, pictures: list[Path]
) -> None:
    tab = visit(serve("--models", str(models)).address)
    tab.step("Photos")
    tab.field(NAME).fill("Ada")
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    tab.step("Train")
    tab.page.wait_for_function("!loraBridge.app.views.train.start.disabled")
    tab.field("Time to start at").fill("03:07")
    tab.button("start at").click()
    tab.sees(re.compile(r"Starts at 03:07 \("))
    tab.button("Start now").first.click()
    tab.knows("app.state.status.running")
    assert tab.errors == []
