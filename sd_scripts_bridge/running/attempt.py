"""One attempt at one job: start its program, follow its log, and see it to its end.

`work` knows what kind of job it is, `teller` tells what happens, `stop_watch` stops it when asked.
"""

from __future__ import annotations

import errno
import itertools
import logging
import time
from dataclasses import asdict, replace

from ..engines.sample_watch import SampleWatch
from ..errors import BridgeError
from ..evidence.measured import read
from ..evidence.recommendation import as_dict
from ..jobs.events import Event, Finished, Note, Progress, Started
from ..jobs.facts import Facts
from ..jobs.folder import JobFolder
from ..jobs.job import SetupJob, Status
from ..jobs.store import JobRow, Store
from ..messages import Message
from ..paths import Home
from ..system import process
from ..system.files import write_json, write_text
from ..system.peak_memory import PeakMemory
from ..system.pytorch import amd
from .log_tail import LogTail
from .stop_watch import StopWatch
from .teller import Teller
from .work import kinds
from .work.base import Verdict

LOG = logging.getLogger(__name__)
POLL_SECONDS, STOPS_EVERY = 0.25, 2
"""Between two looks at the log, and in how many of them the queue is asked whether to stop."""
_GONE = (Status.RUNNING, Status.STOPPING)


class Attempt:
    """Runs in the supervisor, for a row that it has claimed."""

    def __init__(self, home: Home, store: Store, row: JobRow) -> None:
        self.home, self.store, self.row, self.job = home, store, row, row.job
        self.folder = JobFolder.of(home, row.id)
        self.cookie = f"{home.root}#{row.id}#{row.attempt}"
        self.facts, self.teller = Facts(), Teller(store, row)
        self.work = kinds.of(home, row, self.folder, self.teller, self.facts)
        self.stops = StopWatch(store, row, self.work)

    # ---- the whole of it ----

    def run(self) -> None:
        """From claimed to finished. Whatever goes wrong becomes the job's sentence."""
        code = None
        try:
            self._prepare()
            verdict = self.work.left_over()
            if verdict is None:
                code = self._follow(self._launch())
                if self._pause(code) or (not self.stops.was_asked and self.work.cure(code)):
                    return
                verdict = self._verdict(code)
            self.work.tidy(verdict[0])
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
            measured = {"best": as_dict(read(self.folder.measured))}
            report |= measured if self.folder.measured.is_dir() else {}
            write_json(self.folder.report, {"job": self.row.id, **report})
        except OSError as error:
            text = "report.json was not written: {strerror}."
            note = Message("note.report_json_written", text, strerror=error.strerror)
            self.teller.tell(Note(note))

    # ---- starting ----

    def _prepare(self) -> None:
        self.folder.create()
        self.folder.stop_request.unlink(missing_ok=True)
        self.work.prepare()
        write_json(self.folder.job, self.job.as_dict())

    def _launch(self) -> process.Child:
        command = self.work.command()
        env = {**amd.environment(), **command.env}
        write_text(self.folder.command, process.command_text(command.argv, env))
        with self.folder.log.open("ab") as log:
            log.write(f"=== attempt {self.row.attempt} ===\n".encode())
            log.flush()
            self._tail = LogTail(self.folder.log, log.tell())
            self._samples = SampleWatch(self.folder)
            child = process.start(
                command.argv,
                log=log,
                env={**env, **self._gpu_to_use(), process.COOKIE: self.cookie},
                cwd=command.cwd,
            )
        identity = process.Identity.of(child.pid)
        known = asdict(identity) if identity else {"pid": child.pid, "started": 0.0, "boot": ""}
        self.teller.note_process({**known, "cookie": self.cookie})
        self.teller.tell(Started(self.row.attempt, child.pid))
        return child

    def _gpu_to_use(self) -> dict[str, str]:
        job = self.job
        if isinstance(job, SetupJob) or (job.gpu is None and getattr(job, "launch", None) is None):
            return {}
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": job.device}

    # ---- while it runs ----

    def _follow(self, child: process.Child) -> int:
        memory = PeakMemory(child.pid)
        for turn in itertools.count():
            if child.poll() is not None:
                break
            memory.look()
            self._read_log()
            if turn % STOPS_EVERY == 0:
                self.stops.obey(child.pid, self.cookie)
            if self.work.is_hopeless:
                process.stop_tree(child.pid, self.cookie)
            time.sleep(POLL_SECONDS)
        self._read_log(at_end=True)
        self.facts.take_memory(memory.bytes)
        process.stop_tree(None, self.cookie, grace=2)  # what it forked and left behind
        return child.returncode

    def _read_log(self, at_end: bool = False) -> None:
        drawn = self._samples.new()  # first: what is said of them is in the log by then
        for line in self._tail.read(at_end):
            self._samples.hear(line)
            event = self.work.read(line)
            if event is not None:
                self._take(event)
        for sample in drawn:
            self.teller.tell(replace(sample, text=self._samples.text(sample.step, sample.prompt)))
        self.teller.flush() if at_end else self.teller.try_again()

    def _take(self, event: Event) -> None:
        if isinstance(event, Progress):
            event = self.work.counted(event)
            self.teller.progress(event)
        else:
            self.teller.tell(event)
        self.facts.take(event)

    # ---- at its end ----

    def _pause(self, code: int) -> bool:
        """Leave the GPU to somebody else and wait in front of the queue,
        where that was asked for.
        """
        if not self.stops.pausing or self.work.is_done(code):
            return False
        # first: else the next job has the GPU at once
        self.teller.surely(lambda: self.store.begin_pause(self.row.device))
        if not self.teller.surely(lambda: self.store.put_back(self.row.id, self.row.attempt)):
            return False
        self.teller.tell(Note(self.work.paused()))
        return True

    def _verdict(self, code: int) -> Verdict:
        if self.stops.was_asked and not self.work.is_done(code):
            return Status.STOPPED, self.work.stopped()
        return self.work.verdict(code)
