"""One attempt at one job: start its program, follow its log, stop it when asked, judge what it left, publish."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import explain, process
from .engines import get as get_engine
from .engines.base import Command, Engine
from .errors import BridgeError
from .events import Event, Finished, Note, Phase, Progress, Proof, Published, Result, Started
from .job import SetupJob, Status, TrainingJob
from .job_folder import JobFolder, state_step, write_json, write_text
from .log_tail import LogTail, last_lines
from .paths import Home
from .store import Row, Store

if TYPE_CHECKING:
    from .lora import LoraFile

POLL_SECONDS = 0.25
PROGRESS_SECONDS = 0.5
SAVE_SECONDS = 600.0
"""A trainer that was asked to save and end, and does neither, is stopped after this long."""

_GONE = (Status.RUNNING, Status.STOPPING)


@dataclass
class Facts:
    """What the report will say, gathered from the events."""

    started: float = field(default_factory=time.time)
    last_progress: Progress | None = None
    proof: Proof | None = None
    result: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Attempt:
    """Runs in the supervisor, for a row that it has claimed."""

    def __init__(self, home: Home, store: Store, row: Row) -> None:
        self.home, self.store, self.row = home, store, row
        self.folder = JobFolder(home.jobs / job_name(row.id))
        self.job = row.job
        self.engine: Engine = get_engine(self.job.engine, home)
        self.cookie = f"{home.root}#{row.id}#{row.attempt}"
        self.facts = Facts()
        self._told = 0.0
        self._held_back: Progress | None = None
        self._phase = ""
        self._states_when_asked: int | None = None
        self._asked = 0.0

    # ---- the whole of it ----

    def run(self) -> None:
        """From claimed to finished. Whatever goes wrong becomes the job's sentence."""
        try:
            self._prepare()
            code = self._follow(self._launch())
            status, sentence = self._judge(code)
        except BridgeError as error:
            code, status, sentence = None, Status.FAILED, str(error)
        except OSError as error:
            code, status, sentence = None, Status.FAILED, f"{error.strerror}: {error.filename}."
        self._finish(status, sentence, code)

    def _prepare(self) -> None:
        self.folder.create()
        self.folder.stop_request.unlink(missing_ok=True)
        write_json(self.folder.job, self.job.as_dict())

    def _launch(self) -> process.Child:
        command = self._command()
        write_text(self.folder.command, process.command_text(command.argv, command.env))
        with self.folder.log.open("ab") as log:
            log.write(f"=== attempt {self.row.attempt} ===\n".encode())
            log.flush()
            self._tail = LogTail(self.folder.log, log.tell())
            child = process.start(
                command.argv, log=log, env={**command.env, process.COOKIE: self.cookie}, cwd=command.cwd
            )
        identity = process.Identity.of(child.pid)
        known = asdict(identity) if identity else {"pid": child.pid, "started": 0.0, "boot": ""}
        self.store.note_process(self.row.id, self.row.attempt, {**known, "cookie": self.cookie})
        self._tell(Started(self.row.attempt, child.pid))
        return child

    def _command(self) -> Command:
        if isinstance(self.job, SetupJob):
            return self.engine.setup(self.job)
        problems = self.engine.check()
        if problems:
            raise BridgeError("\n".join(map(str, problems)))
        states = self.engine.states(self.job, self.folder) if self.row.attempt > 1 else []
        if states:
            self._tell(Note(f"Going on from step {state_step(states[-1])}."))
        return self.engine.command(self.job, self.folder, states[-1] if states else None)

    # ---- while it runs ----

    def _follow(self, child: process.Child) -> int:
        while child.poll() is None:
            self._read_log()
            self._obey(child.pid)
            time.sleep(POLL_SECONDS)
        self._read_log(at_end=True)
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
            self._held_back = self.facts.last_progress = self._true_count(event)
            return
        if self._held_back:
            self._tell_progress()
        if isinstance(event, Proof):
            self.facts.proof = event
        elif isinstance(event, Result):
            self.facts.result.update(event.facts)
        elif isinstance(event, Note):
            self.facts.notes.append(event.text)
        elif isinstance(event, Phase):
            if event.text == self._phase:
                return
            self._phase = event.text
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
        self.store.append(self.row.id, self.row.attempt, event)

    # ---- stopping ----

    def _obey(self, pid: int) -> None:
        """Do what a request to stop asks for, once it is there."""
        wish = self.store.get(self.row.id).stop
        if wish is None:
            return
        if self._states_when_asked is None:
            self._asked, self._states_when_asked = time.monotonic(), self._saved()
            self.store.move(self.row.id, Status.STOPPING, of=[Status.RUNNING], attempt=self.row.attempt)
            if wish == "save" and self.engine.saves_on_request:
                self.folder.stop_request.touch()
        saved = not self.engine.saves_on_request and self._saved() > self._states_when_asked
        late = time.monotonic() - self._asked > SAVE_SECONDS
        if wish == "now" or isinstance(self.job, SetupJob) or saved or late:
            process.stop_tree(pid, self.cookie)

    def _saved(self) -> int:
        """The newest saved step, so far."""
        states = self.engine.states(self.job, self.folder) if isinstance(self.job, TrainingJob) else []
        return state_step(states[-1]) if states else 0

    # ---- afterwards ----

    def _judge(self, code: int) -> tuple[Status, str]:
        if self._states_when_asked is not None and not self._ran_to_the_end(code):
            return Status.STOPPED, self._stopped_sentence()
        if code:
            return Status.FAILED, explain.failure(code, last_lines(self.folder.log, 200))
        if isinstance(self.job, SetupJob):
            return Status.SUCCEEDED, "The training environment is ready."
        self._tell(Phase("checking and publishing the LoRA"))
        return self._publish(self.job)

    def _ran_to_the_end(self, code: int) -> bool:
        if code or not isinstance(self.job, TrainingJob):
            return False
        return self.folder.final_lora(self.job.name).exists() and self._new(self.folder.final_lora(self.job.name))

    def _stopped_sentence(self) -> str:
        step = self._saved()
        if step:
            return f"Stopped. Step {step} is saved: `resume {self.row.id}` goes on from there."
        return "Stopped before the first checkpoint was saved."

    def _publish(self, job: TrainingJob) -> tuple[Status, str]:
        from . import lora
        from .publish import publish  # checks the numbers before it copies

        source = next((path for path in reversed(self.engine.results(job, self.folder)) if self._new(path)), None)
        if source is None:
            reason = explain.failure(0, last_lines(self.folder.log, 200))
            return Status.FAILED, f"The trainer ended without writing a LoRA. {reason}"
        target = Path(job.lora_dir) if job.lora_dir else self.home.root / "models" / "Lora"
        published = publish(source, target, job.name, self._card(job), self._preview(job))
        self.facts.result = {**_content(lora.inspect(published.path)), **_dataset(job), **self.facts.result}
        self._tell(Published(str(published.path), published.stem, published.activation_text))
        for note in published.notes:
            self._tell(Note(note))
        return Status.SUCCEEDED, f"{published.path.name} is in {target}."

    def _new(self, path: Path) -> bool:
        return path.stat().st_mtime >= self.facts.started - 2  # FAT keeps times to 2 s

    def _card(self, job: TrainingJob) -> Any:
        from .publish import Card

        steps = self.facts.last_progress.step if self.facts.last_progress else job.params.max_train_steps
        notes = f"Trained by LoRA Bridge on {Path(job.base).name}: {steps} steps, engine {job.engine}."
        return Card(
            description=f"{job.activation_text}: trained on {Path(job.base).stem}, {steps} steps",
            sd_version={"sd1": "SD1", "sd2": "SD2", "sdxl": "SDXL"}.get(job.family, "Unknown"),
            activation_text=job.activation_text,
            notes=notes,
        )

    def _preview(self, job: TrainingJob) -> Path | None:
        """The newest sample, else the first training picture."""
        samples = [*self.folder.samples.glob("*.png"), *(self.folder.output / "sample").glob("*.png")]
        if samples:
            return max(samples, key=lambda path: path.stat().st_mtime)
        return next(iter(sorted(Path(job.dataset).glob("*/1.png"))), None)

    def _finish(self, status: Status, sentence: str, code: int | None) -> None:
        self.store.append(self.row.id, self.row.attempt, Finished(status.value, sentence, code))
        self._write_report(status, sentence, code)
        self.store.move(self.row.id, status, of=_GONE, attempt=self.row.attempt, sentence=sentence)

    def _write_report(self, status: Status, sentence: str, code: int | None) -> None:
        facts = self.facts
        report: dict[str, Any] = {
            "job": self.row.id,
            "attempt": self.row.attempt,
            "status": status.value,
            "sentence": sentence,
            "exit_code": code,
            "seconds": round(time.time() - facts.started, 1),
            "planned_steps": self.job.params.max_train_steps if isinstance(self.job, TrainingJob) else None,
            "steps": facts.last_progress.step if facts.last_progress else 0,
            "loss": facts.last_progress.loss if facts.last_progress else None,
            "proof": asdict(facts.proof) if facts.proof else None,
            "notes": facts.notes,
            "facts": facts.result,
        }
        try:
            write_json(self.folder.report, report)
        except OSError as error:
            self.store.append(self.row.id, self.row.attempt, Note(f"report.json was not written: {error.strerror}."))


def job_name(job_id: int) -> str:
    """The name of a job's folder."""
    return f"{job_id:06d}"


def _content(file: LoraFile) -> dict[str, Any]:
    return {
        "modules": file.modules,
        "text_encoder_modules": file.text_encoder_modules,
        "unet_modules": file.unet_modules,
        "finite": True,
    }


def _dataset(job: TrainingJob) -> dict[str, Any]:
    folder = Path(job.dataset)
    return {"images": len(list(folder.glob("*/*.png"))), "captions": len(list(folder.glob("*/*.txt")))}


def known_process(row: Row) -> tuple[process.Identity, str] | None:
    """Who trained the job when that was last written down, with its cookie."""
    if not row.process:
        return None
    data = json.loads(row.process)
    return process.Identity(int(data["pid"]), float(data["started"]), str(data["boot"])), str(data["cookie"])

