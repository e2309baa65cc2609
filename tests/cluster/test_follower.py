"""Training on a cluster: the real programs on both sides, Ray's dashboard between them a fake.

POSIX, as clusters are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cluster import parcel
from sd_scripts_bridge.cluster.protocol import heard
from sd_scripts_bridge.cluster.ray_jobs import RayJobs, RayRefused, Unreachable
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.errors import BridgeError, Conflict, Invalid
from sd_scripts_bridge.jobs.cluster import Cluster, address
from sd_scripts_bridge.jobs.events import Note, Progress, Started
from sd_scripts_bridge.jobs.job import Status, TrainingJob, job_from_dict
from sd_scripts_bridge.jobs.launch import Launch
from sd_scripts_bridge.models import lora
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request
from sd_scripts_bridge.system.locks import is_held
from tests.support import model_headers as headers
from tests.support.fake_ray import FakeRay
from tests.support.supervisor import wait, wait_over, wait_step

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake cluster runs on POSIX")


@pytest.fixture
def ray(tmp_path: Path) -> Iterator[FakeRay]:
    cluster = FakeRay(tmp_path / "ray")
    yield cluster
    cluster.close()


@pytest.fixture
def there(tmp_path: Path) -> Home:
    """The cluster's own home: sd-scripts (the fake) is set up there, not here."""
    home = Home(tmp_path / "home there").create()
    installation.write(
        home,
        installation.Installation(
            str(Path(__file__).parents[1] / "fake_sd_scripts"), sys.executable
        ),
    )
    return home


@pytest.fixture
def bridge(home: Home) -> Bridge:
    """Nothing is set up here."""
    return Bridge(home)


@pytest.fixture
def ask(bridge: Bridge, ray: FakeRay, there: Home, tmp_path: Path) -> Callable[..., Request]:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        Image.effect_noise((600, 600), 80 + number).convert("RGB").save(photos / f"{number}.png")
    bridge.write_dataset([photos], "Ada", "woman", 30, tmp_path / "set")
    (tmp_path / "there").mkdir()
    base = headers.full_size_sd15(tmp_path / "there" / "sd15.safetensors")

    def make(act: str = "", **more: Any) -> Request:
        values = {"training_comment": act, "save_every_n_steps": "5", "max_train_steps": "20"}
        on = Cluster(ray.address, str(base), str(there.root))
        wanted: dict[str, Any] = {
            "dataset": tmp_path / "set",
            "base": base,
            "values": values,
            "lora_dir": tmp_path / "Lora",
            "on": on,
        }
        return Request(**{**wanted, **more})

    return make


# ---- the whole way ----


def test_the_lora_comes_back_with_its_card(
    bridge: Bridge, ray: FakeRay, ask: Callable[..., Request], tmp_path: Path
) -> None:
    submitted = bridge.submit(ask("slow"))
    assert submitted.job.engine == "sd-scripts" and submitted.job.device == ray.address
    assert "On the Ray cluster" in submitted.notes[0]
    uploads = ray.uploads
    row = wait_over(bridge, submitted.id)
    assert row.status is Status.SUCCEEDED, bridge.log(submitted.id)
    assert ray.uploads == uploads, "what the cluster has already is not sent again"
    assert sorted(path.name for path in (tmp_path / "Lora").iterdir()) == [
        "Ada.json",
        "Ada.png",
        "Ada.safetensors",
    ]
    assert lora.inspect(tmp_path / "Lora" / "Ada.safetensors").modules == 2
    steps = [
        entry.event for entry in bridge.events(submitted.id) if isinstance(entry.event, Progress)
    ]
    assert steps[-1].step == 20 and all(event.total == 20 for event in steps)
    assert "model saved." not in "".join(bridge.log(submitted.id, 500)), (
        "only a failure brings the trainer's log"
    )
    assert not list(ray.root.glob("packages/*/run-*")), (
        "nothing stays there but the LoRA's copy below Ray's logs"
    )


@pytest.mark.parametrize("now", [False, True])
def test_stop_ends_the_training_on_the_cluster(
    now: bool, bridge: Bridge, ray: FakeRay, ask: Callable[..., Request]
) -> None:
    job_id = bridge.submit(ask("hold children")).id
    wait_step(bridge, job_id, 1)
    tree = psutil.Process(list(ray.jobs.values())[-1][0].pid).children(recursive=True)
    assert len(tree) >= 3
    with pytest.raises(Conflict, match="this machine's GPU is free"):
        bridge.pause(job_id)
    assert "on the cluster" in bridge.stop(job_id, now=now)
    row = wait_over(bridge, job_id)
    assert (row.status, row.sentence) == (Status.STOPPED, "Stopped, here and on the cluster.")
    assert ray.statuses()[-1] == "STOPPED" and not [
        one for one in tree if one.is_running() and one.status() != "zombie"
    ]


def test_a_failure_there_is_told_here(bridge: Bridge, ask: Callable[..., Request]) -> None:
    job_id = bridge.submit(ask("crash:3")).id
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED
    assert "the moon is in the wrong phase" in row.sentence
    assert any("Traceback" in line for line in bridge.log(job_id, 200))


def test_a_training_goes_on_without_us_and_is_found_again(
    bridge: Bridge, ray: FakeRay, ask: Callable[..., Request]
) -> None:
    job_id = bridge.submit(ask("hold")).id
    wait_step(bridge, job_id, 1)
    follower = next(e.event.pid for e in bridge.events(job_id) if isinstance(e.event, Started))
    psutil.Process(psutil.Process(follower).ppid()).send_signal(signal.SIGKILL)
    while is_held(bridge.home.supervisor_lock):
        time.sleep(0.05)
    assert bridge.job(job_id).status is Status.LOST
    assert ray.statuses()[-1] == "RUNNING"
    assert "looked up on the cluster" in bridge.resume(job_id)
    wait(
        bridge, job_id, lambda _: any("Found again" in str(e.event) for e in bridge.events(job_id))
    )
    _go(ray)
    row = wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over)
    assert row.status is Status.SUCCEEDED, row.sentence
    assert len(ray.jobs) == 2, "the question, and one training"


def test_a_cluster_may_fall_silent_for_a_while(
    bridge: Bridge, ray: FakeRay, ask: Callable[..., Request]
) -> None:
    job_id = bridge.submit(ask("hold")).id
    wait_step(bridge, job_id, 1)
    ray.silence()
    wait(
        bridge,
        job_id,
        lambda _: any("doesn't answer" in str(e.event) for e in bridge.events(job_id)),
    )
    _go(ray)
    ray.open()
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED
    notes = [e.event.text for e in bridge.events(job_id) if isinstance(e.event, Note)]
    assert "The cluster answers again." in notes


def test_a_lora_that_arrives_damaged_is_not_published_and_fetched_again(
    bridge: Bridge, ray: FakeRay, ask: Callable[..., Request], tmp_path: Path
) -> None:
    ray.spoil = True
    job_id = bridge.submit(ask()).id
    row = wait_over(bridge, job_id)
    assert (
        row.status is Status.FAILED
        and "arrived damaged" in row.sentence
        and not (tmp_path / "Lora").exists()
    )
    ray.spoil = False
    bridge.resume(job_id)
    assert (
        wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over).status
        is Status.SUCCEEDED
    )
    assert len(ray.jobs) == 2


def _go(ray: FakeRay) -> None:
    """Let the fake training past step 10."""
    for output in ray.root.glob("packages/*/run-*/home/jobs/*/output"):
        (output / "go").touch()


# ---- before the start ----


def test_what_is_wrong_there_is_told_before_anything_is_queued(
    bridge: Bridge, ray: FakeRay, there: Home, ask: Callable[..., Request], tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="No such file"):
        bridge.submit(ask(on=Cluster(ray.address, "/no/base.safetensors", str(there.root))))
    with pytest.raises(Invalid, match="is not a folder on the cluster"):
        bridge.submit(
            ask(on=Cluster(ray.address, str(tmp_path / "there" / "sd15.safetensors"), "/no/home"))
        )
    with pytest.raises(Invalid, match="network_dim: 0 is outside"):
        bridge.submit(ask(values={"network_dim": "0"}))
    with pytest.raises(Invalid, match=r"(?s)name.*gpu: is a GPU of this machine"):
        bridge.submit(ask(name="../../elsewhere", gpu=1))
    with pytest.raises(Invalid, match="isn't sent to a cluster"):
        bridge.submit(ask(values={"wandb_api_key": "s3cret"}))
    with pytest.raises(Invalid, match="0 GPUs, and 4 are wanted"):
        bridge.submit(ask(on=Cluster(ray.address, gpus=4)))
    with pytest.raises(Invalid, match=r"too much to send.*--on-base"):
        bridge.submit(ask(on=Cluster(ray.address, home=str(there.root))))
    with pytest.raises(BridgeError, match=r"No Ray cluster answers at http://127.0.0.1:1:"):
        bridge.submit(ask(on=Cluster("http://127.0.0.1:1")))
    with pytest.raises(Invalid, match="nothing is sent here"):
        bridge.dry_run(ask())
    assert bridge.jobs() == []


def test_the_command_line_names_the_cluster(bridge: Bridge, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        argv = [
            sys.executable,
            "-m",
            "sd_scripts_bridge",
            "--home",
            str(bridge.home.root),
            "train",
            str(tmp_path),
            *words,
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        return done.stderr

    assert "No Ray cluster answers at http://127.0.0.1:1:" in said(
        "--on", "ray://127.0.0.1:1", "--on-base", "/m/x"
    )
    assert "is not the address of a Ray cluster" in said("--on", "nonsense", "--on-base", "/m/x")
    assert "--on-gpus is for a cluster" in said("--base", "x.safetensors", "--on-gpus", "2")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ray://head", "http://head:8265"),
        ("ray://head:10001", "http://head:8265"),
        ("ray://10.0.0.7:8299", "http://10.0.0.7:8299"),
        ("ray://[::1]:10001", "http://[::1]:8265"),
        ("http://head:8265/", "http://head:8265"),
        ("https://ray.example.org/team", "https://ray.example.org/team"),
    ],
)
def test_addresses(text: str, meant: str) -> None:
    assert address(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "head",
        "ray://",
        "ray://a b",
        "ftp://head",
        "ray://head:99999",
        "ray://head:x",
        "ray://a,b",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Invalid, match="is not the address of a Ray cluster"):
        address(text)


def test_another_program_at_that_port_is_not_taken_for_ray(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "answer", lambda *_: (200, b"<html>hello</html>"))
    with pytest.raises(RayRefused, match="not as Ray's dashboard does"):
        RayJobs(ray.address).version()
    monkeypatch.setattr(ray, "answer", lambda *_: (401, b"log in first"))
    with pytest.raises(RayRefused, match=r"refused /api/version \(401\): log in first"):
        RayJobs(ray.address).version()
    ray.silence()
    with pytest.raises(Unreachable):
        RayJobs(ray.address).version()
    ray.open()


def test_headers_for_a_cluster_behind_a_login(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_JOB_HEADERS", "no json")
    with pytest.raises(BridgeError, match="RAY_JOB_HEADERS is not a JSON"):
        RayJobs(ray.address).version()


# ---- its parts ----


def test_many_photos_travel_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray: FakeRay
) -> None:
    monkeypatch.setattr(parcel, "PART_BYTES", 1000)
    img, reg = tmp_path / "a" / "img" / "2_Ada woman", tmp_path / "a" / "reg" / "1_woman"
    for folder, count in ((img, 5), (reg, 2)):
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"{number}.png").write_bytes(bytes([number]) * 600)
    (img / "0_sd.npz").write_bytes(b"a cache")
    environment = parcel.send(RayJobs(ray.address), img.parent, None)
    assert len(environment["py_modules"]) == 7
    out = parcel.unpack(
        [str(ray.unpacked(part)) for part in environment["py_modules"]], tmp_path / "out"
    )
    found = {path.relative_to(out).as_posix(): path.read_bytes()[:1] for path in out.rglob("*.*")}
    assert found == {
        **{f"img/2_Ada woman/{n}.png": bytes([n]) for n in range(5)},
        "reg/1_woman/0.png": b"\0",
        "reg/1_woman/1.png": b"\1",
    }
    again = parcel.send(RayJobs(ray.address), img.parent, None)
    assert again == environment and ray.uploads == 8


def test_lines_of_ours_among_others() -> None:
    assert heard('(pid=3) LORA-BRIDGE {"failed": "x"}') == {"failed": "x"}
    assert (
        heard("something else") is None
        and heard('LORA-BRIDGE {"fai') is None
        and heard("LORA-BRIDGE 3") is None
    )


def test_a_job_for_a_cluster_comes_back_as_it_was(make_job: Callable[..., TrainingJob]) -> None:
    job = make_job().evolve(on=Cluster("http://h:8265", "/b", None, 2), launch=Launch(2))
    assert job_from_dict(json.loads(json.dumps(job.as_dict()))) == job
    assert not job.saves_states
