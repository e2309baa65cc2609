"""The one facade: every verb of the command line, REST and the tab is a method here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import engines
from .errors import Conflict, Invalid, Problem
from .jobs import facts
from .jobs.events import Published
from .jobs.folder import JobFolder
from .jobs.job import Job, SetupJob, Status, TrainingJob
from .jobs.store import Entry, JobRow, Store
from .jobs.wanted import ALL, Wanted
from .messages import joined
from .options import presets
from .paths import Home, absolute
from .planning import named_paths
from .planning.planner import Planner
from .planning.request import Request
from .publishing.record import Record
from .running import keeping, supervisor
from .running.asked.queue import PAUSE_MINUTES, Queue
from .running.log_tail import last_lines
from .running.log_words import spoken

if TYPE_CHECKING:
    from .datasets.caption_files import Caption
    from .datasets.writer import Dataset, DatasetCheck
    from .engines.base import Engine
    from .exchange.export import Exported
    from .exchange.settling.imported import Imported
    from .models.checkpoint import Base
    from .planning.cleaning import Cleaned
    from .planning.doctor import Readiness
    from .planning.option_list import Option
    from .publishing.publish import PublishedLora
    from .running.keeping import Freed

Advance = Callable[[int, int], None]
"""Told (done, of how many) while something long goes on."""


@dataclass(frozen=True)
class Submitted:
    """The queued job, and what was decided for the user on the way."""

    id: int
    job: TrainingJob
    notes: tuple[str, ...]


class Bridge:
    """The verbs, over one home folder."""

    def __init__(self, home: Home) -> None:
        self.home = home.create()
        self._store = Store(home.database, home.jobs)
        self._queue = Queue(self.home, self._store)

    @property
    def recovered(self) -> str:
        """What was damaged and found again when the home was opened; empty: nothing."""
        return self._store.recovered

    # ---- photos ----

    def check(self, photos: Sequence[Path], progress: Advance | None = None) -> DatasetCheck:
        """The dataset doctor's report; changes nothing."""
        from .datasets import writer as dataset_writer
        from .photos import zips

        with zips.opened(photos) as paths:
            return dataset_writer.check(paths, progress)

    def write_dataset(
        self,
        photos: Sequence[Path],
        name: str,
        class_token: str,
        steps: int,
        out: Path,
        progress: Advance | None = None,
    ) -> Dataset:
        """Clean copies and captions as a kohya folder. Raises `Invalid`."""
        from .datasets import writer as dataset_writer
        from .photos import zips

        with zips.opened(photos) as paths:
            return dataset_writer.prepare(paths, name, class_token, steps, out, progress)

    def captions(self, folder: Path) -> list[Caption]:
        """The captions of a folder that `write_dataset` made. Raises `Invalid` or `Conflict`."""
        from .datasets import caption_files

        return caption_files.read(folder)

    def change_captions(
        self, folder: Path, action: str, text: str = "", by: str = "", *, at_start: bool = False
    ) -> list[Caption]:
        """ "add", "remove" or "replace" in every caption of such a folder, or "undo"; returns those
        that changed.
        """
        from .datasets import caption_files

        if action == "undo":
            return caption_files.undo(folder)
        return caption_files.change(folder, action, text, by, at_start=at_start)

    # ---- training ----

    def submit(self, request: Request) -> Submitted:
        """Queue a training. Raises `Invalid` or `EngineNotReady` with everything that is wrong."""
        job, notes = self.prepare(request)
        return Submitted(self._queue.add(job), job, tuple(notes))

    def prepare(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that `submit` would queue, with its notes; writes the clean copies that it needs.

        Raises as `submit`.
        """
        if request.on is not None:
            from .cluster import question

            return question.prepare(Planner(self.home), request)
        return Planner(self.home).prepare(request)

    def dry_run(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that `submit` would queue here, with its notes; copies and writes nothing.

        Raises as `submit`.
        """
        if request.on is not None:
            raise Invalid(
                [
                    Problem(
                        "bridge.cluster_can_asked_sending",
                        "on",
                        "a cluster can be asked only by sending it the photos, and nothing is "
                        "sent here",
                        "Leave --dry-run out: what is wrong is told before the training is queued.",
                    )
                ]
            )
        job, notes, _ = Planner(self.home).dry_run(request)
        return job, notes

    def draft_job(
        self, request: Request, data: Dataset, base: Base
    ) -> tuple[TrainingJob, list[str], list[Problem]]:
        """See `Planner.draft_job`."""
        return Planner(self.home).draft_job(request, data, base)

    def choose_engine(self, base: Base | None = None) -> Engine:
        """The engine that is taken where nobody names one."""
        return (
            engines.choose(self.home, base.family, base.full_size)[0]
            if base
            else engines.choose(self.home)[0]
        )

    def engine_of(self, job: Job) -> Engine:
        """The engine that runs ``job``."""
        return engines.of(job, self.home)

    def engine(self, name: str) -> Engine:
        """The engine called ``name``. Raises `NotFound`."""
        return engines.get(name, self.home)

    # ---- the queue ----

    def jobs(self) -> list[JobRow]:
        """All jobs, oldest first; those that lost their supervisor are found out here."""
        supervisor.reconcile(self.home, self._store)
        return self._store.jobs()

    def active(self, *, reconcile: bool = True) -> list[JobRow]:
        """The jobs that run, stop or wait, oldest first; without ``reconcile`` as last written."""
        if reconcile:
            supervisor.reconcile(self.home, self._store)
        return self._store.jobs([status for status in Status if not status.is_over])

    def newest(self, count: int, *, below: int | None = None, wanted: Wanted = ALL) -> list[JobRow]:
        """One page of the history, newest first, from below the number ``below`` on."""
        return self._store.newest(count, below=below, wanted=wanted)

    def count(self, wanted: Wanted = ALL) -> int:
        """How many jobs are ``wanted``."""
        return self._store.count(wanted)

    def job(self, job_id: int) -> JobRow:
        """One job, its status true as of now. Raises `NotFound`."""
        return self._queue.job(job_id)

    def events(self, job_id: int, after: int = 0) -> list[Entry]:
        return self._store.events(job_id, after)

    def lora_of(self, job_id: int) -> Path | None:
        """Where the LoRA that the job has published was put; None where it has published none."""
        record = Record.load(self.folder(job_id).published)
        if record.stem:
            return Path(record.lora_dir) / f"{record.stem}.safetensors"
        told = self._store.last_event(job_id, Published.type)  # of before the record
        return Path(told.path) if isinstance(told, Published) else None

    def folder(self, job_id: int) -> JobFolder:
        return JobFolder.of(self.home, job_id)

    def log(self, job_id: int, lines: int = 40) -> list[str]:
        """The end of the trainer's own output, our engine's events in words. Raises `NotFound`."""
        self._store.get(job_id)
        return [spoken(line) for line in last_lines(self.folder(job_id).log, lines)]

    def report(self, job_id: int) -> str:
        """The job's story as text that may be pasted in public: without names, paths and pictures.
        Raises `NotFound`.
        """
        from .running import bug_report

        row, done = self.job(job_id), facts.read(self.folder(job_id).report)
        return bug_report.text(
            row, done or None, self.log(job_id, 2000), [str(finding) for finding in self.doctor()]
        )

    def stop(self, job_id: int, *, now: bool = False) -> str:
        """See `Queue.stop`."""
        return self._queue.stop(job_id, now=now)

    def pause(self, job_id: int, minutes: float = PAUSE_MINUTES) -> str:
        """See `Queue.pause`."""
        return self._queue.pause(job_id, minutes)

    def resume(self, job_id: int, step: int | None = None) -> str:
        """See `again.resume`."""
        return self._queue.resume(job_id, step)

    def retry(self, job_id: int) -> str:
        """See `again.retry`."""
        return self._queue.retry(job_id)

    def remove(self, job_id: int) -> str:
        """Forget a job and delete its folder, and the clean copies of its photos where no other
        job trains them; a published LoRA stays. Raises `Conflict` while it runs.
        """
        said, freed = self._queue.remove(job_id), self.free_copies()
        return joined([said, freed.sentence]) if freed.bytes else said

    def free_copies(self, *, dry_run: bool = False) -> Cleaned:
        """Free the clean copies that no job needs; with ``dry_run`` only say what that is."""
        from .planning import cleaning

        return cleaning.clean(self.home, self._store, dry_run=dry_run)

    def pauses(self) -> dict[str, float]:
        """The devices that are paused now, and until when (seconds since 1970)."""
        return self._store.pauses()

    # ---- from elsewhere, and back ----

    def import_file(self, path: Path, folders: Sequence[Path] = ()) -> Imported:
        """What a file says about a training, key by key; base models are looked for in ``folders``.
        Raises `Invalid`.
        """
        from .exchange import request as exchange_request

        return exchange_request.read(path, self.home, folders)

    def like(self, imported: Imported, request: Mapping[str, Any]) -> Request:
        """A request for the training that ``imported`` describes; ``request`` takes precedence.

        Raises `Invalid`.
        """
        from .exchange import request as exchange_request

        given = {key: value for key, value in request.items() if value is not None}
        filled = exchange_request.fill(
            imported, given.get("dataset"), given.get("base"), given.get("launch")
        )
        preset = presets.IMPORTED if imported.values else None
        return Request(**{"name": imported.name, "preset": preset, **given, **filled})

    def export(self, job_id: int, form: str, out: Path | None = None) -> Exported:
        """A job as "toml", "kohya" or "sh", into ``out`` or its own folder.

        Raises `NotFound`, `Conflict`, `Invalid`.
        """
        from .exchange import export

        job = self._training(job_id)
        folder = out or self.folder(job_id).root / "export" / form
        return export.export(job, form, folder, export.InstalledScripts.of(self.home, job.family))

    def export_files(self, job_id: int, form: str) -> tuple[dict[str, str], list[str]]:
        """(name -> text, notes) of files that may lie in any one folder of this machine; writes
        nothing. Raises as `export`.
        """
        from .exchange import export

        job = self._training(job_id)
        return export.files(job, form, Path(), export.InstalledScripts.of(self.home, job.family))

    def _training(self, job_id: int) -> TrainingJob:
        job = self._store.get(job_id).job
        if not isinstance(job, TrainingJob):
            raise Conflict("bridge.job_training", "Job {job_id} is no training.", job_id=job_id)
        return job

    # ---- the rest ----

    def publish(self, file: Path, lora_dir: Path, name: str | None = None) -> PublishedLora:
        """A finished LoRA with card, into a Lora folder. Raises `Invalid` or `PublishRefused`."""
        from .models import lora
        from .publishing import publish

        problems = lora.problems(file)
        if problems:
            raise Invalid(problems)
        card = publish.card_from_metadata(lora.inspect(file))
        return publish.publish(file, lora_dir, name or file.stem, card)

    def publish_job(
        self, job_id: int, lora_dir: Path | None = None, name: str | None = None
    ) -> PublishedLora:
        """The newest checkpoint that a training has saved, as if it had ended there.

        Raises `Conflict` where there is none.
        """
        from .models import lora
        from .publishing import job_card, publish

        job = self.job(job_id).job
        if not isinstance(job, TrainingJob):
            raise Conflict("bridge.job_training", "Job {job_id} is no training.", job_id=job_id)
        folder = self.folder(job_id)
        found = job_card.newest_checkpoint(job, folder)
        if found is None:
            raise Conflict(
                "bridge.job_saved_lora_yet", "Job {job_id} has saved no LoRA yet.", job_id=job_id
            )
        target = lora_dir or job_card.lora_dir(job, self.home)
        own = lora_dir is None and name is None  # then it is what the job itself would publish
        return publish.publish(
            found[0],
            target,
            name or job.name,
            job_card.card(job, found[1]),
            job_card.picture(job, folder),
            Record.load(folder.published) if own else None,
            engines.of(job, self.home).true_metadata(job, lora.inspect(found[0]).metadata),
        )

    def setup(
        self,
        source: str | None = None,
        python: Path | None = None,
        *,
        engine: str = "sd-scripts",
    ) -> int:
        """Queue the job that makes the training environment; returns its number.

        ``engine`` "embedded": our own engine's alone, which needs PyPI only. Raises `Invalid`.
        """
        job = SetupJob(
            engine,
            source=named_paths.source(source) if source else None,
            python=str(absolute(python)) if python else None,
        )
        return self._queue.add(job)

    def options(self, family: str, *, installed: bool = True) -> list[Option]:
        """Every option that a training of this family takes; without ``installed`` only those that
        we know by name.
        """
        from .planning import option_list

        return option_list.options(self.home, family, installed=installed)

    def clean(self, keep: str | None = None, *, only_look: bool = False) -> list[Freed]:
        """Free what finished trainings don't need, by the home's rule; ``keep`` sets that first.

        ``only_look``: say what would be freed, by ``keep`` where it is given; nothing is set.
        Raises `Invalid` for an unknown rule.
        """
        return keeping.clean(self.home, self._store, keep, only_look=only_look)

    def keeps(self) -> str:
        """The rule that `clean` goes by, one of `jobs.folder.KEEP`."""
        return keeping.rule(self.home)

    def doctor(self) -> list[Readiness]:
        """What is ready and what is not."""
        from .planning.doctor import examine

        return examine(self.home)
