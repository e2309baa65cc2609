"""Reading a log that a trainer is still writing: whole lines, whatever ends them, however long they
are.
"""

from __future__ import annotations

import re
from pathlib import Path

LONGEST_LINE = 64 * 1024
CHUNK = 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\r|\n")
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\].*?(?:\x1b\\|\x07))")


class LogTail:
    """Follows one file from ``offset`` bytes on. Progress bars' carriage returns end a line too."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path, self.offset = path, offset
        self._rest = b""

    def read(self, at_end: bool = False) -> list[str]:
        """The lines that have come since; ``at_end`` also gives the last one without its end."""
        lines: list[str] = []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            while data := file.read(CHUNK):
                self.offset += len(data)
                lines += self._split(data)
        if at_end and self._rest:
            lines.append(clean(self._rest))
            self._rest = b""
        return lines

    def _split(self, data: bytes) -> list[str]:
        *whole, self._rest = _LINE_END.split(self._rest + data)
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[-1:] if self._rest.endswith(b"\r") else b""
        return [clean(line[:LONGEST_LINE]) for line in whole if line.strip()]


def clean(line: bytes) -> str:
    """UTF-8 text without colours and terminal links; what isn't UTF-8 shows as U+FFFD."""
    return _TERMINAL_CODES.sub("", line.decode("utf-8", "replace")).rstrip()


def last_lines(path: Path, count: int) -> list[str]:
    """The last ``count`` lines, reading only the file's end; none where it is gone, or goes now."""
    try:
        tail = LogTail(path, max(0, path.stat().st_size - 256 * 1024))
        return tail.read(at_end=True)[-count:] if count > 0 else []
    except OSError:
        return []
