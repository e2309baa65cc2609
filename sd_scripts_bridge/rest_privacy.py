"""Who looks from afar needn't know where things lie on this machine: known folders leave every answer."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .paths import PACKAGE_PARENT

if TYPE_CHECKING:
    from .rest import Context

SHORTEST = 4


@dataclass(frozen=True)
class Privacy:
    """``folders`` matches each of them as a path's beginning, and nothing inside a word."""

    folders: re.Pattern[str]

    @classmethod
    def of(cls, context: Context) -> Privacy:
        either = "|".join(map(re.escape, _folders(context)))
        return cls(re.compile(rf"(?<![\w.])(?:{either})(?![\w.-])"))

    def hidden(self, data: Any) -> Any:
        """``data`` with "…" for each known folder, in every text of it."""
        if isinstance(data, str):
            return self.folders.sub("…", data) if "/" in data or "\\" in data else data
        if isinstance(data, Mapping):
            return {key: self.hidden(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.hidden(value) for value in data]
        return data


def _folders(context: Context) -> tuple[str, ...]:
    from .engines.sd_scripts import installation

    home = context.the_bridge.home
    found: list[Path | str] = [home.root, Path.home(), Path.cwd(), PACKAGE_PARENT, Path(sys.prefix), Path(sys.base_prefix)]
    found += [context.lora_dir] if context.lora_dir else []
    found += {base.path.parent for base in context.bases()}
    setup = installation.read(home)
    found += [setup.scripts, str(Path(setup.python).parent.parent)] if setup else []
    source = context.draft.state.source
    found += [source] if source else []
    return _with_spellings(found)


def _with_spellings(folders: Iterable[Path | str]) -> tuple[str, ...]:
    """Also as a link's target, as Python quotes it, and with the other slashes."""
    texts = {str(folder) for folder in folders} | {str(Path(folder).resolve()) for folder in folders}
    texts |= {repr(text)[1:-1] for text in texts} | {text.replace("\\", "/") for text in texts}
    return tuple(sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True))
