"""The one facade: every verb of the command line, REST and the tab is a method here."""

from __future__ import annotations

from .captions import CaptionVerbs
from .evidence import EvidenceVerbs
from .grids import GridVerbs
from .machine import MachineVerbs
from .photos import Advance, PhotoVerbs
from .regularization import RegularizationVerbs
from .results import ResultVerbs
from .trainings import Submitted, TrainingVerbs

__all__ = ["Advance", "Bridge", "Submitted"]


class Bridge(
    PhotoVerbs,
    TrainingVerbs,
    CaptionVerbs,
    RegularizationVerbs,
    GridVerbs,
    EvidenceVerbs,
    ResultVerbs,
    MachineVerbs,
):
    """The verbs, over one home folder; each base class holds those of one noun."""
