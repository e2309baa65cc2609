"""Which photos of the draft are held out: those that the user chose, else the doctor's choice."""

from __future__ import annotations

from ....datasets.held_out import GOOD, NONE, choose, count_for
from ....errors import Problem
from ..check import Verdicts
from ..state import DraftPhoto, State
from ..view import is_used


def held_out(state: State, judged: Verdicts) -> frozenset[int]:
    """The numbers of the photos that are used and never trained on.

    The user's own choices count alone; without any, the most typical good photos: 1 from 8 photos
    on, 2 from 20, of those that weren't looked at yet none.
    """
    used = [item for item in state.items if is_used(item, judged)]
    if state.training.held_out == NONE:
        return frozenset()
    own = [[item for item in used if item.subject == one.id] for one in state.subjects]
    return frozenset(pid for some in own for pid in _chosen(some) or _typical(some, judged))


def _chosen(used: list[DraftPhoto]) -> list[int]:
    return [item.id for item in used if item.held_out]


def _typical(used: list[DraftPhoto], judged: Verdicts) -> list[int]:
    found = {
        item.id: seen.finding.measures
        for item in used
        if (seen := judged.seen.get(item.id)) and item.held_out is None
    }
    measures = {pid: one for pid, one in found.items() if one is not None}
    good = [pid for pid in measures if pid in judged.verdicts]
    good = [pid for pid in good if judged.verdicts[pid].verdict == GOOD]
    return choose(measures, good, count_for(len(used)))


def held_out_problems(held: int, used: int) -> list[Problem]:
    """What is wrong with this number of the ``used`` photos held out."""
    if not used or held < used:
        return []
    text = "all {count} photos would be held out"
    return [Problem("held_out.all", "held_out", text, "Leave some to train on.", count=used)]
