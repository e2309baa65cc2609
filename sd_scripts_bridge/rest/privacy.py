"""Remote clients don't need to know where things lie on this machine: known folders leave every
answer.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engines import installed
from ..messages import Message
from ..models import companion_files
from ..paths import PACKAGE_PARENT
from ..system import secret_text

if TYPE_CHECKING:
    from ..page.context import Context

SHORTEST = 4


@dataclass(frozen=True)
class Privacy:
    """``folders`` matches each of them as a path's beginning, and nothing inside a word."""

    folders: re.Pattern[str]

    @classmethod
    def of(cls, context: Context) -> Privacy:
        return cls(_pattern(_folders(context)))

    def hidden(self, data: Any) -> Any:
        """``data`` with "…" for each known folder, in every text of it."""
        if isinstance(data, str):
            return self.folders.sub("…", data) if "/" in data or "\\" in data else data
        if isinstance(data, Mapping):
            return {self.hidden(key): self.hidden(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.hidden(value) for value in data]
        return data


def without_secrets(data: Any) -> Any:
    """``data`` without passwords and keys in its texts, nor in the values of its messages."""
    if isinstance(data, Message):
        text = secret_text.hidden(str(data))
        return Message.stored(data.code, text, without_secrets(data.values))
    if isinstance(data, str):
        return secret_text.hidden(data)
    if isinstance(data, Mapping):
        return {key: without_secrets(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [without_secrets(value) for value in data]
    return data


def _folders(context: Context) -> frozenset[str]:
    home = context.the_bridge.home
    found: list[Path | str] = [
        home.root,
        Path.home(),
        Path.cwd(),
        PACKAGE_PARENT,
        Path(sys.prefix),
        Path(sys.base_prefix),
    ]
    found += [context.lora_dir] if context.lora_dir else []
    bases = {Path(base.path) for base in context.models()}
    found += {base.parent for base in bases}
    found += {root for base in bases for root in companion_files.roots(base, context.lora_dir)}
    found += installed.folders(home)
    source = context.draft.state.source
    found += [source] if source else []
    return frozenset(map(str, found))


@functools.lru_cache(maxsize=8)
def _pattern(folders: frozenset[str]) -> re.Pattern[str]:
    """The longest first; also as a link's target, as Python quotes it,
    and with the other slashes.
    """
    texts = folders | {str(Path(folder).resolve()) for folder in folders}
    texts |= {repr(text)[1:-1] for text in texts} | {text.replace("\\", "/") for text in texts}
    longest_first = sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True)
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, longest_first))})(?![\w.-])")
