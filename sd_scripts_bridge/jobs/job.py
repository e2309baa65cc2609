"""A job: what to do, frozen, and the states that it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from enum import Enum
from typing import Any

from ..errors import Invalid, Problem, short
from ..options.params import TrainingParams
from .cluster import Cluster
from .launch import Launch


class Status(str, Enum):
    """Where a job stands."""

    QUEUED = "queued"
    """Waiting for its turn."""
    RUNNING = "running"
    """The supervisor has started its program."""
    STOPPING = "stopping"
    """Somebody asked it to stop; the program may still write its last checkpoint."""
    SUCCEEDED = "succeeded"
    """Exit 0, and the LoRA is new, complete and published."""
    FAILED = "failed"
    """It ended otherwise; the last event says why."""
    STOPPED = "stopped"
    """It ended because somebody asked."""
    LOST = "lost"
    """Its supervisor vanished (a crash, a power cut); resume goes on from the last state."""

    def __str__(self) -> str:
        return self.value

    @property
    def is_over(self) -> bool:
        return self in (Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.LOST)


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.STOPPED}),
    Status.RUNNING: frozenset(
        {
            Status.STOPPING,
            Status.SUCCEEDED,
            Status.FAILED,
            Status.STOPPED,
            Status.LOST,
            Status.QUEUED,
        }
    ),  # to queued: healed, going on from the last state
    Status.STOPPING: frozenset(
        {Status.STOPPED, Status.SUCCEEDED, Status.FAILED, Status.LOST, Status.QUEUED}
    ),  # to queued: paused, going on by itself
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.STOPPED: frozenset({Status.QUEUED}),
    Status.LOST: frozenset({Status.QUEUED}),
}
"""Every legal move; `store` makes no other."""


LAST, RECOMMENDED = "last", "recommended"
STEPS = (LAST, RECOMMENDED)
"""Which of its saved steps a training publishes: the last, or the one that measured best."""
FORGOTTEN = ".forgotten"
"""How the dataset's path of a forgotten job ends: a folder that is never there."""


@dataclass(frozen=True)
class TrainingJob:
    """Train one LoRA. Paths are absolute text; ``dataset`` is the folder that holds the ``N_subject
    class`` folders.
    """

    name: str
    """The LoRA's name; the published stem is this, or this with a number where it is taken."""
    subject: str
    """The subject's name, as captions and prompts call it."""
    class_token: str
    """What the subject is ("man"), empty where the folder name holds none."""
    dataset: str
    """The first folder of ``dataset_config``, where there is one."""
    base: str
    family: str
    engine: str
    params: TrainingParams = field(default_factory=TrainingParams)
    prediction: str = "epsilon"
    """"epsilon", "v_prediction", "flow", or "ask-the-model" where only a run of the U-Net can tell
    (SD2 without a mark).
    """
    lora_dir: str | None = None
    preset: str = ""
    gpu: int | None = None
    """The GPU to train on, as the driver counts them; None: the first.

    Each GPU has a queue of its own.
    """
    dataset_config: Mapping[str, Any] | None = None
    """What sd-scripts reads itself, with absolute paths; None: one folder says it, ``dataset``."""
    launch: Launch | None = None
    """More than one process, on more than one GPU or machine; None: the script is called directly.
    """
    on: Cluster | None = None
    """The Ray cluster that trains it, ``base`` by its path there; None: this machine."""
    subjects: tuple[str, ...] = ()
    """Each subject with its class, where there are several; ``subject`` is the first one's name."""
    enough: bool = False
    """End at the first save whose held-out loss is significantly worse than the best."""
    publish: str = LAST
    """The step that is published: LAST, or RECOMMENDED where there is one."""
    private: bool = False
    """Publish it without a caption word, path or name but the LoRA's own."""
    healed: tuple[str, ...] = ()
    """What was changed on the way, after a failure whose cure is known."""

    kind = "train"

    @property
    def spoken(self) -> tuple[str, ...]:
        """Each subject with its class token, as captions say it."""
        return self.subjects or (f"{self.subject} {self.class_token}".strip(),)

    @property
    def activation_text(self) -> str:
        """All of them."""
        return ", ".join(self.spoken)

    @property
    def title(self) -> str:
        return self.name

    @property
    def device(self) -> str:
        """What it holds while it runs: GPUs, "0" or "0,1", or a cluster's address."""
        if self.on:
            return self.on.address
        return ",".join(map(str, self.launch.gpus)) if self.launch else str(self.gpu or 0)

    @property
    def is_forgotten(self) -> bool:
        """Whether its photos, and all that said something of them, were deleted (`forget`)."""
        return self.dataset.endswith(FORGOTTEN)

    @property
    def saves_states(self) -> bool:
        """Whether a stopped run can go on.

        Not with several machines (each would need the main one's states), nor with DeepSpeed (it
        saves with all processes, and sd-scripts' train_network.py saves with the first alone), nor
        on a cluster (what is there when it is stopped, goes).
        """
        alone = self.on is None and (self.launch is None or self.launch.machines == 1)
        return self.params.save_state and not self.params.extra.get("deepspeed") and alone

    @property
    def pictures_a_step(self) -> int:
        """So many pictures does one optimizer step see."""
        a_process = self.params.train_batch_size * self.params.gradient_accumulation_steps
        return a_process * (self.launch.processes if self.launch else 1)

    def evolve(self, **changes: Any) -> TrainingJob:
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        parts = {
            name: part.as_dict() if (part := getattr(self, name)) else None
            for name in ("params", "launch", "on")
        }
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in parts}
        return {"kind": self.kind, **data, **parts}


@dataclass(frozen=True)
class SetupJob:
    """Make the training environment; see `engines.sd_scripts`."""

    engine: str
    source: str | None = None
    """A folder to use as it is, or another address to clone; None: the pinned commit of
    kohya-ss/sd-scripts.
    """
    python: str | None = None
    """The environment's Python, where it isn't found by the folder."""

    kind = "setup"
    device = "0"

    @property
    def title(self) -> str:
        return f"set up {self.engine}"

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class ToolJob:
    """Run a program that trains nothing, for photos, captions or LoRAs; see `engines.tools`."""

    tool: str
    """Its name in the registry."""
    label: str
    """What the list of jobs calls it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the program reads from job.json: plain JSON."""
    about: int | None = None
    """The training job that it belongs to."""
    gpu: int | None = None
    """As a training's: the first one where this is None."""

    kind = "tool"

    @property
    def title(self) -> str:
        return self.label

    @property
    def device(self) -> str:
        return str(self.gpu or 0)

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **asdict(self)}


Job = TrainingJob | SetupJob | ToolJob

KINDS: Mapping[str, type[Any]] = {cls.kind: cls for cls in (TrainingJob, SetupJob, ToolJob)}
"""Every job by its kind."""


def share_a_gpu(device: str, other: str) -> bool:
    """Whether two jobs' devices have a GPU in common."""
    return not set(device.split(",")).isdisjoint(other.split(","))


def job_from_dict(data: Mapping[str, Any]) -> Job:
    """The job that `as_dict` made; keys that only a newer version knows are left out.

    Raises `Invalid` for bad params.
    """
    cls = KINDS.get(str(data.get("kind")), TrainingJob)
    names = {f.name for f in fields(cls)}
    values = {key: value for key, value in data.items() if key in names}
    problems = [
        problem for f in fields(cls) if f.name != "params" for problem in _unusable(f, values)
    ]
    if problems:
        raise Invalid(problems)
    if cls is TrainingJob:
        values["params"] = TrainingParams.from_dict(values.get("params", {}))
        for name in ("healed", "subjects"):
            values[name] = tuple(values.get(name, ()))
        values["launch"] = Launch.from_dict(values["launch"]) if values.get("launch") else None
        values["on"] = Cluster.from_dict(values["on"]) if values.get("on") else None
    job: Job = cls(**values)
    return job


def _unusable(spec: Field[Any], values: Mapping[str, Any]) -> list[Problem]:
    """What another version, or an editor, has made of a job's own fields."""
    if spec.name not in values:
        needed = spec.default is MISSING and spec.default_factory is MISSING
        return (
            [Problem("job.missing", spec.name, "is missing", "Give a whole job.json.")]
            if needed
            else []
        )
    value = values[spec.name]
    kinds: dict[str, tuple[type, ...]] = {
        "int | None": (int,),
        "bool": (bool,),
        "tuple[str, ...]": (list, tuple),
        "Mapping[str, Any]": (dict,),
        "Launch | None": (dict,),
        "Cluster | None": (dict,),
        "Mapping[str, Any] | None": (dict,),
    }
    if isinstance(value, kinds.get(str(spec.type), (str,))) or (
        value is None and "None" in str(spec.type)
    ):
        return []
    return [
        Problem(
            "job.job",
            spec.name,
            "{value} is not valid there",
            "Give a job.json as it was written.",
            value=short(value),
        )
    ]
