"""From a model's answer to a description: thinking, introductions and refusals are not one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..datasets.caption_text import LONGEST, words
from ..datasets.captions.edits import one_line
from .said import NoCaption

_THINKING = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_THOUGHT_BEFORE = re.compile(
    r"\A.*</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE
)
"""Some servers leave the first mark out."""
_INTRODUCTION = re.compile(
    r"\A\W*(?:(?:sure|certainly|of course|okay)\W+)?"
    r"(?:(?:here(?:'s| is)|this is) [^:\n]{0,60}:|(?:the )?(?:final )?(?:caption|description)\s*:)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\A\W*(?:i(?:'|’| a)m (?:very |really )?(?:sorry|unable|not able)|sorry\b"
    r"|(?:unfortunately,? )?i (?:can(?:'|’)?t|cannot|can not|won(?:'|’)?t|will not"
    r"|do(?: not|n(?:'|’)t) (?:feel|think|identify|see (?:an|any) image))"
    r"|as an ai\b|no image (?:was|is|has been) )",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r"(?<![\w*`])[*_`]{1,3}(?=[^\W_])|(?<=[^\W_])[*_`]{1,3}(?![\w*`])"
    r"|(?<=[.,;:!?)])[*_`]{1,3}(?![\w*`])|^\s*(?:#{1,6}|[-•*])\s+",
    re.MULTILINE,
)
"""Markdown around words; a tag's own signs ("t_shirt", ">_<") are none."""
_FENCED = re.compile(r"^[ \t]*```[\w-]*[ \t]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
_FAREWELL = re.compile(
    r"\n\W*(?:let me know|(?:please )?feel free|i hope this|(?:do|would) you (?:want|like)"
    r"|if you(?:'d| would) like)\b.*\Z",
    re.DOTALL | re.IGNORECASE,
)
_QUOTES = "\"'“”„«»‘’ "


def description(answer: Any) -> str:
    """The words in an answer of `/v1/chat/completions`.
    Raises `NoCaption` with why there are none.
    """
    if not isinstance(answer, Mapping):
        raise _foreign()
    if answer.get("error"):
        raise NoCaption(
            "caption.server_error", "the server says: {said}", said=_said(answer["error"])
        )
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        content = _text(message.get("content"))
        refusal, reason = message.get("refusal"), choice.get("finish_reason")
        thought = message.get("reasoning_content") or message.get("reasoning")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _foreign() from error
    if refusal or reason == "content_filter":
        raise _refused(str(refusal or reason))
    if thought and reason == "length" and not content.strip():
        raise _only_thought()
    return cleaned(content, cut_short=reason == "length")


def cleaned(text: str, *, cut_short: bool = False) -> str:
    """``text`` as one line that describes. Raises `NoCaption` for a refusal and for no words."""
    bare = _unwrapped(_THOUGHT_BEFORE.sub("", _THINKING.sub("", text[: 100 * LONGEST])))
    bare = _MARKS.sub("", _INTRODUCTION.sub("", bare.strip()).removeprefix("**"))
    line = one_line(bare).strip(_QUOTES)
    if _REFUSAL.match(line):
        raise _refused(line)
    if words(line):
        return line
    if text.strip() and cut_short:
        raise _only_thought()
    raise NoCaption("caption.empty_answer", "the answer contains no words")


def _unwrapped(text: str) -> str:
    """What a model has put into a block of code or into JSON, else ``text`` without a farewell."""
    fenced = _FENCED.search(text)
    text = fenced[1] if fenced else _FAREWELL.sub("", text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    said = data.get("caption", data.get("description")) if isinstance(data, dict) else None
    return said if isinstance(said, str) else text


def _text(content: Any) -> str:
    """A text, or the texts of an answer in parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        return " ".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _said(error: Any) -> str:
    said = error.get("message") if isinstance(error, Mapping) else error
    return one_line(str(said))[:200].rstrip(". ")


def _refused(line: str) -> NoCaption:
    return NoCaption("caption.refused", "the model refused: {said}", said=line[:120].rstrip(". "))


def _only_thought() -> NoCaption:
    return NoCaption(
        "caption.only_thought",
        "the model thought until its answer was cut off; turn its thinking off, or take a "
        "model that doesn't think",
    )


def _foreign() -> NoCaption:
    return NoCaption(
        "caption.foreign_answer",
        "the answer has no choices: it is not an OpenAI-compatible server's",
    )
