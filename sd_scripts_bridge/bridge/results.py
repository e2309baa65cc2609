"""What came of a job: its log, its story, its LoRA published, its settings for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Conflict
from ..evidence import measured
from ..evidence.recommendation import as_dict
from ..jobs import facts
from ..jobs.events import Published
from ..jobs.job import TrainingJob
from ..outcome.estimate import HISTORY, Estimate, RunKind, estimate
from ..outcome.fold import Fold
from ..outcome.result import TrainingResult, result
from ..publishing import choice
from ..publishing.record import Record
from ..running.log_tail import last_lines
from ..running.log_words import spoken
from .home import OpenHome

if TYPE_CHECKING:
    from ..exchange.export import Exported
    from ..models.verifying.verdict import VerifiedView
    from ..publishing.publish import PublishedLora


class ResultVerbs(OpenHome):
    """Verbs for what a job leaves behind."""

    def log(self, job_id: int, lines: int = 40) -> list[str]:
        """The end of the trainer's own output, our engine's events in words. Raises `NotFound`."""
        self._store.get(job_id)
        return [spoken(line) for line in last_lines(self.folder(job_id).log, lines)]

    def report(self, job_id: int) -> str:
        """The job's story as text that may be pasted in public: without names, paths and pictures.
        Raises `NotFound`.
        """
        from ..planning.doctor import examine
        from ..running import bug_report

        row, done = self.job(job_id), facts.read(self.folder(job_id).report)
        return bug_report.text(
            row,
            done or None,
            self.log(job_id, 2000),
            [str(finding) for finding in examine(self.home)],
        )

    def result(self, job_id: int) -> TrainingResult:
        """What a finished training gave. Raises `NotFound`,
        or `Conflict` while there is no LoRA.
        """
        fold, report = Fold.of(self.outline(job_id)), facts.read(self.folder(job_id).report)
        return result(self.job(job_id), fold, report)

    def estimate(self, job: TrainingJob) -> Estimate:
        """How long ``job`` will take, from the newest run of its kind here."""
        kind = RunKind.of(job.family, job.engine, job.params, job.launch)
        rows, steps = self._store.newest(HISTORY), job.params.max_train_steps
        return estimate(kind, steps, rows, lambda it: Fold.of(self.outline(it)).seconds_a_step)

    def lora_of(self, job_id: int) -> Path | None:
        """Where the LoRA that the job has published was put; None where it has published none."""
        record = Record.load(self.folder(job_id).published)
        if record.stem:
            return Path(record.lora_dir) / f"{record.stem}.safetensors"
        told = self._store.last_event(job_id, Published.type)  # of before the record
        return Path(told.path) if isinstance(told, Published) else None

    def steps_of(self, job_id: int) -> dict[int, Path]:
        """Where saved steps of the job were put that were published besides its LoRA."""
        files = self.folder(job_id).published_steps()
        records = {step: Record.load(file) for step, file in files.items()}
        return {
            step: Path(record.lora_dir) / f"{record.stem}.safetensors"
            for step, record in records.items()
            if record.stem
        }

    def publish(
        self, file: Path, lora_dir: Path, name: str | None = None, *, is_private: bool = False
    ) -> PublishedLora:
        """See `publication.publish_file`."""
        from ..running.asked import publication

        return publication.publish_file(self.home, file, lora_dir, name, is_private=is_private)

    def publish_job(
        self,
        job_id: int,
        lora_dir: Path | None = None,
        name: str | None = None,
        *,
        step: int | None = None,
        is_average: bool = False,
        is_private: bool = False,
    ) -> PublishedLora:
        """See `publication.publish_job`; ``is_average``: `publication.publish_average`."""
        from ..running.asked import likeness, publication

        if is_average:
            row = self.job(job_id)
            return publication.publish_average(
                self.home, row, lora_dir, name, step=step, is_private=is_private
            )
        known = likeness.of(self.home, self._store, job_id)
        return publication.publish_job(
            self.home,
            self.job(job_id),
            lora_dir,
            name,
            step=step,
            is_private=is_private,
            likeness=known.sentence if known.measured else "",
        )

    def set_publish_rule(self, wanted: str) -> None:
        """The step that a training publishes where it says nothing, from now on: "last" or
        "recommended". Raises `Invalid`.
        """
        choice.set_rule(self.home, wanted)

    def recommended_step(self, job_id: int) -> int:
        """The saved step that was measured to be best. Raises `NotFound`, or `Conflict` that says
        why there is none.
        """
        said = as_dict(measured.read(self.folder(self.job(job_id).id).measured))
        if said["step"] is None:
            text = "No step of job {job} is recommended. {reason}"
            raise Conflict("result.none_recommended", text, job=job_id, reason=said["reason"])
        return int(said["step"])

    def verify(self, file: Path) -> VerifiedView:
        """See `models.verifying.verdict`."""
        from ..models.verifying import verdict

        return verdict.verify(file)

    def export(self, job_id: int, form: str, out: Path | None = None) -> Exported:
        """A job as "toml", "kohya" or "sh", into ``out`` or its own folder.

        Raises `NotFound`, `Conflict`, `Invalid`.
        """
        from ..exchange import export

        job = self._training(job_id)
        folder = out or self.folder(job_id).root / "export" / form
        return export.export(job, form, folder, export.InstalledScripts.of(self.home, job.family))

    def export_files(self, job_id: int, form: str) -> tuple[dict[str, str], list[str]]:
        """(name -> text, notes) of files that may lie in any one folder of this machine; writes
        nothing. Raises as `export`.
        """
        from ..exchange import export

        job = self._training(job_id)
        return export.files(job, form, Path(), export.InstalledScripts.of(self.home, job.family))

    def _training(self, job_id: int) -> TrainingJob:
        job = self._store.get(job_id).job
        if not isinstance(job, TrainingJob):
            raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=job_id)
        return job
