"""Pictures from the networks in training: before the first step, and at saves.

They change nothing about the training: nothing random is drawn but from a seed of their own, and
whatever goes wrong with them costs only them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from ....jobs.events import Note, Phase, Sample
from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob
from ....jobs.meter import duration
from ....messages import Message
from ... import sample_prompts
from ...judging.grid import keep
from ...sample_prompts import SamplePrompt
from ..model import base_model, device
from ..model.lora_network import LoraNetwork
from ..sampling.drawing import MOST_STEPS, infotext, prompt_of
from ..sampling.sampler import Sampler
from .said import say

MOST_PROMPTS = 12


@dataclass
class Samples:
    """Draws what the prompt file says at that moment, into the job's folder."""

    folder: JobFolder
    job: TrainingJob
    sampler: Sampler
    network: LoraNetwork
    device: torch.device
    dtype: torch.dtype
    every: int
    _told: set[str] = field(default_factory=set)

    def at_start(self) -> None:
        """Before the first step; says what a sampling takes here."""
        if not self.job.params.extra.get("sample_at_first", True):
            return
        began = time.monotonic()
        count = self.draw(0)
        if count:
            self._say_cost(count, time.monotonic() - began)

    def at_save(self, step: int) -> None:
        """At the saves that are drawn, and at the last step."""
        if step % self.every == 0 or step == self.job.params.max_train_steps:
            self.draw(step)

    def draw(self, step: int) -> int:
        """Draw all prompts with what is learnt by ``step``; returns how many pictures there are."""
        prompts = sample_prompts.read_file(self.folder.prompts)[:MOST_PROMPTS]
        if not prompts:
            return 0
        say(Phase(Message("phase.drawing_samples", "drawing sample pictures")))
        try:
            self._draw(step, prompts)
        except torch.OutOfMemoryError:
            text = "There was too little GPU memory to draw the sample pictures of step {step}."
            self._note(Message("note.no_room_for_samples", text, step=step))
            return 0
        except OSError as error:
            text = "The sample pictures of step {step} could not be written: {error}."
            self._note(
                Message("note.samples_not_written", text, step=step, error=error.strerror or error)
            )
            return 0
        finally:
            device.give_back(self.device)
            say(Phase(Message("phase.training", "training")))
        return len(prompts)

    def _draw(self, step: int, prompts: list[SamplePrompt]) -> None:
        is_tiny = base_model.is_tiny(Path(self.job.base))
        with torch.no_grad(), torch.random.fork_rng(), self._together():
            self.network.refresh(self.dtype)
            for steps in dict.fromkeys(prompt.steps for prompt in prompts):
                rows = [row for row, prompt in enumerate(prompts) if prompt.steps == steps]
                wanted = [prompt_of(prompts[row]) for row in rows]
                at_once = len(wanted) if is_tiny else 1
                drawn = self.sampler.draw(wanted, min(steps, MOST_STEPS), at_once)
                for row, picture in zip(rows, drawn, strict=True):
                    path = self.folder.sample(self.job.name, step, row)
                    keep(path, picture, infotext(prompts[row]))
                    say(Sample(str(path), step, row, prompts[row].text))

    @contextmanager
    def _together(self) -> Iterator[None]:
        """The networks that draw on the training's device; afterwards where they were before."""
        networks: list[nn.Module] = [self.sampler.vae, *self.sampler.encoders.encoders]
        before = [next(network.parameters()).device for network in networks]
        try:
            for network in networks:
                network.to(self.device)
            yield
        finally:
            for network, place in zip(networks, before, strict=True):
                network.to(place)

    def _say_cost(self, count: int, seconds: float) -> None:
        every = min(self.every, self.job.params.max_train_steps)
        text = (
            "{count} sample {count:picture|pictures} took {time}; they are drawn every {every} "
            "{every:step|steps}."
        )
        values = {"count": count, "time": duration(seconds), "every": every}
        say(Note(Message("note.samples_took", text, **values)))

    def _note(self, note: Message) -> None:
        """Once for each kind of trouble."""
        if note.code not in self._told:
            self._told.add(note.code)
            say(Note(note))
