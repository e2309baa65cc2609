"""Why a trainer ended, in one sentence with what to do, from its exit code and the end of its log."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

_KNOWN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (
            r"CUDA out of memory|OutOfMemoryError",
            "The GPU ran out of memory. Set gradient_checkpointing=true, a smaller resolution or train_batch_size=1, "
            "and close other programs that use the GPU.",
        ),
        (r"No space left on device|os error 28", "The disk is full. Free some space, then resume the job."),
        (r"No data found", "The trainer found no pictures in the dataset. Look at its folder, then start again."),
        (
            r"neither a valid local path nor a valid repo id",
            "The base model's file is gone. Put it back, or choose another base.",
        ),
        (
            r"no kernel image is available|not compatible with the current PyTorch",
            "This PyTorch was not built for this GPU. Run `sd-scripts-bridge setup` again on this machine.",
        ),
        (
            r"We couldn't connect to 'https://huggingface|OfflineModeIsEnabled|outgoing traffic has been disabled",
            "The trainer looked for a file on a model hub, and that is switched off. Run `sd-scripts-bridge setup` so "
            "that the tokenizers lie here.",
        ),
    )
)

_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)\b.*")
_LAUNCHER = re.compile(r"CalledProcessError")


def failure(code: int | None, lines: Sequence[str]) -> str:
    """The sentence for a trainer that ended with ``code`` (None: unknown; below 0: that signal)."""
    for line in reversed(lines):
        for pattern, sentence in _KNOWN:
            if pattern.search(line):
                return sentence
    if code is not None and code < 0:
        return _killed(-code)
    cause = _last_exception(lines) or next((line for line in reversed(lines) if line.strip()), "it printed nothing")
    return f"The trainer ended with code {code}: {cause.strip()}"


def _killed(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return "The trainer was killed (SIGKILL): most often the machine ran out of memory. Close other programs."
    return f"The trainer was ended from outside ({name})."


def _last_exception(lines: Sequence[str]) -> str | None:
    for line in reversed(lines):
        if _EXCEPTION.match(line) and not _LAUNCHER.search(line):
            return line
    return None
