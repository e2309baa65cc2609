"""Words as a command line that a shell, or cmd.exe, reads back as those words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence


def posix(words: Sequence[str]) -> str:
    return shlex.join(words)


def windows(word: str) -> str:
    """One word for a batch file: in quotes, nothing in it that cmd.exe would act on."""
    text = re.sub(r"[\r\n]+", " ", word).replace('"', "'").replace("%", "%%")
    if re.fullmatch(r"[\w.,:=/\\+-]+", text) and not text.endswith("\\"):
        return text
    return '"' + re.sub(r"(\\+)$", r"\1\1", text) + '"'
