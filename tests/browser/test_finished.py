"""What a finished training can be asked in the tab: beside another run, once more, what is inside;
and the browser's word that one is over.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.jobs.events import Note, Progress, Published, Sample, Started
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.messages import Message
from sd_scripts_bridge.models import safetensors_file
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from tests.running.test_lora_work import PROGRAM
from tests.support import model_headers as headers

from .conftest import Ui
from .page_object import Tab, expect
from .test_judging import paint

HARD = (0.30, 0.20, 0.10, 0.05) * 8
SPY = """
window.told = [];
const Real = window.Notification;
window.Notification = class { constructor(title, more) { told.push(title + ": " + more.body); } };
window.Notification.permission = "default";
window.Notification.requestPermission = async () => {
    told.push("asked");
    window.Notification.permission = "granted";
    return "granted";
};
"""


AVERAGED = (
    "averaged with the saves right before and after it: better after a constant learning rate"
)
FALLING, RISING = {10: 0.01, 20: 0.005, 30: 0.003}, {10: 0.01, 20: 0.0, 30: 0.02}
"""How much worse than at its best the held-out loss is at each save."""


def train(
    bridge: Bridge,
    root: Path,
    rank: int,
    seed: float,
    losses: Mapping[int, float] = FALLING,
    base: str = "base",
    **values: object,
) -> int:
    """A training with a photo held out that is over; measured, and published."""
    params = TrainingParams(max_train_steps=30, save_every_n_steps=10, network_dim=rank)
    job = TrainingJob(
        "Ada", "Ada", "woman", str(root / "img"), base, "sd1", "embedded",
        params.with_values(values), lora_dir=str(root / "Lora"),
    )  # fmt: skip
    number = bridge._store.add(job)
    assert bridge._store.claim()
    folder = bridge.folder(number).create()
    folder.output.mkdir(exist_ok=True)
    bridge._store.append(number, 1, Started(1, 1))
    for step in losses:
        save = folder.output / f"Ada-step{step:08d}.safetensors"
        headers.write(save, headers.lora(seed=step), headers.METADATA)
        bridge._store.append(number, 1, Progress(step, 30, seed / step))
        picture = paint(folder.sample("Ada", step, 0), step, number % 2)
        bridge._store.append(number, 1, Sample(str(picture), step, 0, "Ada woman"))
        errors = tuple(hard + losses[step] for hard in HARD)
        write(folder.measured, MeasuredStep(step, {"held": errors}, {"own": errors}))
    lora = root / "Lora" / ("Ada.safetensors" if number == 1 else f"Ada-{number}.safetensors")
    headers.write(lora, headers.lora(rank=rank), headers.METADATA)
    lora.with_suffix(".json").write_text('{"activation text": "Ada woman"}', encoding="utf-8")
    bridge._store.append(number, 1, Published(str(lora), lora.stem, "Ada woman"))
    bridge._store.move(number, Status.SUCCEEDED, of=[Status.RUNNING], attempt=1, sentence="Done.")
    return number


@pytest.fixture
def two(tmp_path: Path) -> Path:
    (tmp_path / "img" / "3_Ada woman").mkdir(parents=True)
    (tmp_path / "held_out").mkdir()
    (tmp_path / "Lora").mkdir()
    for place in ("img/3_Ada woman/1.png", "held_out/2.png"):
        paint(tmp_path / place, 1, 1)
    bridge = Bridge(Home(tmp_path / "home"))
    for rank, seed, schedule in ((8, 0.1, "cosine"), (16, 0.2, "constant")):
        train(bridge, tmp_path, rank, seed, lr_scheduler=schedule)
    return tmp_path


def test_runs_are_compared_and_their_loras_looked_into(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path, axe: str
) -> None:
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    panel = tab.step("Try")
    again = panel.get_by_role("button", name=re.compile("Train again on all photos: "))
    again.wait_for()
    tab.sees("Likeness:")
    tab.sees("not measured yet.")
    panel.locator("summary", has_text="Compare with another run").click()
    panel.get_by_role("row", name=re.compile("network_dim.* 16")).wait_for()
    expect(panel.locator("svg .lb-curve-run"), "both curves on one chart").to_have_count(2)
    tab.sees("Held-out loss by step")
    samples = panel.locator(".lb-strip-table tbody tr")
    expect(samples).to_have_count(2)
    for row in samples.all():
        expect(row.locator("img")).to_have_count(3)
    panel.locator("summary", has_text="LoRA tools").click()
    tab.button("Verify").click()
    tab.sees(re.compile("^SD 1.5, networks.lora: 3 modules"))
    assert tab.violations(axe) == []
    tab.field("What to do").select_option("merge")
    expect(tab.field("The other LoRA")).to_have_value(re.compile(r"/Ada\.safetensors$"))
    tab.field("What to do").select_option("extract")
    tools = panel.locator("details", has_text="LoRA tools")
    tools.get_by_role("button", name="Start", exact=True).click()
    tab.sees("Give the path of the tuned model.")
    tab.field("What to do").select_option("resize")
    tab.field("Rank of the result").fill("4")
    tools.get_by_role("button", name="Start", exact=True).click()
    tab.sees(re.compile("sd-scripts: is not set up yet"))
    tab.button("Repeat exactly").first.click()
    tab.sees(re.compile("base: .*no longer"))
    assert tab.errors == [] and tab.foreign == []


@pytest.fixture
def alike(tmp_path: Path, models: Path, pictures: list[Path]) -> Bridge:
    """A training on four photos, one more held out, on a real base; its saves are alike."""
    (tmp_path / "Lora").mkdir()
    for number, picture in enumerate(pictures[:5]):
        folder = tmp_path / ("img/1_Ada woman" if number else "held_out")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder)
        (folder / picture.name).with_suffix(".txt").write_text("Ada woman", encoding="utf-8")
    bridge = Bridge(Home(tmp_path / "home"))
    small = {"resolution": "64", "min_bucket_reso": 64, "max_bucket_reso": 64}
    few = {"max_train_steps": 4, "save_every_n_steps": 1, "mixed_precision": "no"}
    base = str(models / "tiny-sd15.safetensors")
    train(bridge, tmp_path, 4, 0.0, dict.fromkeys((1, 2, 3, 4), 0.0), base, **small, **few)
    return bridge


def test_the_step_is_found_and_all_photos_are_trained_for_it(
    serve: Callable[..., Ui], visit: Callable[..., Tab], alike: Bridge
) -> None:
    lora_dir = alike.home.root.parent / "Lora"
    tab = visit(serve("--lora-dir", str(lora_dir), home=alike.home.root).address)
    tab.step("Try").get_by_role("button", name=re.compile("Find the right step")).click()
    tab.sees("In the queue (job 2)")
    tab.sees(re.compile("By short trainings, each without some of the photos: "))
    found = json.loads(alike.folder(2).result.read_text(encoding="utf-8"))
    assert [save["step"] for save in found["curve"]] == [0, 1, 2, 3, 4]
    again = tab.page.get_by_role("button", name=re.compile("Train again on all photos: "))
    wanted = int(again.inner_text().split(": ")[1].split()[0])
    assert wanted == (found["step"] or 4)
    again.click()
    tab.soon(lambda: alike.job_or_none(3))
    job = alike.job(3).job
    assert isinstance(job, TrainingJob) and job.params.max_train_steps == wanted
    photos = [path for path in Path(job.dataset).rglob("*") if path.suffix in (".jpg", ".png")]
    assert len(photos) == 5, "the one that was held out, too"
    alike.stop(3, now=True)
    tab.soon(lambda: alike.job(3).status.is_over)
    assert tab.errors == []


def test_a_smaller_lora_is_offered_when_its_job_is_over(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    scripts = two / "sd-scripts"
    (scripts / "networks").mkdir(parents=True)
    (scripts / "train_network.py").touch()
    (scripts / "networks" / "resize_lora.py").write_text(PROGRAM, encoding="utf-8")
    found = installation.Installation(str(scripts), sys.executable, facts={"device": "cpu"})
    installation.write(Home(two / "home"), found)
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    panel = tab.step("Try")
    tools = panel.locator("details", has_text="LoRA tools")
    tools.locator("summary").click()
    tab.field("Rank of the result").fill("4")
    start = tools.locator(".lb-start button").last
    expect(start).to_have_text("Start")
    start.click()
    offered = tab.field("LoRA").locator("option")
    expect(offered.filter(has_text="Ada-2-rank4")).to_have_count(1)
    expect(start).to_have_text("Start")
    assert tab.errors == []


def test_a_saved_step_is_published_privately_and_its_card_written(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    panel = tab.step("Try")
    tab.field("Saved step").select_option("10")
    tab.field("private: no captions, paths or names inside the file").check()
    tab.button("Publish step 10").click()
    tab.sees(re.compile(r"^Ada-step10\.safetensors is in .*they are: Ada woman\."))
    kept = safetensors_file.read_header(two / "Lora" / "Ada-step10.safetensors").metadata
    assert "ss_tag_frequency" not in kept
    average = tab.field(AVERAGED)
    average.check()
    tab.button("Publish step 10").click()
    tab.sees(re.compile(r"^Ada-step10-average\.safetensors is in"))
    panel.locator("summary", has_text="Card: picture, words, weight").click()
    tab.shows("Activation text", "Ada woman")
    tab.field("Preferred weight").fill("0.8")
    tab.button("Save the card").click()
    tab.sees("The card is saved.")
    card = json.loads((two / "Lora" / "Ada-2.json").read_text(encoding="utf-8"))
    assert card["preferred weight"] == 0.8
    forget = panel.locator("summary", has_text="Forget this job's photos")
    expect(forget).to_have_text(re.compile(r" \(\d+ kB\)$"))
    forget.click()
    tab.press_twice("Forget the photos")
    tab.sees(re.compile(r"^Job 2 is forgotten"))
    tab.sees("Its photos are forgotten: nothing can be measured any more.")
    expect(forget).to_be_hidden()
    expect(tab.button("Measure likeness")).to_be_hidden()
    tab.field("LoRA").select_option("job:1")
    expect(average, "its rate wasn't constant").to_be_hidden()
    tab.step("Train").locator("summary", has_text="Queue and history").click()
    again = tab.root.locator(".lb-job").get_by_role("button", name="Repeat exactly")
    expect(again, "the other run's only").to_have_count(1)
    assert tab.errors == []


def test_who_keeps_the_last_step_is_not_asked_again_and_has_it_in_the_folder(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    bridge = Bridge(Home(two / "home"))
    for _ in (3, 4):  # of the newest not the last step was published, but the recommended one
        train(bridge, two, 8, 0.1, RISING)
    why = Message("choice.recommended", "Step {step} is published.", step=20)
    bridge._store.append(4, 1, Note(why))
    lora = two / "Lora"
    tab = visit(serve("--lora-dir", str(lora), home=two / "home").address)
    tab.step("Try")
    tab.sees("Step 20 is the one to use.")
    tab.button("Keep the last step").click()
    tab.sees(re.compile(r"^Ada-step30\.safetensors is in "))
    tab.sees(re.compile("<lora:Ada-step30:1>"))
    offered = tab.field("LoRA").locator("option")
    expect(offered, "a step is its job's").to_have_text(
        [re.compile(f"^{name} · ") for name in ("Ada-4", "Ada-3", "Ada-2", "Ada")]
    )
    tab.field("LoRA").select_option("job:3")
    tab.sees(re.compile("<lora:Ada-3:1>"))
    tab.button("Keep the last step").click()
    tab.sees("The last step, 30, stays published.")
    assert sorted(path.stem for path in lora.glob("*.safetensors")) == [
        "Ada", "Ada-2", "Ada-3", "Ada-4", "Ada-step30",
    ]  # fmt: skip
    tab.page.reload()
    tab.knows("app.state.draft")
    panel = tab.step("Try")
    for job in ("job:3", "job:4"):
        tab.field("LoRA").select_option(job)
        tab.button("Publish step 30").wait_for()
        expect(panel.get_by_role("button", name="Keep the last step")).to_have_count(0)
    assert tab.errors == []


def test_the_browser_says_that_a_training_is_over_and_asks_once(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.page.add_init_script(SPY)
    tab.page.reload()
    tab.knows("app.state.draft")
    tab.page.evaluate("loraBridge.askToNotify(); loraBridge.askToNotify();")
    tab.page.evaluate("loraBridge.notify('Ada', 'Done.')")
    assert tab.page.evaluate("told") == ["asked"], "nothing is said while the page is looked at"
    tab.page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    job = "{id: 1, kind: 'train', title: 'Ada', status: %s, sentence: %s}"
    was, now = job % ("'running'", "''"), job % ("'succeeded'", "'It is in Lora.'")
    tab.page.evaluate(
        f"loraBridge.app.notice({{boot: 1, job: {was}}}, {{boot: 1, draft: 0, job: {now}}})"
    )
    assert tab.page.evaluate("told") == ["asked", "Ada: It is in Lora."]
    tab.page.reload()
    tab.knows("app.state.draft")
    tab.page.evaluate("loraBridge.askToNotify()")
    assert tab.page.evaluate("told") == [], "whoever was asked isn't asked again"


def runs_until(tab: Tab) -> list[bool]:
    """Shows the newest training as running until there is something in what is returned."""
    over: list[bool] = []

    def status(route: Any) -> None:
        got = route.fetch()
        body = got.json()
        if not over:
            body["job"] |= {"status": "running", "finished": None}
            body["running"] = body["job"]
        route.fulfill(response=got, body=json.dumps(body))

    tab.page.route("**/lora-bridge/v1/status*", status)
    tab.page.reload()
    expect(tab.root.locator(".lb-strip .lb-bar")).to_be_visible()
    return over


def test_a_training_that_ends_while_another_page_is_looked_at_is_said(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    tab.page.add_init_script(SPY.replace('"default"', '"granted"'))
    over = runs_until(tab)
    over.append(True)
    tab.page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true}); "
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    tab.page.wait_for_function("told.includes('Ada: Done.')")
    assert tab.errors == []


def test_a_new_lora_has_its_card_while_another_tab_of_the_webui_is_looked_at(
    serve: Callable[..., Ui], visit: Callable[..., Tab], two: Path
) -> None:
    tab = visit(serve("--lora-dir", str(two / "Lora"), home=two / "home").address)
    over = runs_until(tab)
    tab.page.evaluate(
        """() => {
            sessionStorage.removeItem('lora-bridge-refreshed');
            const refresh = document.createElement('button');
            refresh.id = 'txt2img_lora_extra_refresh_internal';
            refresh.onclick = () => { window.refreshed = true; };
            document.body.append(refresh);
            document.querySelector('#lora-bridge').parentElement.style.display = 'none';
        }"""
    )
    over.append(True)
    tab.page.wait_for_function("window.refreshed")
    assert tab.errors == []
