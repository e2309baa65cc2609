"""What to mind about a set of photos as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from ..messages import Message
from ..photos import files as photo_files
from ..photos.masking.names import FOLDERS as MASK_FOLDERS
from ..photos.printable import shown
from .caption_text import ADVICE, Repaired
from .caption_tokens import CHUNK

FEWEST, MOST = 5, 100


class Captioned(Protocol):
    """What of a photo's caption counts here."""

    @property
    def caption(self) -> Repaired | None: ...
    @property
    def words(self) -> int | None: ...
    @property
    def tokens(self) -> int | None: ...


class Judged(Captioned, Protocol):
    """What of a verdict counts here."""

    @property
    def path(self) -> Path: ...
    @property
    def used(self) -> bool: ...
    @property
    def copy_of(self) -> Path | None: ...


def set_advice(
    verdicts: Sequence[Judged],
    paths: Sequence[Path],
    faces: tuple[str, int] | None,
    *,
    captions: bool = True,
) -> Iterator[str]:
    """One sentence for each thing to mind.

    ``faces``: who looked for them, and on how many photos in vain. ``captions``: about these, too.
    """
    used = [verdict for verdict in verdicts if verdict.used]
    yield from _number_advice(len(used), len(verdicts))
    yield from _left_out_advice(verdicts)
    if captions:
        yield from caption_advice(used)
        yield from _shared_captions(used)
    yield from _unread_folders(paths)
    if used:
        yield _face_advice(faces)


def _number_advice(used: int, given: int) -> Iterator[str]:
    if not given:
        yield Message("advice.photos", "There are no photos here.")
    elif used < FEWEST:
        yield Message(
            "advice.can_used_few_different",
            "{count} {count:photo|photos} can be used, which is few: 5 to 20 different ones "
            "give a better LoRA.",
            count=used,
        )
    elif used > MOST:
        yield Message(
            "advice.photos_many_steps_each",
            "{count} photos are many: in 1500 steps each one is seen fewer than 15 times.",
            count=used,
        )


def _left_out_advice(verdicts: Sequence[Judged]) -> Iterator[str]:
    unreadable = sum(not verdict.used and verdict.copy_of is None for verdict in verdicts)
    copies = sum(verdict.copy_of is not None for verdict in verdicts)
    if unreadable:
        yield Message(
            "advice.cant_used_photo",
            "{count} {count:file|files} can't be used as a photo.",
            count=unreadable,
        )
    if copies:
        yield Message(
            "advice.other_photos_left",
            "{count} {count:copy|copies} of other photos left out.",
            count=copies,
        )


def _face_advice(faces: tuple[str, int] | None) -> str:
    if faces is None:
        return Message(
            "advice.faces_checked_face_detector", "Faces were not checked: no face detector here."
        )
    name, without = faces
    if not without:
        return Message(
            "advice.found_face_every_photo", "{name} found a face on every photo.", name=name
        )
    return Message(
        "advice.found_face_can_miss",
        "{name} found no face on {count} {count:photo|photos}; it can miss turned and covered "
        "ones.",
        name=name,
        count=without,
    )


def caption_advice(used: Sequence[Captioned]) -> Iterator[str]:
    """One sentence for each thing to mind about the captions of the photos that are used."""
    if not used:
        return
    texts = [one.caption.text for one in used if one.caption and one.caption.text]
    yield _captioned(len(texts), len(used))
    yield from _length_advice(used)
    if len(texts) > 1 and len(set(texts)) == 1:
        yield Message(
            "advice.all_captions_same_say",
            "All captions are the same; say what differs from photo to photo (clothes, "
            "place, light, expression).",
        )


def _captioned(count: int, photos: int) -> str:
    if count == photos:
        return Message("advice.captioned", "Every photo has a caption.")
    return Message(
        "advice.some_captioned",
        "{count} of {all} photos {count:has|have} a caption; the others get the name and the "
        "class.",
        count=count,
        all=photos,
    )


def _length_advice(used: Sequence[Captioned]) -> Iterator[str]:
    least, most = ADVICE
    outside = sum(
        verdict.words is not None and not least <= verdict.words <= most for verdict in used
    )
    if outside:
        yield Message(
            "advice.outside_advice_words_photo",
            "{count} {count:caption is|captions are} outside the advised {least} to {most} "
            "words about what the photo shows.",
            count=outside,
            least=least,
            most=most,
        )
    if longer := sum((verdict.tokens or 0) > CHUNK for verdict in used):
        yield Message(
            "advice.longer_tokens_max_token",
            "{count} {count:caption|captions} longer than {chunk} tokens, which is what "
            "max_token_length {chunk} reads.",
            count=longer,
            chunk=CHUNK,
        )


def _shared_captions(used: Sequence[Judged]) -> Iterator[str]:
    stems = Counter(verdict.path.with_suffix("") for verdict in used if verdict.caption)
    for stem in (stem for stem, times in stems.items() if times > 1):
        yield Message(
            "advice.photos_share_caption_beside",
            "{stems} photos share the caption beside {shown}; check that it fits each.",
            stems=stems[stem],
            shown=repr(shown(stem.name)),
        )


def _unread_folders(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        if path.is_dir():
            read = {*photo_files.folders_of(path)} | {
                leaf.parent for leaf in photo_files.folders_of(path)
            }
            others = [
                shown(folder.name)
                for folder in photo_files.subfolders(path)
                if folder not in read and folder.name not in MASK_FOLDERS
            ]
            if others:
                yield (
                    Message(
                        "advice.looked_below_name_folder",
                        "Not searched below {shown}: {others}. Name a folder to use it.",
                        shown=repr(shown(path.name)),
                        others=", ".join(others[:5]),
                    )
                )
