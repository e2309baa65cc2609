"""The embedded engine's program: trains one job from its folder, and says on stdout what happens."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ... import clip_vocabulary
from ...errors import BridgeError, TrainingFailed
from ...events import Checkpoint, Note, Phase, Result
from ...job import TrainingJob, job_from_dict
from ...job_folder import JobFolder
from . import base_model, lora_names, lora_network, memory, noise, pictures, prediction, proof, report, state, subsets
from .base_model import BaseModel
from .batches import Batch, Plan
from .captions import Captions
from .loss import Objective, Rows
from .metadata import Metadata
from .optimizer import Optimizer
from .report import say
from .text import TextEncoders, Tokenizer

COMPUTE = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="embedded-trainer", description=__doc__)
    parser.add_argument("folder", type=Path, help="the job's folder, with job.json")
    parser.add_argument("--resume", type=Path, help="a state folder to go on from")
    parser.add_argument("--tokenizers", type=Path, help="where CLIP's vocabulary lies; made in the job folder if absent")
    arguments = parser.parse_args(argv)
    try:
        Training(JobFolder(arguments.folder), arguments.tokenizers).run(arguments.resume)
    except BridgeError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


class Training:
    """One run, from the job's file to the LoRA's."""

    def __init__(self, folder: JobFolder, tokenizers: Path | None) -> None:
        self.started = time.monotonic()
        self.folder = folder
        self.job = _read_job(folder)
        self.params = self.job.params
        self.device = _device(self.job)
        self.dtype = COMPUTE[self.params.mixed_precision]
        self.tokenizers = _tokenizers(tokenizers, folder)
        self._prepare_data()
        base = self._prepare_base()
        self._prepare_network(base)

    # ---- before the first step ----

    def _prepare_data(self) -> None:
        say(Phase("reading the pictures"))
        self.training_set = subsets.read(Path(self.job.dataset))
        self.placed = pictures.place(self.training_set.pictures, self.params)
        self.plan = Plan(self.params, [one.picture for one in self.placed], [one.place.bucket for one in self.placed])

    def _prepare_base(self) -> BaseModel:
        say(Phase("loading the base model"))
        base = base_model.load(Path(self.job.base), self.job.family, self.dtype)
        self.prediction = self.job.prediction
        if self.prediction == "ask-the-model":
            self.prediction = prediction.ask(base.unet.to(self.device))
            base.unet.to("cpu")
            say(Note(f"The base model's file doesn't say so, but its U-Net predicts {self.prediction}."))
        say(Phase(f"encoding {len(self.placed)} pictures"))
        base.vae.to(self.device)
        self.shelves = pictures.encode(self.placed, base.vae, base.latent_scale, self.params, self.device)
        base.vae = None
        return base

    def _prepare_network(self, base: BaseModel) -> None:
        params, family = self.params, self.job.family
        train_text = not params.network_train_unet_only
        dice = torch.Generator().manual_seed(params.seed)
        self.network = lora_network.build(
            lora_names.text_encoder_targets(base.text_encoders), lora_names.unet_targets(base.unet, family),
            params.network_dim, params.network_alpha, dice,
            train_text, not params.network_train_text_encoder_only,
        ).to(self.device)
        self.network.refresh(self.dtype)
        self.captions = self._prepare_captions(base, train_text)
        unet = base.unet.to(self.device)
        if self.device.type == "cuda":
            unet.to(memory_format=torch.channels_last)
        if params.gradient_checkpointing:
            unet.train()
            unet.enable_gradient_checkpointing()
        schedule = noise.NoiseSchedule(self.prediction == "v_prediction", params.min_snr_gamma, self.device)
        self.objective = Objective(unet, self.captions, schedule, self.dtype, with_sizes=family == "sdxl")
        self.optimizer = Optimizer(self.network, params, self.device)
        self.dice = torch.Generator(self.device).manual_seed(params.seed)
        self.losses = report.LossMean(self.plan.batches_per_epoch, self.device)
        self.metadata = Metadata(self.job, self.prediction, self.captions.length, self.training_set, self.placed,
                                 self.plan)

    def _prepare_captions(self, base: BaseModel, trained: bool) -> Captions:
        say(Phase("reading the captions"))
        params = self.params
        texts = [one.picture.caption for one in self.placed]
        tokenizer = Tokenizer(self.tokenizers, self.job.family)
        length = int(params.max_token_length or tokenizer.shortest_length(texts))
        if length > 75 and params.max_token_length is None:
            say(Note(f"The longest caption needs more than 75 tokens, so captions are read up to {length}."))
        for encoder in base.text_encoders:
            encoder.to(self.device)
        encoders = TextEncoders(base.text_encoders, self.job.family, params.clip_skip, tokenizer.end)
        encoders.checkpointing = params.gradient_checkpointing
        captions = Captions(tokenizer, encoders, length, trained, self.device)
        if not trained and not params.shuffle_caption:
            captions.keep_states([*texts, ""])
        return captions

    # ---- the steps ----

    def run(self, resume: Path | None) -> None:
        if resume is not None:
            self._resume(resume)
        say(Phase("training"))
        clock, total = report.Clock(), self.params.max_train_steps
        first = self.optimizer.done
        began = time.monotonic()
        for rows in self._steps():
            self._step(rows)
            done = self.optimizer.done
            if clock.rings() or done in (first + 1, total):
                report.progress(done, total, self.losses)
                if self.folder.stop_request.exists() and done < total:
                    return self._stop()
            if done % self.params.save_interval == 0 and done < total:
                self._checkpoint(with_state=self.params.save_state)
        self._finish(time.monotonic() - began, first)

    def _steps(self) -> Any:
        """The batches of each optimizer step that is still to do; an epoch's last step may gather fewer."""
        gather = self.params.gradient_accumulation_steps
        while self.optimizer.done < self.params.max_train_steps:
            epoch, position = divmod(self.optimizer.done, self.plan.steps_per_epoch)
            batches = self._rows(self.plan.epoch(epoch))
            for start in range(position * gather, len(batches), gather):
                if self.optimizer.done >= self.params.max_train_steps:
                    return
                yield batches[start:start + gather]

    def _step(self, batches: list[Rows]) -> None:
        for rows in batches:
            self.network.refresh(self.dtype)
            latents = rows.shelf.latents(rows.pictures, self.dice)
            drawn, timesteps = noise.draw(latents, self.params.noise_offset, self.dice)
            loss = self.objective.loss(rows, latents, drawn, timesteps)
            self.optimizer.backward(loss)
            self.losses.add(loss)
        self.optimizer.step()

    def _rows(self, batches: list[Batch]) -> list[Rows]:
        """The epoch as row numbers, sent to the device at once."""
        self.captions.load([item.caption for batch in batches for item in batch.items])
        found = []
        numbers: list[list[float]] = [[], [], []]
        for batch in batches:
            shelf = self.shelves[batch.bucket]
            numbers[0] += [shelf.row(item.picture, item.flipped) for item in batch.items]
            numbers[1] += self.captions.rows(batch)
            numbers[2] += [self.params.prior_loss_weight if self.placed[item.picture].picture.is_reg else 1.0
                           for item in batch.items]
        sizes = [len(batch.items) for batch in batches]
        picture_rows, caption_rows = (torch.tensor(side, device=self.device).split(sizes) for side in numbers[:2])
        weights = torch.tensor(numbers[2], device=self.device).split(sizes)
        for batch, *rows in zip(batches, picture_rows, caption_rows, weights, strict=True):
            found.append(Rows(self.shelves[batch.bucket], *rows))
        return found

    # ---- files ----

    def _checkpoint(self, with_state: bool) -> None:
        step = self.optimizer.done
        path = self.folder.output / f"{self.job.name}-step{step:08d}.safetensors"
        state.save_lora(path, self.network, self.params.save_precision, self.metadata.at(step))
        if with_state:
            epoch = -(-step // self.plan.steps_per_epoch)
            state.save_state(self.folder, self.job.name, step, epoch, {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state(),
                "dice": self.dice.get_state(),
                "losses": {"ring": self.losses.ring, "count": self.losses.count},
                "session": self.metadata.session,
            })
        say(Checkpoint(str(path), step))

    def _resume(self, folder: Path) -> None:
        say(Phase(f"going on from {folder.name}"))
        saved = state.load_state(folder)
        self.network.restore(saved["network"])
        self.optimizer.restore(saved["optimizer"])
        self.dice.set_state(saved["dice"])
        self.losses.ring.copy_(saved["losses"]["ring"])
        self.losses.count = saved["losses"]["count"]
        self.metadata.session = saved["session"]

    def _stop(self) -> None:
        self._checkpoint(with_state=True)
        say(Note(f"Stopped as asked after step {self.optimizer.done}; resuming goes on from there."))

    def _finish(self, seconds: float, first: int) -> None:
        step = self.optimizer.done
        say(Phase("saving the LoRA"))
        path = self.folder.final_lora(self.job.name)
        state.save_lora(path, self.network, self.params.save_precision, self.metadata.at(step))
        say(Phase("measuring what the LoRA learned"))
        chosen = proof.choose(self.placed)
        say(proof.prove(self.objective, self.network, self._rows(chosen)))
        say(Result(self._facts(seconds, step - first)))

    def _facts(self, seconds: float, steps: int) -> dict[str, Any]:
        parts = {"text_encoder": self.network.text_encoder, "unet": self.network.unet}
        training = self.training_set.training_pictures
        return {
            "steps": self.optimizer.done,
            "planned_steps": self.params.max_train_steps,
            "modules": self.network.modules_count,
            **{f"{name}_modules": len(part.loras) if part else 0 for name, part in parts.items()},
            "images": len(training),
            "captions_used": sum(picture.has_caption_file for picture in training),
            "peak_memory_bytes": memory.peak(self.device),
            "seconds": round(time.monotonic() - self.started, 3),
            "seconds_per_step": round(seconds / max(1, steps), 6),
            "prediction": self.prediction,
            "device": str(self.device),
        }


def _read_job(folder: JobFolder) -> TrainingJob:
    job = job_from_dict(json.loads(folder.job.read_text(encoding="utf-8")))
    if not isinstance(job, TrainingJob):
        raise TrainingFailed(f"{folder.job} is a {job.kind} job. The embedded trainer only trains.")
    return job.evolve(params=job.params.fitted_buckets())


def _device(job: TrainingJob) -> torch.device:
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        if job.params.mixed_precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise TrainingFailed("This GPU can't compute in bf16. Set mixed_precision to fp16.")
        return torch.device("cuda")
    if job.params.mixed_precision == "fp16":
        raise TrainingFailed("mixed_precision fp16 needs a CUDA GPU, and there is none. Set it to no or bf16.")
    if base_model.is_tiny(Path(job.base)):
        torch.set_num_threads(1)
    return torch.device("cpu")


def _tokenizers(given: Path | None, folder: JobFolder) -> Path:
    root = given or folder.root / "tokenizers"
    clip_vocabulary.write_tokenizers(root)
    return root


