"""What a terminal can show: colour, lines that are redrawn, its width."""

from __future__ import annotations

import locale
import os
import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import TextIO

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
NARROWEST = 20


@dataclass(frozen=True)
class Terminal:
    """``out`` and what it can do. Piped output is plain text, whole lines, nothing redrawn."""

    out: TextIO
    live: bool = False
    """Somebody watches: a line may be drawn over."""
    colour: bool = False
    blocks: bool = False
    """It shows characters outside ASCII."""

    @classmethod
    def of(cls, out: TextIO) -> Terminal:
        """What ``out`` can do; NO_COLOR (no-color.org) and TERM=dumb are respected."""
        live = out.isatty() and os.environ.get("TERM") != "dumb" and _takes_codes()
        colour = live and not os.environ.get("NO_COLOR")
        return cls(out, live, colour, "utf" in locale.getpreferredencoding(False).lower())

    @property
    def width(self) -> int:
        """Columns that may be written without a break."""
        return max(NARROWEST, shutil.get_terminal_size().columns - 1)

    def paint(self, text: str, *styles: str) -> str:
        """``text`` in these `STYLES`, where there is colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"

    def cut(self, text: str, width: int | None = None) -> str:
        """``text`` cut to fit into one line."""
        most = self.width if width is None else width
        mark = "…" if self.blocks else "..."
        return text if len(text) <= most else text[: max(0, most - len(mark))].rstrip() + mark

    def wrap(self, text: str, indent: str = "") -> str:
        """``text`` broken between words where somebody reads it on a screen."""
        if not self.live:
            return text
        broken = textwrap.wrap(
            text,
            self.width,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        return "\n".join(broken)


def _takes_codes() -> bool:
    """Windows' console has to be told once that codes are codes; others need nothing."""
    if sys.platform != "win32":
        return True
    import ctypes

    kernel = ctypes.windll.kernel32
    mode = ctypes.c_uint32()
    handle = kernel.GetStdHandle(-11)
    return bool(
        kernel.GetConsoleMode(handle, ctypes.byref(mode))
        and kernel.SetConsoleMode(handle, mode.value | 0x0004)
    )
