"""Whether a server's model sees no pictures: its errors tell, or what it says of each photo."""

from __future__ import annotations

import re

from ...messages import Message
from ..said import CannotGoOn, NoCaption

IN_A_ROW = 3
"""Photos with the same error, or of which a model says that it sees none, after which it is sure
that the next one fares no better.
"""
_TOLD = re.compile(
    r"image input is not supported|data required for image input|not (?:a )?multimodal"
    r"|(?:takes|accepts) (?:no (?:images?|pictures?)|text only|only text)"
    r"|(?:does not|doesn't|do not|don't|cannot|can't) (?:support|take|accept) "
    r"(?:\w+ )?(?:images?|pictures?|vision|multimodal)"
    r"|images? (?:inputs? )?(?:is|are) not supported"
    r"|image_url is only supported",
    re.IGNORECASE,
)
"""How llama.cpp, Ollama, vLLM, LM Studio and OpenAI say that a model takes text only."""
_SEES_NOTHING = re.compile(
    r"(?:(?:can(?:'|’)?t|cannot|can not|unable to|not able to|(?:don(?:'|’)?t|do not) have the "
    r"(?:ability|capability) to) (?:directly )?(?:see|view|process|analy[sz]e|interpret|access|"
    r"look at|display)|don(?:'|’)?t see|do not see) (?:\w+ ){0,2}(?:images?|pictures?|photos?)\b"
    r"|(?:text-(?:based|only)|language) (?:ai|model|assistant)",
    re.IGNORECASE,
)
"""How a text model answers where its server has left the picture out."""


def is_told(said: str) -> bool:
    """Whether an error says that the model takes no pictures."""
    return bool(_TOLD.search(said))


def sighted(text: str) -> str:
    """``text``, a description. Raises `NoCaption` where it says that there is none to see."""
    if _TOLD.search(text) or _SEES_NOTHING.search(text):
        said = text[:120].rstrip(". ")
        raise NoCaption("caption.blind_answer", "the model answers: {said}", said=said)
    return text


def blind_model(reason: Message) -> CannotGoOn:
    """No photo will have a caption of this model; ``reason`` is how that is known."""
    text = "{reason}; this model does not see pictures, choose one that does"
    return CannotGoOn("caption.blind_model", text, reason=reason)


class Doubts:
    """Counts what goes wrong photo after photo."""

    def __init__(self) -> None:
        self._last, self._count = "", 0

    def weigh(self, reason: Message) -> None:
        """Raises `CannotGoOn` where it is sure that the next photo has no caption either."""
        if is_told(reason):
            raise blind_model(reason)
        is_blind = bool(_SEES_NOTHING.search(reason))
        same = "blind" if is_blind else str(reason) if _is_error(reason) else ""
        self._count = 1 + (self._count if same == self._last else 0) if same else 0
        self._last = same
        if self._count >= IN_A_ROW:
            raise blind_model(reason) if is_blind else CannotGoOn(reason)

    def forget(self) -> None:
        """A photo has its caption."""
        self._last, self._count = "", 0


def _is_error(reason: Message) -> bool:
    """Whether the server, and not the model, says it."""
    return reason.code in ("caption.server_error", "caption.status")
