"""The command that runs one of sd-scripts' own LoRA programs, as they are set up here."""

from __future__ import annotations

from pathlib import Path

from ...errors import Problem
from ...jobs.folder import JobFolder
from ...paths import Home
from ..base import Command
from ..sd_scripts import SdScriptsEngine
from ..sd_scripts.installed import installation
from .base import program
from .lora_words import LoraWork, script, words

MODULE = "engines.sd_scripts.inside.lora_program"


def problems(home: Home) -> list[Problem]:
    """Why they can't run here, or nothing."""
    return SdScriptsEngine(home).check()


def command(home: Home, work: LoraWork, folder: JobFolder) -> Command:
    """What does ``work``, its result in the job's own folder.
    Call it where there are no problems.
    """
    found = installation.read(home)
    assert found is not None
    folder.output.mkdir(parents=True, exist_ok=True)
    result = folder.output / f"{work.name}.safetensors"
    result.unlink(missing_ok=True)
    place = (found.scripts, script(work), str(result))
    own = words(work, result, found.device)
    return program(Path(found.python), MODULE, folder, *place, *own)
