"""The tool that finds a training's step with short trainings, each without some of the photos."""

from __future__ import annotations

from ...evidence import measured
from ...evidence.curve import curve
from ...evidence.recommendation import recommend
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message, joined
from ...paths import Home
from .on_embedded import OnEmbedded


class FindStepTool(OnEmbedded):
    """See `base.Tool`."""

    name = "find-step"
    module = "engines.embedded.measuring.step_program"

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        found = recommend(curve(measured.read(folder.measured)))
        if found.step is None:
            return found.reason
        text = "`retry {job} --all-photos` trains all photos for {step} {step:step|steps}."
        then = Message("find_step.all_photos", text, job=int(folder.root.name), step=found.step)
        return joined([found.reason, then])
