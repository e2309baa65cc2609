"""One attempt at one job: start its program, follow its log, and see it to its end.

`teller` tells what happens, `stop_watch` stops it when asked, `judge` judges what it left and
publishes, `heal` knows the cure for some failures.
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from dataclasses import asdict
from pathlib import Path

from ..engines import of
from ..engines.base import Command, Engine
from ..engines.sample_watch import SampleWatch
from ..errors import BridgeError, all_said
from ..jobs.events import Event, Finished, Note, Progress, Started
from ..jobs.facts import Facts
from ..jobs.folder import JobFolder, state_step
from ..jobs.job import SetupJob, Status, TrainingJob
from ..jobs.store import JobRow, Store
from ..messages import Message
from ..paths import Home
from ..planning.preflight import gone, size
from ..system import process
from ..system.files import write_json, write_text
from ..system.peak_memory import PeakMemory
from . import explain, keeping
from .failures import heal
from .judge import Judge, Verdict
from .log_tail import LogTail, last_lines
from .stop_watch import StopWatch
from .teller import Teller

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.25
NANS = 3
"""A run with this many NaN losses in a row can't recover by itself."""

_GONE = (Status.RUNNING, Status.STOPPING)


class Attempt:
    """Runs in the supervisor, for a row that it has claimed."""

    def __init__(self, home: Home, store: Store, row: JobRow) -> None:
        self.home, self.store, self.row, self.job = home, store, row, row.job
        self.folder = JobFolder.of(home, row.id)
        self.engine: Engine = of(self.job, home)
        self.cookie = f"{home.root}#{row.id}#{row.attempt}"
        self.facts, self.teller = Facts(), Teller(store, row)
        self.stops = StopWatch(store, row, self.job, self.engine, self.folder)
        self._nans = 0
        self._nan_since: int | None = None

    # ---- the whole of it ----

    def run(self) -> None:
        """From claimed to finished. Whatever goes wrong becomes the job's sentence."""
        code = None
        try:
            self._prepare()
            if isinstance(self.job, TrainingJob) and self.judge.trained_before():
                verdict = self._publish_only(self.job)
            else:
                code = self._follow(self._launch())
                if self._pause(code) or ((code or self._nans >= NANS) and self._heal(code)):
                    return
                verdict = self._verdict(code)
            self._tidy(verdict[0])
        except BridgeError as error:
            verdict = self._give_up(error.message)
        except OSError as error:
            verdict = self._give_up(self._of_the_system(error))
        self._finish(*verdict, code)

    def _give_up(self, sentence: str) -> Verdict:
        """We can't look after the trainer any more, so it may not go on."""
        process.stop_tree(None, self.cookie)
        return Status.FAILED, sentence

    def _of_the_system(self, error: OSError) -> Message:
        values = {"file": error.filename, "error": error.strerror, "job": self.row.id}
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            text = "{file} can't be used ({error}). Make it writable, then `resume {job}`."
            return Message("attempt.no_permission", text, **values)
        if error.errno == errno.ENOSPC:
            text = "The disk of {file} is full. Free some space, then `resume {job}`."
            return Message("attempt.disk_full", text, **values)
        return Message("attempt.system_error", "{error}: {file}.", **values)

    def _finish(self, status: Status, sentence: str, code: int | None) -> None:
        self._write_report(status, sentence, code)
        self.teller.tell(Finished(status.value, sentence, code))
        if self.stops.pausing:  # before the job is over: else the next one has the GPU at once
            self.teller.surely(lambda: self.store.begin_pause(self.row.device))
        attempt = self.row.attempt
        self.teller.surely(
            lambda: self.store.move(
                self.row.id, status, of=_GONE, attempt=attempt, sentence=sentence
            )
        )

    def _write_report(self, status: Status, sentence: str, code: int | None) -> None:
        report = self.facts.report(self.job, self.row.attempt, status, sentence, code)
        try:
            write_json(self.folder.report, {"job": self.row.id, **report})
        except OSError as error:
            text = "report.json was not written: {strerror}."
            note = Message("note.report_json_written", text, strerror=error.strerror)
            self.teller.tell(Note(note))

    # ---- starting ----

    def _prepare(self) -> None:
        self.folder.create()
        self.folder.stop_request.unlink(missing_ok=True)
        self.judge = Judge(self.home, self.job, self.engine, self.folder, self.teller, self.facts)
        write_json(self.folder.job, self.job.as_dict())

    def _launch(self) -> process.Child:
        command = self._command()
        write_text(self.folder.command, process.command_text(command.argv, command.env))
        with self.folder.log.open("ab") as log:
            log.write(f"=== attempt {self.row.attempt} ===\n".encode())
            log.flush()
            self._tail = LogTail(self.folder.log, log.tell())
            self._samples = SampleWatch(self.folder)
            child = process.start(
                command.argv,
                log=log,
                env={**command.env, **self._gpu_to_use(), process.COOKIE: self.cookie},
                cwd=command.cwd,
            )
        identity = process.Identity.of(child.pid)
        known = asdict(identity) if identity else {"pid": child.pid, "started": 0.0, "boot": ""}
        self.teller.note_process({**known, "cookie": self.cookie})
        self.teller.tell(Started(self.row.attempt, child.pid))
        return child

    def _command(self) -> Command:
        if isinstance(self.job, SetupJob):
            return self.engine.setup(self.job)
        problems = [*self.engine.check(), *gone(self.job)]
        if problems:
            raise BridgeError(all_said(problems))
        states = self.engine.states(self.job, self.folder) if self.row.attempt > 1 else []
        self._say_whence(self.job, states)
        return self.engine.command(self.job, self.folder, states[-1] if states else None)

    def _say_whence(self, job: TrainingJob, states: list[Path]) -> None:
        whole = set(states)
        for state in self.folder.states(job.name) if self.row.attempt > 1 else []:
            if state not in whole and (not states or state_step(state) > state_step(states[-1])):
                text = "The saved state of step {step} is damaged: it is not used."
                self.teller.tell(Note(Message("note.state_damaged", text, step=state_step(state))))
        if states:
            step = state_step(states[-1])
            text = "Going on from step {state_step}."
            self.teller.tell(Note(Message("note.going_step", text, state_step=step)))

    def _gpu_to_use(self) -> dict[str, str]:
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
            self.stops.obey(child.pid, self.cookie)
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
        for sample in self._samples.new():
            self.teller.tell(sample)
        self.teller.flush() if at_end else self.teller.try_again()

    def _take(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._watch_loss(event)
            event = self._true_count(event)
            self.teller.progress(event)
        else:
            self.teller.tell(event)
        self.facts.take(event)

    def _true_count(self, event: Progress) -> Progress:
        """sd-scripts counts a resumed run from 0 up to the steps that are left."""
        if not isinstance(self.job, TrainingJob):
            return event
        planned = self.job.params.max_train_steps
        return Progress(event.step + max(0, planned - event.total), planned, event.loss)

    # ---- at its end ----

    def _pause(self, code: int) -> bool:
        """Leave the GPU to somebody else and wait in front of the queue, where that was asked for."""
        if not self.stops.pausing or self.judge.ran_to_the_end(code):
            return False
        # first: else the next job has the GPU at once
        self.teller.surely(lambda: self.store.begin_pause(self.row.device))
        if not self.teller.surely(lambda: self.store.put_back(self.row.id, self.row.attempt)):
            return False
        text = "Paused at step {self_name}. It goes on by itself."
        step = self.stops.saved()
        self.teller.tell(Note(Message("note.paused_step_goes_itself", text, self_name=step)))
        return True

    def _verdict(self, code: int) -> Verdict:
        if self.stops.was_asked and not self.judge.ran_to_the_end(code):
            return Status.STOPPED, self._stopped_sentence()
        return self.judge.verdict(code)

    def _publish_only(self, job: TrainingJob) -> Verdict:
        """What is left where an earlier attempt has trained to the end."""
        text = "The training had ended already; only publishing was left."
        self.teller.tell(Note(Message("note.publish_only", text)))
        planned = job.params.max_train_steps
        self.facts.take(Progress(planned, planned, self._last_loss()))
        return self.judge.publish(job, self.folder.final_lora(job.name))

    def _last_loss(self) -> float | None:
        try:
            told = reversed(self.store.events(self.row.id))
        except BridgeError:  # the database can't be read now; the LoRA can be published
            return None
        return next((e.event.loss for e in told if isinstance(e.event, Progress)), None)

    def _tidy(self, status: Status) -> None:
        """Free what only a resume would need, by the rule that holds in this home."""
        if status is not Status.SUCCEEDED or not isinstance(self.job, TrainingJob):
            return
        try:
            freed = keeping.tidy(self.home, self.row.id, self.job)
        except OSError as error:  # it is published; what stays here does no harm
            LOG.warning("job %s: %s", self.row.id, error)
            return
        if freed.files:
            text = "Freed {size}: saved states and files that a finished training doesn't need."
            note = Message("note.freed", text, size=size(freed.bytes))
            self.facts.take(Note(note))
            self.teller.tell(Note(note))

    def _stopped_sentence(self) -> str:
        if self.engine.traits.is_remote:
            return Message("attempt.stopped_cluster", "Stopped, here and on the cluster.")
        step = self.stops.saved()
        if step:
            text = "Stopped. Step {step} is saved: `resume {job}` goes on from there."
            return Message("attempt.stopped", text, step=step, job=self.row.id)
        return Message("attempt.stopped_early", "Stopped before the first checkpoint was saved.")

    # ---- healing ----

    def _watch_loss(self, event: Progress) -> None:
        if event.loss is not None or event.step == 0:
            self._nans, self._nan_since = 0, None
            return
        self._nans += 1
        self._nan_since = event.step if self._nan_since is None else self._nan_since

    def _heal(self, code: int) -> bool:
        """Queue the job again with the cure for its failure; whether there is one."""
        if (
            self.stops.was_asked
            or not isinstance(self.job, TrainingJob)
            or self.engine.traits.heals_itself
        ):
            return False  # a cluster heals its own
        cause = explain.cause(code, last_lines(self.folder.log, 200))
        found = heal.cure(self.job, "nan" if self._nans >= NANS else cause.kind, self.engine.refuse)
        if found is None:
            return False
        self._drop_spoilt(self.job, found)
        for cache in Path(self.job.dataset).rglob("*.npz") if cause.kind == "cache" else ():
            cache.unlink(missing_ok=True)
        self.teller.tell(Note(found.sentence))
        cured = found.job
        return bool(
            self.teller.surely(lambda: self.store.heal(self.row.id, self.row.attempt, cured))
        )

    def _drop_spoilt(self, job: TrainingJob, found: heal.Cure) -> None:
        """Remove the states that the cure can't go on from, and a LoRA that isn't its."""
        self.folder.final_lora(job.name).unlink(missing_ok=True)
        states = self.engine.states(job, self.folder)
        for state in states:
            spoilt = found.older and state == states[-1]
            if self._nan_since is not None:  # then it is known which ones are
                spoilt = state_step(state) >= self._nan_since
            if found.fresh or spoilt:
                shutil.rmtree(state, ignore_errors=True)
