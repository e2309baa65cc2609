"""The user's own program: paths of pictures in, captions out, a JSON object on each line.

It gets ``{"file": "/photos/1.jpg", "prompt": "..."}`` on its stdin for each picture and prints
``{"file": "/photos/1.jpg", "caption": "..."}``; with "error" in the place of "caption" it says why
there is none. The name without its folder will do where no other picture has it. Any other line is
log. Its environment has CAPTION_PROMPT (the first picture's) and
CAPTION_MODEL.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..datasets.captions.edits import one_line
from ..errors import CommandFailed
from ..messages import Message
from ..photos.printable import shown
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
        waited = _Waited(photos)
        asked = {name: self.asks(photo) for name, photo in waited.left.items()}
        lines = [json.dumps({"file": name, "prompt": text}) for name, text in asked.items()]
        env = {**_AS_OUTSIDE, "CAPTION_MODEL": self.model}
        env["CAPTION_PROMPT"] = next(iter(asked.values()), "")
        last = began = time.monotonic()
        try:
            with Conversation(self.argv, lines, env=env, cwd=self.cwd) as talk:
                for line in talk.answers():
                    if self.stopped():
                        raise CannotGoOn("caption.stopped", "stopped before its turn")
                    said = _said(line, waited) if line is not None else None
                    if said is not None:
                        last, began = time.monotonic(), last
                        yield Said(said.file, said.text, said.reason, round(last - began, 2))
                    if not waited.left:
                        return
                code = talk.code
        except CommandFailed as error:
            raise CannotGoOn(error.message) from error
        yield from waited.doubtful()
        if waited.left:
            raise _ended(self.argv[0], code)


class _Waited:
    """The photos of which nothing is said yet, by their paths."""

    def __init__(self, photos: Sequence[Path]) -> None:
        self.left = {str(photo): photo for photo in photos}
        self._called: dict[str, list[str]] = {}
        for photo in photos:
            self._called.setdefault(photo.name, []).append(str(photo))
        self._doubtful: set[str] = set()

    def take(self, file: str) -> Path:
        """The photo that ``file`` means: its path, or its name where no other has that.
        Raises KeyError for neither.
        """
        if file not in self.left:
            called = self._called[PurePosixPath(file.replace("\\", "/")).name]
            if len(called) > 1:
                self._doubtful.update(called)
            file = called[0] if len(called) == 1 else file
        return self.left.pop(file)

    def doubtful(self) -> Iterator[Said]:
        """A reason for each that was answered by a name that others have, too."""
        for name in [one for one in self.left if one in self._doubtful]:
            photo = self.left.pop(name)
            text = (
                "the command answers about {file} without its folder, and {count} photos are "
                "called that; it has to print the path that it was given"
            )
            count = len(self._called[photo.name])
            reason = Message("caption.command_doubtful", text, file=shown(photo.name), count=count)
            yield Said(photo, reason=reason)


def _said(line: str, waited: _Waited) -> Said | None:
    """What a line says of a photo that is still waited for; other lines go to the log."""
    try:
        data = json.loads(line)
        photo = waited.take(str(data["file"]))
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
