"""The only door to other programs: run one, start one that outlives us, stop one with all its
descendants.

psutil is imported where it is needed: `install.py` comes through here on a Python that has no
package yet.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import CommandFailed
from ..messages import Message

if TYPE_CHECKING:
    import psutil

COOKIE = "SD_SCRIPTS_BRIDGE_COOKIE"
"""Environment variable by which a job's processes are found, however they were forked."""

Child = subprocess.Popen[bytes]
"""A program that we have started and may wait for."""

TERM_SECONDS = 10.0
KILL_SECONDS = 5.0
MISSING_PROGRAM = 127

_SCRUBBED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "LD_PRELOAD",
    "COMMANDLINE_ARGS",
    "TORCH_COMMAND",
    "PIP_IGNORE_INSTALLED",
    "CUDA_MODULE_LOADING",
    "PYTORCH_NVML_BASED_CUDA_CHECK",
)
"""What a WebUI leaves in the environment of its children and what would mislead another Python."""


def child_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our environment without the WebUI's leftovers, in UTF-8, with ``changes``; None deletes a
    name.
    """
    env = {name: value for name, value in os.environ.items() if name not in _SCRUBBED}
    env.update(PYTHONUTF8="1", PYTHONUNBUFFERED="1", PYTHONNOUSERSITE="1")
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
    check: bool = True,
) -> str:
    """Run to the end; returns stdout and stderr together. Raises `CommandFailed` where the code
    isn't 0 and ``check``.

    A program that is missing or that passes ``timeout`` seconds counts as failed.
    """
    words = [os.fspath(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            env=child_environment(env or {}),
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            creationflags=_no_window(),
        )
        code, output = done.returncode, done.stdout.decode("utf-8", "replace")
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        code, output = MISSING_PROGRAM, f"{words[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        code, output = (
            -1,
            Message("command.no_answer", "no answer within {seconds} s", seconds=f"{timeout:g}"),
        )
    if code and check:
        raise CommandFailed(words, code, output)
    return output


def stream(
    argv: Sequence[str | os.PathLike[str]],
    *,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run to the end with the output going where ours goes.

    Raises `CommandFailed` where the code isn't 0.
    """
    words = [os.fspath(word) for word in argv]
    sys.stdout.flush()
    try:
        code = subprocess.run(
            words, env=child_environment(env or {}), cwd=cwd, check=False
        ).returncode
    except OSError as error:
        raise CommandFailed(words, MISSING_PROGRAM, str(error)) from error
    if code:
        raise CommandFailed(words, code, Message("command.above", "see the output above"))


def each_line(
    argv: Sequence[str | os.PathLike[str]],
    take: Callable[[str], None],
    *,
    env: Mapping[str, str | None] | None = None,
) -> None:
    """Run to the end, each line of the output (stderr too) given to ``take`` as it comes.

    Raises `CommandFailed`, which carries the output, where the code isn't 0.
    """
    words = [os.fspath(word) for word in argv]
    lines: list[str] = []
    try:
        child = subprocess.Popen(
            words,
            env=child_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            creationflags=_no_window(),
        )
    except OSError as error:
        raise CommandFailed(words, MISSING_PROGRAM, str(error)) from error
    with child:
        for line in child.stdout or ():
            lines.append(line)
            take(line.rstrip("\r\n"))
    if child.returncode:
        raise CommandFailed(words, child.returncode, "".join(lines))


def start(
    argv: Sequence[str],
    *,
    log: IO[bytes],
    env: Mapping[str, str | None],
    cwd: Path | None = None,
) -> Child:
    """Start a program in a session of its own, output into ``log``.

    Raises `CommandFailed` if it can't be started.
    """
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=child_environment(env),
            cwd=cwd,
            close_fds=True,
            start_new_session=True,
            creationflags=_own_group(),
        )
    except OSError as error:
        raise CommandFailed(list(argv), MISSING_PROGRAM, f"{argv[0]}: {error.strerror}") from error


def spawn_detached(argv: Sequence[str], *, log: Path, env: Mapping[str, str | None]) -> int:
    """Start a program that outlives us, its output appended to ``log``; returns its pid.

    A log that can't be opened (a full disk) is left out.
    """
    with contextlib.ExitStack() as stack:
        file: IO[bytes] | int = subprocess.DEVNULL
        with contextlib.suppress(OSError):
            file = stack.enter_context(log.open("ab"))
        flags = _own_group() | getattr(subprocess, "CREATE_BREAKAWAY_FROM_JOB", 0)
        for creationflags in (flags, _own_group()):  # a job object may forbid breaking away
            try:
                child = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=child_environment(env),
                    close_fds=True,
                    start_new_session=True,
                    creationflags=creationflags,
                )
            except PermissionError:
                continue
            threading.Thread(
                target=child.wait, daemon=True
            ).start()  # else it stays a zombie while we live
            return child.pid
    raise CommandFailed(
        list(argv), MISSING_PROGRAM, Message("command.refused", "the system refuses to start it")
    )


def command_text(argv: Sequence[str], env: Mapping[str, str | None]) -> str:
    """A command as a person can run it again: the changed environment, then the program with its
    arguments.
    """
    if os.name == "nt":
        changes = [f"set {name}={value or ''}" for name, value in env.items()]
        return "\n".join([*changes, subprocess.list2cmdline(argv), ""])
    unset = [word for name, value in env.items() if value is None for word in ("-u", name)]
    sets = [f"{name}={value}" for name, value in env.items() if value is not None]
    return shlex.join(["env", *unset, *sets, *argv]) + "\n"


def _no_window() -> int:
    return getattr(subprocess, "CREATE_NO_WINDOW", 0)


def _own_group() -> int:
    return getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | _no_window()


# ---- who is it, and is it still the same one ----


@dataclass(frozen=True)
class Identity:
    """A process, for good: a pid alone is given to somebody else after it ends."""

    pid: int
    started: float
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a living process, or None."""
        import psutil

        try:
            return cls(pid, _start_mark(pid), boot_id())
        except (psutil.Error, OSError, ValueError):
            return None

    def is_alive(self) -> bool:
        """Whether this very process runs still (a zombie doesn't)."""
        import psutil

        if Identity.of(self.pid) != self:
            return False
        try:
            return bool(psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


def boot_id() -> str:
    """Names this boot of the machine."""
    import psutil

    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(
            round(psutil.boot_time() / 60)
        )  # minutes: the clock's small corrections don't matter


def _start_mark(pid: int) -> float:
    import psutil

    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return float(
            stat.rpartition(")")[2].split()[19]
        )  # field 22: clock ticks since boot (proc(5))
    except OSError:
        return float(psutil.Process(pid).create_time())


# ---- stopping ----


def with_cookie(cookie: str) -> list[psutil.Process]:
    """Every process that carries ``cookie`` in its environment."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(COOKIE) == cookie and process.pid != os.getpid():
                found.append(process)
    return found


def stop_tree(pid: int | None, cookie: str, grace: float = TERM_SECONDS) -> int:
    """End a process, its group, its descendants and whoever carries its cookie; returns how many
    had to be killed.

    Asks first (SIGTERM), waits at most ``grace`` seconds, then kills. ``pid`` must be known to be
    ours (`Identity`).
    """
    import psutil

    family = _family(pid, cookie)
    if pid is not None and hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) == pid:
                os.killpg(pid, signal.SIGTERM)
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    family = _still_running(family, grace)
    family = [p for p in {*family, *with_cookie(cookie)} if _runs(p)]
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _still_running(family, KILL_SECONDS)
    return len(family)


def _still_running(family: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that haven't ended after so long.

    Leaves their exit codes to whoever waits for them (psutil's wait takes them).
    """
    deadline = time.monotonic() + seconds
    while (
        family := [process for process in family if _runs(process)]
    ) and time.monotonic() < deadline:
        time.sleep(0.05)
    return family


def _family(pid: int | None, cookie: str) -> list[psutil.Process]:
    import psutil

    found = set(with_cookie(cookie))
    if pid is not None:
        with contextlib.suppress(psutil.Error):
            parent = psutil.Process(pid)
            found |= {parent, *parent.children(recursive=True)}
    return list(found)


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
