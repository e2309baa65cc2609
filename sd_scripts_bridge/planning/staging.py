"""The folder that is trained: as it lies where we wrote it, else a clean copy, made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Invalid
from ..messages import Message
from ..paths import Home
from ..system.files import free_path

if TYPE_CHECKING:
    from ..datasets.kohya_folder import Dataset


def stage(home: Home, name: str, data: Dataset) -> tuple[Path, list[str]]:
    """The folder to train, with notes.

    Originals are never trained: one that isn't ours is copied clean first, and the copy of an
    unchanged folder is taken again.
    """
    from ..datasets import copies, writer

    if _lies_ready(data):
        return data.image_dir, []
    copy = copies.find(home.datasets, data)
    if copy is not None:
        return copy.image_dir, [
            Message(
                "request.copies_again",
                "The photos are unchanged: the clean copies in {folder} are trained again.",
                folder=str(copy.root),
            )
        ]
    copy, checked = writer.clean_copy(data, free_path(home.datasets, name))
    copies.record(copy.root, data)
    left_out = len(checked.photos) - checked.used
    notes = [
        Message(
            "request.copies",
            "Clean copies of {count} {count:picture|pictures} are in {folder}; yours stay as they "
            "are.",
            count=checked.used,
            folder=str(copy.root),
        )
    ]
    if left_out:
        notes.append(
            Message(
                "request.left_out",
                "{count} {count:picture is|pictures are} left out; `check` says why.",
                count=left_out,
            )
        )
    return copy.image_dir, [*notes]


def _lies_ready(data: Dataset) -> bool:
    from ..datasets import writer

    try:
        return writer.is_clean(data)
    except Invalid:  # folders that lie apart have no root of their own
        return False


def token_length(data: Dataset) -> int | None:
    """150 or 225 where a caption needs it, else None. 225 is the most that the trainers take."""
    from ..datasets.caption_tokens import count_tokens, limit_for

    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for subset in data.subsets
        for path in (subset.folder.glob("*.txt") if subset.folder.is_dir() else ())
    ]
    return limit_for(max((count_tokens(text) or 0 for text in texts), default=0))
