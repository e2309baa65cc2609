"""One attempt at one job: start its program, follow its log, stop it when asked, judge what it
left, publish.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ..engines import of
from ..engines.base import Command, Engine
from ..errors import BridgeError, all_said
from ..jobs.events import Event, Finished, Note, Phase, Progress, Published, Result, Started
from ..jobs.facts import Facts
from ..jobs.folder import JobFolder, state_step
from ..jobs.job import SetupJob, Status, TrainingJob
from ..jobs.store import JobRow, Store
from ..messages import Message
from ..models import lora
from ..paths import Home
from ..planning.preflight import gone
from ..publishing import job_card
from ..publishing.publish import publish
from ..system import process
from ..system.files import write_json, write_text
from ..system.peak_memory import PeakMemory
from . import explain, heal
from .log_tail import LogTail, last_lines

POLL_SECONDS = 0.25
PROGRESS_SECONDS = 0.5
NANS = 3
"""So many losses in a row that are no number, and the run can't recover by itself."""

DISK_SECONDS = 600.0
"""So long the outcome of a job waits for a database that can't be written."""

SAVE_SECONDS = 600.0
"""A trainer that was asked to save and end, and does neither, is stopped after this long."""

LEAVE_SECONDS = 40.0
"""Whoever follows a cluster has this long to stop the training there, even when it shall be now."""

_GONE = (Status.RUNNING, Status.STOPPING)


class Attempt:
    """Runs in the supervisor, for a row that it has claimed."""

    def __init__(self, home: Home, store: Store, row: JobRow) -> None:
        self.home, self.store, self.row = home, store, row
        self.folder = JobFolder.of(home, row.id)
        self.job = row.job
        self.engine: Engine = of(self.job, home)
        self.cookie = f"{home.root}#{row.id}#{row.attempt}"
        self.facts = Facts()
        self._told = 0.0
        self._held_back: Progress | None = None
        self._phase = ""
        self._untold: list[Event] = []
        self._before: dict[Path, tuple[int, int]] = {}
        self._nans = 0
        self._nan_since: int | None = None
        self._states_when_asked: int | None = None
        self._asked = 0.0
        self._pausing = False

    # ---- the whole of it ----

    def run(self) -> None:
        """From claimed to finished. Whatever goes wrong becomes the job's sentence."""
        try:
            self._prepare()
            code = self._follow(self._launch())
            if self._pause(code) or ((code or self._nans >= NANS) and self._heal(code)):
                return
            status, sentence = self._judge(code)
        except BridgeError as error:
            self._give_up(error.message)
        except OSError as error:
            self._give_up(f"{error.strerror}: {error.filename}.")
        else:
            self._finish(status, sentence, code)

    def _give_up(self, sentence: str) -> None:
        """We can't look after the trainer any more, so it may not go on."""
        process.stop_tree(None, self.cookie)
        self._finish(Status.FAILED, sentence, None)

    def _prepare(self) -> None:
        self.folder.create()
        self.folder.stop_request.unlink(missing_ok=True)
        self._before = self._results()
        write_json(self.folder.job, self.job.as_dict())

    def _launch(self) -> process.Child:
        command = self._command()
        write_text(self.folder.command, process.command_text(command.argv, command.env))
        with self.folder.log.open("ab") as log:
            log.write(f"=== attempt {self.row.attempt} ===\n".encode())
            log.flush()
            self._tail = LogTail(self.folder.log, log.tell())
            child = process.start(
                command.argv,
                log=log,
                env={**command.env, **self._card_to_use(), process.COOKIE: self.cookie},
                cwd=command.cwd,
            )
        identity = process.Identity.of(child.pid)
        known = asdict(identity) if identity else {"pid": child.pid, "started": 0.0, "boot": ""}
        self.store.note_process(self.row.id, self.row.attempt, {**known, "cookie": self.cookie})
        self._tell(Started(self.row.attempt, child.pid))
        return child

    def _command(self) -> Command:
        if isinstance(self.job, SetupJob):
            return self.engine.setup(self.job)
        problems = [*self.engine.check(), *gone(self.job)]
        if problems:
            raise BridgeError(all_said(problems))
        states = self.engine.states(self.job, self.folder) if self.row.attempt > 1 else []
        if states:
            self._tell(
                Note(
                    Message(
                        "note.going_step",
                        "Going on from step {state_step}.",
                        state_step=state_step(states[-1]),
                    )
                )
            )
        return self.engine.command(self.job, self.folder, states[-1] if states else None)

    def _card_to_use(self) -> dict[str, str]:
        if not isinstance(self.job, TrainingJob) or (
            self.job.gpu is None and self.job.launch is None
        ):
            return {}
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": self.job.device}

    # ---- while it runs ----

    def _follow(self, child: process.Child) -> int:
        memory = PeakMemory(child.pid)
        while child.poll() is None:
            memory.look()
            self._read_log()
            self._obey(child.pid)
            if self._nans >= NANS:
                process.stop_tree(child.pid, self.cookie)
            time.sleep(POLL_SECONDS)
        self._read_log(at_end=True)
        self.facts.take_memory(memory.bytes)
        process.stop_tree(None, self.cookie, grace=2)  # what it forked and left behind
        return child.returncode

    def _read_log(self, at_end: bool = False) -> None:
        for line in self._tail.read(at_end):
            event = self.engine.read(line)
            if event is not None:
                self._take(event)
        if self._held_back and (at_end or time.monotonic() - self._told >= PROGRESS_SECONDS):
            self._tell_progress()

    def _take(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._watch_loss(event)
            self._held_back = self._true_count(event)
            self.facts.take(self._held_back)
            return
        if isinstance(event, Phase):
            if event.text == self._phase:
                return
            self._phase = event.text
        if self._held_back:
            self._tell_progress()
        self.facts.take(event)
        self._tell(event)

    def _true_count(self, event: Progress) -> Progress:
        """sd-scripts counts a resumed run from 0 up to the steps that are left."""
        if not isinstance(self.job, TrainingJob):
            return event
        planned = self.job.params.max_train_steps
        return Progress(event.step + max(0, planned - event.total), planned, event.loss)

    def _tell_progress(self) -> None:
        if self._held_back:
            self._tell(self._held_back)
        self._held_back, self._told = None, time.monotonic()

    def _tell(self, event: Event) -> None:
        """Write the event down; while the database can't be written (a full disk), keep it and go
        on training.
        """
        if self._untold and isinstance(event, Progress) and isinstance(self._untold[-1], Progress):
            self._untold.pop()  # of the progress that can't be told, the newest will do
        self._untold.append(event)
        self._tell_rest()

    def _tell_rest(self) -> None:
        try:
            while self._untold:
                self.store.append(self.row.id, self.row.attempt, self._untold[0])
                self._untold.pop(0)
        except BridgeError as error:
            print(f"job {self.row.id}: {error}", file=sys.stderr, flush=True)

    # ---- stopping ----

    def _obey(self, pid: int) -> None:
        """Do what a request to stop asks for, once it is there."""
        try:
            wish = self.store.get(self.row.id).stop
        except BridgeError:  # a full disk: nobody can have written a wish either
            return
        if wish is None:
            return
        if self._states_when_asked is None:
            self._asked, self._states_when_asked = time.monotonic(), self._saved()
            self.store.move(
                self.row.id, Status.STOPPING, of=[Status.RUNNING], attempt=self.row.attempt
            )
            if self.engine.saves_on_request and (wish != "now" or self.engine.name == "cluster"):
                self.folder.stop_request.touch()
        self._pausing = wish == "pause"
        saved = not self.engine.saves_on_request and self._saved() > self._states_when_asked
        late = time.monotonic() - self._asked > SAVE_SECONDS and not self._pausing
        never = isinstance(self.job, SetupJob) or not (
            self.job.saves_states or self.engine.saves_on_request or self._pausing
        )
        leaves = self.engine.name == "cluster" and time.monotonic() - self._asked < LEAVE_SECONDS
        if (wish == "now" or never or saved or late) and not leaves:
            process.stop_tree(pid, self.cookie)

    def _saved(self) -> int:
        """The newest saved step, so far."""
        states = (
            self.engine.states(self.job, self.folder) if isinstance(self.job, TrainingJob) else []
        )
        return state_step(states[-1]) if states else 0

    def _pause(self, code: int) -> bool:
        """Leave the card to somebody else and wait in front of the queue, where that was asked for."""
        if not self._pausing or self._ran_to_the_end(code):
            return False
        self.store.begin_pause(self.row.device)  # first: else the next job has the card at once
        if not self.store.put_back(self.row.id, self.row.attempt):
            return False
        self._tell(
            Note(
                Message(
                    "note.paused_step_goes_itself",
                    "Paused at step {self_name}. It goes on by itself.",
                    self_name=self._saved(),
                )
            )
        )
        return True

    # ---- healing ----

    def _watch_loss(self, event: Progress) -> None:
        """Three losses in a row that are no number end the attempt."""
        if event.loss is not None or event.step == 0:
            self._nans, self._nan_since = 0, None
            return
        self._nans += 1
        self._nan_since = event.step if self._nan_since is None else self._nan_since

    def _heal(self, code: int) -> bool:
        """Queue the job again with the cure for its failure; whether there is one."""
        if (
            self._states_when_asked is not None
            or not isinstance(self.job, TrainingJob)
            or self.job.on
        ):
            return False  # a cluster heals its own
        cause = explain.cause(code, last_lines(self.folder.log, 200))
        found = heal.cure(self.job, "nan" if self._nans >= NANS else cause.kind, self.engine.refuse)
        if found is None:
            return False
        self._drop_states(found)
        for cache in Path(self.job.dataset).rglob("*.npz") if cause.kind == "cache" else ():
            cache.unlink(missing_ok=True)
        self._tell(Note(found.sentence))
        return self.store.heal(self.row.id, self.row.attempt, found.job)

    def _drop_states(self, found: heal.Cure) -> None:
        """Remove the states that the cure can't go on from."""
        states = (
            self.engine.states(self.job, self.folder) if isinstance(self.job, TrainingJob) else []
        )
        for state in states:
            spoilt = found.older and state == states[-1]
            if self._nan_since is not None:  # then it is known which ones are
                spoilt = state_step(state) >= self._nan_since
            if found.fresh or spoilt:
                shutil.rmtree(state, ignore_errors=True)

    # ---- afterwards ----

    def _judge(self, code: int) -> tuple[Status, str]:
        if self._states_when_asked is not None and not self._ran_to_the_end(code):
            return Status.STOPPED, self._stopped_sentence()
        if code:
            return Status.FAILED, explain.failure(code, last_lines(self.folder.log, 200))
        if isinstance(self.job, SetupJob):
            ready = Message("attempt.environment_ready", "The training environment is ready.")
            return Status.SUCCEEDED, ready
        self._tell(
            Phase(Message("phase.checking_publishing_lora", "checking and publishing the LoRA"))
        )
        return self._publish(self.job)

    def _ran_to_the_end(self, code: int) -> bool:
        if code or not isinstance(self.job, TrainingJob):
            return False
        if self.job.launch and not self.job.launch.saves:
            return True
        return self._new(self.folder.final_lora(self.job.name))

    def _stopped_sentence(self) -> str:
        if isinstance(self.job, TrainingJob) and self.job.on:
            return Message("attempt.stopped_cluster", "Stopped, here and on the cluster.")
        step = self._saved()
        if step:
            return Message(
                "attempt.stopped",
                "Stopped. Step {step} is saved: `resume {job}` goes on from there.",
                step=step,
                job=self.row.id,
            )
        return Message("attempt.stopped_early", "Stopped before the first checkpoint was saved.")

    def _publish(self, job: TrainingJob) -> tuple[Status, str]:
        if job.launch and not job.launch.saves:
            return (
                Status.SUCCEEDED,
                Message(
                    "attempt.machine_done",
                    "Machine {machine} has done its part; the LoRA is on machine 0.",
                    machine=job.launch.machine_rank,
                ),
            )
        source = next(
            (path for path in reversed(self.engine.results(job, self.folder)) if self._new(path)),
            None,
        )
        if source is None:
            reason = explain.failure(0, last_lines(self.folder.log, 200))
            return Status.FAILED, Message(
                "attempt.no_lora",
                "The trainer ended without writing a LoRA. {reason}",
                reason=reason,
            )
        target = Path(job.lora_dir) if job.lora_dir else self.home.root / "models" / "Lora"
        steps = self.facts.steps or job.params.max_train_steps
        published = publish(
            source, target, job.name, job_card.card(job, steps), job_card.picture(job, self.folder)
        )
        self.facts.take_lora(lora.inspect(published.path), job)
        self._tell(Result(self.facts.result))
        self._tell(Published(str(published.path), published.stem, published.activation_text))
        for note in published.notes:
            self._tell(Note(note))
        return Status.SUCCEEDED, Message(
            "attempt.is_in", "{name} is in {target}.", name=published.path.name, target=target
        )

    def _results(self) -> dict[Path, tuple[int, int]]:
        """The result files that are there, with time and size: what is new is known without
        trusting the clock.
        """
        if not isinstance(self.job, TrainingJob):
            return {}
        found = ((path, path.stat()) for path in self.engine.results(self.job, self.folder))
        return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found}

    def _new(self, path: Path) -> bool:
        return self._results().get(path) not in (None, self._before.get(path))

    def _finish(self, status: Status, sentence: str, code: int | None) -> None:
        self._write_report(status, sentence, code)
        self._tell(Finished(status.value, sentence, code))
        deadline = time.monotonic() + DISK_SECONDS
        while self._untold and time.monotonic() < deadline:
            time.sleep(1)
            self._tell_rest()
        if self._pausing:
            self.store.begin_pause(
                self.row.device
            )  # first: once the job is over, the next one may have the card
        self.store.move(self.row.id, status, of=_GONE, attempt=self.row.attempt, sentence=sentence)

    def _write_report(self, status: Status, sentence: str, code: int | None) -> None:
        report = self.facts.report(self.job, self.row.attempt, status, sentence, code)
        try:
            write_json(self.folder.report, {"job": self.row.id, **report})
        except OSError as error:
            self._tell(
                Note(
                    Message(
                        "note.report_json_written",
                        "report.json was not written: {strerror}.",
                        strerror=error.strerror,
                    )
                )
            )
