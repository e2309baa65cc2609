"""More than one process: what `accelerate launch` is told, and which GPUs a training holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import Invalid, Problem, short
from ..messages import Message, joined

MODULE = "accelerate.commands.launch"
MOST_PROCESSES = 1024
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:_-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Launch:
    """How the script is started where one process isn't enough.

    Names and meanings are those of `accelerate launch`.
    """

    processes: int = 2
    """In all, over every machine; each optimizer step sees this many batches."""
    machines: int = 1
    machine_rank: int = 0
    """Which of the machines this is; 0 is the main one, which saves and publishes."""
    main_process_ip: str | None = None
    main_process_port: int | None = None
    """None on one machine: any free port (0, which accelerate's help offers for that, hangs:
    accelerate 1.6, torch 2.13).
    """
    gpu_ids: tuple[int, ...] = ()
    """This machine's GPUs, one for each of its processes, as the driver counts them; empty: the
    first ones.
    """
    num_cpu_threads_per_process: int | None = None

    @property
    def here(self) -> int:
        """Processes on this machine."""
        return max(1, self.processes // max(1, self.machines))

    @property
    def gpus(self) -> tuple[int, ...]:
        """The GPUs that the training holds here."""
        return self.gpu_ids or tuple(range(self.here))

    @property
    def saves(self) -> bool:
        """Whether the LoRA is written on this machine."""
        return self.machine_rank == 0

    @property
    def title(self) -> str:
        """ "2 processes", or "4 processes on 2 machines (this is number 1)"."""
        where = (
            f" on {self.machines} machines (this is number {self.machine_rank})"
            if self.machines > 1
            else ""
        )
        return f"{self.processes} processes{where}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "gpu_ids": list(self.gpu_ids)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Launch:
        """What `as_dict` made; a newer version's keys are left out.

        Raises `Invalid` for values of another kind.
        """
        names = {spec.name for spec in fields(cls)}
        values: dict[str, Any] = {key: value for key, value in data.items() if key in names}
        wrong = [
            Problem(
                "launch.job",
                f"launch.{key}",
                "{value} is not valid there",
                value=short(value),
            )
            for key, value in values.items()
            if not _is_kind(key, value)
        ]
        if wrong:
            raise Invalid(wrong)
        return cls(**{**values, "gpu_ids": tuple(values.get("gpu_ids", ()))})

    def problems(self) -> list[Problem]:
        """What accelerate would stop at, or hang on."""
        return [*self._count_problems(), *self._address_problems(), *self._thread_problems()]

    def _count_problems(self) -> Iterator[Problem]:
        if not 2 <= self.processes <= MOST_PROCESSES:
            yield Problem(
                "launch.number",
                "processes",
                "{processes} is not a number from 2 to {most_processes}",
                "Leave it out for one process.",
                processes=self.processes,
                most_processes=MOST_PROCESSES,
            )
        if self.machines < 1 or self.processes % max(1, self.machines):
            yield Problem(
                "launch.processes_cant_shared_evenly",
                "machines",
                "{processes} {processes:process|processes} can't be shared evenly by {machines} "
                "machines",
                "Each machine runs as many.",
                processes=self.processes,
                machines=self.machines,
            )
        elif not 0 <= self.machine_rank < self.machines:
            yield Problem(
                "launch.is_not_one",
                "machine_rank",
                "{machine_rank} is not one of 0 to {machines}",
                "Count the machines from 0; 0 is the one that saves.",
                machine_rank=self.machine_rank,
                machines=self.machines - 1,
            )
        elif self.gpu_ids and (len(set(self.gpu_ids)) != self.here or min(self.gpu_ids) < 0):
            yield Problem(
                "launch.names_gpus_processes_run",
                "gpus",
                "{gpus} names {count} {count:GPU|GPUs}, and {here} "
                "{here:process runs|processes run} here",
                "Give one GPU for each.",
                gpus=",".join(map(str, self.gpu_ids)),
                count=len(set(self.gpu_ids)),
                here=self.here,
            )

    def _address_problems(self) -> Iterator[Problem]:
        if self.machines > 1 and not (self.main_process_ip and self.main_process_port):
            yield Problem(
                "launch.several_machines_need_address",
                "main_process_ip",
                "several machines need the address and the port of machine 0",
                "Give --main-process-ip and --main-process-port, the same on each.",
            )
        if self.main_process_ip and not _HOST.fullmatch(self.main_process_ip):
            yield Problem(
                "launch.address",
                "main_process_ip",
                "{main_process_ip} is not an address",
                main_process_ip=repr(self.main_process_ip),
            )
        if self.main_process_port is not None and not 1 <= self.main_process_port <= 65535:
            yield Problem(
                "launch.port",
                "main_process_port",
                "{main_process_port} is not a port (1 to 65535)",
                main_process_port=self.main_process_port,
            )

    def _thread_problems(self) -> Iterator[Problem]:
        threads = self.num_cpu_threads_per_process
        if threads is not None and not 1 <= threads <= 1024:
            yield Problem(
                "launch.number_2",
                "num_cpu_threads_per_process",
                "{threads} is not a number from 1 to 1024",
                threads=threads,
            )

    def words(self, mixed_precision: str) -> list[str]:
        """What stands between `accelerate launch` and the script.

        All that matters is told, so that nobody's own `accelerate config` changes the run.
        """
        words = [
            "--multi_gpu",
            "--num_processes",
            str(self.processes),
            "--num_machines",
            str(self.machines),
        ]
        if self.machines > 1:
            words += [
                "--machine_rank",
                str(self.machine_rank),
                "--main_process_ip",
                str(self.main_process_ip),
            ]
        if self.main_process_port:
            words += ["--main_process_port", str(self.main_process_port)]
        words += ["--gpu_ids", ",".join(map(str, self.gpu_ids)) or "all"]
        words += ["--mixed_precision", mixed_precision, "--dynamo_backend", "no"]
        if self.num_cpu_threads_per_process:
            words += ["--num_cpu_threads_per_process", str(self.num_cpu_threads_per_process)]
        return words


def _is_kind(name: str, value: Any) -> bool:
    if name == "gpu_ids":
        return isinstance(value, (list, tuple)) and all(
            isinstance(gpu, int) and not isinstance(gpu, bool) for gpu in value
        )
    if name == "main_process_ip":
        return value is None or isinstance(value, str)
    may_be_none = name in ("main_process_port", "num_cpu_threads_per_process")
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        value is None and may_be_none
    )


# ---- from elsewhere ----

OTHERS: Mapping[str, str] = {
    "multi_gpu": Message("launch.multi_gpu", "so it is wherever there is more than one process"),
    "mixed_precision": Message(
        "launch.mixed_precision", "the script's own option of that name takes precedence"
    ),
    "dynamo_backend": Message(
        "launch.dynamo", "sd-scripts sets this itself (torch_compile, dynamo_backend)"
    ),
    "dynamo_mode": Message(
        "launch.dynamo", "sd-scripts sets this itself (torch_compile, dynamo_backend)"
    ),
    "dynamo_use_fullgraph": Message(
        "launch.dynamo", "sd-scripts sets this itself (torch_compile, dynamo_backend)"
    ),
    "dynamo_use_dynamic": Message(
        "launch.dynamo", "sd-scripts sets this itself (torch_compile, dynamo_backend)"
    ),
    "use_deepspeed": Message("launch.use_deepspeed", "sd-scripts' own option deepspeed says this"),
}
"""Options of the launcher that change nothing of a training by sd-scripts, and why."""

OPTIONS = frozenset(
    {
        "num_processes",
        "num_machines",
        "machine_rank",
        "main_process_ip",
        "main_process_port",
        "gpu_ids",
        "num_cpu_threads_per_process",
    }
)
"""Options of the launcher that a `Launch` holds."""


def read(options: Mapping[str, Any]) -> tuple[Launch | None, dict[str, str]]:
    """(the launch that these options of `accelerate launch` ask for, or None for one process; those
    that can't be used, each with the reason).
    """
    lost: dict[str, str] = {}

    def number(name: str, default: int | None) -> int | None:
        value = options.get(name)
        if value in (None, "", False, "none"):
            return default
        try:
            found = float(str(value))
            if found == int(found):
                return int(found)
        except (ValueError, OverflowError):
            pass
        lost[name] = Message("params.not_whole", "{value} is not a whole number", value=repr(value))
        return default

    processes = number("num_processes", 1) or 1
    if processes < 2:
        return None, lost
    address = options.get("main_process_ip")
    launch = Launch(
        processes,
        number("num_machines", 1) or 1,
        main_process_ip=str(address) if address else None,
        gpu_ids=_gpus(options.get("gpu_ids"), lost),
        machine_rank=number("machine_rank", 0) or 0,
        main_process_port=number("main_process_port", None) or None,
        num_cpu_threads_per_process=number("num_cpu_threads_per_process", None) or None,
    )
    problems = launch.problems()
    if problems:
        lost["num_processes"] = joined([problem.sentence for problem in problems])
        return None, lost
    return launch, lost


def _gpus(value: Any, lost: dict[str, str]) -> tuple[int, ...]:
    words = [
        word.strip() for word in str(value if value is not None else "").split(",") if word.strip()
    ]
    if words in ([], ["all"]):
        return ()
    if all(word.isdecimal() for word in words):
        return tuple(map(int, words))
    lost["gpu_ids"] = Message(
        "launch.no_list", "{value} is not a list of numbers", value=repr(value)
    )
    return ()


def from_words(gpus: str | None, **numbers: int | str | None) -> Launch:
    """What the command line asks for: ``gpus`` as "0,1", the rest by `Launch`'s names, None where
    it isn't given.

    Without a number of processes there is one for each GPU of ``gpus``. Raises ValueError where
    ``gpus`` is no list.
    """
    ids = tuple(int(word) for word in gpus.split(",")) if gpus else ()
    given = {name: value for name, value in numbers.items() if value is not None}
    machines = int(given.get("machines", 1))
    return Launch(**{"processes": len(ids) * machines if ids else 2, **given, "gpu_ids": ids})  # type: ignore[arg-type]


def processes_of(launch: Launch | None) -> int:
    return launch.processes if launch else 1
