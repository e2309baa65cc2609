"""The tool that draws pictures of a class with our own sampler."""

from __future__ import annotations

from ...jobs.facts import read as read_json
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from ..regularizing.class_pictures import ClassPictures
from .on_embedded import OnEmbedded


class RegularizationTool(OnEmbedded):
    """See `base.Tool`."""

    name = "regularization"
    module = "engines.embedded.sampling.class_program"

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        told = read_json(folder.result)
        text = "{count} {count:picture|pictures} of {word} {count:is|are} in {folder}."
        values = {"count": told["pictures"], "word": repr(told["class"])}
        return Message("regularization.drawn", text, folder=told["folder"], **values)


def job_for(asked: ClassPictures, gpu: int | None = None) -> ToolJob:
    """The job that draws them."""
    text = "{count} regularization {count:picture|pictures} of {word}"
    label = Message("regularization.label", text, count=asked.count, word=repr(asked.class_token))
    return ToolJob(RegularizationTool.name, label, asked.as_dict(), gpu=gpu)
