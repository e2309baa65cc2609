"""One known failure: the pattern that finds it in a log, and the sentence for the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class FailureKind(str, Enum):
    """What sort of failure it was; a run that heals itself chooses its cure by this."""

    GPU_MEMORY = "gpu-memory"
    HOST_MEMORY = "host-memory"
    DISK = "disk"
    NAN = "nan"
    CACHE = "cache"
    """A file of cached latents or text encoder outputs."""
    STATE = "state"
    """A saved state that can't be resumed from; an older one may work."""
    DATASET = "dataset"
    BASE_MODEL = "base-model"
    OPTION = "option"
    ENVIRONMENT = "environment"
    NETWORK = "network"
    KILLED = "killed"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Known:
    """One failure.

    ``source`` is where its text was met: "run" for the output of a real run, which
    tests/recorded/failures holds, then owner/repository#issue of public threads, or the library
    that prints it. ``sentence`` may name the pattern's groups in braces.
    """

    name: str
    kind: FailureKind
    source: str
    pattern: re.Pattern[str]
    sentence: str

    @property
    def was_run(self) -> bool:
        """Met in a run of ours; else known from what others report or from a library's source."""
        return self.source.partition(";")[0] == "run"


RAISED = (
    r"^(?:(?:ERROR: [\w ]*\ban )?(?:[A-Za-z_]\w*\.)*[A-Za-z_]*"
    r"(?:Error|Exception|Invalid|BadZipFile|IsEnabled)"
    r"|\s*what\(\)|fatal): .*?"
)
"""The start of a line that reports an exception (pip's and C++'s own words included), up to
anything in its text.
"""


def known(name: str, kind: FailureKind, source: str, pattern: str, sentence: str) -> Known:
    """A row of the table; ``pattern`` is compiled line by line."""
    return Known(name, kind, source, re.compile(pattern, re.MULTILINE), sentence)
