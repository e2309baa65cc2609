"""What is asked of photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..photos.masking import NO_MASKS, Masks
from .jobs import JobVerbs

if TYPE_CHECKING:
    from ..datasets.looking.passes import Watch
    from ..datasets.subjects import PhotoShare
    from ..datasets.writer import Dataset, DatasetCheck
    from ..photos.headers.scan import Headers
    from ..photos.video.request import FramesRequest

Advance = Callable[[int, int], None]
"""Told (done, of how many) while something long goes on."""


class PhotoVerbs(JobVerbs):
    """Verbs on photos and captions, wherever they lie."""

    def check(
        self,
        photos: Sequence[Path],
        progress: Advance | None = None,
        watch: Watch | None = None,
    ) -> DatasetCheck:
        """The dataset doctor's report; changes nothing. Faces are compared where a network for it
        is here (`likeness.yardstick`).
        """
        from ..datasets import writer as dataset_writer
        from ..engines.faces import FaceComparison
        from ..likeness.yardstick import detector_folders
        from ..photos import zips

        compare = FaceComparison(self.home).compare
        with zips.opened(photos) as paths:
            return dataset_writer.check(
                paths,
                progress,
                face_models=detector_folders(self.home),
                kept=self.home.looked,
                watch=watch,
                compare=compare,
            )

    def headers(self, photos: Sequence[Path], progress: Advance | None = None) -> Headers:
        """Format, size and orientation of each photo, without decoding any; changes nothing."""
        from ..datasets.looking.passes import read_headers
        from ..photos import files, zips

        with zips.opened(photos) as paths:
            found = files.find(paths)
            return read_headers(found, self.home.headers, progress)

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
        masks: Masks = NO_MASKS,
    ) -> Dataset:
        """Clean copies and captions as a kohya folder; ``hold_out`` and ``masks`` as
        `writer.prepare` has them.

        Raises `Invalid`.
        """
        from ..datasets import writer as dataset_writer
        from ..photos import zips

        with zips.opened(photos) as paths:
            return dataset_writer.prepare(
                paths, name, class_token, steps, out, progress, hold_out=hold_out, masks=masks
            )

    def write_subjects(
        self,
        shares: Sequence[PhotoShare],
        steps: int,
        out: Path,
        progress: Advance | None = None,
        *,
        hold_out: Sequence[str] | None = None,
        masks: Masks = NO_MASKS,
    ) -> Dataset:
        """As `write_dataset`, of several subjects. Raises `Invalid`."""
        from ..datasets import writer as dataset_writer
        from ..photos import zips

        with ExitStack() as unpacked:
            found = [
                replace(share, photos=tuple(unpacked.enter_context(zips.opened(share.photos))))
                for share in shares
            ]
            return dataset_writer.prepare_several(
                found, steps, out, progress, hold_out=hold_out, masks=masks
            )

    def copy_folders(
        self,
        folder: Path,
        out: Path,
        progress: Advance | None = None,
        *,
        hold_out: Sequence[str] | None = None,
        masks: Masks = NO_MASKS,
    ) -> Dataset:
        """Clean copies of kohya's folders, with their names, repeats and captions as they are; its
        remarks say what of ``folder`` isn't in it.

        Raises `Invalid`.
        """
        from ..datasets import held_out
        from ..datasets import writer as dataset_writer

        data = dataset_writer.open_folders(folder)
        wanted = held_out.wanted_of(data, hold_out) if hold_out else ()
        data = held_out.reduced(data, wanted)
        copy, _ = dataset_writer.clean_copy(data, out, progress, masks=masks)
        return replace(copy, remarks=data.remarks)

    def frames(self, asked: FramesRequest) -> int:
        """Queue taking the sharpest, most different frames of a video; returns the job's number.

        Raises `Invalid`, and `EngineNotReady` where PyAV isn't in the training environment.
        """
        from ..engines.tools.frames import job_for

        return self.run_tool(job_for(asked))
