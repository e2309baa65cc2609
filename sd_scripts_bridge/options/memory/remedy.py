"""What to change where a training doesn't fit into the GPU."""

from __future__ import annotations

from ...messages import Message
from ..params import TrainingParams


def remedy(params: TrainingParams) -> Message:
    """What to take instead, the least loss first."""
    if not params.gradient_checkpointing:
        return Message("memory.take_checkpointing", "Take gradient_checkpointing=true.")
    if params.train_batch_size > 1:
        text = "Take train_batch_size={batch}."
        return Message("memory.take_batch", text, batch=params.train_batch_size // 2)
    if not params.network_train_unet_only:
        return Message("memory.take_unet_only", "Take network_train_unet_only=true.")
    text = "Take a smaller resolution than {resolution}, and close what else uses the GPU."
    return Message("memory.take_resolution", text, resolution=params.resolution)
