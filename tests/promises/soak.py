"""F27: many jobs, killed at random. Not part of the suite: python -m tests.soak [JOBS] [SECONDS
BETWEEN KILLS]

Every job must end, each with the truth: trained to the last step, or failed or lost with a
sentence; no process may be left, and handles and memory of the one who looks on must stay flat.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running import supervisor
from sd_scripts_bridge.system import process

FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"


def main(jobs: int = 200, pause: float = 3.0) -> int:
    dice = random.Random(27)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        installation.write(home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
        bridge = Bridge(home)
        ids = [bridge._store.add(job(Path(folder))) for _ in range(jobs)]
        supervisor.spawn(home)
        kills: Counter[str] = Counter()
        before, began = me(), time.monotonic()
        while any(not row.status.is_over for row in bridge.jobs()):
            time.sleep(dice.uniform(0.2, 2 * pause))
            kills[kill(bridge, dice)] += 1
        took, after = time.monotonic() - began, me()
        return say(bridge, ids, kills, took, before, after)


def job(folder: Path) -> TrainingJob:
    (folder / "img" / "1_Ada woman").mkdir(parents=True, exist_ok=True)
    (folder / "base.safetensors").touch()
    values = {"max_train_steps": 20, "save_every_n_steps": 5, "training_comment": "slow"}
    return TrainingJob(
        "Ada",
        "Ada",
        "woman",
        str(folder / "img"),
        str(folder / "base.safetensors"),
        "sd1",
        "sd-scripts",
        TrainingParams().with_values(values),
        lora_dir=str(folder / "Lora"),
    )


def kill(bridge: Bridge, dice: random.Random) -> str:
    """Kill the trainer or the supervisor of the running job, if there is one."""
    for row in bridge._store.jobs([Status.RUNNING]):
        if not row.process:
            continue
        known = json.loads(row.process)
        identity = process.Identity(known["pid"], known["started"], known["boot"])
        if not identity.is_alive():
            continue
        trainer = psutil.Process(identity.pid)
        target = dice.choice(["trainer", "supervisor"])
        victim = trainer if target == "trainer" else trainer.parent()
        if victim is not None and victim.pid not in (1, os.getpid()):
            victim.kill()
            return target
    return "nobody"


def me() -> tuple[int, float]:
    this = psutil.Process()
    handles = getattr(this, "num_fds", None) or getattr(this, "num_handles")  # noqa: B009
    return handles(), this.memory_info().rss / 1e6


def say(
    bridge: Bridge,
    ids: list[int],
    kills: Counter[str],
    took: float,
    before: tuple[int, float],
    after: tuple[int, float],
) -> int:
    rows = [bridge._store.get(job_id) for job_id in ids]
    left = sum(
        len(process.with_cookie(json.loads(row.process)["cookie"])) for row in rows if row.process
    )
    whole = all(
        [e.event.step for e in bridge.events(row.id) if isinstance(e.event, Progress)][-1] == 20
        for row in rows
        if row.status is Status.SUCCEEDED
    )
    print(f"{len(rows)} jobs in {took:.0f} s; kills: {dict(kills)}")
    print(
        f"states: {dict(Counter(row.status.value for row in rows))}; without a sentence: "
        f"{sum(not r.sentence for r in rows)}"
    )
    print(f"processes left: {left}; every success ran to its last step: {whole}")
    print(f"looking on: {before[0]} -> {after[0]} handles, {before[1]:.0f} -> {after[1]:.0f} MB")
    return (
        0 if not left and whole and all(row.status.is_over and row.sentence for row in rows) else 1
    )


if __name__ == "__main__":
    words: list[Any] = [int(word) if n == 0 else float(word) for n, word in enumerate(sys.argv[1:])]
    sys.exit(main(*words))
