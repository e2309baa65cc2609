"""Who judges: what a trainer that has ended has left, and its publishing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..engines.base import Engine
from ..errors import PublishRefused
from ..jobs.events import Note, Phase, Published, Result
from ..jobs.facts import Facts
from ..jobs.folder import JobFolder
from ..jobs.job import Status, TrainingJob
from ..messages import Message
from ..models import lora
from ..paths import Home
from ..publishing import job_card
from ..publishing.job_card import Chosen
from ..publishing.publish import PublishedLora, publish
from ..publishing.record import Record
from . import explain
from .asked.publication import with_words
from .log_tail import last_lines
from .teller import Teller

Verdict = tuple[Status, str]
"""How the job ended, and why in words."""


@dataclass
class Judge:
    """Made before the trainer starts: what is new afterwards is known without trusting
    the clock.
    """

    home: Home
    job: TrainingJob
    engine: Engine
    folder: JobFolder
    teller: Teller
    facts: Facts
    _before: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = self._results()

    def trained_before(self) -> bool:
        """Whether an earlier attempt has trained to the end: then only publishing is left."""
        return self.teller.row.attempt > 1 and job_card.is_trained(self.job, self.folder)

    def ran_to_the_end(self, code: int) -> bool:
        if code:
            return False
        if self.job.launch and not self.job.launch.saves:
            return True
        return self._is_new(self.folder.final_lora(self.job.name))

    def verdict(self) -> Verdict:
        """Of a trainer that ended with code 0 and that nobody asked to stop, or that was faster."""
        if self.job.launch and not self.job.launch.saves:
            return Status.SUCCEEDED, _machine_done(self.job.launch.machine_rank)
        results = reversed(self.engine.results(self.job, self.folder))
        source = next((path for path in results if self._is_new(path)), None)
        if source is None:
            reason = explain.failure(0, last_lines(self.folder.log, 200))
            text = "The trainer ended without writing a LoRA. {reason}"
            return Status.FAILED, Message("attempt.no_lora", text, reason=reason)
        return self.publish(source)

    def publish(self, source: Path) -> Verdict:
        """Once, whatever happens on the way: see `publishing.record`."""
        job = self.job
        self.teller.tell(
            Phase(Message("phase.checking_publishing_lora", "checking and publishing the LoRA"))
        )
        if not lora.problems(source) and not lora.has_learnt(source):
            return Status.FAILED, Message(
                "judge.nothing_learnt",
                "The LoRA has learnt nothing: every lora_up is zero. Check learning_rate, unet_lr "
                "and text_encoder_lr. It is kept: {file}.",
                file=str(source),
            )
        steps = self.facts.steps or job.params.max_train_steps
        chosen = job_card.choose(job, self.folder, source, steps)
        try:
            published = self._put(chosen, is_last=chosen.step == steps)
        except PublishRefused as error:
            return Status.FAILED, self._unpublished(error, source)
        self.facts.take_lora(lora.inspect(published.path), job)
        self.teller.tell(Result(self.facts.result))
        spoken = job.activation_text if job.private else published.activation_text
        self.teller.tell(Published(str(published.path), published.stem, spoken))
        for note in [*([chosen.why] if chosen.why else []), *published.notes]:
            self.teller.tell(Note(note))
        where = {"name": published.path.name, "target": published.path.parent}
        return Status.SUCCEEDED, Message("attempt.is_in", "{name} is in {target}.", **where)

    def _put(self, chosen: Chosen, *, is_last: bool) -> PublishedLora:
        """The chosen LoRA into its folder. Its proof was measured with the last one."""
        job, proof = self.job, self.facts.proof if is_last else None
        said = asdict(proof) if proof else None
        card = job_card.card(
            job, chosen.step, job_card.evidence(self.folder, chosen.step, proof=said)
        )
        picture = job_card.sample(self.folder, chosen.step)
        if picture is None and not job.private:
            picture = job_card.picture(job, self.folder, chosen.step)
        done = publish(
            chosen.file,
            job_card.lora_dir(job, self.home),
            job.name,
            card,
            picture,
            Record.load(self.folder.published),
            self.engine.true_metadata(job, lora.inspect(chosen.file).metadata),
            is_private=job.private,
        )
        return with_words(done, job.activation_text) if job.private else done

    def _unpublished(self, error: PublishRefused, source: Path) -> str:
        """What is left where publishing fails: a LoRA that is usable, or one that isn't."""
        if lora.problems(source):
            return error.message
        return Message(
            "attempt.unpublished",
            "The LoRA is trained, but not published: {reason} It is kept at {file}. "
            "`sd-scripts-bridge publish {job}` publishes it, with --lora-dir into another folder.",
            reason=error.message,
            file=source,
            job=self.teller.row.id,
        )

    def _results(self) -> dict[Path, tuple[int, int]]:
        """The result files that are there, each with time and size."""
        found = ((path, path.stat()) for path in self.engine.results(self.job, self.folder))
        return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found}

    def _is_new(self, path: Path) -> bool:
        return self._results().get(path) not in (None, self._before.get(path))


def _machine_done(machine: int) -> Message:
    text = "Machine {machine} has done its part; the LoRA is on machine 0."
    return Message("attempt.machine_done", text, machine=machine)
