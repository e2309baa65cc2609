"""What is set up on this machine, and what can be set on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import engines
from ..jobs.job import SetupJob
from ..options import presets
from ..paths import absolute
from ..planning import named_paths
from .home import OpenHome

if TYPE_CHECKING:
    from ..options.presets import Preset
    from ..planning.doctor import Readiness
    from ..planning.option_list import Option


class MachineVerbs(OpenHome):
    """Verbs for the engines."""

    def setup(
        self,
        source: str | None = None,
        python: Path | None = None,
        *,
        engine: str = engines.PREFERRED,
    ) -> int:
        """Queue the job that makes the training environment; returns its number.

        ``engine`` "embedded": our own engine's alone, which needs PyPI only. Raises `Invalid`.
        """
        job = SetupJob(
            engine,
            source=named_paths.source(source) if source else None,
            python=str(absolute(python)) if python else None,
        )
        return self._queue.add(job)

    def setup_commands(self, source: str | None = None, python: Path | None = None) -> list[str]:
        """What `setup` of sd-scripts would run here, a command a line; runs and writes nothing.

        Raises `Invalid`.
        """
        from ..engines.sd_scripts.installed.commands import commands

        named = named_paths.source(source) if source else None
        return commands(self.home, named, absolute(python) if python else None)

    def options(self, family: str, *, installed: bool = True) -> list[Option]:
        """Every option that a training of this family takes; without ``installed`` only those that
        we know by name.
        """
        from ..planning import option_list

        return option_list.options(self.home, family, installed=installed)

    def presets(self) -> list[Preset]:
        """The starting points for the options, by name."""
        return presets.everything()

    def doctor(self) -> list[Readiness]:
        """What is ready and what is not."""
        from ..planning.doctor import examine

        return examine(self.home)
