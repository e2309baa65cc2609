"""``python -m sd_scripts_bridge.cluster.entry ask|train``: the program that runs on the cluster.
It trains as anywhere else, in a home of its own, and says in marked lines what happens.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BridgeError, Invalid, Problem
from ..paths import Home
from . import parcel
from .protocol import ASK, say
from .ray_jobs import sha256

if TYPE_CHECKING:
    from ..jobs.events import Event
    from ..jobs.store import Store
    from ..options.params import TrainingParams

LOOK_SECONDS = 0.3
PROGRESS_SECONDS = 2.0
DELIVERED = "lora-bridge"
"""The folder below Ray's logs in which a LoRA lies for fetching."""
KEPT_SECONDS = 24 * 3600.0
LOG_LINES = 60
NEEDED = "filelock numpy pillow psutil safetensors tokenizers"


def main() -> int:
    what, ask = sys.argv[1], json.loads(os.environ[ASK])
    work = Path.cwd() / f"run-{ask['id']}"
    try:
        return WORK[what](ask, work)
    except Invalid as error:
        say({"problems": [problem.as_dict() for problem in error.problems]})
    except ImportError as error:
        lacks = Problem(
            "cluster.lacks",
            "on",
            "the cluster's Python ({python}) lacks {module}",
            "Install there: pip install {packages}",
            python=sys.executable,
            module=error.name,
            packages=NEEDED,
        )
        say({"problems": [lacks.as_dict()]})
    except (BridgeError, OSError) as error:
        said = error.message if isinstance(error, BridgeError) else str(error)
        say({"problems": [Problem("cluster.failed", "", "{said}", said=said).as_dict()]})
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 1


def answer(ask: Mapping[str, Any], work: Path) -> int:
    """Say which job this machine would run."""
    from ..jobs.launch import Launch
    from ..planning.planner import Planner
    from ..planning.request import Request

    sent, preset = parcel.unpack(sys.path, work / "sent"), ask["preset"]
    if ask["preset_text"] is not None:
        preset = str(work / Path(preset).name)
        Path(preset).write_text(ask["preset_text"], encoding="utf-8")
    launch = Launch.from_dict(ask["launch"]) if ask["launch"] else None
    request = Request(
        sent / "img",
        _base(ask, sent),
        ask["engine"],
        preset,
        ask["values"],
        name=ask["name"],
        launch=launch,
        file_values=ask.get("file_values", {}),
    )
    job, notes, _ = Planner(_home(ask, work, sent)).dry_run(request)
    say({"job": job.as_dict(), "notes": notes})
    return 0


def train(ask: Mapping[str, Any], work: Path) -> int:
    """Train the job, say what happens, and lay the LoRA out for fetching."""
    from ..jobs.job import Status, TrainingJob, job_from_dict
    from ..jobs.store import Store
    from ..running import supervisor

    sent = parcel.unpack(sys.path, work / "sent")
    home = _home(ask, work, sent)
    job = job_from_dict(ask["job"])
    assert isinstance(job, TrainingJob)
    job = job.evolve(
        dataset=str(sent / "img"),
        base=str(_base(ask, sent)),
        lora_dir=None,
        on=None,
        launch=_on_our_gpus(job),
        params=_without_samples(job.params),
    )
    store = Store(home.database, home.jobs)
    job_id = store.add(job)
    signal.signal(signal.SIGTERM, lambda *_: store.ask_to_stop(job_id, "now"))
    threading.Thread(target=supervisor.drain, args=(home,), daemon=True).start()
    published = _follow(store, job_id)
    row = store.get(job_id)
    if row.status is Status.SUCCEEDED and published is not None:
        say({"lora": _lay_out(published, str(ask["id"]))})
        return 0
    from ..jobs.folder import JobFolder
    from ..running.log_tail import last_lines

    for line in last_lines(JobFolder.of(home, job_id).log, LOG_LINES):
        print(line)  # noqa: T201
    say({"failed": row.sentence})
    return 1


def _without_samples(params: TrainingParams) -> TrainingParams:
    """Sample pictures stay on the cluster, where nobody sees them;
    only what was asked for is drawn.
    """
    return replace(params, extra={"sample_every_n_steps": 0, **params.extra})


WORK: Mapping[str, Callable[[Mapping[str, Any], Path], int]] = {"ask": answer, "train": train}


# ---- its parts ----


def _home(ask: Mapping[str, Any], work: Path, sent: Path) -> Home:
    """A home for this run alone, with what `setup` has found out on this machine."""
    source = Home.resolve(ask["home"])
    if ask["home"] and not source.root.is_dir():
        raise Invalid(
            [
                Problem(
                    "entry.folder_cluster",
                    "on-home",
                    "{ask} is not a folder on the cluster",
                    "Give the home in which `sd-scripts-bridge setup` was run there.",
                    ask=repr(ask["home"]),
                )
            ]
        )
    home = Home(work / "home").create()
    for folder in (source.engines, sent / "engines"):
        if folder.is_dir():
            shutil.copytree(
                folder,
                home.engines,
                ignore=shutil.ignore_patterns("venv", "sd-scripts"),
                dirs_exist_ok=True,
            )
    return home


def _base(ask: Mapping[str, Any], sent: Path) -> Path:
    if ask["base"]:
        return Path(ask["base"])
    return next(iter(sorted((sent / "base").iterdir())))


def _on_our_gpus(job: Any) -> Any:
    """The GPUs that Ray has given us, in place of the first ones."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    if (
        job.launch is None
        or not all(gpu.isdecimal() for gpu in given)
        or len(given) < job.launch.here
    ):
        return job.launch
    return replace(job.launch, gpu_ids=tuple(int(gpu) for gpu in given[: job.launch.here]))


def _follow(store: Store, job_id: int) -> Path | None:
    """Say what happens until it is over; returns where the LoRA is."""
    from ..jobs.events import Published

    after, published, teller = 0, None, _Teller()
    while True:
        over = store.get(job_id).status.is_over
        for entry in store.events(job_id, after):
            after = entry.seq
            teller.tell(entry.event)
            if isinstance(entry.event, Published):
                published = Path(entry.event.path)
        if over:
            return published
        time.sleep(LOOK_SECONDS)


class _Teller:
    """Passes events on, of the progress now and then the newest: the whole log travels at each
    look.
    """

    def __init__(self) -> None:
        self._held: Event | None = None
        self._told = 0.0

    def tell(self, event: Event) -> None:
        from ..jobs.events import Checkpoint, Note, Phase, Progress, Proof, Result, to_dict

        if isinstance(event, Progress):
            self._held = event
            if time.monotonic() - self._told < PROGRESS_SECONDS:
                return
        if self._held is not None:
            say({"event": to_dict(self._held)})
            self._held, self._told = None, time.monotonic()
        if isinstance(event, (Phase, Note, Checkpoint, Proof, Result)):
            say({"event": to_dict(event)})


def _lay_out(lora: Path, name: str) -> dict[str, Any]:
    """Copy the LoRA below Ray's logs, which its dashboard gives out;
    what is a day old there goes.
    """
    folder = _logs() / DELIVERED
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)
    copy = Path(shutil.copyfile(lora, folder / f"{name}.safetensors"))
    return {
        "path": f"{DELIVERED}/{copy.name}",
        "bytes": copy.stat().st_size,
        "sha256": sha256(copy),
    }


def _logs() -> Path:
    """Ray's folder of logs on this machine: where our own output goes."""
    try:
        own = Path("/proc/self/fd/1").readlink()
        if own.name.startswith("job-driver-"):
            return own.parent
    except OSError:
        pass
    import ray  # type: ignore[import-not-found,unused-ignore]

    ray.init(address="auto", log_to_driver=False)
    return Path(ray._private.worker._global_node.get_logs_dir_path())


if __name__ == "__main__":
    sys.exit(main())
