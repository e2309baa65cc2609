"""The embedded engine's program: trains one job from its folder,
and says on stdout what happens.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from ....datasets import caption_tokens
from ....errors import BridgeError, TrainingFailed
from ....jobs.events import Checkpoint, Note, Phase, Result
from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob, job_from_dict
from ....messages import Message
from ....options.memory import count as memory_count
from ... import sample_prompts
from ..kept.tensors import KeptTensors
from ..measuring.during import SaveMeasures
from ..model import base_model, device
from ..stepping import earnings
from ..stepping.compiled import Compiled, compiled_steps
from ..stepping.graphs import Take, taker
from ..stepping.step import Step, inputs_of
from . import proof, said, state
from .loss import Rows
from .metadata import Metadata
from .optimizer import Optimizer
from .preparation import Prepared, prepare, samples_wanted
from .said import say
from .samples import Samples
from .tensorboard import Board, board_of


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="embedded-trainer", description=__doc__)
    parser.add_argument("folder", type=Path, help="the job's folder, with job.json")
    parser.add_argument("--resume", type=Path, help="a state folder to go on from")
    parser.add_argument(
        "--tokenizers", type=Path, help="where CLIP's vocabulary lies; else the job folder gets it"
    )
    parser.add_argument("--kept", type=Path, help="where latents and text states are remembered")
    parser.add_argument("--compiled", type=Path, help="where what PyTorch compiles is kept")
    arguments = parser.parse_args(argv)
    folder = JobFolder(arguments.folder)
    try:
        job = read_job(folder)
        tokenizers = arguments.tokenizers or folder.root / "tokenizers"
        caption_tokens.write_tokenizers(tokenizers)
        where = device.choose(job.params.mixed_precision, Path(job.base))
        prepared = prepare(job, tokenizers, where, KeptTensors(arguments.kept))
        Training(folder, prepared, arguments.compiled).run(arguments.resume)
    except BridgeError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def read_job(folder: JobFolder) -> TrainingJob:
    """The folder's job, its buckets fitted to the resolution.

    Raises `TrainingFailed` where there is none to train.
    """
    if not folder.job.is_file():
        raise TrainingFailed(
            "trainer.missing_jobs_folder",
            "{job} is missing: {root} is not a job's folder.",
            job=folder.job,
            root=folder.root,
        )
    job = job_from_dict(json.loads(folder.job.read_text(encoding="utf-8")))
    if not isinstance(job, TrainingJob):
        raise TrainingFailed(
            "trainer.holds_job_embedded_trainer",
            "{job} holds a {kind} job. The embedded trainer only trains.",
            job=folder.job,
            kind=job.kind,
        )
    return job.evolve(params=job.params.fitted_buckets())


class Training:
    """The steps of one run, and the files that they leave. ``is_kept``: else nobody asks what its
    LoRA has learnt.
    """

    def __init__(
        self,
        folder: JobFolder,
        prepared: Prepared,
        compiled: Path | None = None,
        *,
        is_kept: bool = True,
    ) -> None:
        self.started, self.is_kept = time.monotonic(), is_kept
        self.folder, self.prepared = folder, prepared
        self.job, self.params, self.plan = prepared.job, prepared.job.params, prepared.data.plan
        self.network, self.objective = prepared.network, prepared.objective
        self.optimizer = Optimizer(self.network, self.params, prepared.device)
        self.take_step = self._taker(prepared, compiled or folder.root / "compiled")
        self.dice = device.generator(prepared.device, self.params.seed)
        self.samples = self._samples(folder, prepared)
        self.measures = SaveMeasures(
            folder.measured, prepared.measured, self.objective, prepared.captions, self.network
        )
        self.losses = said.LossMean(self.plan.batches_per_epoch, prepared.device)
        self.board: Board | None = None
        self.metadata = Metadata(
            self.job, prepared.prediction, prepared.captions.length, prepared.data
        )

    def _taker(self, prepared: Prepared, compiled: Path) -> Take:
        """How the steps are taken: recorded where that can be, compiled where it is asked for."""
        step = Step(self.network, self.objective, self.optimizer)
        wanted = earnings.is_wanted(self.job)
        toy = base_model.is_tiny(Path(self.job.base)) and not wanted
        counted = memory_count.count(self.job.family, self.params)
        steps = self.params.max_train_steps
        take = taker(step, prepared.device, steps, toy=toy, found=counted)
        if not wanted:
            return take
        dynamic = len(prepared.shelves) > 1
        return compiled_steps(take, step, self.job, compiled, dynamic=dynamic)

    @staticmethod
    def _samples(folder: JobFolder, prepared: Prepared) -> Samples | None:
        """Who draws sample pictures; None where none are wanted."""
        job, every = prepared.job, samples_wanted(prepared.job, prepared.device)
        if every is None or prepared.sampler is None:
            for note in sample_prompts.none_drawn(job, by_default=False):
                say(Note(note))
            return None
        sample_prompts.lay_down(job, folder)
        dtype = prepared.objective.dtype
        network, device = prepared.network, prepared.device
        return Samples(folder, job, prepared.sampler, network, device, dtype, every)

    def run(self, resume: Path | None = None) -> None:
        """Train to the last step, or until somebody asks to stop."""
        if resume is not None:
            self._resume(resume)
        self.measures.at_start(self.optimizer.done, self.params.save_interval)
        say(Phase(Message("phase.training", "training")))
        if self.samples is not None and self.optimizer.done == 0:
            self.samples.at_start()
        self.board = board_of(self.job, self.folder, self.optimizer.done)
        if isinstance(self.take_step, Compiled):
            self.take_step.start(self.params.max_train_steps - self.optimizer.done)
        clock, total, first = said.Clock(), self.params.max_train_steps, self.optimizer.done
        for batches in self._batches():
            self._step(batches)
            done = self.optimizer.done
            if clock.rings() or done in (first + 1, total):
                mean = said.progress(done, total, self.losses)
                if self.board is not None:
                    self.board.write(done, mean)
                if done < total and self.folder.stop_request.exists():
                    self._stop()
                    return
            if done % self.params.save_interval == 0 and done < total:
                self._checkpoint(with_state=self.params.save_state)
                if self.samples is not None:
                    self.samples.at_save(done)
                if self._measured_enough(done, first):
                    break
        self._finish(self.optimizer.done - first)

    # ---- steps ----

    def _batches(self) -> Iterator[list[Rows]]:
        """The batches of each step that is still to do; an epoch's last step may gather fewer."""
        gather, total = self.params.gradient_accumulation_steps, self.params.max_train_steps
        while self.optimizer.done < total:
            epoch, position = divmod(self.optimizer.done, self.plan.steps_per_epoch)
            rows = self.prepared.rows(self.plan.epoch(epoch))
            for start in range(position * gather, len(rows), gather):
                if self.optimizer.done < total:
                    yield rows[start : start + gather]

    def _step(self, batches: list[Rows]) -> None:
        offset = self.params.noise_offset
        self.optimizer.set_rates()
        losses = self.take_step(
            [inputs_of(rows, self.objective, offset, self.dice) for rows in batches]
        )
        self.optimizer.done += 1
        for loss in losses:
            self.losses.add(loss)
        if self.board is not None:
            self.board.add(self.optimizer.done, torch.stack(losses).mean(), self.optimizer.rates)

    def _measured_enough(self, step: int, first: int) -> bool:
        """Measure this save; whether the training should end with it, which is said."""
        self.measures.at_save(step)
        reason = self.measures.enough(step) if self.job.enough else None
        if reason is None:
            return False
        said.progress(step, self.params.max_train_steps, self.losses)
        seconds = (time.monotonic() - self.started) / (step - first)
        say(Note(reason))
        say(Note(said.saved(step, self.params.max_train_steps, seconds)))
        return True

    # ---- files ----

    def _checkpoint(self, with_state: bool) -> None:
        step = self.optimizer.done
        path = self.folder.output / f"{self.job.name}-step{step:08d}.safetensors"
        state.save_lora(path, self.network, self.params.save_precision, self.metadata.at(step))
        if with_state:
            state.save_state(self.folder, self.job.name, step, self._state())
        say(Checkpoint(str(path), step))

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state(),
            "dice": self.dice.get_state(),
            "losses": self.losses.state(),
            "session": self.metadata.session,
            "epoch": self.optimizer.done // self.plan.steps_per_epoch,
        }

    def _resume(self, folder: Path) -> None:
        say(Phase(Message("phase.going", "going on from {name}", name=folder.name)))
        saved = state.load_state(folder)
        try:
            self.network.restore(saved["network"])
            self.optimizer.restore(saved["optimizer"])
            state.restore_dice(self.dice, saved["dice"])
            self.losses.restore(saved["losses"])
            self.metadata.session = saved["session"]
        except (KeyError, TypeError, RuntimeError, ValueError):
            raise state.damaged(folder) from None  # whole, but not what we have written

    # ---- the end ----

    def _stop(self) -> None:
        self._checkpoint(with_state=True)
        say(Phase(Message("phase.ending", "ending after step {step}", step=self.optimizer.done)))

    def _finish(self, steps: int) -> None:
        seconds = time.monotonic() - self.started
        say(Phase(Message("phase.saving_lora", "saving the LoRA")))
        path = self.folder.final_lora(self.job.name)
        state.save_lora(
            path, self.network, self.params.save_precision, self.metadata.at(self.optimizer.done)
        )
        if self.optimizer.done == self.params.max_train_steps:  # else it was looked at already
            if self.samples is not None:
                self.samples.at_save(self.optimizer.done)
            self.measures.at_save(self.optimizer.done)
        if self.is_kept:
            self._prove()
        say(Result(self._facts(seconds, steps)))

    def _prove(self) -> None:
        """Measure what was learned; the LoRA is saved already, so that too little memory here costs
        only the proof.
        """
        say(Phase(Message("phase.measuring_lora_learned", "measuring what the LoRA learned")))
        quick = self.prepared.device.type != "cpu" or base_model.is_tiny(Path(self.job.base))
        chosen = proof.choose(
            self.prepared.data.placed, proof.MOST_PICTURES if quick else proof.FEW_PICTURES
        )
        try:
            say(proof.prove(self.objective, self.network, self.prepared.rows(chosen)))
        except torch.OutOfMemoryError:
            say(
                Note(
                    Message(
                        "note.lora_complete_but_too",
                        "The LoRA is complete, but there was too little GPU memory to measure "
                        "what it learned.",
                    )
                )
            )

    def _facts(self, seconds: float, steps: int) -> dict[str, Any]:
        text_encoder, unet = self.network.text_encoder, self.network.unet
        training = self.prepared.data.training_set.training_pictures
        return {
            "steps": self.optimizer.done,
            "planned_steps": self.params.max_train_steps,
            "modules": self.network.modules_count,
            "text_encoder_modules": len(text_encoder.loras) if text_encoder else 0,
            "unet_modules": len(unet.loras) if unet else 0,
            "images": len(training),
            "captions_used": sum(picture.has_caption_file for picture in training),
            "peak_memory_bytes": device.peak_memory(self.prepared.device),
            "seconds": round(seconds, 3),
            "seconds_per_step": round(seconds / max(1, steps), 6),
            "prediction": self.prepared.prediction,
            "device": str(self.prepared.device),
        }
