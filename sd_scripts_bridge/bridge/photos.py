"""What is asked of photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .jobs import JobVerbs

if TYPE_CHECKING:
    from ..datasets.writer import Dataset, DatasetCheck
    from ..photos.video.request import FramesRequest

Advance = Callable[[int, int], None]
"""Told (done, of how many) while something long goes on."""


class PhotoVerbs(JobVerbs):
    """Verbs on photos and captions, wherever they lie."""

    def check(self, photos: Sequence[Path], progress: Advance | None = None) -> DatasetCheck:
        """The dataset doctor's report; changes nothing."""
        from ..datasets import writer as dataset_writer
        from ..photos import zips

        with zips.opened(photos) as paths:
            return dataset_writer.check(paths, progress, kept=self.home.looked)

    def write_dataset(
        self,
        photos: Sequence[Path],
        name: str,
        class_token: str,
        steps: int,
        out: Path,
        progress: Advance | None = None,
        *,
        hold_out: Sequence[str] | None = None,
    ) -> Dataset:
        """Clean copies and captions as a kohya folder; ``hold_out`` as `writer.prepare` has it.

        Raises `Invalid`.
        """
        from ..datasets import writer as dataset_writer
        from ..photos import zips

        with zips.opened(photos) as paths:
            return dataset_writer.prepare(
                paths, name, class_token, steps, out, progress, hold_out=hold_out
            )

    def frames(self, asked: FramesRequest) -> int:
        """Queue taking the sharpest, most different frames of a video; returns the job's number.

        Raises `Invalid`, and `EngineNotReady` where PyAV isn't in the training environment.
        """
        from ..engines.tools.frames import job_for

        return self.run_tool(job_for(asked))
