"""sd-scripts' own captioners, run as they are on copies of the photos; what they write beside those
is read as it comes.

Their options: finetune/tag_images_by_wd14_tagger.py and finetune/make_captions.py of sd-scripts
0.10.1.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...datasets.captions.edits import one_line
from ...errors import CommandFailed
from ...photos.reading import PhotoUnreadable, read
from ...system.conversation import Conversation
from ..answers import cleaned
from ..captioner import SCRIPTS, Captioner
from ..said import CannotGoOn, NoCaption, Said, Stopped
from .folder import no_tags

TAGGER, BLIP = SCRIPTS
LAST_LINES = 40
_MISSING = re.compile(r"^ModuleNotFoundError: No module named '([\w.-]+)'", re.MULTILINE)
_NO_TOKENIZER = re.compile(r"tokenization_bert|bert-base-uncased")


class SdScripts:
    """See `said.Describer`. ``finetune`` is sd-scripts' folder of that name, ``python`` that of its
    environment; the photos are staged in ``aside``.
    """

    def __init__(
        self, captioner: Captioner, finetune: Path, python: str, aside: Path, stopped: Stopped
    ) -> None:
        self.captioner, self.finetune, self.stopped = captioner, finetune, stopped
        self.python, self.aside = python, aside

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        staged: dict[Path, Path] = {}
        for number, photo in enumerate(photos, 1):
            try:
                self._stage(photo, self.aside / f"{number}.png", staged)
            except PhotoUnreadable as error:
                yield Said(photo, reason=error.message)
        try:
            yield from self._run(staged)
        except CommandFailed as error:
            raise CannotGoOn(error.message) from error
        finally:
            shutil.rmtree(self.aside, ignore_errors=True)

    def _stage(self, photo: Path, copy: Path, staged: dict[Path, Path]) -> None:
        self.aside.mkdir(parents=True, exist_ok=True)
        copy.with_suffix(".txt").unlink(missing_ok=True)
        read(photo).pixels.save(copy, "PNG", compress_level=1)
        staged[copy.with_suffix(".txt")] = photo

    def _run(self, staged: dict[Path, Path]) -> Iterator[Said]:
        if not staged:
            return
        began, last = time.monotonic(), deque[str](maxlen=LAST_LINES)
        argv = [self.python, *arguments(self.captioner, self.finetune, self.aside)]
        env, cwd = self._environment(), self.finetune
        with Conversation(argv, env=env, cwd=cwd, all_of_it=True) as talk:
            for line in talk.answers():
                if self.stopped():
                    raise CannotGoOn("caption.stopped", "stopped before its turn")
                if line and line.strip():
                    print(line, file=sys.stderr)
                    last.append(line.strip())
                yield from self._written(staged, began)
            code = talk.code
        yield from self._written(staged, began)
        if staged:
            raise _ended(self.captioner.where, code, last)

    def _written(self, staged: dict[Path, Path], began: float) -> Iterator[Said]:
        """The captions that lie there by now, whole lines only."""
        for file in [file for file in staged if file.is_file()]:
            text = file.read_text(encoding="utf-8", errors="replace")
            if not text.endswith("\n"):
                continue
            photo, seconds = staged.pop(file), round(time.monotonic() - began, 2)
            try:
                said = _tags(text) if self.captioner.where == TAGGER else cleaned(text)
                yield Said(photo, said, seconds=seconds)
            except NoCaption as error:
                yield Said(photo, reason=error.message)

    def _environment(self) -> Mapping[str, str | None]:
        """Nothing is fetched from the network: the weights are those that the user names."""
        paths = os.pathsep.join([str(self.finetune.parent), str(self.finetune)])
        return {"PYTHONPATH": paths, "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1"}


def _tags(text: str) -> str:
    """Tags as they are, faces made of signs too. Raises `NoCaption` where there is none."""
    if line := one_line(text):
        return line
    raise NoCaption(no_tags())


def _ended(script: str, code: int, last: Sequence[str]) -> CannotGoOn:
    """Why the script ended before its time, by its last lines."""
    said = "\n".join(last)
    if missing := _MISSING.search(said):
        return CannotGoOn(
            "caption.script_library",
            "sd-scripts' environment has no {name}, which {program} needs: install it there",
            name=missing[1],
            program=script,
        )
    if script == BLIP and _NO_TOKENIZER.search(said):
        return CannotGoOn(
            "caption.blip_tokenizer",
            "{program} needs the tokenizer bert-base-uncased, which isn't in Hugging Face's cache: "
            "download it once, for example with `hf download bert-base-uncased`",
            program=script,
        )
    return CannotGoOn(
        "caption.script_ended",
        "{program} ended with code {code} and wrote no caption for it; its last words: {last}",
        program=script,
        code=code,
        last=last[-1][:300] if last else "-",
    )


def arguments(captioner: Captioner, finetune: Path, photos: Path) -> list[str]:
    """The script's words. Raises `CannotGoOn` where its weights aren't named, or aren't here."""
    model = Path(captioner.model)
    if captioner.where == TAGGER:
        if not captioner.model or not (model / "model.onnx").is_file():
            raise CannotGoOn(
                "caption.tagger_weights",
                "{script} needs its weights: name the folder with model.onnx by --model",
                script=TAGGER,
            )
        places = ["--model_dir", str(model.parent), "--repo_id", model.name]
        own = ["--onnx", *places, "--remove_underscore", "--caption_extension", ".txt"]
    else:
        if not captioner.model or not model.is_file():
            raise CannotGoOn(
                "caption.blip_weights",
                "{script} needs its weights: name the file model_large_caption.pth by --model",
                script=BLIP,
            )
        own = ["--caption_weights", str(model), "--beam_search", "--caption_extension", ".txt"]
    return [str(finetune / captioner.where), *own, str(photos)]
