"""The one facade: every verb of the command line, REST and the tab is a method here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import engines
from .errors import Conflict, Invalid, Problem
from .jobs import facts
from .jobs.folder import JobFolder
from .jobs.job import SetupJob, Status, TrainingJob
from .jobs.store import Entry, JobRow, Store
from .jobs.wanted import ALL, Wanted
from .messages import Message
from .options import presets
from .paths import Home, absolute
from .planning import named_paths
from .planning.request import Planner, Request
from .running import again, keeping, supervisor
from .running.log_tail import last_lines
from .running.log_words import spoken

if TYPE_CHECKING:
    from .datasets.caption_files import Caption
    from .datasets.writer import Dataset, Report
    from .exchange.export import Exported
    from .exchange.settling.report import Imported
    from .models.checkpoint import Base
    from .planning.doctor import Readiness
    from .planning.option_list import Option
    from .publishing.publish import PublishedLora
    from .running.keeping import Freed

PAUSE_MINUTES = 10.0
LONGEST_PAUSE_MINUTES = 24 * 60

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
        self.store = Store(home.database, home.jobs)

    # ---- photos ----

    def check(self, photos: Sequence[Path], progress: Advance | None = None) -> Report:
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
        job, notes = self.plan(request)
        job_id = self.store.add(job)
        supervisor.spawn(self.home)
        return Submitted(job_id, job, tuple(notes))

    def plan(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that `submit` would queue, with its notes; makes the clean copies that it needs."""
        if request.on is not None:
            from .cluster import question

            return question.plan(Planner(self.home), request)
        return Planner(self.home).plan(request)

    def look(self, request: Request) -> tuple[TrainingJob, list[str]]:
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
        job, notes, _ = Planner(self.home).look(request)
        return job, notes

    def sketch(
        self, request: Request, data: Dataset, base: Base
    ) -> tuple[TrainingJob, list[str], list[Problem]]:
        """See `Planner.sketch`."""
        return Planner(self.home).sketch(request, data, base)

    # ---- the queue ----

    def jobs(self) -> list[JobRow]:
        """All jobs, oldest first; those that lost their supervisor are found out here."""
        supervisor.reconcile(self.home, self.store)
        return self.store.jobs()

    def active(self, *, reconcile: bool = True) -> list[JobRow]:
        """The jobs that run, stop or wait, oldest first; without ``reconcile`` as last written."""
        if reconcile:
            supervisor.reconcile(self.home, self.store)
        return self.store.jobs([status for status in Status if not status.is_over])

    def newest(self, count: int, *, below: int | None = None, wanted: Wanted = ALL) -> list[JobRow]:
        """One page of the history, newest first, from below the number ``below`` on."""
        return self.store.newest(count, below=below, wanted=wanted)

    def count(self, wanted: Wanted = ALL) -> int:
        """How many jobs are ``wanted``."""
        return self.store.count(wanted)

    def job(self, job_id: int) -> JobRow:
        """One job, its status true as of now. Raises `NotFound`."""
        row = self.store.get(job_id)
        if not row.status.is_over:
            supervisor.reconcile(self.home, self.store)
            row = self.store.get(job_id)
        return row

    def events(self, job_id: int, after: int = 0) -> list[Entry]:
        return self.store.events(job_id, after)

    def folder(self, job_id: int) -> JobFolder:
        return JobFolder.of(self.home, job_id)

    def log(self, job_id: int, lines: int = 40) -> list[str]:
        """The end of the trainer's own output, our engine's events in words. Raises `NotFound`."""
        self.store.get(job_id)
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
        """Stop after the next save, or now; returns what will happen.

        Raises `Conflict` where it is over already.
        """
        row = self.job(job_id)
        before = (
            Message(
                "job.stopped_while_waited_saved", "Stopped while it waited; what is saved is kept."
            )
            if row.attempt
            else Message("job.stopped_before_began", "Stopped before it began.")
        )
        if row.status is Status.QUEUED and self.store.move(
            job_id, Status.STOPPED, of=[Status.QUEUED], attempt=row.attempt, sentence=before
        ):
            return Message("job.job_queue", "Job {job_id} is out of the queue.", job_id=job_id)
        if self.store.ask_to_stop(job_id, "now" if now else "save"):
            if "://" in row.device:
                return Message(
                    "job.job_stops_cluster",
                    "Job {job_id} stops, here and on the cluster.",
                    job_id=job_id,
                )
            if now:
                return again.stops_now(self.store, job_id)
            text = "Job {job_id} stops after its next save."
            return Message("job.job_stops_after_next", text, job_id=job_id)
        row = self.store.get(job_id)
        if row.status.is_over:
            raise Conflict(
                "bridge.job_over_already",
                "Job {job_id} is over already ({status}).",
                job_id=job_id,
                status=row.status,
            )
        return Message(
            "job.job_stopping_already", "Job {job_id} is stopping already.", job_id=job_id
        )

    def pause(self, job_id: int, minutes: float = PAUSE_MINUTES) -> str:
        """Leave the card to something else: after the next save for ``minutes``, then go on by
        itself. Raises `Conflict`.
        """
        if not 0 < minutes <= LONGEST_PAUSE_MINUTES:
            raise Invalid(
                [
                    Problem(
                        "bridge.outside",
                        "minutes",
                        "{minutes} is outside 0 to {longest_pause_minutes}",
                        minutes=f"{minutes:g}",
                        longest_pause_minutes=LONGEST_PAUSE_MINUTES,
                    )
                ]
            )
        row = self.job(job_id)
        if row.kind != "train" or row.status not in (Status.RUNNING, Status.QUEUED):
            raise Conflict(
                "bridge.job_training_runs_waits",
                "Job {job_id} ({title}) is {status}; only a training that runs or waits can be "
                "paused.",
                job_id=job_id,
                title=row.title,
                status=row.status,
            )
        job = row.job
        if isinstance(job, TrainingJob) and job.on:
            raise Conflict(
                "bridge.job_trains_cluster_machines",
                "Job {job_id} trains on a cluster: this machine's card is free.",
                job_id=job_id,
            )
        if isinstance(job, TrainingJob) and job.params.save_state and not job.saves_states:
            raise Conflict(
                "bridge.job_saves_states_several",
                "Job {job_id} saves no states (several machines, or DeepSpeed): a pause would "
                "lose all.",
                job_id=job_id,
            )
        self.store.ask_for_pause(row.device, 60 * minutes)
        if row.status is Status.RUNNING and self.store.ask_to_stop(job_id, "pause"):
            return Message(
                "job.job_pauses_next_save",
                "Job {job_id} pauses at its next save, and goes on by itself.",
                job_id=job_id,
            )
        self.store.begin_pause(row.device)
        return Message(
            "job.job_waits_begins_itself",
            "Job {job_id} waits, and begins by itself after {minutes} minutes.",
            job_id=job_id,
            minutes=f"{minutes:g}",
        )

    def resume(self, job_id: int, step: int | None = None) -> str:
        """Queue it again from its newest saved state, or the one of ``step`` (newer ones are
        removed then); or end its pause. Raises `Conflict`.
        """
        return self._spawned(again.resume(self.home, self.store, self.job(job_id), step))

    def retry(self, job_id: int) -> str:
        """Queue it again from step 0; what the last attempt wrote is removed. Raises `Conflict`."""
        return self._spawned(again.retry(self.home, self.store, self.job(job_id)))

    def _spawned(self, sentence: str) -> str:
        supervisor.spawn(self.home)
        return sentence

    def remove(self, job_id: int) -> str:
        """Forget a job and delete its folder; a published LoRA stays.

        Raises `Conflict` while it runs.
        """
        row = self.job(job_id)
        if not self.store.remove(job_id):
            raise Conflict(
                "bridge.job_stop_first",
                "Job {job_id} is {status}. Stop it first.",
                job_id=job_id,
                status=row.status,
            )
        again.take_back(self.folder(job_id))
        folder = self.folder(job_id).root
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            return Message(
                "job.job_gone_part_could",
                "Job {job_id} is gone. Part of {folder} could not be deleted: something has it "
                "open, or you may not.",
                job_id=job_id,
                folder=folder,
            )
        return Message(
            "job.job_folder_gone", "Job {job_id} and its folder are gone.", job_id=job_id
        )

    # ---- from elsewhere, and back ----

    def import_file(self, path: Path, folders: Sequence[Path] = ()) -> Imported:
        """What a file says about a training, key by key; base models are looked for in ``folders``.
        Raises `Invalid`.
        """
        from .exchange import request as exchange_request

        return exchange_request.read(path, self.home, folders)

    def like(self, imported: Imported, request: Mapping[str, Any]) -> Request:
        """A request for the training that ``imported`` describes; ``request`` goes before it.

        Raises `Invalid`.
        """
        from .exchange import request as exchange_request

        given = {key: value for key, value in request.items() if value is not None}
        filled = exchange_request.fill(
            imported,
            self.home,
            given.get("dataset"),
            given.get("base"),
            given.get("values", {}),
            given.get("launch"),
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
        job = self.store.get(job_id).job
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
        from .publishing.record import Record

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
        job_id = self.store.add(job)
        supervisor.spawn(self.home)
        return job_id

    def options(self, family: str, *, installed: bool = True) -> list[Option]:
        """Every option that a training of this family takes; without ``installed`` only those that
        we know by name.
        """
        from .planning import option_list

        return option_list.options(self.home, family, installed=installed)

    def clean(self, keep: str | None = None, *, only_look: bool = False) -> list[Freed]:
        """Free what finished trainings don't need, by the home's rule; ``keep`` sets that first.

        ``only_look``: say what would be freed. Raises `Invalid` for an unknown rule.
        """
        if keep is not None:
            keeping.set_rule(self.home, keep)
        return keeping.clean(self.home, self.store, only_look=only_look)

    def keeps(self) -> str:
        """The rule that `clean` goes by, one of `jobs.folder.KEEP`."""
        return keeping.rule(self.home)

    def doctor(self) -> list[Readiness]:
        """What is ready and what is not."""
        from .planning.doctor import examine

        return examine(self.home)
