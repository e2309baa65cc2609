"""The command line as a user and a program meet it: exit codes, sentences, JSON; the main ways in
processes of their own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.jobs.job import Status
from tests.support import model_headers as headers
from tests.support.supervisor import wait
from tests.support.verbs import FAKE_SCRIPTS, run, run_alone

posix = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise on Windows")


def test_check_says_one_sentence_a_photo_and_changes_nothing(bridge: Bridge, photos: Path) -> None:
    before = {path: path.read_bytes() for path in photos.iterdir()}
    done = run_alone(bridge, "check", photos)
    assert done.returncode == 0
    assert "3 of 3 photos will be used." in done.stdout and "1.jpg" in done.stdout
    assert {path: path.read_bytes() for path in photos.iterdir()} == before


def test_dataset_makes_the_folder_kohya_users_know(
    bridge: Bridge, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run(
        bridge,
        "dataset",
        photos,
        "--name",
        "AlvaroBadia",
        "--class",
        "man",
        "--steps",
        100,
        "--out",
        out,
    )
    assert done.returncode == 0, done.stderr
    assert "3 photos x 33 repeats = 99 steps (100 asked for)" in done.stdout
    leaf = out / "img" / "33_AlvaroBadia man"
    assert sorted(path.name for path in leaf.iterdir()) == [
        "1.png",
        "1.txt",
        "2.png",
        "2.txt",
        "3.png",
        "3.txt",
    ]
    assert (leaf / "1.txt").read_text(
        encoding="utf-8"
    ).strip() == "AlvaroBadia man, a walk in the park"
    assert {path.name for path in out.iterdir()} >= {"img", "reg", "model", "log"}


def test_train_to_the_published_card(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    lora_dir = tmp_path / "web ui" / "models" / "Lora"
    done = run_alone(bridge, "train", dataset, "--base", base, "--lora-dir", lora_dir)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "Job 1: Ada\n  base       v1-5-pruned-emaonly.safetensors, SD 1.5\n  engine     sd-scripts"
        in done.stdout
    )
    card = json.loads((lora_dir / "Ada.json").read_text(encoding="utf-8"))
    assert card["activation text"] == "Ada woman" and card["sd version"] == "SD1"
    assert sorted(path.name for path in lora_dir.iterdir()) == [
        "Ada.json",
        "Ada.png",
        "Ada.safetensors",
    ]


def test_json_events_end_with_the_outcome(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    done = run_alone(
        bridge, "train", dataset, "--base", base, "--lora-dir", tmp_path / "L", "--json"
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "queued" and events[-1] | {"status": "succeeded"} == events[-1]
    assert {"started", "progress", "checkpoint", "published"} <= {event["type"] for event in events}
    listed = json.loads(run_alone(bridge, "jobs", "--json").stdout)
    assert [job["status"] for job in listed] == ["succeeded"]


def test_detached_job_is_listed_watched_and_logged(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    done = run_alone(
        bridge, "train", dataset, "--base", base, "--lora-dir", tmp_path / "L", "--detach"
    )
    assert done.returncode == 0 and "watch 1" in done.stdout
    assert run_alone(bridge, "watch", 1).returncode == 0
    assert "succeeded" in run_alone(bridge, "jobs").stdout
    assert "model saved." in run_alone(bridge, "log", 1).stdout


def test_one_job_tells_what_it_planned_and_did(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    done = run(
        bridge,
        "train",
        dataset,
        "--base",
        base,
        "--lora-dir",
        tmp_path / "Lora",
        "--set",
        "max_train_steps=3",
    )
    assert "Files that will come: " in done.stdout
    text = run(bridge, "jobs", 1).stdout
    assert (
        "succeeded" in text
        and "3 of 3 planned" in text
        and "every number finite" in text
        and "GB at most" in text
    )
    report = json.loads(run(bridge, "jobs", 1, "--json").stdout)["report"]
    assert (report["planned_steps"], report["steps"], report["healed"]) == (3, 3, [])
    again = run(bridge, "publish", 1)
    assert again.returncode == 0 and "Ada.safetensors" in again.stdout, (
        "the same LoRA, not a second one"
    )
    assert run(bridge, "publish", 99).returncode == 1 and run(bridge, "jobs", 99).returncode == 1


def test_a_save_that_could_not_be_gone_on_from_is_moved_and_that_is_said(
    bridge: Bridge, dataset: Path, base: Path
) -> None:
    words = (
        "train",
        dataset,
        "--base",
        base,
        "--dry-run",
        "--set",
        "gradient_accumulation_steps=2",
    )
    assert "It saves every 4 steps" in run(bridge, *words, "save_every_n_steps=3").stdout
    assert "It saves every" not in run(bridge, *words, "save_every_n_steps=4").stdout


@posix
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_the_job_running_and_says_so(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    argv = [
        sys.executable,
        "-m",
        "sd_scripts_bridge",
        "--home",
        str(bridge.home.root),
        "train",
        str(dataset),
        "--base",
        str(base),
        "--lora-dir",
        str(tmp_path / "L"),
        "--set",
        "training_comment=hold",
    ]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout
    said = iter(child.stdout.readline, "")
    next(line for line in said if line.startswith("Job 1:"))
    next(said)  # it is followed
    wait(bridge, 1, lambda row: row.status is Status.RUNNING)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 130
    assert "continues without this window" in errors and "watch 1" in errors
    assert bridge._store.get(1).status is Status.RUNNING
    (bridge.folder(1).output / "go").touch()
    assert run_alone(bridge, "watch", 1).returncode == 0


def test_everything_wrong_is_said_at_once(bridge: Bridge, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    model = tmp_path / "model.ckpt"
    model.write_bytes(b"pickle")
    done = run(bridge, "train", tmp_path / "empty", "--base", model, "--name", "a<b")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 3 and "Traceback" not in done.stderr
    assert bridge._store.jobs() == []


def test_unknown_and_wrong_options_are_refused_before_anything_starts(
    bridge: Bridge, dataset: Path, base: Path
) -> None:
    catalogue.write(bridge.home, Path(sys.executable), FAKE_SCRIPTS)
    done = run(bridge, "train", dataset, "--base", base, "--set", "lowrum=true", "output_dir=/x")
    assert done.returncode == 1
    assert "Did you mean lowram?" in done.stderr and "output_dir" in done.stderr
    done = run(bridge, "train", dataset, "--base", base, "--set", "network-dim=0")
    assert done.returncode == 1 and "network_dim: 0 is outside 1 to 4096." in done.stderr
    assert bridge._store.jobs() == []


def test_a_kohya_folder_made_by_hand_trains_on_clean_copies(
    bridge: Bridge, base: Path, tmp_path: Path
) -> None:
    leaf = tmp_path / "mine" / "img" / "5_Bob man"
    leaf.mkdir(parents=True)
    Image.new("RGB", (700, 600), "teal").save(leaf / "a.PNG")
    (leaf / "a.txt").write_text("tags, only", encoding="utf-8")
    done = run(bridge, "train", leaf, "--base", base, "--lora-dir", tmp_path / "L")
    assert done.returncode == 0, done.stderr
    job = json.loads(bridge._store.get(1).spec)
    copies = Path(job["dataset"])
    assert bridge.home.datasets in copies.parents and job["params"]["max_train_steps"] == 5
    assert (copies / "5_Bob man" / "1.txt").read_text(encoding="utf-8").strip() == "tags, only"
    assert sorted(path.name for path in leaf.iterdir()) == ["a.PNG", "a.txt"]


def test_steps_of_ones_own_warm_up_in_proportion(bridge: Bridge, dataset: Path, base: Path) -> None:
    run(bridge, "train", dataset, "--base", base, "--set", "max_train_steps=100", "--detach")
    params = json.loads(bridge._store.get(1).spec)["params"]
    assert (params["max_train_steps"], params["lr_warmup_steps"]) == (100, 5)


def test_a_report_to_paste_names_nobody(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    run(
        bridge,
        "train",
        dataset,
        "--base",
        base,
        "--lora-dir",
        tmp_path / "L",
        "--set",
        "training_comment=crash:3",
    )
    text = run(bridge, "report", 1).stdout
    assert "the moon is in the wrong phase" in text and "network_dim=32" in text
    assert not re.search(r"\bAda\b", text) and str(tmp_path) not in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], 2),
        (["train"], 2),
        (["watch", "9"], 1),
        (["rm", "9"], 1),
        (["check", "none.jpg"], 1),
    ],
)
def test_exit_codes(bridge: Bridge, words: list[str], code: int) -> None:
    done = run_alone(bridge, *words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_doctor_speaks_in_sentences(bridge: Bridge) -> None:
    done = run(bridge, "doctor")
    assert done.returncode == 0 and "Engine sd-scripts is ready." in done.stdout
    findings = json.loads(run(bridge, "doctor", "--json").stdout)
    assert {"home", "sd-scripts", "embedded", "disk", "queue"} <= {
        finding["subject"] for finding in findings
    }


def test_publish_a_finished_lora(bridge: Bridge, tmp_path: Path) -> None:
    lora = headers.write(
        tmp_path / "old.safetensors", headers.lora(), {"ss_output_name": "old", "ss_v2": "False"}
    )
    done = run(bridge, "publish", lora, "--lora-dir", tmp_path / "L", "--name", "Hero")
    assert done.returncode == 0, done.stderr
    assert "<lora:Hero:1>" in done.stdout and (tmp_path / "L" / "Hero.json").is_file()
