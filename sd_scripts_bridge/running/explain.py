"""Why a trainer ended, in one sentence with what to do,
from its exit code and the end of its log.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..messages import Message
from .failures.known import FailureKind, Known
from .failures.table import TABLE

LONGEST = 2000
"""Characters of a log line that are looked at; a state dict's complaint names thousands of tensors
in one.
"""

_ATTEMPT = re.compile(r"^=== attempt \d+ ===$")
_BAR = re.compile(r"^.{0,200}?\d+%\|.*?\| *\d+/\d+ \[[^\]]*\]")
_RANK = re.compile(r"^\[rank\d+\]: ?")
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):")
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*(?:\w*(?:Error|Exception|Interrupt|Exit|Invalid|BadZipFile)\b(?=:|$)"
    r"|[A-Z]\w+: ).*"
)
_CODE_LINE = re.compile(r"^\s+(?=[^\s\^~])(?!File \").+")
_LAUNCHER = re.compile(r"CalledProcessError|ChildFailedError")
_ELASTIC = re.compile(r"^[A-Z]\d{4} [\d:.]+ .{0,200}?torch/distributed/elastic/")
_CHILD = re.compile(r"failed \(exitcode: (-?\d+)\) local_rank|died with <Signals\.\w+: (\d+)>")
_REMARK = re.compile(r"^(?:\w+\.)*(?:\w*Warning\b|ModuleNotFoundError: No module named 'triton')")
_PIP_FAILED = re.compile(r"(?:python|python\.exe)' (?:ended|exited) with code \d+: ")
_OWN = re.compile(r"^(?:Error|SetupError): ")

_WINDOWS_ENDS = {
    0xC0000005: (
        FailureKind.ENVIRONMENT,
        Message(
            "failure.trainer_crashed_access_violation",
            "The trainer crashed (access violation). Update the graphics driver, undo any "
            "overclocking, and resume the job. If it happens again, run `sd-scripts-bridge "
            "setup` again.",
        ),
    ),
    0xC00000FD: (
        FailureKind.ENVIRONMENT,
        Message(
            "failure.trainer_crashed_stack_overflow",
            "The trainer crashed (stack overflow). Resume the job. If it happens again, run "
            "`sd-scripts-bridge setup` again.",
        ),
    ),
    0xC0000135: (
        FailureKind.ENVIRONMENT,
        Message(
            "failure.windows_couldnt_load_trainers",
            "Windows couldn't load one of the trainer's libraries. Install Microsoft's Visual "
            "C++ Redistributable (x64), then run `sd-scripts-bridge setup` again.",
        ),
    ),
    0xC0000142: (
        FailureKind.KILLED,
        Message(
            "failure.windows_shutting_down_resources",
            "Windows was shutting down or out of resources when the trainer started. Resume the "
            "job.",
        ),
    ),
    0xC000012D: (
        FailureKind.HOST_MEMORY,
        Message(
            "failure.windows_ran_virtual_memory",
            "Windows ran out of virtual memory (page file). Let Windows manage the page file's "
            "size, close other programs, then resume the job.",
        ),
    ),
    0xC0000409: (
        FailureKind.ENVIRONMENT,
        Message(
            "failure.trainer_crashed_stack_buffer",
            "The trainer crashed (stack buffer overrun). Update the graphics driver and resume "
            "the job. If it happens again, run `sd-scripts-bridge setup` again.",
        ),
    ),
    0xC000013A: (
        FailureKind.KILLED,
        Message(
            "failure.trainer_interrupted_window_closed",
            "The trainer was interrupted (its window was closed, or Ctrl-C). Resume the job to "
            "continue.",
        ),
    ),
}
_CRASHES = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGABRT", "SIGFPE"}


@dataclass(frozen=True)
class Cause:
    """What sort of failure it was, and the sentence for the user."""

    kind: FailureKind
    sentence: str


def failure(code: int | None, lines: Sequence[str]) -> str:
    """The sentence for a trainer that ended with ``code`` (None: unknown; below 0: that signal)."""
    return cause(code, lines).sentence


def cause(code: int | None, lines: Sequence[str]) -> Cause:
    """Why a trainer ended with ``code``: the most specific entry of the table, else the signal,
    else its last exception.
    """
    said, code = lines_of_the_trainer(lines), _childs_code(lines, code)
    found, own = known("\n".join(said)), _own_words(said)
    if found:
        return Cause(found[1].kind, own) if own and _says_enough(said) else found[1]
    if own:
        return Cause(FailureKind.UNKNOWN, own)
    if code is not None and code < 0:
        return _killed(-code)
    if code in _WINDOWS_ENDS:
        return Cause(*_WINDOWS_ENDS[code])
    last = _last_exception(said) or next(
        (line for line in reversed(said) if line.strip()),
        Message("command.silent", "it printed nothing"),
    )
    return Cause(
        FailureKind.UNKNOWN,
        Message(
            "failure.unknown",
            "The program exited with code {code}: {last}",
            code=str(code),
            last=last.strip(),
        ),
    )


def known(text: str) -> tuple[Known, Cause] | None:
    """The first entry of the table that ``text`` holds, and its sentence filled in."""
    for entry in TABLE:
        match = entry.pattern.search(text)
        if match:
            values = {name: (value or "").strip() for name, value in match.groupdict().items()}
            said = Message(f"failure.{entry.name}", entry.sentence, **values)
            tidy = re.sub(r" +(?=[ :.])", "", said)  # a group may be empty
            return entry, Cause(entry.kind, Message.stored(said.code, tidy, values))
    return None


# ---- the log's end ----


def lines_of_the_trainer(lines: Sequence[str]) -> list[str]:
    """The newest attempt's lines: each bar apart from what was printed behind it, the launcher's
    own traceback left out.
    """
    start = _newest_attempt(lines)
    parts = (part for line in lines[start:] for part in _parts(_RANK.sub("", line[:LONGEST])))
    plain = [part for part in parts if not _ELASTIC.match(part)]
    launched = next(
        (
            number
            for number, line in enumerate(plain)
            if _LAUNCHER.search(line) and _EXCEPTION.match(line)
        ),
        None,
    )
    if launched is None:
        return plain
    for number in range(launched - 1, -1, -1):
        if _EXCEPTION.match(plain[number]):
            break
        if _TRACEBACK.match(plain[number]):
            return plain[:number]
    return plain[:launched]


def _newest_attempt(lines: Sequence[str]) -> int:
    return max((number for number, line in enumerate(lines, 1) if _ATTEMPT.match(line)), default=0)


def _childs_code(lines: Sequence[str], code: int | None) -> int | None:
    """How the trainer itself ended, where a launcher of several processes says so;
    else ``code``.
    """
    said = next(
        (
            match
            for line in lines[_newest_attempt(lines) :]
            if (match := _CHILD.search(line[:LONGEST]))
        ),
        None,
    )
    if said is None:
        return code
    return int(said[1]) if said[1] else -int(said[2])


def _parts(line: str) -> Iterator[str]:
    bar = _BAR.match(line)
    if bar is None:
        yield line
        return
    yield bar[0]
    if line[bar.end() :].strip():
        yield line[bar.end() :]


def _own_words(lines: Sequence[str]) -> str | None:
    """What our own programs said as their last words: they print sentences, under `Error:` or
    `SetupError:`.
    """
    starts = [number for number, line in enumerate(lines) if _OWN.match(line)]
    if not starts or any(_TRACEBACK.match(line) for line in lines[starts[-1] :]):
        return None
    return _OWN.sub("", "\n".join(lines[starts[-1] :])).strip() or None


def _says_enough(lines: Sequence[str]) -> bool:
    """Whether setup itself says what failed and what to do; else it only names pip's exit code."""
    last = [line for line in lines if line.startswith("SetupError: ")]
    return bool(last) and not _PIP_FAILED.search(last[-1])


def _last_exception(lines: Sequence[str]) -> str | None:
    """The last exception that is told after a traceback; one without words comes with the line of
    code that raised it.
    """
    first = next(
        (number for number, line in enumerate(lines) if _TRACEBACK.match(line)), len(lines)
    )
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        named = _EXCEPTION.match(line) and (
            number > first or not re.match(r"^[A-Z]\w+: ", line) or "Error" in line
        )
        if not named or _REMARK.match(line):
            continue
        if ":" in line:
            return line
        code = next(
            (before.strip() for before in reversed(lines[:number]) if _CODE_LINE.match(before)), ""
        )
        return f"{line} ({code})" if code else line
    return None


# ---- killed ----


def _killed(number: int) -> Cause:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return Cause(
            FailureKind.KILLED,
            Message(
                "failure.trainer_killed_sigkill_most",
                "The program was killed (SIGKILL), most likely because the machine ran out of "
                "memory. Close other programs, then resume the job.",
            ),
        )
    if name in _CRASHES:
        return Cause(
            FailureKind.ENVIRONMENT,
            Message(
                "failure.trainer_crashed_update_graphics",
                "The trainer crashed ({name}). Update the graphics driver and resume the job. If "
                "it happens again, run `sd-scripts-bridge setup` again.",
                name=name,
            ),
        )
    return Cause(
        FailureKind.KILLED,
        Message(
            "failure.trainer_killed_resume_job",
            "The program was killed ({name}). Resume the job to continue.",
            name=name,
        ),
    )
