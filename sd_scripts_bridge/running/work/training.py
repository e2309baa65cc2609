"""A training's answers to an attempt: from a saved state on, judged, healed, published."""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from ... import engines
from ...engines import tools
from ...engines.base import Command, Engine, Traits
from ...errors import BridgeError, all_said
from ...jobs.events import Event, Note, Progress
from ...jobs.folder import state_step
from ...jobs.job import Status, TrainingJob
from ...messages import Message
from ...outcome.estimate import HISTORY, RunKind, estimate
from ...outcome.fold import Fold
from ...outcome.spill import SpillWatch
from ...planning import inputs
from ...planning.preflight import gone, size
from ...system.gpu_memory import GpuMemory
from .. import explain, keeping
from ..asked import evaluation
from ..failures import heal
from ..judge import Judge
from ..log_tail import last_lines
from .base import Verdict, Work

LOG = logging.getLogger(__name__)
NANS = 3
"""A run with this many NaN losses in a row can't recover by itself."""


@dataclass
class TrainingWork(Work):
    """Trains one LoRA and publishes it."""

    job: TrainingJob
    engine: Engine = field(init=False)
    _nans: int = 0
    _nan_since: int | None = None

    def __post_init__(self) -> None:
        self.engine = engines.of(self.job, self.home)

    @property
    def traits(self) -> Traits:
        return self.engine.traits

    @property
    def is_hopeless(self) -> bool:  # type: ignore[override]
        return self._nans >= NANS

    # ---- starting ----

    def prepare(self) -> None:
        self.judge = Judge(self.home, self.job, self.engine, self.folder, self.teller, self.facts)
        on_gpu = self.engine.machine().device == "cuda"
        family = self.job.family if on_gpu else ""
        memory = GpuMemory(self.job.device)
        self.spill = SpillWatch(self.job.params, memory, self._usual(), family)

    def _usual(self) -> float | None:
        """Seconds a step of the newest run of its kind here; None where there is none."""
        job, store = self.job, self.teller.store
        kind = RunKind.of(job.family, job.engine, job.params, job.launch)
        try:
            rows = [row for row in store.newest(HISTORY) if row.id != self.row.id]
            paces = estimate(kind, 1, rows, lambda it: Fold.of(store.outline(it)).seconds_a_step)
            return paces.seconds
        except BridgeError:  # the database can't be read now; the run's own pace will do
            return None

    def left_over(self) -> Verdict | None:
        """Publishing, where an earlier attempt has trained to the end."""
        if not self.judge.trained_before():
            return None
        text = "The training had ended already; only publishing was left."
        self.teller.tell(Note(Message("note.publish_only", text)))
        planned = self.job.params.max_train_steps
        self.facts.take(Progress(planned, planned, self._last_loss()))
        return self.judge.publish(self.folder.final_lora(self.job.name))

    def command(self) -> Command:
        problems = [*self.engine.check(), *gone(self.job)]
        if problems:
            raise BridgeError(all_said(problems))
        states = self.engine.states(self.job, self.folder) if self.row.attempt > 1 else []
        self._say_whence(states)
        if not states:
            inputs.write_latents(self.folder, self.job)
        return self.engine.command(self.job, self.folder, states[-1] if states else None)

    def _say_whence(self, states: list[Path]) -> None:
        whole = set(states)
        for state in self.folder.states(self.job.name) if self.row.attempt > 1 else []:
            if state not in whole and (not states or state_step(state) > state_step(states[-1])):
                text = "The saved state of step {step} is damaged: it is not used."
                self.teller.tell(Note(Message("note.state_damaged", text, step=state_step(state))))
        if states:
            step = state_step(states[-1])
            text = "Going on from step {state_step}."
            self.teller.tell(Note(Message("note.going_step", text, state_step=step)))

    def _last_loss(self) -> float | None:
        try:
            told = reversed(self.teller.store.events(self.row.id))
        except BridgeError:  # the database can't be read now; the LoRA can be published
            return None
        return next((e.event.loss for e in told if isinstance(e.event, Progress)), None)

    # ---- while it runs ----

    def read(self, line: str) -> Event | None:
        return self.engine.read(line)

    def counted(self, event: Progress) -> Progress:
        """sd-scripts counts a resumed run from 0 up to the steps that are left."""
        self._watch_loss(event)
        self._watch_memory(event)
        planned = self.job.params.max_train_steps
        return Progress(event.step + max(0, planned - event.total), planned, event.loss)

    def _watch_loss(self, event: Progress) -> None:
        if event.loss is not None or event.step == 0:
            self._nans, self._nan_since = 0, None
            return
        self._nans += 1
        self._nan_since = event.step if self._nan_since is None else self._nan_since

    def _watch_memory(self, event: Progress) -> None:
        said = None if self.traits.is_remote else self.spill.add(time.monotonic(), event)
        if said is not None:
            self.teller.tell(Note(said))
            self.facts.take(Note(said))

    def saved(self) -> int:
        states = self.engine.states(self.job, self.folder)
        return state_step(states[-1]) if states else 0

    def will_save(self, *, pausing: bool) -> bool:
        return self.job.saves_states or self.traits.saves_on_request or pausing

    # ---- at its end ----

    def is_done(self, code: int) -> bool:
        return self.judge.ran_to_the_end(code)

    def verdict(self, code: int) -> Verdict:
        return (Status.FAILED, self.why(code)) if code else self.judge.verdict()

    def stopped(self) -> Message:
        if self.traits.is_remote:
            return Message("attempt.stopped_cluster", "Stopped, here and on the cluster.")
        step = self.saved()
        if not step:
            return super().stopped()
        text = "Stopped. Step {step} is saved: `resume {job}` goes on from there."
        return Message("attempt.stopped", text, step=step, job=self.row.id)

    def tidy(self, status: Status) -> None:
        """By the rule that holds in this home."""
        if status is not Status.SUCCEEDED:
            return
        self._measure_later()
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

    def _measure_later(self) -> None:
        """sd-scripts measures nothing itself: once its GPU is free, a job of ours does."""
        if self.traits.measures_saves or self.traits.is_remote:
            return
        try:
            work = evaluation.of_job(self.row.id, self.job, self.folder)
        except BridgeError:  # no photo is held out, or the family can't be measured here
            return
        if not tools.get(work.tool).check(self.home):
            number = self.teller.surely(lambda: self.teller.store.add(work))
            text = "Job {job} measures the saved steps on the photo that was held out."
            self.teller.tell(Note(Message("note.measured_later", text, job=number)))

    # ---- healing ----

    def cure(self, code: int) -> bool:
        if self.traits.heals_itself or not (code or self.is_hopeless):
            return False  # a cluster heals its own
        cause = explain.cause(code, last_lines(self.folder.log, 200))
        kind = "nan" if self.is_hopeless else cause.kind
        found = heal.cure(self.job, kind, self.engine.refuse)
        if found is None or (cause.kind == "cache" and self.job.dataset_config is not None):
            return False  # those caches lie among the user's own files
        self._drop_spoilt(found)
        for cache in Path(self.job.dataset).rglob("*.npz") if cause.kind == "cache" else ():
            cache.unlink(missing_ok=True)
        self.teller.tell(Note(found.sentence))
        store, cured = self.teller.store, found.job
        return bool(self.teller.surely(lambda: store.heal(self.row.id, self.row.attempt, cured)))

    def _drop_spoilt(self, found: heal.Cure) -> None:
        """Remove the states that the cure can't go on from, and a LoRA that isn't its."""
        self.folder.final_lora(self.job.name).unlink(missing_ok=True)
        states = self.engine.states(self.job, self.folder)
        for state in states:
            spoilt = found.older and state == states[-1]
            if self._nan_since is not None:  # then it is known which ones are
                spoilt = state_step(state) >= self._nan_since
            if found.fresh or spoilt:
                shutil.rmtree(state, ignore_errors=True)
