"""A real Ray on this machine: a small model is trained there with the embedded engine, and the LoRA
comes back.

RAY_PYTHON      a Python with ray[default], torch, diffusers and transformers; not named: the one
that runs the tests
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cluster.ray_jobs import RayJobs, Unreachable
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.jobs.cluster import Cluster
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.models import lora
from sd_scripts_bridge.planning.request import Request
from tests.support.supervisor import wait, wait_over

PYTHON = os.environ.get("RAY_PYTHON") or sys.executable
_NEEDED = ("ray", "aiohttp_cors", "torch", "diffusers", "transformers")
_LOOK = (
    "import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, "
    f"{_NEEDED})))"
)

pytestmark = [
    pytest.mark.skipif(
        subprocess.run([PYTHON, "-c", _LOOK], check=False).returncode != 0,
        reason="RAY_PYTHON names no Python with ray[default], torch, diffusers and transformers",
    ),
    pytest.mark.skipif(os.name == "nt", reason="Ray's clusters run on POSIX"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A head node of its own; its temporary folder has a short name, for Ray's sockets."""
    ports = [_free_port() for _ in range(3)]
    tmp = tmp_path_factory.mktemp("r")
    env = {
        **os.environ,
        "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    words = [
        "--head",
        "--block",
        "--num-cpus=2",
        "--num-gpus=0",
        "--object-store-memory=100000000",
        f"--temp-dir={tmp}",
        "--node-ip-address=127.0.0.1",
        "--include-dashboard=true",
        "--dashboard-host=127.0.0.1",
        f"--port={ports[0]}",
        f"--dashboard-port={ports[1]}",
        f"--ray-client-server-port={ports[2]}",
    ]
    with (tmp / "ray.log").open("wb") as log:
        argv = [PYTHON, "-m", "ray.scripts.scripts", "start", *words]
        head = subprocess.Popen(
            argv, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    found = f"http://127.0.0.1:{ports[1]}"
    try:
        _wait_for(found, head, tmp / "ray.log")
        yield found
    finally:
        head.send_signal(signal.SIGTERM)  # with --block it ends its processes
        try:
            head.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(head.pid, signal.SIGKILL)


def _wait_for(address: str, head: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            RayJobs(address).gpus()
            return
        except Unreachable:
            assert head.poll() is None and time.monotonic() < deadline, log.read_text(
                encoding="utf-8", errors="replace"
            )
            time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def request_there(bridge: Bridge, address: str, tmp_path: Path) -> Request:
    pytest.importorskip("torch")
    from sd_scripts_bridge.engines.embedded.model import tiny

    demo_photos.draw(tmp_path / "photos", count=4)
    bridge.write_dataset([tmp_path / "photos"], "Ada", "woman", 24, tmp_path / "set")
    base = tiny.make(tmp_path / "tiny.safetensors")
    return Request(
        tmp_path / "set",
        base,
        values={"resolution": "64"},
        lora_dir=tmp_path / "Lora",
        on=Cluster(address),
    )


def test_a_lora_from_a_real_ray(bridge: Bridge, request_there: Request, tmp_path: Path) -> None:
    submitted = bridge.submit(request_there)
    assert submitted.job.engine == "embedded" and submitted.job.params.max_train_steps == 24
    row = wait(bridge, submitted.id, lambda row: row.status.is_over, seconds=240)
    assert row.status is Status.SUCCEEDED, "\n".join(bridge.log(submitted.id, 100))
    found = lora.inspect(tmp_path / "Lora" / "Ada.safetensors")
    assert found.metadata["ss_steps"] == "24" and found.text_encoder_modules and found.unet_modules
    assert (tmp_path / "Lora" / "Ada.json").is_file()


def test_stop_reaches_a_real_ray(bridge: Bridge, request_there: Request, address: str) -> None:
    from dataclasses import replace

    job_id = bridge.submit(
        replace(request_there, values={"resolution": "64", "max_train_steps": "100000"})
    ).id
    wait(
        bridge,
        job_id,
        lambda _: any(isinstance(e.event, Progress) for e in bridge.events(job_id)),
        seconds=120,
    )
    bridge.stop(job_id)
    assert wait_over(bridge, job_id).sentence == "Stopped, here and on the cluster."
    there = RayJobs(address)._ask("GET", "/api/jobs/").read().decode()
    assert '"STOPPED"' in there and '"RUNNING"' not in there
