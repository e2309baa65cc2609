"""The user's own program: paths of pictures in, captions out, a JSON object on each line.

It gets ``{"file": "/photos/1.jpg", "prompt": "..."}`` on its stdin for each picture and prints
``{"file": "/photos/1.jpg", "caption": "..."}``; with "error" in the place of "caption" it says why
there is none. Any other line is log. Its environment has CAPTION_PROMPT (the first picture's) and
CAPTION_MODEL.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..datasets.captions.edits import one_line
from ..errors import CommandFailed
from ..messages import Message
from ..system.conversation import Conversation
from .answers import cleaned
from .captioner import Captioner, words_of
from .prompts import Asks
from .said import CannotGoOn, NoCaption, Said, Stopped

_REPLACED = "\ufffd"
"""In the place of bytes that are no UTF-8."""
_AS_OUTSIDE: dict[str, str | None] = {"HF_HUB_OFFLINE": None, "TRANSFORMERS_OFFLINE": None}
"""What our own programs go without is the user's business in his."""


class OwnCommand:
    """See `said.Describer`."""

    def __init__(self, captioner: Captioner, asks: Asks, stopped: Stopped = bool) -> None:
        self.argv, self.stopped = words_of(captioner.where), stopped
        self.cwd = Path(captioner.cwd) if captioner.cwd else None
        self.asks, self.model = asks, captioner.model

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        left = {str(photo): photo for photo in photos}
        asked = {name: self.asks(photo) for name, photo in left.items()}
        lines = [json.dumps({"file": name, "prompt": text}) for name, text in asked.items()]
        env = {**_AS_OUTSIDE, "CAPTION_MODEL": self.model}
        env["CAPTION_PROMPT"] = next(iter(asked.values()), "")
        last = began = time.monotonic()
        try:
            with Conversation(self.argv, lines, env=env, cwd=self.cwd) as talk:
                for line in talk.answers():
                    if self.stopped():
                        raise CannotGoOn("caption.stopped", "stopped before its turn")
                    said = _said(line, left) if line is not None else None
                    if said is not None:
                        last, began = time.monotonic(), last
                        yield Said(said.file, said.text, said.reason, round(last - began, 2))
                    if not left:
                        return
                code = talk.code
        except CommandFailed as error:
            raise CannotGoOn(error.message) from error
        raise _ended(self.argv[0], code)


def _said(line: str, left: dict[str, Path]) -> Said | None:
    """What a line says of a photo that is still waited for; other lines go to the log."""
    try:
        data = json.loads(line)
        photo = left.pop(str(data["file"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        print(line[:2000], file=sys.stderr)
        return None
    if data.get("error") or not isinstance(data.get("caption"), str):
        error = one_line(str(data.get("error") or "no caption"))[:200].rstrip(". ")
        text = "the command says: {said}"
        return Said(photo, reason=Message("caption.command_error", text, said=error))
    if _REPLACED in data["caption"]:
        text = "what the command prints is not UTF-8"
        return Said(photo, reason=Message("caption.no_utf8", text))
    try:
        return Said(photo, cleaned(data["caption"]))
    except NoCaption as error:
        return Said(photo, reason=error.message)


def _ended(program: str, code: int) -> CannotGoOn:
    if code == 0:
        text = "{program} ended without an answer for it"
        return CannotGoOn("caption.command_silent", text, program=Path(program).name)
    text = "{program} ended with code {code}; what it printed is in the job's log"
    return CannotGoOn("caption.command_failed", text, program=Path(program).name, code=code)
