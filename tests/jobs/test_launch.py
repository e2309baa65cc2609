"""More than one process: what the launcher is told, which GPUs a job holds, and real launchers
with a fake training.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets import writer as dataset_writer
from sd_scripts_bridge.engines.sd_scripts import SdScriptsEngine, launching
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import export, imports
from sd_scripts_bridge.exchange.kohya_gui.keys import FORM, LAUNCHER
from sd_scripts_bridge.exchange.scripts.command_words import read
from sd_scripts_bridge.exchange.settling.imported import Fate
from sd_scripts_bridge.jobs import launch
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, TrainingJob, job_from_dict
from sd_scripts_bridge.jobs.launch import Launch
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.models import checkpoint
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request
from sd_scripts_bridge.running.attempt import Attempt
from tests.conftest import FAKE_SCRIPTS
from tests.support import model_headers as headers
from tests.support.supervisor import submit, survivors, wait_over, wait_step

MakeJob = Callable[..., TrainingJob]
has_accelerate = pytest.mark.skipif(
    importlib.util.find_spec("accelerate") is None, reason="accelerate is not installed here"
)


@st.composite
def launches(draw: st.DrawFn) -> Launch:
    machines, here = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    if machines * here == 1:
        here = 2
    more = machines > 1
    gpus = draw(st.none() | st.permutations(range(8)))
    return Launch(
        machines * here,
        machines,
        draw(st.integers(0, machines - 1)) if more else 0,
        draw(st.sampled_from(["10.0.0.1", "node-1.lan"])) if more else None,
        draw(st.integers(1, 65535)) if more else draw(st.none() | st.integers(1, 65535)),
        tuple(gpus[:here]) if gpus else (),
        draw(st.none() | st.integers(1, 64)),
    )


@given(launches())
def test_the_words_for_accelerate_come_back(wanted: Launch) -> None:
    assert wanted.problems() == []
    given_words, stray = read(wanted.words("bf16"))
    assert not stray
    assert launch.read({item.option: item.value for item in given_words}) == (wanted, {})


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (Launch(1), "processes"),
        (Launch(3, machines=2, main_process_ip="a", main_process_port=1), "shared evenly"),
        (Launch(2, machines=2, machine_rank=2, main_process_ip="a", main_process_port=1), "0 to 1"),
        (Launch(2, machines=2), "--main-process-ip"),
        (Launch(2, gpu_ids=(0,)), "1 GPU, and 2 processes"),
        (Launch(2, gpu_ids=(1, 1)), "1 GPU, and 2 processes"),
        (Launch(2, main_process_ip="10.0.0.1; rm -rf"), "is not an address"),
        (Launch(2, main_process_port=70000), "70000"),
    ],
)
def test_what_the_launcher_would_hang_on_is_refused(wrong: Launch, word: str) -> None:
    assert word in " ".join(map(str, wrong.problems()))


def test_a_job_of_an_older_version_is_one_process(make_job: MakeJob) -> None:
    data = json.loads(json.dumps(make_job().as_dict()))
    del data["launch"]
    assert job_from_dict(data) == make_job()
    several = make_job().evolve(launch=Launch(4, 2, 1, "10.0.0.1", 29500, (2, 3)))
    assert job_from_dict(json.loads(json.dumps(several.as_dict()))) == several
    assert (several.device, several.pictures_a_step, several.saves_states) == ("2,3", 4, False)


@pytest.mark.parametrize(
    "wrong", [{"processes": "2"}, {"gpu_ids": ["0"]}, {"main_process_ip": 7}, {"machines": True}]
)
def test_a_launch_that_somebody_has_spoilt_is_refused_with_a_sentence(
    make_job: MakeJob, wrong: dict[str, object]
) -> None:
    data = json.loads(json.dumps(make_job().evolve(launch=Launch(2)).as_dict()))
    data["launch"] |= wrong
    with pytest.raises(Invalid, match=rf"launch\.{next(iter(wrong))}"):
        job_from_dict(data)


def test_the_command_holds_a_free_port_and_the_gpus(home: Home, make_job: MakeJob) -> None:
    installation.write(home, installation.Installation("/s", "/p/python", facts={"device": "cuda"}))
    job = make_job().evolve(launch=Launch(2, gpu_ids=(1, 3)))
    argv = SdScriptsEngine(home).command(job, JobFolder(home.jobs / "000001").create()).argv
    assert argv[:4] == ("/p/python", "-u", "-m", "accelerate.commands.launch")
    assert (
        argv[argv.index("--gpu_ids") + 1] == "1,3"
        and int(argv[argv.index("--main_process_port") + 1]) > 0
    )
    assert [word for word in argv if word.endswith(".py")] == [str(Path("/s") / "train_network.py")]


def test_deepspeed_needs_processes_and_its_package(home: Home, make_job: MakeJob) -> None:
    engine = SdScriptsEngine(home)
    job = make_job()
    job = job.evolve(params=job.params.__class__(extra={"deepspeed": True}))
    assert "--processes" in " ".join(map(str, engine.refuse(job)))
    assert not job.saves_states


# ---- from elsewhere and back ----


@pytest.mark.parametrize(
    ("form", "file"), [("sh", "train.sh"), ("sh", "train.bat"), ("kohya", "Ada.json")]
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(wanted=launches())
def test_an_exported_job_keeps_its_processes(
    form: str, file: str, wanted: Launch, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job().evolve(launch=wanted)
    export.export(job, form, tmp_path, export.InstalledScripts(tmp_path / "no tokenizers"))
    imported = imports.read(tmp_path / file)
    assert imported.launch == wanted
    assert imported.settled(1)["max_train_steps"] == job.params.max_train_steps
    assert all("accelerate" not in row.why for row in imported.rows)


def test_a_toml_says_where_the_processes_went(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job().evolve(launch=Launch(2))
    Image.new("RGB", (64, 64)).save(Path(job.dataset) / "2_Ada woman" / "1.png")
    done = export.export(
        job, "toml", tmp_path / "out", export.InstalledScripts(tmp_path / "no tokenizers")
    )
    assert any("--num_processes 2" in note for note in done.notes) and any(
        "can't hold them" in note for note in done.notes
    )


def test_a_form_of_kohya_for_two_gpus(tmp_path: Path) -> None:
    form = {
        **FORM,
        **LAUNCHER,
        "num_processes": 2,
        "multi_gpu": True,
        "gpu_ids": "0,1",
        "epoch": 2,
        "max_train_steps": 0,
        "dynamo_backend": "inductor",
        "extra_accelerate_launch_args": "--enable_cpu_affinity",
    }
    (tmp_path / "form.json").write_text(json.dumps(form), encoding="utf-8")
    imported = imports.read(tmp_path / "form.json")
    assert imported.launch == Launch(2, gpu_ids=(0, 1), num_cpu_threads_per_process=2)
    rows = {row.key: row for row in imported.rows}
    assert rows["num_processes"].fate is rows["gpu_ids"].fate is Fate.USED
    assert "torch_compile" in rows["dynamo_backend"].why
    assert rows["extra_accelerate_launch_args --enable_cpu_affinity"].fate is Fate.IGNORED
    assert imported.settled(30)["max_train_steps"] == 60  # as the form itself counts
    form |= {"num_processes": 3}
    (tmp_path / "form.json").write_text(json.dumps(form), encoding="utf-8")
    imported = imports.read(tmp_path / "form.json")
    assert (
        imported.launch is None
        and "2 GPUs, and 3 processes" in {r.key: r for r in imported.rows}["num_processes"].why
    )


def test_epochs_of_a_script_are_shared_by_its_processes(tmp_path: Path) -> None:
    script = tmp_path / "train.sh"
    script.write_text(
        "accelerate launch --num_processes=2 --num_machines 1 sd-scripts/train_network.py "
        "--max_train_epochs 2\n"
    )
    imported = imports.read(script)
    assert imported.launch == Launch(2) and imported.settled(30)["max_train_steps"] == 30


# ---- the sum ----


def test_each_step_sees_every_process_pictures(bridge: Bridge, tmp_path: Path) -> None:
    folder = tmp_path / "img" / "10_Ada woman"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.png").write_bytes(b"")
    base = headers.full_size_sd15(tmp_path / "base.safetensors")
    data, found = _open(tmp_path / "img", base)
    request = Request(tmp_path / "img", base, values={"lr_warmup_steps": "4"}, launch=Launch(4))
    job, notes, _ = bridge.draft_job(request, data, found)
    assert job.params.max_train_steps == 8  # 30 pictures, 4 a step
    text = " ".join(notes)
    assert "4 processes: each step sees 4 pictures, so 8 steps see 32 (one epoch is 30)" in text
    assert "4 warm up over 1 steps" in text
    assert bridge.draft_job(Request(tmp_path / "img", base, gpu=1, launch=Launch(2)), data, found)[
        2
    ]


def _open(folder: Path, base: Path) -> tuple[dataset_writer.Dataset, checkpoint.Base]:
    return dataset_writer.open_dataset(folder), checkpoint.read(base)


# ---- the GPUs ----


def test_gpus_in_common_are_never_used_twice_and_nobody_starves(
    home: Home, make_job: MakeJob
) -> None:
    store = Store(home.database)
    on = {0: make_job(), 1: make_job().evolve(gpu=1)}
    both = make_job().evolve(launch=Launch(2))
    first, second = store.add(on[0]), store.add(both)
    third, fourth = store.add(on[1]), store.add(on[0])
    row = store.claim()
    assert row and row.id == first
    assert store.claim() is None  # GPU 1 is free, but the older job on both GPUs has its turn first
    assert store.move(first, Status.SUCCEEDED, of=[Status.RUNNING], attempt=1)
    row = store.claim()
    assert row and row.id == second and store.claim() is None
    with (
        sqlite3.connect(store.path) as db,
        pytest.raises(sqlite3.IntegrityError, match="the card is taken"),
    ):
        db.execute("UPDATE jobs SET status = 'running' WHERE id = ?", (third,))
    db.close()
    assert store.move(second, Status.SUCCEEDED, of=[Status.RUNNING], attempt=1)
    assert {store.claim().id, store.claim().id} == {third, fourth}  # type: ignore[union-attr]


def test_a_job_on_another_pair_of_gpus_runs_beside(home: Home, make_job: MakeJob) -> None:
    store = Store(home.database)
    for gpus in ((0, 1), (2, 3), (1, 2)):
        store.add(make_job().evolve(launch=Launch(2, gpu_ids=gpus)))
    assert [row.id if (row := store.claim()) else None for _ in range(3)] == [1, 2, None]


# ---- a real launcher ----


@pytest.fixture
def several(make_job: MakeJob) -> Callable[..., TrainingJob]:
    return lambda act: make_job(act).evolve(launch=Launch(2))


@has_accelerate
def test_two_processes_train_one_lora(bridge: Bridge, several: MakeJob) -> None:
    job_id = submit(bridge, several("slow"))
    later = submit(bridge, several("").evolve(launch=None, gpu=1))  # GPU 1 is one of the two
    row = wait_over(bridge, job_id)
    assert row.status is Status.SUCCEEDED, row.sentence
    steps = [e.event.step for e in bridge.events(job_id) if isinstance(e.event, Progress)]
    assert steps == sorted(set(steps)) and steps[-1] == 20
    second = wait_over(bridge, later)
    assert second.started and row.finished and second.started >= row.finished


@has_accelerate
def test_stopping_the_launcher_leaves_no_process(bridge: Bridge, several: MakeJob) -> None:
    job_id = submit(bridge, several("hold"))
    wait_step(bridge, job_id, 10)
    assert len(survivors(bridge, job_id)) == 3
    bridge.stop(job_id, now=True)
    assert wait_over(bridge, job_id).status is Status.STOPPED
    assert survivors(bridge, job_id) == []


@has_accelerate
def test_a_process_that_dies_is_told_in_its_own_words(bridge: Bridge, several: MakeJob) -> None:
    row = wait_over(bridge, submit(bridge, several("crash:3")))
    assert (
        row.status is Status.FAILED and "ValueError: the moon is in the wrong phase" in row.sentence
    )


@has_accelerate
def test_a_process_that_is_killed_is_no_riddle(bridge: Bridge, several: MakeJob) -> None:
    killed = submit(bridge, several("kill:3"))
    row = wait_over(bridge, killed)
    assert "SIGKILL" in row.sentence and survivors(bridge, killed) == []


@has_accelerate
def test_two_machines_train_one_lora(bridge: Bridge, several: MakeJob, tmp_path: Path) -> None:
    """Two homes on this machine, each with a supervisor and a launcher of its own; the launchers
    find each other.
    """
    second = Home(tmp_path / "machine 1").create()
    installation.write(second, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    other, port = Bridge(second), launching._free_port()

    def part(rank: int) -> TrainingJob:
        return several("slow").evolve(launch=Launch(2, 2, rank, "127.0.0.1", port))

    late = submit(other, part(1))
    first = submit(bridge, part(0))
    row = wait_over(bridge, first)
    assert row.status is Status.SUCCEEDED and row.sentence.startswith("Ada.safetensors is in"), (
        bridge.log(first)
    )
    row = wait_over(other, late)
    assert (
        row.status is Status.SUCCEEDED
        and row.sentence == "Machine 1 has done its part; the LoRA is on machine 0."
    )
    assert not bridge.folder(first).states("Ada"), "no other machine could go on from one"


def test_the_machine_that_saves_nothing_has_done_its_part(
    bridge: Bridge, make_job: MakeJob
) -> None:
    """Machine 1 of 2: its script ends without a LoRA, and that is right."""
    job = make_job("nothing").evolve(launch=Launch(2, 2, 1, "127.0.0.1", 29500))

    bridge._store.add(job)
    row = bridge._store.claim()
    assert row
    attempt = Attempt(bridge.home, bridge._store, row)
    attempt._prepare()
    status, sentence = attempt._verdict(0)
    assert status is Status.SUCCEEDED and "machine 0" in sentence
