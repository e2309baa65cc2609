"""The real kohya-ss sd-scripts on the CPU, from the command line to the card. Minutes, and 6 GB of
memory: opt-in.

SD_SCRIPTS_DIR      a checkout; its environment is found in it, or named by SD_SCRIPTS_PYTHON
SD15_CHECKPOINT     a full-size SD 1.5 file (random weights will do); made here where it isn't named
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.models import lora
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system import process

SCRIPTS = os.environ.get("SD_SCRIPTS_DIR", "")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", "")

pytestmark = [
    pytest.mark.sd_scripts,
    pytest.mark.skipif(
        not SCRIPTS, reason="SD_SCRIPTS_DIR names no checkout of kohya-ss/sd-scripts"
    ),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that `setup --source` has filled."""
    home = Home(tmp_path_factory.mktemp("real") / "ho me")
    words = ["--python", PYTHON] if PYTHON else []
    done = run(home, "setup", "--source", SCRIPTS, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("SD15_CHECKPOINT"):
        return Path(os.environ["SD15_CHECKPOINT"])
    pytest.importorskip("torch")
    from sd_scripts_bridge.engines.embedded.model import tiny

    return tiny.make(tmp_path_factory.mktemp("base") / "random-sd15.safetensors", full_size=True)


@pytest.fixture(scope="module")
def dataset(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    demo_photos.draw(folder / "photos", count=4)
    done = run(
        home,
        "dataset",
        folder / "photos",
        "--name",
        "Ada",
        "--class",
        "woman",
        "--steps",
        12,
        "--out",
        folder / "s",
    )
    assert done.returncode == 0, done.stderr
    return folder / "s"


def run(home: Home, *words: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "sd_scripts_bridge", "--home", str(home.root), *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", check=False)


SMALL = [
    "resolution=64",
    "min_bucket_reso=64",
    "max_bucket_reso=128",
    "network_dim=4",
    "network_alpha=2",
    "save_precision=float",
]


def test_the_catalogue_holds_what_the_scripts_have(home: Home) -> None:
    assert len(catalogue.read(home, "train_network.py")) > 180
    assert len(catalogue.read(home, "sdxl_train_network.py")) > 180


def test_twelve_steps_and_the_card(home: Home, base: Path, dataset: Path, tmp_path: Path) -> None:
    done = run(
        home,
        "train",
        dataset,
        "--base",
        base,
        "--engine",
        "sd-scripts",
        "--lora-dir",
        tmp_path / "Lora",
        "--set",
        *SMALL,
        "save_every_n_steps=6",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (tmp_path / "Lora").iterdir()) == [
        "Ada.json",
        "Ada.png",
        "Ada.safetensors",
    ]
    found = lora.inspect(tmp_path / "Lora" / "Ada.safetensors")
    assert (found.modules, found.text_encoder_modules, found.unet_modules) == (264, 72, 192)
    assert found.metadata["ss_steps"] == "12" and found.metadata["ss_resolution"] == "(64, 64)"
    bridge = Bridge(home)
    job_id = bridge.jobs()[-1].id
    assert [e.event.step for e in bridge.events(job_id) if isinstance(e.event, Progress)][-1] == 12
    report = json.loads(bridge.folder(job_id).report.read_text())
    assert (report["steps"], report["facts"]["modules"]) == (12, 264)


def test_an_option_of_the_scripts_that_we_do_not_name(
    home: Home, base: Path, dataset: Path
) -> None:
    done = run(home, "train", dataset, "--base", base, "--set", *SMALL, "loss_tipe=huber")
    assert done.returncode == 1 and "Did you mean loss_type?" in done.stderr
    done = run(home, "train", dataset, "--base", base, "--set", *SMALL, "loss_type=nonsense")
    assert done.returncode == 1 and "huber" in done.stderr


def test_stop_after_the_next_save_then_resume_to_exactly_the_planned_step(
    home: Home, base: Path, dataset: Path, tmp_path: Path
) -> None:
    done = run(
        home,
        "train",
        dataset,
        "--base",
        base,
        "--engine",
        "sd-scripts",
        "--lora-dir",
        tmp_path / "Lora",
        "--detach",
        "--json",
        "--set",
        *SMALL,
        "save_every_n_steps=4",
    )
    job_id = json.loads(done.stdout)["job"]
    bridge = Bridge(home)
    while not any(isinstance(e.event, Progress) for e in bridge.events(job_id)):
        assert not bridge.job(job_id).status.is_over, bridge.log(job_id)
        time.sleep(0.5)
    assert run(home, "stop", job_id).returncode == 0
    assert run(home, "watch", job_id).returncode == 1
    assert bridge.job(job_id).status is Status.STOPPED and bridge.folder(job_id).states("Ada")
    assert run(home, "resume", job_id).returncode == 0
    assert run(home, "watch", job_id).returncode == 0, bridge.log(job_id)
    steps = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert steps[0] > 4 and steps[-1] == 12
    assert (tmp_path / "Lora" / "Ada.safetensors").is_file()


@pytest.mark.parametrize("accumulation", [1, 2])
def test_a_resume_past_the_first_epoch_ends_at_exactly_the_planned_step(
    accumulation: int, home: Home, base: Path, tmp_path: Path
) -> None:
    """A kohya folder with one repeat: four pictures, so that the 10 steps are three epochs, or
    five.
    """
    torch = pytest.importorskip("torch")
    demo_photos.draw(tmp_path / "img" / "1_Ada woman", count=4)
    done = run(
        home,
        "train",
        tmp_path / "img",
        "--base",
        base,
        "--engine",
        "sd-scripts",
        "--lora-dir",
        tmp_path / "Lora",
        "--detach",
        "--json",
        "--set",
        *SMALL,
        "save_every_n_steps=2",
        "max_train_steps=10",
        f"gradient_accumulation_steps={accumulation}",
    )
    job_id = json.loads(done.stdout)["job"]
    bridge = Bridge(home)
    while not any(
        path.name.startswith("Ada-step00000006") for path in bridge.folder(job_id).states("Ada")
    ):
        assert not bridge.job(job_id).status.is_over, bridge.log(job_id)
        time.sleep(0.2)
    run(home, "stop", job_id, "--now")
    run(home, "watch", job_id)
    came_to = int(bridge.folder(job_id).states("Ada")[-1].name[-14:-6])
    assert 6 <= came_to < 10
    run(home, "resume", job_id)
    assert run(home, "watch", job_id).returncode == 0, bridge.log(job_id)
    steps = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert steps[0] > came_to and steps[-1] == 10
    found = lora.inspect(tmp_path / "Lora" / "Ada.safetensors")
    assert found.metadata["ss_steps"] == "10"
    last = bridge.folder(job_id).states("Ada")[-1]
    assert last.name == "Ada-step00000010-state"
    schedule = torch.load(last / "scheduler.bin", weights_only=False)
    assert schedule["last_epoch"] == 10, "the learning rate went on where it was"


def test_datasets_that_one_folder_cant_say_are_trained_as_sd_scripts_reads_them(
    home: Home, base: Path, tmp_path: Path
) -> None:
    """Own resolutions, batch sizes and captions, one by metadata: five batches an epoch."""
    for name, size in (("ada", (64, 64)), ("more", (128, 64))):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", size, (80 * number, 90, 90)).save(tmp_path / name / f"{number}.png")
            (tmp_path / name / f"{number}.tags").write_text("ada, a park")
    pictures = sorted((tmp_path / "more").glob("*.png"))
    named = {str(path): {"caption": "ada in a park", "tags": "ada"} for path in pictures}
    (tmp_path / "m.json").write_text(json.dumps(named))
    (tmp_path / "data.toml").write_text(
        "[[datasets]]\nresolution = 64\nbatch_size = 2\n"
        '[[datasets.subsets]]\nimage_dir = "ada"\nnum_repeats = 3\n'
        'caption_extension = ".tags"\nkeep_tokens = 1\n'
        "[[datasets]]\nresolution = [128, 64]\n"
        '[[datasets.subsets]]\nmetadata_file = "m.json"\n'
    )
    words = ("train", "--config", tmp_path / "data.toml", "--base", base, "--name", "Ada")
    small = [word for word in SMALL if "reso" not in word]
    values = ("--set", *small, "max_train_epochs=1", "mixed_precision=no")
    done = run(home, *words, "--lora-dir", tmp_path / "Lora", *values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "an epoch has 5 steps" in " ".join(done.stdout.split())
    found = lora.inspect(tmp_path / "Lora" / "Ada.safetensors").metadata
    assert (found["ss_steps"], found["ss_num_batches_per_epoch"]) == ("5", "5")
    first, second = json.loads(found["ss_datasets"])
    assert (first["resolution"], first["batch_size_per_device"]) == ([64, 64], 2)
    assert (second["resolution"], second["batch_size_per_device"]) == ([128, 64], 1)
    assert first["subsets"][0]["keep_tokens"] == 1
    assert second["subsets"][0]["metadata_file"] == "m.json"


def test_two_processes_share_a_training_stop_and_go_on(
    home: Home, base: Path, dataset: Path, tmp_path: Path
) -> None:
    """`accelerate launch` with gloo. Each process holds the base model: 12 GB of memory."""
    done = run(
        home,
        "train",
        dataset,
        "--base",
        base,
        "--lora-dir",
        tmp_path / "Lora",
        "--processes",
        2,
        "--detach",
        "--json",
        "--set",
        *SMALL,
        "save_every_n_steps=2",
        "mixed_precision=no",
    )
    assert done.returncode == 0, done.stderr
    queued = json.loads(done.stdout)
    assert any(
        "2 processes: each step sees 2 pictures, so 6 steps see 12" in note
        for note in queued["notes"]
    )
    bridge, job_id = Bridge(home), queued["job"]
    while not any(isinstance(e.event, Progress) for e in bridge.events(job_id)):
        assert not bridge.job(job_id).status.is_over, bridge.log(job_id)
        time.sleep(0.2)
    cookie = json.loads(bridge._store.get(job_id).process or "")["cookie"]
    assert len(process.with_cookie(cookie)) == 3  # the launcher and its two
    assert run(home, "stop", job_id).returncode == 0
    assert run(home, "watch", job_id).returncode == 1
    assert bridge.job(job_id).status is Status.STOPPED and bridge.folder(job_id).states("Ada")
    assert process.with_cookie(cookie) == []
    assert run(home, "resume", job_id).returncode == 0
    assert run(home, "watch", job_id).returncode == 0, bridge.log(job_id)
    steps = [
        e.event.step
        for e in bridge.events(job_id)
        if e.attempt == 2 and isinstance(e.event, Progress)
    ]
    assert steps[0] > 2 and steps[-1] == 6 and steps == sorted(steps)
    log = bridge.folder(job_id).log.read_text(encoding="utf-8")
    assert (
        "loading model for process 1/2" in log and "batches per epoch / 1epochのバッチ数: 6" in log
    )
    found = lora.inspect(tmp_path / "Lora" / "Ada.safetensors")
    assert (found.modules, found.metadata["ss_steps"]) == (264, "6")


def test_it_draws_samples_from_a_file_that_is_read_anew(
    home: Home, base: Path, dataset: Path, tmp_path: Path
) -> None:
    prompts = tmp_path / "mine.txt"
    prompts.write_text(
        "Ada woman --w 64 --h 64 --d 1 --s 2\nwoman --w 64 --h 64 --d 1 --s 2\n", encoding="utf-8"
    )
    words = ["train", dataset, "--base", base, "--engine", "sd-scripts", "--lora-dir", tmp_path]
    more = ["--set", *SMALL, "max_train_steps=2", "save_every_n_steps=1", "--name", "Samples"]
    done = run(home, *words, "--sample-prompts", prompts, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sample pictures: 2 prompts before the first step and every 1 step," in done.stdout
    bridge = Bridge(home)
    number = max(row.id for row in bridge.jobs())
    told = json.loads(run(home, "jobs", number, "--json").stdout)["strip"]
    assert (told["steps"], told["prompts"]) == ([0, 1, 2], ["Ada woman", "woman"])
    assert all(Path(cell).is_file() for row in told["pictures"] for cell in row)
    assert told["others"] == [1]


def test_the_photo_that_is_held_out_measures_every_save(
    home: Home, base: Path, tmp_path: Path
) -> None:
    """Eight photos: seven are trained, and a job of ours measures on the eighth afterwards."""
    demo_photos.draw(tmp_path / "photos", count=8)
    named = ["--name", "Ada", "--class", "woman", "--steps", 8, "--out", tmp_path / "set"]
    assert run(home, "dataset", tmp_path / "photos", *named).returncode == 0
    prompts = tmp_path / "mine.txt"
    prompts.write_text("Ada woman --w 64 --h 64 --d 1 --s 2\n", encoding="utf-8")
    words = ["train", tmp_path / "set", "--base", base, "--engine", "sd-scripts"]
    where = ["--lora-dir", tmp_path / "Lora", "--sample-prompts", prompts]
    values = ["--set", *SMALL, "max_train_steps=8", "save_every_n_steps=4"]
    done = run(home, *words, *where, *values)
    assert done.returncode == 0, done.stdout + done.stderr
    bridge = Bridge(home)
    number = max(row.id for row in bridge.jobs() if row.kind == "train")
    follow_up = max(row.id for row in bridge.jobs())
    assert f"Job {follow_up} measures the saved steps" in " ".join(done.stdout.split())
    assert run(home, "watch", follow_up).returncode == 0, bridge.log(follow_up)
    told = json.loads(run(home, "result", number, "--json").stdout)
    assert [save["step"] for save in told["best"]["curve"]] == told["strip"]["steps"] == [0, 4, 8]
    assert all(save["held_out"] > 0 and save["error"] > 0 for save in told["best"]["curve"])
    assert lora.inspect(Path(told["file"])).metadata["ss_num_train_images"] == "7"
