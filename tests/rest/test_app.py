"""REST as a page, a stranger and a program meet it: a real app, a real queue, only the training is
a fake.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from starlette.applications import Starlette

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.history.entries import Entry
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.models.offered import BaseFile
from sd_scripts_bridge.outcome.fold import Fold, thinned
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.publishing import infotext
from sd_scripts_bridge.rest import body as rest_body
from sd_scripts_bridge.rest.routes import FILES, NONCE_HEADER, PREFIX, RULES, Rule
from sd_scripts_bridge.rest.signature import signature_of
from sd_scripts_bridge.system.gpu_memory import Memory
from tests.support import messy
from tests.support.fresh import fresh
from tests.support.page import PAIR, Page, filled, sentences
from tests.support.supervisor import go, wait_alone, wait_step

GETS = [rule.path for rule in RULES if rule.method == "GET"]
FORMS = [rule.path for rule in RULES if rule.method == "POST" and FILES in signature_of(rule).takes]
POSTS = [rule.path for rule in RULES if rule.method == "POST"]


# ---- the doors ----


def test_importing_it_costs_nothing() -> None:
    heavy = ("starlette", "fastapi", "sqlite3", "PIL", "numpy", "torch", "tokenizers")
    code = (
        f"import sys, sd_scripts_bridge.rest.app; print(*[name for name in {heavy!r} if name "
        "in sys.modules])"
    )
    assert fresh(code).strip() == ""


@pytest.mark.parametrize("path", POSTS)
def test_every_post_needs_json_and_the_nonce(page: Page, path: str) -> None:
    url = f"{PREFIX}/{filled(path)}"
    sent: dict[str, Any] = {"files": {"files": ("a", b"")}} if path in FORMS else {"json": {}}
    assert page.client.post(url, **sent).status_code == 403
    assert page.client.post(url, headers={NONCE_HEADER: "guess"}, **sent).status_code == 403
    other = "text/xml" if path in FORMS else "multipart/form-data; boundary=x"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", other):
        sent = {NONCE_HEADER: page.context.nonce, "Content-Type": kind}
        assert page.client.post(url, content=b"{}", headers=sent).status_code == 415
    assert page.client.get(url).status_code in (405, 200, 404), "a GET changes nothing"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_the_hosts_login_is_asked_for_on_every_route(page: Page, rule: Rule) -> None:
    def guard(_request: Any) -> None:
        raise HTTPException(
            401, "Log in to the WebUI first.", headers={"WWW-Authenticate": "Basic"}
        )

    page.context.guard = guard
    files: dict[str, Any] = {"files": []} if FILES in signature_of(rule).takes else {}
    answer = (
        page.post(filled(rule.path), **files)
        if rule.method == "POST"
        else page.get(filled(rule.path))
    )
    assert (answer.status_code, sentences(answer)) == (401, "Log in to the WebUI first.")
    assert answer.headers["WWW-Authenticate"] == "Basic"
    assert page.get("nowhere").status_code == 401


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "http://testserver:9999"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_post_from_another_sites_page_is_refused_even_with_the_nonce(
    page: Page, sent: dict[str, str]
) -> None:
    """Gradio tells the nonce to any page on this machine."""
    sent = {NONCE_HEADER: page.context.nonce, **sent}
    answer = page.client.post(f"{PREFIX}/draft", json={"name": "Eve"}, headers=sent)
    assert answer.status_code == 403 and "another site" in sentences(answer)
    assert page.get("draft").json()["name"] == ""


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://testserver"},
        {"Origin": "https://nas.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://nas.example", "X-Forwarded-Host": "nas.example"},
        {},
    ],
)
def test_our_own_page_may_post_behind_a_proxy_too(page: Page, sent: dict[str, str]) -> None:
    sent = {NONCE_HEADER: page.context.nonce, **sent}
    answer = page.client.post(f"{PREFIX}/draft", json={"name": "Eve"}, headers=sent)
    assert answer.status_code == 200 and answer.headers["X-Frame-Options"] == "DENY"


def test_long_answers_travel_compressed(page: Page) -> None:
    packed = page.get("presets", **{"Accept-Encoding": "gzip"})
    plain = page.get("presets", **{"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers and packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 3


def test_too_large_a_body_is_refused_stated_or_not(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_body, "JSON_LIMIT", 2000)
    assert page.post("draft", name="x" * 3000).status_code == 413
    sent = {NONCE_HEADER: page.context.nonce, "Content-Type": "application/json"}
    parts = (b"x" * 500 for _ in range(10))
    assert page.client.post(f"{PREFIX}/draft", content=parts, headers=sent).status_code == 413


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"3", b"[" * 100_000])
def test_a_body_that_is_no_object_is_422(page: Page, content: bytes) -> None:
    sent = {NONCE_HEADER: page.context.nonce, "Content-Type": "application/json"}
    assert page.client.post(f"{PREFIX}/draft", content=content, headers=sent).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "jobs/x",
        "jobs/-1",
        "jobs/" + "9" * 5000,
        "jobs/1" + "0" * 17,
        "jobs/1/samples/0",
        "jobs/1/result",
        "draft/photo/7/thumb",
        "draft/photo/..%2f..%2fetc/thumb",
        "jobs/١",
    ],
)
def test_what_isnt_there_is_404_with_a_sentence(page: Page, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404 and sentences(answer)


@pytest.mark.parametrize(
    "path", ["status?since=x", "jobs/1/events?after=1e3", "status?job=9" + "9" * 30]
)
def test_a_number_that_is_none_is_422(page: Page, path: str) -> None:
    assert page.get(path).status_code == 422


def test_every_get_leaves_the_home_as_it_was(ready: Page, context: Context) -> None:
    """But for locks, SQLite's own side files and the cache of thumbnails."""
    job = ready.post("train").json()["job"]
    ready.over(job)
    wait_alone(context.the_bridge.home)
    root = context.the_bridge.home.root
    before = _everything(root)
    for path in GETS:
        assert ready.get(filled(path)).status_code in (200, 404), path
    ready.get("options?search=rate")
    assert _everything(root) == before


def _everything(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.name.endswith(("lock", "-wal", "-shm"))
        and "thumbs" not in path.parts
    }


def test_a_defect_tells_a_remote_client_one_sentence_and_no_path(
    page: Page, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Any) -> None:
        raise ZeroDivisionError("in /very/secret/place")

    monkeypatch.setattr(Bridge, "doctor", broken)
    answer = page.get("engine")
    assert (
        answer.status_code == 500
        and "secret" in sentences(answer)
        and "test_app.py" in sentences(answer)
    )
    context.local = False
    far = sentences(page.get("engine"))
    assert (
        "Please report" in far
        and "ZeroDivisionError" in far
        and "secret" not in far
        and "/" not in far
    )


# ---- remote clients ----


def test_remote_clients_are_refused_the_dangerous_parts_and_told_so(
    page: Page, context: Context
) -> None:
    context.local = False
    for path, body in (("draft/folder", {"path": "/tmp"}), ("setup", {})):
        answer = page.post(path, **body)
        assert answer.status_code == 403 and "--enable-insecure-extension-access" in sentences(
            answer
        )
    for training in ({"values": {"dataset_class": "os.system"}}, {"base": "/etc/passwd"}):
        assert page.post("draft", training=training).status_code == 403
    assert (
        page.post(
            "draft", training={"base": "v1-5 [abc]", "values": {"network_dim": 8}}
        ).status_code
        == 200
    )


def test_no_answer_tells_a_remote_client_where_things_lie(
    ready: Page, context: Context, tmp_path: Path
) -> None:
    job = ready.post("train").json()["job"]
    ready.over(job)
    context.local = False
    for path in GETS:
        answer = ready.get(filled(path))
        if answer.headers["content-type"] == "application/json":
            assert (
                str(tmp_path) not in answer.text
                and str(tmp_path) not in json.loads(answer.text).__repr__()
            ), path
    assert ready.get("jobs/1").json()["spec"]["base"] == "…/v1-5-pruned-emaonly.safetensors"


def test_a_remote_client_sees_a_captions_slashes(ready: Page, context: Context) -> None:
    context.local = False
    caption = f"Ada woman, and{Path.home()}ish/slash, either{Path.home()}"
    assert ready.post("draft/photo/1", caption=caption).json()["caption"] == caption


def test_a_caption_typed_while_the_name_changes_is_no_conflict(ready: Page) -> None:
    """What the page shows of a caption that nobody has written may be the name's before."""
    ready.post("draft", name="Someone Else")
    old = {"caption": "AlvaroBadia man"}
    typed = ready.post("draft/photo/1", caption="Someone Else, reading", was=[old])
    assert typed.json()["caption"] == "Someone Else, reading"
    again = ready.post("draft/photo/1", caption="Someone Else, asleep", was=[old])
    assert again.status_code == 409, "that one somebody has written"


# ---- the draft over HTTP ----


def test_a_reload_gets_the_same_draft_and_an_unchanged_one_costs_nothing(
    ready: Page, context: Context
) -> None:
    first = ready.get("draft")
    again = Page(context)
    assert again.get("draft").json() == first.json()
    assert again.get("draft", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    ready.post("draft/photo/1", used=False)
    assert again.get("draft", **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_thumbnails_are_pictures_that_a_browser_may_keep(ready: Page) -> None:
    address = ready.get("draft").json()["photos"][0]["thumb"]
    answer = ready.get(address)
    assert (
        answer.headers["content-type"] == "image/jpeg"
        and "immutable" in answer.headers["cache-control"]
    )
    assert ready.get(address, **{"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert ready.get("draft/photo/1/thumb?v=old").headers["cache-control"] == "no-cache"


def test_captions_change_and_come_back(ready: Page) -> None:
    added = ready.post("draft/captions", action="add", text="in Rome", where="start").json()
    assert {photo["caption"] for photo in added["photos"]} == {"Ada woman, in Rome"} and added[
        "undo"
    ] == 1
    drafted = ready.post("draft/captions", action="undo").json()
    assert {photo["caption"] for photo in drafted["photos"]} == {"Ada woman"}
    assert ready.post("draft/captions", action="shout").status_code == 422
    assert ready.post("draft/captions", action="remove", text="  ").status_code == 422


# ---- plan and training ----


def test_the_plan_says_everything_that_is_missing_at_once(page: Page) -> None:
    plan = page.get("plan").json()
    assert plan["sentence"] == "No photos yet."
    assert {problem.partition(":")[0] for problem in plan["problems"]} == {"base", "name", "photos"}
    answer = page.post("train")
    assert answer.status_code == 422 and len(answer.json()["error"]["problems"]) == 3


def test_the_plan_follows_every_choice(ready: Page, context: Context) -> None:
    context.memory = lambda: Memory(5 << 30, 12 << 30, "RTX 3060")
    assert ready.get("plan").json()["preset"]["name"] == "person-sd15-12gb"
    ready.post("draft", training={"preset": "person-sd15"})
    plan = ready.get("plan").json()
    assert (
        plan["sentence"] == "3 photos x 10 repeats / batch 1 = 30 steps" and plan["problems"] == []
    )
    assert (plan["lora_stem"], plan["engine"], plan["base"]["family_name"]) == (
        "Ada",
        "sd-scripts",
        "SD 1.5",
    )
    assert (plan["memory"], plan["gpu"]) == (
        {"free": 5 << 30, "total": 12 << 30},
        "RTX 3060",
    )
    assert plan["seconds"] is None and "first steps" in plan["seconds_from"]
    ready.post(
        "draft", training={"values": {"train_batch_size": 2, "network_dim": 32, "unet_lr": 3e-4}}
    )
    plan = ready.get("plan").json()
    assert plan["sentence"] == "3 photos x 10 repeats / batch 2 = 15 steps"
    assert plan["changed"] == 3, "batch, learning rate and the comment; rank 32 is the preset's own"
    ready.post("draft", training={"values": {"max_train_steps": 100}})
    assert (
        ready.get("plan").json()["sentence"]
        == "3 photos x 10 repeats / batch 2 = 15 steps; it stops at 100"
    )
    ready.post("draft", training={"values": {"network_dim": -3}, "preset": "nobody"})
    problems = " ".join(ready.get("plan").json()["problems"])
    assert "network_dim" in problems and "'nobody'" in problems
    long = "Ada woman, " + "very " * 90
    ready.post("draft", training={"values": {"network_dim": None}, "preset": None})
    ready.post("draft/photo/1", caption=long)
    assert any(
        "limit is raised to 150" in advice for advice in ready.get("plan").json()["caption_advice"]
    )


def test_from_photos_to_txt2img(ready: Page, context: Context, tmp_path: Path) -> None:
    told: list[Any] = []
    context.before_start = lambda: told.append("freed") or ["The WebUI's model left the GPU."]
    context.after_start = told.append
    ready.post("draft", training={"values": {"training_comment": "slow hold"}})
    started = ready.post("train").json()
    wait_step(context.the_bridge, started["job"], 9)
    go(context.the_bridge, started["job"])
    assert (
        told == ["freed", started["job"]]
        and started["notes"][0] == "The WebUI's model left the GPU."
    )
    status = ready.over(started["job"])
    assert status["job"]["status"] == "succeeded" and status["running"] is None
    assert (status["job"]["step"], status["job"]["total"]) == (30, 30)
    steps = [step for step, _, _ in status["curve"]]
    assert steps == sorted(steps) and steps[-1] == 30
    assert ready.get(f"status?job=1&since={status['seq']}").json()["curve"] == []

    result = ready.get("jobs/1/result").json()
    assert (result["stem"], result["activation_text"], result["batch_count"]) == (
        "Ada",
        "Ada woman",
        5,
    )
    assert result["prompt"].startswith("Ada woman, ") and result["prompt"].endswith("<lora:Ada:1>")
    assert (result["family"], result["base_title"]) == ("sd1", "v1-5 [abc]")
    assert (
        "30 of 30 steps" in result["sentence"]
        and (tmp_path / "models" / "Lora" / "Ada.safetensors").is_file()
    )
    assert ready.get(result["preview"]).headers["content-type"] == "image/png"

    assert ready.get("plan").json()["lora_stem"] == "Ada-2"
    seconds = ready.get("plan").json()["seconds"]
    took = context.the_bridge._store.get(1).seconds
    assert took and 1 < seconds < 2 * took, "20 steps of 50 ms or more, as measured"
    (listed,) = ready.get("jobs").json()["jobs"]
    assert (listed["status"], listed["step"], listed["engine"]) == ("succeeded", 30, "sd-scripts")
    whole = ready.get("jobs/1").json()
    assert whole["spec"]["subject"] == "Ada" and whole["report"]["steps"] == 30
    assert ready.get("jobs/1/log?lines=2").json()["lines"][-1] == "model saved."
    assert {event["type"] for event in ready.get("jobs/1/events").json()["events"]} >= {
        "started",
        "progress",
        "published",
    }
    assert ready.post("jobs/1/resume").status_code == 409
    assert "gone" in ready.post("jobs/1/remove").json()["sentence"]
    assert ready.get("jobs/1").status_code == 404


def test_stop_and_resume(ready: Page, context: Context) -> None:
    told: list[Any] = []
    context.after_start = told.append
    ready.post("draft", training={"values": {"training_comment": "hold"}})
    job = ready.post("train").json()["job"]
    wait_step(context.the_bridge, job, 9)
    status = ready.get("status").json()
    assert (status["running"]["id"] == job and status["job"]["rate"] is None) or status["job"][
        "rate"
    ] > 0
    assert ready.get(f"jobs/{job}/result").status_code == 409
    assert ready.post(f"jobs/{job}/stop", now="yes").status_code == 422
    assert ready.post(f"jobs/{job}/pause", minutes="ten").status_code == 422
    assert ready.post(f"jobs/{job}/pause", minutes=-1).status_code == 422
    assert (
        "pauses at its next save" in ready.post(f"jobs/{job}/pause", minutes=5).json()["sentence"]
    )
    assert "stops now" in ready.post(f"jobs/{job}/stop", now=True).json()["sentence"]
    assert ready.over(job)["job"]["status"] == "stopped"
    assert ready.post(f"jobs/{job}/stop").status_code == 409
    answer = ready.post(f"jobs/{job}/resume").json()
    assert answer["sentence"] and told == [job, job]
    ready.post(f"jobs/{job}/stop", now=True)
    ready.over(job)


def test_a_start_that_the_host_refuses_leaves_nothing(ready: Page, context: Context) -> None:
    from sd_scripts_bridge.errors import Conflict

    def busy() -> list[str]:
        raise Conflict("test.busy", "A picture is being generated. Start when it is done.")

    context.before_start = busy
    answer = ready.post("train")
    assert (answer.status_code, sentences(answer)) == (
        409,
        "A picture is being generated. Start when it is done.",
    )
    assert ready.get("jobs").json()["jobs"] == [] and not [
        *context.the_bridge.home.datasets.glob("*")
    ]


def test_without_an_engine_start_is_503(ready: Page, context: Context) -> None:
    from sd_scripts_bridge.engines.sd_scripts.installed import installation

    (context.the_bridge.home.engines / "sd-scripts.json").unlink(missing_ok=True)
    found = installation.read(context.the_bridge.home)
    assert found is None, "the fixture's installation lies elsewhere now"
    answer = ready.post("train")
    assert answer.status_code == 503 and "set up" in sentences(answer)


# ---- the rest ----


def test_what_there_is_to_choose_from(page: Page, context: Context, tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"<html>")
    offered = list(context.bases())
    context.bases = lambda: [*offered, BaseFile("broken", broken)]
    good, bad = page.get("bases").json()["bases"]
    assert (good["family"], good["family_name"], good["trainable"]) == ("sd1", "SD 1.5", True)
    assert not bad["trainable"] and "web page" in bad["why"]
    assert {preset["name"] for preset in page.get("presets").json()["presets"]} >= {
        "person-sd15",
        "person-sdxl",
    }
    catalogue.write(
        context.the_bridge.home, Path(sys.executable), Path(__file__).parents[1] / "fake_sd_scripts"
    )
    everything = page.get("options").json()
    assert everything["total"] == len(everything["options"])
    found = {row["name"]: row for row in page.get("options?search=lowram").json()["options"]}
    assert found["lowram"]["type"] == "bool" and not found["lowram"]["known"]
    assert page.get("options?search=learning rate").json()["options"][0]["name"] == "learning_rate"
    context.local = False
    assert page.get("options?search=lowram").json()["options"] == []
    host = page.get("host").json()
    assert "no captioner" in host.pop("no_interrogator")
    del host["messages"]
    assert host == {"host": "standalone", "local": False, "can_send": False, "memory": None}


def test_set_up_is_a_job(
    page: Page, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.running import supervisor

    monkeypatch.setattr(supervisor, "spawn", lambda _home: None)
    monkeypatch.setattr(supervisor, "reconcile", lambda *_: None)
    refused = page.post("setup", source="/nowhere/kohya_ss")
    assert refused.status_code == 422 and "there is no folder" in sentences(refused)
    job = page.post("setup", source=str(tmp_path)).json()["job"]
    row = context.the_bridge._store.get(job)
    assert isinstance(row.job, SetupJob) and row.job.source == str(tmp_path)
    shown = page.get("status").json()
    assert (shown["waiting"], shown["job"]["kind"], shown["phase"]) == (
        1,
        "setup",
        "waiting for its turn",
    )
    assert page.post("setup", source=3).status_code == 422


@pytest.mark.parametrize("app", [Starlette, FastAPI])
def test_mounting_again_replaces_and_comes_before_what_takes_any_path(
    context: Context, app: Callable[[], Any]
) -> None:
    made = app()
    made.add_route("/{anything:path}", lambda _request: None)
    first = Page(context, made)
    second = Page(Context(context.bridge), made)
    assert first.get("status").json()["boot"] == second.context.boot
    assert len(made.router.routes) == len(app().router.routes) + 2


def test_a_long_runs_curve_is_thinned_evenly() -> None:
    fold = Fold()
    for step in range(30_000):
        fold.add(Entry(step + 1, 1, 1, step * 0.5, Progress(step, 30_000, 1 / (step + 1))))
    points = thinned([point for _, point in fold.curve])
    assert len(points) == 2000 and points[0][0] == 0 and points[-1][0] == 29_999
    gaps = [later[0] - one[0] for one, later in itertools.pairwise(points)]
    assert max(gaps) < 60 and fold.reading and fold.reading.rate == pytest.approx(2)
    assert fold.seconds_a_step == pytest.approx(0.5)


# ---- infotext, as A1111 1.10.1 reads it (modules/infotext_utils.py) ----


@pytest.mark.parametrize(("side", "more"), [(1024, None), (512, infotext.HIRES)])
def test_the_paste_reads_what_we_write(side: int, more: dict[str, Any] | None) -> None:
    text = infotext.infotext(infotext.prompt("Ada woman", "Ada"), infotext.NEGATIVE, side, more)
    prompt, negative, last = text.split("\n")
    found = dict(PAIR.findall(last))
    assert len(found) >= 3 and negative.startswith("Negative prompt: ") and "<lora:Ada:1>" in prompt
    assert found["Sampler"] == "DPM++ 2M Karras" and found["Size"] == f"{side}x{side}"
    assert (found["Steps"], found["CFG scale"], found["Seed"], found["Batch size"]) == (
        "60",
        "7",
        "-1",
        "1",
    )
    assert "Hires upscale" in found or more is None


def test_job_rows_that_cant_be_read_are_shown_all_the_same(
    page: Page, make_job: Callable[..., TrainingJob]
) -> None:
    store = page.context.the_bridge._store
    job = store.add(make_job())
    store.move(
        job, Status.STOPPED, of=[Status.QUEUED], attempt=0, sentence="Stopped before it began."
    )
    (shown,) = page.get("jobs").json()["jobs"]
    assert (shown["step"], shown["total"], shown["loss"]) == (0, 20, None)


@pytest.mark.skipif(os.name == "nt", reason="the name can't be written there")
def test_a_folder_of_names_that_are_no_utf8(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg"))).write_bytes(
        messy.jpeg(messy.photo(1))
    )
    assert page.post("draft/folder", path=str(folder)).status_code == 200
    (shown,) = page.seen()["photos"]
    assert (
        shown["file"] == "caf\\xe9.jpg"
        and shown["used"]
        and page.get(shown["thumb"]).status_code == 200
    )
