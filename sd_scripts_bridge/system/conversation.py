"""A program that is told lines and answers with lines, while somebody may want it to stop."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from ..errors import CommandFailed
from . import process

TICK_SECONDS = 0.2
LONGEST_LINE = 1_000_000
"""Characters; a program that prints no line ends can't fill the memory."""


_NO_COOKIE = "-"
"""It carries that of our own job, by which others find it."""


class Conversation:
    """Lines go to the program's stdin, what it prints on stdout comes from `answers`; its stderr
    goes where ours goes, or with ``all_of_it`` comes from `answers`, too. Leaving the block ends
    the program.

    Raises `CommandFailed` where it can't be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        lines: Iterable[str] = (),
        *,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        all_of_it: bool = False,
    ) -> None:
        self.argv = tuple(argv)
        try:
            self._child = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if all_of_it else None,
                env=process.child_environment(env or {}),
                cwd=cwd,
                encoding="utf-8",
                errors="replace",
                bufsize=1,
            )
        except OSError as error:
            missing = f"{argv[0]}: {error.strerror}"
            raise CommandFailed(argv, process.MISSING_PROGRAM, missing) from error
        self._said: queue.Queue[str | None] = queue.Queue(1000)
        self._threads = [
            threading.Thread(target=self._tell, args=(lines, self._child.stdin), daemon=True),
            threading.Thread(target=self._hear, args=(self._child.stdout,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            process.stop_tree(self._child.pid, _NO_COOKIE, grace=2)
        self._ended = True
        self._child.wait()
        for thread in self._threads:
            thread.join(timeout=5)
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()

    def answers(self) -> Iterator[str | None]:
        """Each line that it prints; None now and then where it is silent, so that the caller can
        look around. Ends with its output.
        """
        while True:
            try:
                line = self._said.get(timeout=TICK_SECONDS)
            except queue.Empty:
                yield None
                continue
            if line is None:
                return
            yield line

    @property
    def code(self) -> int:
        """Its exit code, waited for a moment after its output has ended."""
        try:
            return self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return 0

    _ended = False

    def _tell(self, lines: Iterable[str], pipe: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # it reads no more
            for line in lines:
                pipe.write(line + "\n")
                pipe.flush()
            pipe.close()

    def _hear(self, pipe: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(LONGEST_LINE):
                self._put(line.rstrip("\r\n"))
        self._put(None)

    def _put(self, line: str | None) -> None:
        while not self._ended:
            with contextlib.suppress(queue.Full):
                self._said.put(line, timeout=TICK_SECONDS)
                return
