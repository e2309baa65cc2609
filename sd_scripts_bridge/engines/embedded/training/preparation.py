"""From a job to all that its steps need: pictures and captions on the device, the frozen networks,
and the LoRA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ....datasets.caption_tokens import CHUNK
from ....datasets.framing.buckets import Size
from ....jobs.events import Note, Phase
from ....jobs.job import TrainingJob
from ....messages import Message
from ... import sample_prompts
from ..data import pictures, subsets
from ..data.batches import Batch, BatchOrder
from ..data.captions import Captions
from ..data.held_files import HeldFiles
from ..data.latents import PhotoEncoder
from ..data.pictures import Shelf
from ..data.placing import Placed, place
from ..data.subsets import TrainingSet
from ..kept import fingerprint
from ..kept.tensors import KeptTensors
from ..measuring import photos as measured_photos
from ..measuring.photos import MeasuredPhoto
from ..model import base_model, lean, lora_names, lora_network, prediction
from ..model import device as devices
from ..model.base_model import BaseModel
from ..model.lean import LeanUNet
from ..model.lora_network import LoraNetwork
from ..model.text import TextEncoders, Tokenizer
from ..sampling.loading import over
from ..sampling.sampler import Sampler
from .loss import Objective, Rows
from .noise import NoiseSchedule
from .said import say

COMPUTE = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Data:
    """The pictures, where they belong, and when each is shown."""

    training_set: TrainingSet
    placed: tuple[Placed, ...]
    plan: BatchOrder

    @property
    def captions(self) -> list[str]:
        return [one.picture.caption for one in self.placed]


@dataclass(frozen=True)
class Prepared:
    """Everything before the first step."""

    job: TrainingJob
    device: torch.device
    data: Data
    shelves: dict[Size, Shelf]
    captions: Captions
    network: LoraNetwork
    objective: Objective
    prediction: str
    sampler: Sampler | None = None
    """Draws with these networks, where sample pictures are wanted."""
    measured: list[MeasuredPhoto] = field(default_factory=list)
    """What every save is measured on; nothing where no photo is held out."""

    def rows(self, batches: Sequence[Batch]) -> list[Rows]:
        """Batches as row numbers, sent to the device all at once."""
        items = [item for batch in batches for item in batch.items]
        self.captions.load([item.caption for item in items])
        sizes = [len(batch.items) for batch in batches]
        shelves = [self.shelves[batch.bucket] for batch in batches]
        columns: tuple[list[Any], ...] = (
            [
                shelf.row(item.picture, item.flipped)
                for batch, shelf in zip(batches, shelves, strict=True)
                for item in batch.items
            ],
            [self.captions.known[item.caption] for item in items],
            [self._weight(item.picture) for item in items],
        )
        split = [
            torch.tensor(column, device=self.device).split_with_sizes(sizes) for column in columns
        ]
        return [Rows(shelf, *rows) for shelf, *rows in zip(shelves, *split, strict=True)]

    def _weight(self, picture: int) -> float:
        return (
            self.job.params.prior_loss_weight if self.data.placed[picture].picture.is_reg else 1.0
        )


def prepare(
    job: TrainingJob, tokenizers: Path, device: torch.device, kept: KeptTensors | None = None
) -> Prepared:
    """Read, encode and load, in an order that keeps one network at a time on the device until the
    U-Net comes. ``kept``: what was encoded before.
    """
    dtype = COMPUTE[job.params.mixed_precision]
    kept = kept or KeptTensors()
    files = HeldFiles()
    data = read_data(job, files)
    say(Phase(Message("phase.loading_base_model", "loading the base model")))
    base = base_model.load(Path(job.base), job.family, dtype)
    predicts = _prediction(job, base.unet, device)
    text_is = fingerprint.of_text_encoders(kept, Path(job.base), base.text_encoders, device)
    text = "encoding {count} {count:picture|pictures}"
    say(Phase(Message("phase.encoding_count", text, count=len(data.placed))))
    encoder = _photo_encoder(job, base, device, kept, files)
    shelves = pictures.encode(data.placed, encoder, job.params)
    measured = _measured(job, data, encoder)
    sampler = None
    if samples_wanted(job, device) is not None:
        sampler = over(base, tokenizers, predicts, job.params.clip_skip)
        base.vae.to("cpu")
    base.vae = None
    del encoder
    captions = _captions(job, data, base.text_encoders, tokenizers, device)
    if not captions.trained and not job.params.shuffle_caption:
        texts = [*data.captions, *(one.caption for one in measured), ""]
        captions.keep_states(texts, kept, [job.family, job.params.clip_skip, *text_is])
    devices.give_back(device)  # what the VAE took is of no use to the steps
    lean_unet = _prepare_unet(base.unet, job, device)
    network = _network(job, base, captions.encoders, lean_unet).to(device)
    schedule = NoiseSchedule(predicts == "v_prediction", job.params.min_snr_gamma, device)
    objective = Objective(base.unet, captions, schedule, dtype, with_sizes=job.family == "sdxl")
    return Prepared(
        job, device, data, shelves, captions, network, objective, predicts, sampler, measured
    )


def samples_wanted(job: TrainingJob, device: torch.device) -> int | None:
    """Steps between two samplings, None for none; by default where a picture takes seconds."""
    is_quick = device.type != "cpu" or base_model.is_tiny(Path(job.base))
    return sample_prompts.every(job, is_quick)


def read_data(job: TrainingJob, files: HeldFiles | None = None) -> Data:
    """The dataset, each of its pictures read once."""
    say(Phase(Message("phase.reading_pictures", "reading the pictures")))
    training_set = subsets.read(Path(job.dataset))
    placed = tuple(place(training_set.pictures, job.params, files))
    plan = BatchOrder(
        job.params, [one.picture for one in placed], [one.place.bucket for one in placed]
    )
    return Data(training_set, placed, plan)


def _prediction(job: TrainingJob, unet: Any, device: torch.device) -> str:
    if job.prediction != "ask-the-model":
        return job.prediction
    answer = prediction.ask(unet.to(device))
    unet.to("cpu")
    say(
        Note(
            Message(
                "note.base_models_file_doesnt",
                "The base model's file doesn't say what it predicts; a test of its U-Net says "
                "{answer}.",
                answer=answer,
            )
        )
    )
    return answer


def _photo_encoder(
    job: TrainingJob, base: BaseModel, device: torch.device, kept: KeptTensors, files: HeldFiles
) -> PhotoEncoder:
    vae_is = fingerprint.of_vae(kept, Path(job.base), base.vae, device)
    return PhotoEncoder(base.vae.to(device), base.latent_scale, device, kept, vae_is, files)


def _measured(job: TrainingJob, data: Data, encoder: PhotoEncoder) -> list[MeasuredPhoto]:
    held_out = measured_photos.held_out_of(Path(job.dataset))
    if not held_out:
        return []
    known = {one.picture.path: one for one in data.placed}
    training = data.training_set.training_pictures
    chosen = measured_photos.sample(training, digest=lambda path: known[path].digest)
    return measured_photos.encode(held_out, chosen, encoder, job.params, known)


def _captions(
    job: TrainingJob,
    data: Data,
    encoders: Sequence[nn.Module],
    tokenizers: Path,
    device: torch.device,
) -> Captions:
    say(Phase(Message("phase.encoding_captions", "encoding the captions")))
    params = job.params
    tokenizer = Tokenizer(tokenizers, job.family)
    length = int(params.max_token_length or tokenizer.shortest_length(data.captions))
    if length > CHUNK and params.max_token_length is None:
        say(
            Note(
                Message(
                    "note.caption_more_tokens_captions",
                    "A caption has more than {chunk} tokens, so captions are read up to {length}.",
                    chunk=CHUNK,
                    length=length,
                )
            )
        )
    text = TextEncoders(encoders, job.family, params.clip_skip, tokenizer.end)
    text.checkpointing = params.gradient_checkpointing
    trained = not params.network_train_unet_only
    if trained or params.shuffle_caption:  # else they are needed only for what isn't known yet
        text.to(device)
    return Captions(tokenizer, text, length, trained, device)


def _prepare_unet(unet: Any, job: TrainingJob, device: torch.device) -> LeanUNet:
    unet.to(device)
    if device.type != "mps":  # whose convolutions are slower that way
        unet.to(memory_format=torch.channels_last)
    return lean.trim(unet, checkpointing=job.params.gradient_checkpointing)


def _network(
    job: TrainingJob, base: BaseModel, text: TextEncoders | None, unet: LeanUNet
) -> LoraNetwork:
    params = job.params
    return lora_network.build(
        lora_names.text_encoder_targets(base.text_encoders),
        lora_names.unet_targets(base.unet, job.family),
        params.network_dim,
        params.network_alpha,
        torch.Generator().manual_seed(params.seed),
        text_projections=None if params.network_train_unet_only or not text else text.projections,
        unet_projections=None if params.network_train_text_encoder_only else unet.projections,
    )
