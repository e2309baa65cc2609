"""Who writes the captions: one of five kinds, told by the words after `--with`."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Invalid, Problem, short

KINDS = ("template", "host", "endpoint", "folder", "command")
ASPECTS = ("distance", "pose", "clothes", "place", "light")
"""What a template says of a photo, in this order."""
SCRIPTS = ("tag_images_by_wd14_tagger.py", "make_captions.py")
"""sd-scripts' own captioners, in its folder finetune."""
KEY_VARIABLE = "CAPTION_API_KEY"
OPENAI_HOST, OPENAI_VARIABLE = "api.openai.com", "OPENAI_API_KEY"
LONGEST_PROMPT = 10_000


@dataclass(frozen=True)
class Captioner:
    """A captioner, as plain data: it may be written into a job, for it holds no key.

    ``where``: an endpoint's address, a folder, or a command line; ``aspects``: what a template
    says; ``key_variable``: the environment variable that an endpoint's key is in.
    """

    kind: str
    where: str = ""
    model: str = ""
    prompt: str = ""
    aspects: Mapping[str, str] = field(default_factory=dict)
    key_variable: str = ""
    cwd: str = ""
    """The folder that a command was written in: its own paths start there."""

    @property
    def name(self) -> str:
        """Who it is, as it is recorded with each caption."""
        if self.kind == "endpoint":
            return self.model or urlsplit(self.where).netloc
        if self.kind == "folder":
            return Path(self.where).name
        if self.kind == "command":
            return Path(words_of(self.where)[0]).name
        return self.kind

    @property
    def is_script(self) -> bool:
        """Whether it is one of sd-scripts' own."""
        return self.kind == "command" and self.where in SCRIPTS

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Captioner:
        """What `as_dict` told; what a newer version knows is left out."""
        names = {one.name for one in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in names})


def named(
    what: str, model: str = "", prompt: str = "", aspects: Mapping[str, str] | None = None
) -> Captioner:
    """The captioner that the words after `--with` mean. Raises `Invalid`."""
    what = what.strip()
    if len(prompt) > LONGEST_PROMPT:
        text = "has {count} characters; the limit is {most}"
        values = {"count": f"{len(prompt):,}", "most": f"{LONGEST_PROMPT:,}"}
        raise Invalid([Problem("captioner.prompt_long", "prompt", text, **values)])
    if what in ("template", "host"):
        return Captioner(what, prompt=prompt, aspects=_aspects(aspects or {}))
    if what.lower().startswith(("http://", "https://")):
        return Captioner("endpoint", _address(what), model, prompt, key_variable=_variable(what))
    if what in SCRIPTS:
        weights = str(Path(model).expanduser().absolute()) if model else ""
        return Captioner("command", what, weights)
    folder = Path(what).expanduser()
    if what and folder.is_dir():
        return Captioner("folder", str(folder.absolute()), model, prompt)
    return _command(what, model, prompt)


def words_of(line: str) -> list[str]:
    """A command line's words, as this machine's shell would see them."""
    if os.name != "nt":
        return shlex.split(line)
    return [word.strip('"') for word in shlex.split(line, posix=False)]


def _command(what: str, model: str, prompt: str) -> Captioner:
    try:
        words = words_of(what)
    except ValueError as error:
        text = "{line} is not a command line: {error}"
        values = {"line": short(what), "error": str(error)}
        raise Invalid([Problem("captioner.no_line", "with", text, **values)]) from error
    if not words or not shutil.which(words[0]):
        raise Invalid(
            [
                Problem(
                    "captioner.unknown",
                    "with",
                    "{what} is not a captioner: neither template nor host, an address, a folder "
                    "or a program on this machine",
                    "Write for example http://127.0.0.1:11434/v1, or the folder of a WD14 tagger.",
                    what=short(what),
                )
            ]
        )
    return Captioner("command", what, model, prompt, cwd=str(Path.cwd()))


def _address(what: str) -> str:
    """The address up to its `/v1`. Raises `Invalid` for one that holds a password or isn't one."""
    try:
        parts = urlsplit(what)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0:
        text = "{what} is not an address like http://127.0.0.1:11434/v1"
        raise Invalid([Problem("captioner.no_address", "with", text, what=short(what))])
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid(
            [
                Problem(
                    "captioner.secret_in_address",
                    "with",
                    "the address contains a password, or something after ? or #",
                    "Leave that out, and put the key into the environment variable {variable}.",
                    variable=_variable(what),
                )
            ]
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/models")
    return f"{parts.scheme.lower()}://{parts.netloc}{path or '/v1'}"


def _variable(what: str) -> str:
    return OPENAI_VARIABLE if urlsplit(what).hostname == OPENAI_HOST else KEY_VARIABLE


def _aspects(given: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(given) - set(ASPECTS))
    if unknown:
        text = "is not part of a template"
        remedy = "Known are {names}."
        known = ", ".join(ASPECTS)
        raise Invalid([Problem("captioner.no_aspect", unknown[0], text, remedy, names=known)])
    return {name: given[name].strip() for name in ASPECTS if given.get(name, "").strip()}
