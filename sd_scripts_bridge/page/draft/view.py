"""What is said of a draft's photos, one by one and as a set."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from ...datasets import caption_text, kohya_folder
from ...datasets.caption_text import Repaired
from ...datasets.looking.concerns import Concern
from ...datasets.looking.coverage import Facet, coverage
from ...datasets.verdicts import GOOD, PhotoVerdict
from ...errors import Problem
from ...messages import Message, code_of
from ...photos import files as photo_files
from ...photos.files import LEAF
from ...photos.printable import shown
from ...shapes.marks import Example
from .captions import by_of, caption_of, counted
from .check import Verdicts
from .draft import Draft
from .state import DraftPhoto, State

NO_REGULARISATION = Message(
    "draft.no_regularisation",
    "The folder's regularization pictures are not trained from this page: draw them in step 3, or "
    "use the command line's `train`.",
)
NOT_LOOKED_AT = Message("draft.looked_yet", "Not looked at yet.")
_ANYWHERE = Path()


@dataclass(frozen=True)
class PhotoInSet:
    """What `set_advice.set_advice` wants to know of a photo, with the user's choice and words in
    it.
    """

    path: Path
    used: bool = True
    copy_of: Path | None = None
    caption: Repaired | None = None
    words: int | None = None
    tokens: int | None = None


def is_used(item: DraftPhoto, judged: Verdicts) -> bool:
    """The user's choice where he made one, else the verdict's; what can't be read never is.

    Not looked at yet: yes.
    """
    verdict, seen = judged.verdicts.get(item.id), judged.seen.get(item.id)
    if seen and seen.finding.photo is None:
        return False
    if item.used is not None:
        return item.used
    return verdict.used if verdict else True


def used(draft: Draft) -> list[DraftPhoto]:
    """The photos that will be trained, as far as they were looked at."""
    judged = draft.check.judged
    return [item for item in draft.state.items if is_used(item, judged)]


@dataclass(frozen=True)
class DraftCaptionView:
    """A photo's caption, and what is known of it."""

    id: Annotated[int, "the photo's", Example(1)]
    caption: Annotated[
        str,
        "what will be trained: the user's words, else those beside the photo, else the name and "
        "the class token; a beginning that is the name follows when the name is changed",
        Example("AlvaroBadia man, smiling"),
    ]
    own_caption: Annotated[bool, "false: it is the name and the class token", Example(True)]
    words: Annotated[int, "of the caption", Example(3)]
    tokens: Annotated[int | None, "CLIP's; null where they can't be counted", Example(9)]
    begins_with_name: Annotated[bool, Example(True)]
    by: Annotated[
        str,
        'who wrote it: "hand", a captioner, "file" for what lies beside the photo, or ""',
        Example("qwen3-vl"),
    ]
    edited: Annotated[bool, "whether somebody has changed what the captioner wrote", Example(False)]
    reason: Annotated[str | None, "why the captioner wrote none"]


@dataclass(frozen=True)
class LookView:
    """What a photo looks like, what the doctor says of it, and what the user chose."""

    file: Annotated[str, Example("IMG_2031.jpg")]
    verdict: Annotated[
        Literal["good", "mind", "left out"] | None, "null: not looked at yet", Example("good")
    ]
    sentence: Annotated[str, Example("IMG_2031.jpg: good.")]
    used: Annotated[bool, "the user's choice where there is one, else the verdict's", Example(True)]
    can_be_used: Annotated[bool, "false: it can't be read", Example(True)]
    width: Annotated[int, Example(3024)]
    height: Annotated[int, Example(4032)]
    notes: Annotated[Sequence[str], "what reading it took", Example(["turned upright"])]
    concerns: Annotated[Sequence[str], "what to mind"]
    findings: Annotated[Sequence[Concern], "the concerns, with severity and remedy"]
    thumb: Annotated[
        str | None,
        "below this API's prefix; null: nothing to show",
        Example("draft/photo/1/thumb?v=5a1b"),
    ]
    picture: Annotated[
        str | None,
        "the same, at most 1024 pixels large and without its mask",
        Example("draft/photo/1/picture?v=5a1b"),
    ]
    turn: Annotated[int, "quarters that the copy is turned clockwise", Example(0)]
    subject: Annotated[int, "whom it shows: a subject's number", Example(1)]
    repeats: Annotated[int | None, "its own; null: its subject's", Example(None)]
    mask: Annotated[
        Literal["", "painted", "file", "alpha"],
        "where its mask is, which counts where training.masks is on",
    ]
    mask_picture: Annotated[
        str | None, "below this API's prefix; null: none", Example("draft/photo/1/mask?v=5a1b")
    ]
    held_out: Annotated[bool, "measures the result and is never trained", Example(False)]


@dataclass(frozen=True)
class PhotoView(LookView, DraftCaptionView):
    """One photo of the draft."""


def caption_view(item: DraftPhoto, state: State, judged: Verdicts) -> DraftCaptionView:
    """The photo's caption as the page gets it."""
    seen = judged.seen.get(item.id)
    text = caption_of(item, state, judged)
    words, tokens = counted(text)
    beside = bool(seen and seen.finding.caption)
    return DraftCaptionView(
        id=item.id,
        caption=text,
        own_caption=item.caption is not None or beside,
        words=words,
        tokens=tokens,
        begins_with_name=caption_text.begins_with_name(text, state.of(item).name),
        by=by_of(item, judged),
        edited=item.edited,
        reason=Message.from_dict(item.reason) if item.reason else None,
    )


def joined(look: LookView, said: DraftCaptionView) -> PhotoView:
    """A photo and its caption."""
    return PhotoView(**vars(look), **vars(said))


def look_view(item: DraftPhoto, state: State, judged: Verdicts, held: Collection[int]) -> LookView:
    """The photo but for its caption; ``held``: the numbers of those that are held out."""
    seen, verdict = judged.seen.get(item.id), _verdict(item, judged)
    readable = not seen or seen.finding.photo is not None
    masked = "painted" if item.mask else verdict.mask if verdict else ""
    version = version_of(item, seen.mark if seen else item.mark)
    shown_as = f"{version}-masked{item.mask}" if masked and state.training.masks else version
    return LookView(
        file=_name_of(item.file),
        verdict=verdict.verdict if verdict else None,  # type: ignore[arg-type]
        sentence=verdict.sentence if verdict else NOT_LOOKED_AT,
        used=is_used(item, judged),
        can_be_used=readable,
        width=verdict.width if verdict else 0,
        height=verdict.height if verdict else 0,
        notes=verdict.notes if verdict else (),
        concerns=verdict.concerns if verdict else (),
        findings=verdict.findings if verdict else (),
        thumb=f"draft/photo/{item.id}/thumb?v={shown_as}" if readable else None,
        picture=f"draft/photo/{item.id}/picture?v={version}" if readable else None,
        turn=item.turn,
        subject=item.subject,
        repeats=item.repeats,
        mask=masked,  # type: ignore[arg-type]
        mask_picture=f"draft/photo/{item.id}/mask?v={version}{item.mask}" if masked else None,
        held_out=item.id in held,
    )


def version_of(item: DraftPhoto, file_mark: str) -> str:
    """What changes when the photo, as it is turned, looks otherwise."""
    return f"{file_mark}{f'-{item.turn}' if item.turn else ''}"


@functools.lru_cache(maxsize=20_000)
def _name_of(file: str) -> str:
    return shown(Path(file).name)


def _verdict(item: DraftPhoto, judged: Verdicts) -> PhotoVerdict | None:
    """Of the photo as it is turned now: one that was turned upright doesn't lie any more."""
    verdict, seen = judged.verdicts.get(item.id), judged.seen.get(item.id)
    if verdict is None or seen is None or not seen.finding.lies or item.turn != seen.finding.lies:
        return verdict
    left = tuple(concern for concern in verdict.concerns if code_of(concern) != "photo.lies")
    if left:
        return replace(verdict, concerns=left)
    text = "{file} is good: you have turned it upright."
    said = Message("photo.turned_by_you", text, file=shown(Path(item.file).name))
    return replace(verdict, verdict=GOOD, sentence=said, concerns=())


def naming_problems(state: State) -> list[Problem]:
    """What is wrong with name and class; nothing while nobody has written any."""
    return [
        problem
        for one in state.subjects
        for problem in kohya_folder.naming_problems(one.name, one.class_token)
        if one.name or problem.where == "class"
    ]


def set_advice_of(draft: Draft, state: State, judged: Verdicts) -> list[str]:
    """What to mind about the set as it is with the user's choices, apart from its captions."""
    from ...datasets.advice import set_advice

    parts, faceless = _in_set(draft, state, judged)
    if not state.items:
        return []
    faces = (judged.faces, faceless) if judged.faces else None
    source = [Path(state.source)] if state.source and Path(state.source).is_dir() else []
    said = [*set_advice(parts, source, faces, captions=False)] if parts else []
    return said + [NO_REGULARISATION for folder in source if _has_regularisation(folder)]


def caption_advice_of(
    state: State, used: Sequence[DraftCaptionView], looked_at: Sequence[DraftCaptionView]
) -> list[str]:
    """What to mind about the captions of the photos that are ``used``, some ``looked_at``."""
    from ...datasets.advice import caption_advice

    return [*caption_advice([*map(_captioned, looked_at)]), *_unnamed(state, used)]


def _captioned(said: DraftCaptionView) -> PhotoInSet:
    if not said.own_caption:
        return PhotoInSet(_ANYWHERE)
    return PhotoInSet(_ANYWHERE, True, None, Repaired(said.caption), said.words, said.tokens)


def _has_regularisation(folder: Path) -> bool:
    """Whether kohya's ``reg`` lies there, or beside ``img``, with a folder of pictures in it."""
    root = folder.parent if folder.name == "img" else folder
    return any(LEAF.fullmatch(one.name) for one in photo_files.subfolders(root / "reg"))


def shown_of(state: State, judged: Verdicts) -> list[Facet]:
    """What the photos that will be trained show of their subject, as far as they were looked at."""
    used = [item.id for item in state.items if is_used(item, judged)]
    several = len(state.subjects) > 1
    people = [
        replace(judged.people[one.id], name=one.name if several else "")
        for one in state.subjects
        if one.id in judged.people
    ]
    return coverage([judged.seen[pid].finding for pid in used if pid in judged.seen], people)


def _unnamed(state: State, used: Sequence[DraftCaptionView]) -> list[str]:
    """Of the captions that will be trained, those that don't begin with the name."""
    if not state.name:
        return []
    count = sum(not said.begins_with_name for said in used)
    if not count:
        return []
    return [
        Message(
            "captions.without_name",
            "{count} of {total} captions {count:doesn't|don't} begin with {name}, so "
            "{count:it teaches|they teach} it less.",
            count=count,
            total=len(used),
            name=" / ".join(repr(one.name) for one in state.subjects),
        )
    ]


def _in_set(draft: Draft, state: State, judged: Verdicts) -> tuple[list[PhotoInSet], int]:
    """The photos that were looked at, and on how many of the used ones no face was found."""
    parts, faceless = [], 0
    for item in state.items:
        seen, verdict = judged.seen.get(item.id), judged.verdicts.get(item.id)
        if not seen or not verdict:
            continue
        used = is_used(item, judged)
        faceless += used and not seen.finding.faces
        parts.append(PhotoInSet(draft.path(item), used, verdict.copy_of))
    return parts, faceless
