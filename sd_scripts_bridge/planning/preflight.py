"""Before the start: what a run will need, counted, against what there is.

Refuses only what can't work.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..datasets import config as dataset_config
from ..engines.base import Machine
from ..errors import Problem, short
from ..jobs.job import TrainingJob
from ..messages import Message, joined
from ..models import dit_tensors, lora_size
from ..models.safetensors_file import TensorInfo, read_header
from ..options.families import COMPANION_OPTIONS
from ..options.kinds import PLACES
from ..options.memory import count as memory_count
from ..options.memory import theirs
from ..options.memory.remedy import remedy
from ..options.params import TrainingParams
from ..publishing import folder

STATES_KEPT = 2
UNIFIED = Message("preflight.unified", "unified memory")
"""A Mac's: its GPU and its processor share all of it."""
WONT_FIT = (
    "It won't fit into the GPU's {have}: its tensors take {peak} at most (counted), CUDA itself "
    "about {cuda}. {remedy}"
)
SPARE_BYTES = 200_000_000
"""For logs, samples and the published copy's card; also what a disk should not fall below."""


@dataclass(frozen=True)
class Need:
    """Bytes. ``weights`` is what the base model alone takes while it trains: a floor, not an
    estimate of the whole.
    """

    checkpoints: int
    lora: int
    states: int
    weights: int
    certain: bool = True
    """Whether the sizes are exact: an estimate that isn't never stops a run."""

    @property
    def disk(self) -> int:
        return (
            (self.checkpoints + 2) * self.lora + self.states + SPARE_BYTES
        )  # the final one, and its published copy


@dataclass(frozen=True)
class Room:
    """Bytes free on the disks, and all the memory of what trains ("GPU", "RAM" or `UNIFIED`)."""

    disk_free: int
    publish_free: int
    memory: int
    memory_name: str
    records: bool = True
    """Whether steps are recorded there as CUDA graphs: on NVIDIA's GPUs."""


def need(job: TrainingJob) -> Need:
    """Counted from the base model's header and the job's options.

    Raises `Invalid` for an unreadable base.
    """
    params, tensors = job.params, read_header(Path(job.base)).tensors
    checkpoints = math.ceil(params.max_train_steps / params.save_interval) - 1
    state = lora_size.state_bytes(tensors, params) if params.save_state else 0
    return Need(
        checkpoints=checkpoints,
        lora=lora_size.file_bytes(tensors, params),
        states=min(STATES_KEPT + 1, checkpoints + 1)
        * state,  # the oldest goes when the newest is whole
        weights=_weights(job, tensors),
        certain=lora_size.is_certain(params),
    )


def problems(job: TrainingJob, machine: Room) -> list[Problem]:
    """Why the run can't end well here, with both numbers; nothing: it may."""
    wanted = need(job)
    return [
        *lora_folder(job),
        *(_disk_problems(job, wanted, machine) if wanted.certain else ()),
        *_memory_problems(job, wanted, machine),
    ]


def _disk_problems(job: TrainingJob, wanted: Need, machine: Room) -> Iterator[Problem]:
    if machine.disk_free < wanted.disk:
        yield Problem(
            "preflight.run_writes_free",
            "disk",
            "the run writes {size}, and {size2} are free",
            "Free some space, or save less often (save_every_n_steps).",
            size=size(wanted.disk),
            size2=size(machine.disk_free),
        )
    if job.lora_dir and machine.publish_free < wanted.lora + SPARE_BYTES:
        yield Problem(
            "preflight.lora_takes_free_disk",
            "lora_dir",
            "with the LoRA ({size}) the disk of {lora_dir}, of which {size2} are free, would have "
            "less than {spare} left",
            "Free some space there.",
            size=size(wanted.lora),
            size2=size(machine.publish_free),
            lora_dir=job.lora_dir,
            spare=size(SPARE_BYTES),
        )


def _memory_problems(job: TrainingJob, wanted: Need, machine: Room) -> Iterator[Problem]:
    copies = 1  # each GPU has its own memory
    if job.launch and machine.memory_name == "RAM":
        copies = job.launch.here
    if not machine.memory or wanted.weights * copies <= machine.memory:
        return
    each = Message("preflight.each_processes", " in each of {copies} processes", copies=copies)
    yield Problem(
        "preflight.base_model_alone_takes",
        "memory",
        "the base model alone takes {size}{each}, and the {memory_name} has {size2}",
        "Choose a smaller base model.",
        size=size(wanted.weights),
        each=each if copies > 1 else "",
        memory_name=machine.memory_name,
        size2=size(machine.memory),
    )


def outlook(job: TrainingJob, machine: Room, is_counted: bool = False) -> list[str]:
    """What will come and what it takes, in words, as far as it can be counted; ``is_counted``:
    whether the engine's own memory is; else it is sd-scripts'.
    """
    wanted = need(job)
    lines: list[str] = []
    if wanted.lora:
        lines.append(
            Message(
                "preflight.files_come_free",
                "Files that will come: {coming}; {size} are free.",
                coming=joined(_files(wanted), ", "),
                size=size(machine.disk_free),
            )
        )
    if wanted.weights and machine.memory:
        lines.append(
            Message(
                "preflight.base_takes",
                "The base model alone takes {size} of the {memory_name}'s {have}.",
                size=size(wanted.weights),
                memory_name=machine.memory_name,
                have=size(machine.memory),
            )
        )
    return [*lines, *(_counted if is_counted else _counted_theirs)(job, machine)]


def _counted(job: TrainingJob, machine: Room) -> list[str]:
    """What the training takes of a GPU, where that was counted."""
    found = memory_count.count(job.family, job.params)
    if found is None or machine.memory_name == "RAM":
        return []
    if machine.memory_name == UNIFIED:
        return [_counted_on_a_mac(found.peak, job.params, machine)]
    told = _sizes(found.peak, machine)
    if found.peak + memory_count.OVERHEAD > machine.memory:
        return [Message("preflight.wont_fit", WONT_FIT, remedy=remedy(job.params), **told)]
    if not machine.records:
        return [_fits(told)]
    if found.with_graphs + memory_count.OVERHEAD > machine.memory:
        text = (
            "Its tensors take {peak} of the GPU's {have} at most (counted), CUDA itself about "
            "{cuda}; recorded steps (CUDA graphs) would keep {graphs} more, which doesn't fit: the "
            "steps run without them."
        )
        return [Message("preflight.no_graphs", text, graphs=size(found.step), **told)]
    text = (
        "Its tensors take {peak} of the GPU's {have} at most (counted), CUDA itself about {cuda}; "
        "recorded steps (CUDA graphs) keep {graphs} more."
    )
    return [Message("preflight.counted", text, graphs=size(found.step), **told)]


def _counted_theirs(job: TrainingJob, machine: Room) -> list[str]:
    """What sd-scripts takes of a GPU, where the same was counted for a preset."""
    found = theirs.count(job.family, job.params)
    if found is None or machine.memory_name != "GPU":
        return []
    told = _sizes(found.peak, machine)
    if found.peak + memory_count.OVERHEAD > machine.memory:
        return [Message("preflight.wont_fit", WONT_FIT, remedy=remedy(job.params), **told)]
    return [_fits(told)]


def _fits(told: Mapping[str, str]) -> Message:
    text = (
        "Its tensors take {peak} of the GPU's {have} at most (counted), CUDA itself about {cuda}."
    )
    return Message("preflight.counted_theirs", text, **told)


def _sizes(peak: int, machine: Room) -> dict[str, str]:
    return {
        "peak": size(peak),
        "cuda": size(memory_count.OVERHEAD),
        "have": size(machine.memory),
    }


def _counted_on_a_mac(peak: int, params: TrainingParams, machine: Room) -> str:
    """Its GPU has the whole memory, and shares it with all programs."""
    told = {"peak": size(peak), "have": size(machine.memory)}
    if peak > machine.memory:
        text = (
            "It won't fit: its tensors take {peak} at most (counted), the Mac has {have}. {remedy}"
        )
        return Message("preflight.mac_wont_fit", text, remedy=remedy(params), **told)
    text = (
        "Its tensors take {peak} of the unified memory's {have} at most (counted), beside macOS "
        "and all other programs."
    )
    return Message("preflight.mac_counted", text, **told)


def _files(wanted: Need) -> Iterator[str]:
    """What the run leaves on the disk."""
    if wanted.checkpoints:
        yield Message(
            "preflight.checkpoints",
            "{checkpoints} {checkpoints:checkpoint|checkpoints} of {size}",
            checkpoints=wanted.checkpoints,
            size=size(wanted.lora),
        )
    if wanted.states:
        text = "states of {size} together"
        yield Message("preflight.states_together", text, size=size(wanted.states))
    yield Message("preflight.lora", "the LoRA of {size}", size=size(wanted.lora))


def missing_files(params: TrainingParams) -> list[Problem]:
    """Options that name a file or folder which isn't there; the scripts find out late, or never."""
    found = []
    for name in sorted(PLACES - COMPANION_OPTIONS - {"t5_tokenizer_path"} | {"vae"}):
        value = params.extra.get(name)
        for place in value if isinstance(value, (list, tuple)) else [value]:
            if place and not (Path(str(place)).exists() or _may_be_in_a_hub(name, str(place))):
                found.append(
                    Problem(
                        "preflight.missing_file",
                        name,
                        "{place} doesn't exist",
                        "Give a file that exists.",
                        place=short(place),
                    )
                )
    return found


def _may_be_in_a_hub(name: str, place: str) -> bool:
    """The scripts also take "stabilityai/sd-vae-ft-mse" for a VAE; such a name has no ending."""
    return name == "vae" and not place.lower().endswith((".safetensors", ".ckpt", ".pt"))


def gone(job: TrainingJob) -> list[Problem]:
    """What the job was queued with and can't be used now that its turn has come."""
    places = [("dataset", job.dataset), ("base", job.base)]
    if job.dataset_config is not None:
        places += [("dataset", place) for place in dataset_config.paths(job.dataset_config)]
    lost = [
        Problem(
            "preflight.any_more",
            name,
            "{place} no longer exists",
            "Put it back, or start over.",
            place=repr(place),
        )
        for name, place in dict.fromkeys(places)
        if not Path(place).exists()
    ]
    return [*lost, *lora_folder(job)]


def lora_folder(job: TrainingJob) -> list[Problem]:
    """Why its LoRA can't be published there, where this machine is the one that publishes."""
    if not job.lora_dir or (job.launch and not job.launch.saves):
        return []
    return folder.problems(Path(job.lora_dir))


def this_machine(job: TrainingJob, home: Path, trains_on: Machine) -> Room:
    """Free space now; ``trains_on``: what setup found."""
    import psutil

    memory = trains_on.memory or int(psutil.virtual_memory().total)
    name = UNIFIED if trains_on.device == "mps" else "GPU"
    return Room(
        disk_free=shutil.disk_usage(home).free,
        publish_free=shutil.disk_usage(
            _existing(Path(job.lora_dir) if job.lora_dir else home)
        ).free,
        memory=memory,
        memory_name=name if trains_on.memory else "RAM",
        records=not re.search(r"\bAMD\b|\bRadeon\b", trains_on.gpu),
    )


def size(count: float) -> str:
    """Bytes in words: "38 kB", "144 MB", "2.1 GB"."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _weights(job: TrainingJob, tensors: Mapping[str, TensorInfo]) -> int:
    """Bytes of U-Net and text encoders; the VAE leaves once the pictures are encoded. 0: some of it
    waits elsewhere.
    """
    params = job.params
    if params.extra.get("blocks_to_swap"):
        return 0
    size = 4 if params.mixed_precision == "no" else 2
    model = dit_tensors.recognise(tensors)
    if model is None:
        return size * _numbers(
            tensors, ("model.diffusion_model.", "cond_stage_model.", "conditioner.")
        )
    squeezed = any(
        params.extra.get(option) for option in ("fp8_base", "fp8_base_unet", "fp8_scaled")
    )
    return (1 if squeezed else size) * _numbers(tensors, (model.prefix,))


def _numbers(tensors: Mapping[str, TensorInfo], parts: tuple[str, ...]) -> int:
    return sum(math.prod(info.shape) for name, info in tensors.items() if name.startswith(parts))


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
