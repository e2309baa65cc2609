"""What somebody wants trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..jobs.launch import Launch
from ..paths import absolute
from . import named_paths

if TYPE_CHECKING:
    from ..datasets.kohya_folder import Dataset
    from ..jobs.cluster import Cluster

MOST_GPU = 63
"""The highest number that a GPU may have."""


@dataclass(frozen=True)
class Request:
    """What somebody wants trained.

    A relative path counts from the folder in which the request was made.
    """

    dataset: Path
    base: Path
    engine: str | None = None
    preset: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Options by sd-scripts' names; text is read as the option's type."""
    lora_dir: Path | None = None
    name: str | None = None
    """The LoRA's name; the subject's where this is None."""
    model_folders: tuple[Path, ...] = ()
    """More folders in which text encoders and VAEs may lie."""
    gpu: int | None = None
    """The GPU, as the driver counts them; None: the first."""
    launch: Launch | None = None
    """More than one process; None: one."""
    on: Cluster | None = None
    """The Ray cluster to train on; None: here."""
    v_parameterization: bool = False
    """Train v-prediction where the base model's own file doesn't say which it is."""
    file_values: Mapping[str, Any] = field(default_factory=dict)
    """Options of an imported file; ``values`` take precedence over them."""
    held_out: tuple[str, ...] | None = None
    """Which photos are held out: ("auto",), ("none",), or their names; None: as the dataset was
    made, see `datasets.held_out.wanted_of`.
    """
    enough: bool = False
    """End where the held-out loss no longer gets better."""
    publish: str | None = None
    """Which saved step is published, one of `publishing.choice.STEPS`; None: as the home says."""
    private: bool = False
    """Publish it without a caption word, path or name but the LoRA's own."""
    photos: Dataset | None = None
    """The folders to train where they don't lie side by side; ``dataset`` is the first one's."""
    dataset_config: Mapping[str, Any] | None = None
    """What sd-scripts reads itself in the place of ``dataset``, with absolute paths."""

    def __post_init__(self) -> None:
        """From here on every path is absolute: the trainer runs in the job's folder."""
        settled = {
            "dataset": absolute(self.dataset),
            "base": absolute(self.base),
            "lora_dir": absolute(self.lora_dir) if self.lora_dir else None,
            "model_folders": tuple(map(absolute, self.model_folders)),
            "values": named_paths.settled(self.values),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
