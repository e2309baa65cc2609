"""Which jobs of the history somebody looks for, as SQL over the table of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .job import Status

TEXT = (
    "id || ' ' || title || ' ' || kind || ' ' || status || ' ' || sentence || ' ' || "
    "CASE WHEN json_valid(spec) THEN "
    "ifnull(json_extract(spec, '$.base'), '') || ' ' || ifnull(json_extract(spec, '$.family'), '') "
    "ELSE '' END"
)
"""What a search looks through: number, name, kind, status, sentence, base model and family."""


@dataclass(frozen=True)
class Wanted:
    """Jobs with every word of ``search`` somewhere in their `TEXT`, in one of ``statuses``."""

    search: str = ""
    statuses: Sequence[Status] = tuple(Status)

    def as_sql(self) -> tuple[str, list[str]]:
        """(a condition, its values)."""
        marks = ", ".join("?" * len(self.statuses))
        words = [f"%{_plain(word)}%" for word in self.search.split()]
        parts = [f"status IN ({marks})", *[f"({TEXT}) LIKE ? ESCAPE '\\'"] * len(words)]
        return " AND ".join(parts), [*(status.value for status in self.statuses), *words]


def _plain(word: str) -> str:
    """``word`` without what LIKE takes for a wildcard."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


ALL = Wanted()
