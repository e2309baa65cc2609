"""``follower.py FOLDER``: what the supervisor runs as the trainer of a job on a cluster.

Submits the job there, or finds it again, passes on what it says, stops it when asked, and fetches
the LoRA.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BridgeError, Problem
from ..jobs.events import Note, Phase, to_dict
from ..jobs.folder import JobFolder
from ..jobs.job import TrainingJob, job_from_dict
from ..messages import Message, joined
from ..paths import Home
from ..system.files import write_json
from . import parcel, question
from .protocol import ASK, ENTRY, heard, new_name
from .ray_jobs import ENDED, JobInfo, RayJobs, Unreachable, sha256

LOOK_SECONDS = 0.5
SLOWER_BYTES = 300_000
"""For this many bytes of log a look comes a second later: the whole log travels at each."""
PATIENCE_SECONDS = 900.0
"""So long may the cluster be silent before we give up; the training there goes on meanwhile."""
STOP_SECONDS = 20.0
RECORD = "cluster.json"
"""In the job's folder: the name of its job on the cluster."""

Answer = TypeVar("Answer")


def main() -> int:
    folder, home = JobFolder(Path(sys.argv[1])), Home(Path(sys.argv[2]))
    job = job_from_dict(json.loads(folder.job.read_text(encoding="utf-8")))
    assert isinstance(job, TrainingJob)
    follower = Follower(job, folder, home)
    signal.signal(signal.SIGTERM, follower.ended_from_outside)
    try:
        return follower.run()
    except BridgeError as error:
        print(f"Error: {error}", flush=True)  # noqa: T201
        return 1


class Follower:
    """One attempt at one job."""

    def __init__(self, job: TrainingJob, folder: JobFolder, home: Home) -> None:
        assert job.on is not None
        self.job, self.folder, self.home, self.on = job, folder, home, job.on
        self.jobs = RayJobs(job.on.address)
        self.name = ""
        self._read = 0
        self._said: dict[str, Any] = {}
        self._ended = False

    def run(self) -> int:
        """To the end of the job there; the exit code."""
        info = self._find() or self._submit()
        waits = False
        while info.status not in ENDED:
            if self.folder.stop_request.exists() or self._ended:
                return self._leave()
            if info.status == "PENDING" and not waits:
                waits = True
                _tell(
                    Phase(
                        Message(
                            "phase.waiting_free_place_cluster",
                            "waiting for room on the cluster",
                        )
                    )
                )
            self._pass_on(self._patiently(lambda: self.jobs.log(self.name)))
            time.sleep(LOOK_SECONDS + self._read / SLOWER_BYTES)
            info = self._patiently(self._info)
        self._pass_on(self._patiently(lambda: self.jobs.log(self.name)), at_end=True)
        return self._judge(info)

    def ended_from_outside(self, *_: Any) -> None:
        self._ended = True

    # ---- there ----

    def _find(self) -> JobInfo | None:
        """The job of an earlier attempt, if it still runs or has ended well."""
        try:
            name = json.loads((self.folder.root / RECORD).read_text(encoding="utf-8"))["name"]
        except (OSError, ValueError, KeyError):
            return None
        info = self._patiently(lambda: self.jobs.info(name))
        if info is None or info.status in ("STOPPED", "FAILED"):
            return None
        self.name = name
        _tell(
            Note(
                Message(
                    "note.found_again_cluster",
                    "Found again on the cluster, where it is {status}.",
                    status=info.status.lower(),
                )
            )
        )
        return info

    def _submit(self) -> JobInfo:
        _tell(Phase(Message("phase.sending_photos_cluster", "sending the photos to the cluster")))
        base = None if self.on.base else Path(self.job.base)
        environment = parcel.send(
            self.jobs, Path(self.job.dataset), base, question.tokenizers(self.home)
        )
        self.name = new_name()
        write_json(self.folder.root / RECORD, {"name": self.name, "address": self.on.address})
        ask = {
            "id": self.name,
            "job": self.job.as_dict(),
            "base": self.on.base,
            "home": self.on.home,
        }
        environment["env_vars"] = {ASK: json.dumps(ask)}
        self.jobs.submit(self.name, f"{ENTRY} train", environment, self.on.gpus or 0)
        return self._info()

    def _info(self) -> JobInfo:
        info = self.jobs.info(self.name)
        if info is None:
            raise BridgeError(
                "follower.cluster_doesnt_know_job",
                "The cluster no longer knows the job: it was restarted. Resume trains from "
                "the beginning.",
            )
        return info

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again while the cluster is silent. Raises `Unreachable` when patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        silent = False
        while True:
            try:
                answer = ask()
            except Unreachable as error:
                if self._ended or self.folder.stop_request.exists() or time.monotonic() > deadline:
                    raise Unreachable(
                        Message(
                            "follower.resume_finds_training_again",
                            "{error} The training may be going on there: resume finds it again.",
                            error=error,
                        )
                    ) from error
                if not silent:
                    _tell(
                        Note(
                            Message(
                                "note.cluster_silent_minutes_come",
                                "The cluster doesn't answer; we keep trying for "
                                "{patience_seconds} minutes. The training there goes on.",
                                patience_seconds=f"{PATIENCE_SECONDS / 60:.0f}",
                            )
                        )
                    )
                silent = True
                time.sleep(5 * LOOK_SECONDS)
                continue
            if silent:
                _tell(Note(Message("note.cluster_answers_again", "The cluster answers again.")))
            return answer

    def _leave(self) -> int:
        """Stop the job there where somebody asked for that; where this machine shuts down it goes
        on, to be found again.
        """
        if not self.folder.stop_request.exists():
            print("Left the cluster; the training there goes on.", flush=True)  # noqa: T201
            return 1
        self.jobs.stop(self.name)
        deadline = time.monotonic() + STOP_SECONDS
        while (
            (info := self.jobs.info(self.name)) is not None
            and info.status not in ENDED
            and time.monotonic() < deadline
        ):
            time.sleep(LOOK_SECONDS / 2)
        print("Stopped on the cluster.", flush=True)  # noqa: T201
        return 1

    # ---- here ----

    def _pass_on(self, log: str, at_end: bool = False) -> None:
        """What is new in the job's log: events as they are, the rest as log."""
        new = log[self._read :]
        whole = len(new) if at_end else new.rfind("\n") + 1
        for line in new[:whole].splitlines():
            data = heard(line)
            if data is None:
                print(line, flush=True)  # noqa: T201
            elif "event" in data:
                print(json.dumps(data["event"]), flush=True)  # noqa: T201
            else:
                self._said |= data
        self._read += whole

    def _judge(self, info: JobInfo) -> int:
        if info.status == "SUCCEEDED" and "lora" in self._said:
            _tell(Phase(Message("phase.fetching_lora", "fetching the LoRA")))
            self._fetch(info.node, self._said["lora"])
            return 0
        problems = joined(
            [Problem.from_dict(problem).sentence for problem in self._said.get("problems", [])]
        )
        if info.status == "STOPPED":
            raise BridgeError(
                "follower.job_stopped_cluster_resume",
                "The job was stopped on the cluster. Resume starts it over.",
            )
        silent = Message("follower.silent", "it ended without a message.")
        why = self._said.get("failed") or problems or info.message or silent
        raise BridgeError("follower.cluster", "On the cluster: {why}", why=why)

    def _fetch(self, node: str, lora: dict[str, Any]) -> None:
        target = self.folder.final_lora(self.job.name)
        aside = target.with_name(f".{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)

        def fetch() -> None:
            with aside.open("wb") as out:
                self.jobs.file(node, str(lora["path"]), out)

        self._patiently(fetch)
        if sha256(aside) != lora["sha256"]:
            size = aside.stat().st_size
            raise BridgeError(
                "follower.lora_arrived_damaged_bytes",
                "The LoRA arrived damaged ({size} of {lora} bytes). Resume fetches it again.",
                size=f"{size:,}",
                lora=f"{lora['bytes']:,}",
            )
        aside.replace(target)


def _tell(event: Note | Phase) -> None:
    print(json.dumps(to_dict(event)), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
