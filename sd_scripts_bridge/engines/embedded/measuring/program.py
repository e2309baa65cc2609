"""The program that measures saved LoRAs, of whichever trainer: `EvaluateTool`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ....evidence import measured as record
from ....evidence.curve import curve
from ....evidence.recommendation import as_dict
from ....jobs.events import Measured, Phase, Progress
from ....jobs.folder import JobFolder
from ....messages import Message
from ....options.params import TrainingParams
from ....system.files import write_json
from .. import tool_program
from ..data import subsets
from ..data.captions import Captions
from ..data.latents import PhotoEncoder
from ..data.subsets import SubsetPicture
from ..kept import fingerprint
from ..kept.tensors import KeptTensors
from ..model import base_model, lora_names, prediction
from ..model import device as devices
from ..model.base_model import BaseModel
from ..model.text import TextEncoders, Tokenizer
from ..sampling.applied import applied
from ..training.loss import Objective
from ..training.noise import NoiseSchedule
from ..training.said import say
from . import photos as measured_photos
from .draws import digest_of
from .measure import Encode, measure
from .photos import MeasuredPhoto


@dataclass(frozen=True)
class Evaluation:
    """What job.json asks for. ``saves``: (step, file), None for the base alone."""

    saves: Sequence[tuple[int, str | None]]
    base: str
    family: str
    prediction: str
    params: TrainingParams
    held_out: list[SubsetPicture]
    training: list[SubsetPicture]
    measured: Path

    @classmethod
    def read(cls, folder: JobFolder) -> Evaluation:
        """Raises `Invalid` for photos that can't be opened."""
        said: dict[str, Any] = json.loads(folder.job.read_text(encoding="utf-8"))["settings"]
        dataset = Path(said["dataset"]) if said["dataset"] else None
        training = subsets.read(dataset).training_pictures if dataset else []
        return cls(
            saves=[
                (int(step), file)
                for step, file in said["saves"]
                if file is None or Path(file).is_file()  # freed meanwhile
            ],
            base=said["base"],
            family=said["family"],
            prediction=said["prediction"],
            params=TrainingParams.from_dict(said["params"]).fitted_buckets(),
            held_out=[one for folder in said["held_out"] for one in subsets.loose(Path(folder))],
            training=measured_photos.sample(training),
            measured=Path(said["measured"]) if said["measured"] else folder.measured,
        )


def main() -> int:
    return tool_program.run(evaluate)


def evaluate(folder: JobFolder, tokenizers: Path) -> int:
    """Measure, and write what that recommends. Raises `BridgeError`."""
    asked = Evaluation.read(folder)
    if _measure_all(asked, folder, tokenizers):
        wanted = {step for step, _ in asked.saves}
        steps = [step for step in record.read(asked.measured) if step.step in wanted]
        write_json(folder.result, as_dict(steps))
    return 0


def _measure_all(asked: Evaluation, folder: JobFolder, tokenizers: Path) -> bool:
    """Measure every save that isn't yet; False: somebody asked to stop."""
    ours = [digest_of(one.path) for one in asked.held_out]
    theirs = [digest_of(one.path) for one in asked.training]
    done = {s.step for s in record.read(asked.measured) if s.covers(ours, theirs)}
    left = [save for save in asked.saves if save[0] not in done]
    total = len(asked.saves)
    say(Progress(total - len(left), total))
    if not left:
        return True
    say(Phase(Message("phase.loading_base_model", "loading the base model")))
    networks = Networks.load(asked, tokenizers, tool_program.kept())
    for number, (step, file) in enumerate(left, total - len(left) + 1):
        found = networks.measure(step, file)
        record.write(asked.measured, found)
        point = curve([one for one in record.read(asked.measured) if one.step <= step])[-1]
        say(Measured(step, point.held_out, point.error, point.training))
        say(Progress(number, total))
        if folder.stop_request.exists() and number < total:
            return False
    return True


@dataclass
class Networks:
    """A base model on the device, ready to be measured with one LoRA after another."""

    base: BaseModel
    photos: list[MeasuredPhoto]
    objective: Objective
    captions: Captions
    as_base: Encode
    """Encodes a caption as the base's own text encoders do, each once across jobs."""

    @classmethod
    def load(cls, asked: Evaluation, tokenizers: Path, kept: KeptTensors | None = None) -> Networks:
        """``kept``: what was encoded before. Raises `Invalid`."""
        device, kept = devices.best(), kept or KeptTensors()
        devices.spare_threads(device, Path(asked.base))
        devices.make_quick(device)
        dtype = devices.half(device)
        base = base_model.load(Path(asked.base), asked.family, dtype)
        text_is = fingerprint.of_text_encoders(kept, Path(asked.base), base.text_encoders, device)
        vae_is = fingerprint.of_vae(kept, Path(asked.base), base.vae, device)
        photos = measured_photos.encode(
            asked.held_out,
            asked.training,
            PhotoEncoder(base.vae.to(device), base.latent_scale, device, kept, vae_is),
            asked.params,
        )
        base.vae = None
        for network in (base.unet, *base.text_encoders):
            network.to(device)
        says = asked.prediction
        if says == "ask-the-model":
            says = prediction.ask(base.unet)
        captions = _captions(asked, base, tokenizers, [one.caption for one in photos], device)
        schedule = NoiseSchedule(says == "v_prediction", None, device)
        objective = Objective(
            base.unet, captions, schedule, dtype, with_sizes=asked.family == "sdxl"
        )
        names = [asked.family, asked.params.clip_skip, *text_is]
        as_base = functools.cache(lambda caption: captions.kept(caption, kept, names))
        return cls(base, photos, objective, captions, as_base)

    def measure(self, step: int, file: str | None) -> record.MeasuredStep:
        """Raises `Invalid` where the LoRA can't be applied to this base."""
        from safetensors.torch import load_file

        lora = load_file(file) if file else {}
        with applied(self.base, lora):
            return measure(step, self.photos, self.objective, self._encode(lora))

    def _encode(self, lora: Mapping[str, Tensor]) -> Encode:
        """Anew only where ``lora`` has changed the text encoders."""
        learned = any(name.startswith(lora_names.TEXT_PREFIX) for name in lora)
        return self.captions.one if learned else self.as_base


def _captions(
    asked: Evaluation, base: BaseModel, tokenizers: Path, texts: list[str], device: torch.device
) -> Captions:
    tokenizer = Tokenizer(tokenizers, asked.family)
    length = int(asked.params.max_token_length or tokenizer.shortest_length(texts))
    encoders = TextEncoders(base.text_encoders, asked.family, asked.params.clip_skip, tokenizer.end)
    return Captions(tokenizer, encoders, length, trained=False, device=device)
