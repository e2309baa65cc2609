"""The draft as the page gets it: docs/rest.md's `Draft` and `Photo`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...datasets import caption_text
from ...datasets.caption_text import Repaired
from ...errors import Problem
from ...names import name_problems
from ...photos.files import shown
from .captions import caption_of, counted
from .check import Verdicts
from .draft import Draft
from .state import DraftPhoto, State


@dataclass(frozen=True)
class PhotoInSet:
    """What `set_advice.set_advice` wants to know of a photo, with the user's choice and words in
    it.
    """

    path: Path
    used: bool
    copy_of: Path | None
    caption: Repaired | None
    words: int | None
    tokens: int | None


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


def photo_dict(item: DraftPhoto, state: State, judged: Verdicts) -> dict[str, Any]:
    verdict, seen = judged.verdicts.get(item.id), judged.seen.get(item.id)
    text = caption_of(item, state, judged)
    words, tokens = counted(text)
    readable = not seen or seen.finding.photo is not None
    version = seen.mark if seen else item.mark
    return {
        "id": item.id,
        "file": shown(Path(item.file).name),
        "verdict": verdict.verdict if verdict else None,
        "sentence": verdict.sentence if verdict else "Not looked at yet.",
        "used": is_used(item, judged),
        "can_be_used": readable,
        "width": verdict.width if verdict else 0,
        "height": verdict.height if verdict else 0,
        "notes": list(verdict.notes) if verdict else [],
        "concerns": list(verdict.concerns) if verdict else [],
        "thumb": f"draft/photo/{item.id}/thumb?v={version}" if readable else None,
        "caption": text,
        "own_caption": item.caption is not None or bool(seen and seen.finding.caption),
        "words": words,
        "tokens": tokens,
        "begins_with_name": caption_text.begins_with_name(text, state.name),
    }


def draft_dict(draft: Draft) -> dict[str, Any]:
    revision = draft.revision
    state, judged = draft.state, draft.check.judged
    used = sum(is_used(item, judged) for item in state.items)
    return {
        "revision": revision,
        "name": state.name,
        "class_token": state.class_token,
        "source": state.source,
        "photos": [photo_dict(item, state, judged) for item in state.items],
        "used": used,
        "total": len(state.items),
        "sentence": f"{used} of {len(state.items)} photos will be used."
        if state.items
        else "There are no photos yet.",
        "advice": advice(draft, state, judged),
        "checking": _progress(draft.check.progress),
        "drafting": _progress(draft.drafting),
        "writing": _progress(draft.writing),
        "training": asdict(state.training),
        "undo": len(state.undo),
        "imported": state.before is not None,
        "problems": list(map(str, naming_problems(state))),
    }


def _progress(progress: tuple[int, int] | None) -> Mapping[str, int] | None:
    return {"done": progress[0], "total": progress[1]} if progress else None


def naming_problems(state: State) -> list[Problem]:
    """What is wrong with name and class; nothing while nobody has written any."""
    found = name_problems(state.name, "name") if state.name else []
    return [*found, *(name_problems(state.class_token, "class") if state.class_token else [])]


def advice(draft: Draft, state: State, judged: Verdicts) -> list[str]:
    """What to mind about the set as it is with the user's choices; last what went wrong on our
    side.
    """
    from ...datasets.advice import set_advice

    if not state.items:
        return []
    parts, faceless = [], 0
    for item in state.items:
        seen, verdict = judged.seen.get(item.id), judged.verdicts.get(item.id)
        if not seen or not verdict:
            continue
        own = item.caption is not None or bool(seen.finding.caption)
        text = caption_of(item, state, judged)
        used = is_used(item, judged)
        faceless += used and not seen.finding.faces
        parts.append(
            PhotoInSet(
                draft.path(item),
                used,
                verdict.copy_of,
                Repaired(text) if own else None,
                *(counted(text) if own else (None, None)),
            )
        )
    faces = (judged.faces, faceless) if judged.faces else None
    source = [Path(state.source)] if state.source and Path(state.source).is_dir() else []
    failures = [failure for failure in (draft.check.failure, draft.failure) if failure]
    return [*(set_advice(parts, source, faces) if parts else ()), *failures]
