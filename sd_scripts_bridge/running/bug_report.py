"""A job's story as text that may be pasted into a public thread: no names of people, places on
disk, pictures or hosts.

What goes out is chosen: versions, options, the cause and the log's end. What the user chose or owns
is taken out of all of it: the subject's and the LoRA's name, the user's and the machine's name,
paths (their last part stays, unless it is a picture or a caption), captions, addresses and keys.
Where an unquoted path's end can't be told, the rest of its line goes too.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import re
import socket
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from .. import __version__
from ..errors import BridgeError
from ..jobs.job import Status, ToolJob, TrainingJob
from ..jobs.store import JobRow
from ..system.secret_text import KEY, SECRET
from . import explain

LOG_LINES = 60
LAST_STEPS = 3
SHORT = 3
"""A name of at most so many letters is taken out only where no letter stands beside it: `Ana`, not
`banana`.
"""

LONG = 8
"""A base model's name of at most so many letters ("model", "sd15") is no name without its ending.
"""

_PICTURE = r"\.(?:png|jpe?g|webp|bmp|gif|avif|jxl|heic|heif|tiff?|txt|caption|npz)"
_PROGRAM = (
    r"(?:\.(?:py|pyc|so|dll|pyd|exe|bat|safetensors|ckpt|toml|json|log|whl|bin|pkl|pt)|-state)"
)
_END = r"(?!\w|[.-]\w)"

_QUOTED = re.compile(
    r"(?P<quote>['\"`])(?P<path>(?:[A-Za-z]:[\\/]|[\\/]|~[\\/])[^\n]*?)(?P=quote)(?!\w)"
)
_PATH = re.compile(
    r"(?<![\w./\\])(?:[A-Za-z]:[\\/]+|[\\/]+|~[\\/]+)(?=[^\s/\\|])"
    rf"(?:[^\n]*?(?:{_PICTURE}|{_PROGRAM}){_END}(?=[^\n\\/]*$)|[^\n]*)",
    re.IGNORECASE,
)
"""An absolute path that isn't quoted: up to a file's ending with no slash after it, else to the end
of the line.
"""

_REST = re.compile(r"(?<![\w.<])(?!\d+/\d+\b|it/s|s/it)[^\s<>]*\w[^\s<>]*[\\/][^\s<>]*")
_PICTURE_NAME = re.compile(rf"[^\s\"'`<>|*?:/\\=,\[\]()]+{_PICTURE}{_END}", re.IGNORECASE)
_KEPT_NAME = re.compile(rf"^\w(?:[\w.+()-]| (?! ))*{_PROGRAM}$", re.IGNORECASE)
_TRACE = re.compile(r'^(\s*File ")([^"\n]+)(", line \d+.*)$')
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>)\]]+", re.IGNORECASE)
_HOST_ARGUMENT = re.compile(r"\b(host(?:name)?=\\?['\"])([^'\"\\\n]+)", re.IGNORECASE)
_KEPT_HOSTS = (
    "huggingface.co",
    "github.com",
    "pypi.org",
    "pytorch.org",
    "python.org",
    "pythonhosted.org",
    "civitai.com",
)
_MAIL = re.compile(r"[^\s\"'<>@:/\\]+@[^\s\"'<>@:/\\]+\.\w{2,}")
_IPV4 = re.compile(r"(?<![\w.=-])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_CAPTION = re.compile(
    r"^(\s*(?:negative_prompt|prompt|caption|class_tokens|caption_prefix|caption_suffix|training_comment)\s*[:=]\s*)(?!None\b)\S.*$",
    re.IGNORECASE,
)
_NOT_SHOWN = {"training_comment", "extra"}
_LOSS = re.compile(r"\bloss[= ]|avr_loss=|\"type\": \"progress\"", re.IGNORECASE)
_WORD = re.compile(r"^-?[\w.+-]{1,24}$")
_NOBODY = {"root", "user", "users", "home", "admin", "administrator", "localhost", ""}


def text(
    row: JobRow,
    report: Mapping[str, Any] | None,
    log_lines: Sequence[str],
    doctor_lines: Sequence[str],
) -> str:
    """The report of one job. ``report`` is its report.json, if it has one."""
    report = report or {}
    job = _job_of(row)
    clean = Cleaner.of(row, job)
    cause = explain.cause(report.get("exit_code"), log_lines)
    failed = row.status in (Status.FAILED, Status.LOST)
    said = row.sentence or str(report.get("sentence") or "")
    parts = [
        f"LoRA Bridge {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}",
        f"Job {row.id} ({row.kind}), attempt {row.attempt}: {row.status.value}, exit code "
        f"{report.get('exit_code')}",
        f"Cause ({cause.kind}): {clean(said or cause.sentence)}"
        if failed
        else f"Said: {clean(said)}",
        *_counts(report),
        *(_job_lines(job, clean) if isinstance(job, TrainingJob) else []),
        *_section("Notes", (clean(str(note)) for note in report.get("notes") or [])),
        *_section("Doctor", map(clean, doctor_lines)),
        *_section("Last steps", map(clean, _last_steps(log_lines))),
        *_section(f"Log (last {LOG_LINES} lines)", map(clean, log_lines[-LOG_LINES:])),
    ]
    return "\n".join(parts) + "\n"


def _last_steps(log_lines: Sequence[str]) -> list[str]:
    """The newest lines with a loss, where what came after them fills the log's end."""
    told = [number for number, line in enumerate(log_lines) if _LOSS.search(line)][-LAST_STEPS:]
    hidden = len(log_lines) - LOG_LINES
    return [log_lines[number] for number in told] if told and told[-1] < hidden else []


def _job_of(row: JobRow) -> Any:
    try:
        return row.job
    except (BridgeError, ValueError, TypeError):
        return None


def _counts(report: Mapping[str, Any]) -> list[str]:
    facts = report.get("facts")
    numbers = {key: report.get(key) for key in ("seconds", "planned_steps", "steps", "loss")}
    numbers |= facts if isinstance(facts, Mapping) else {}
    shown = [
        f"{key} {value}" for key, value in numbers.items() if isinstance(value, (int, float, bool))
    ]
    return ["Done: " + ", ".join(shown)] if shown else []


def _job_lines(job: TrainingJob, clean: Cleaner) -> list[str]:
    options = {
        key: value
        for key, value in job.params.as_dict().items()
        if key not in _NOT_SHOWN and value is not None
    }
    lines = [
        f"Engine {job.engine}, family {job.family}, prediction {job.prediction}",
        "Options: " + ", ".join(f"{key}={clean(str(value))}" for key, value in options.items()),
    ]
    extra = {key: _shown(value) for key, value in job.params.extra.items()}
    if extra:
        lines.append(
            "More options: "
            + ", ".join(f"{clean(key)}={clean(value)}" for key, value in extra.items())
        )
    return lines


def _shown(value: Any) -> str:
    """An option that the bridge doesn't know by name may hold anything: numbers and single words
    are shown.
    """
    shown = str(value)
    return shown if isinstance(value, (bool, int, float)) or _WORD.match(shown) else "<text>"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", f"{title}:", *("  " + line for line in found)] if found else []


# ---- taking out ----


class Cleaner:
    """Takes what is private out of a line."""

    def __init__(
        self,
        subjects: Iterable[str],
        users: Iterable[str],
        hosts: Iterable[str],
        homes: Iterable[str],
        bases: Iterable[str] = (),
    ) -> None:
        names = [(home, "<home>") for home in homes] + [
            (subject, "<subject>") for subject in subjects
        ]
        names += [(base, "<base>") for base in bases]
        names += [(user, "<user>") for user in users] + [(host, "<host>") for host in hosts]
        spelled = {form: mark for name, mark in reversed(names) for form in _spellings(name)}
        self._names = [
            (_finder(form), spelled[form]) for form in sorted(spelled, key=len, reverse=True)
        ]

    @classmethod
    def of(cls, row: JobRow, job: Any) -> Cleaner:
        """With what this machine and this job call somebody or something."""
        subjects = [row.title] if row.kind == "train" else []
        if isinstance(job, ToolJob) and job.settings.get("name"):
            subjects.append(str(job.settings["name"]))
        bases = []
        if isinstance(job, TrainingJob):
            subjects += [job.name, job.subject, *job.spoken, job.activation_text]
            file = PureWindowsPath(job.base)  # which takes both slashes
            bases = [file.name, *([file.stem] if len(file.stem) > LONG else [])]
        return cls(subjects, _users(), _hosts(), _homes(), bases)

    def __call__(self, text: str) -> str:
        """``text`` without names, paths, pictures, captions, hosts and keys."""
        return "\n".join(map(self._line, text.splitlines()))

    def _line(self, line: str) -> str:
        line = _CAPTION.sub(r"\1<caption>", SECRET.sub(r"\1\2<key>", KEY.sub("<key>", line)))
        trace = _TRACE.match(line)
        line = trace[1] + _last_part(trace[2]) + trace[3] if trace else _without_paths(line)
        line = _IPV4.sub("<host>", _MAIL.sub("<user>@<host>", line))
        for finder, mark in self._names:
            line = finder.sub(mark, line)
        return line


def _without_paths(line: str) -> str:
    line = _ADDRESS.sub(_short_address, line)
    line = _HOST_ARGUMENT.sub(
        lambda found: found[1] + (found[2] if _is_known(found[2]) else "<host>"), line
    )
    line, quoted = _QUOTED.subn(
        lambda found: found["quote"] + _last_part(found["path"]) + found["quote"], line
    )
    line, bare = _PATH.subn(lambda found: _last_part(found[0]), line)
    if quoted or bare:
        line = _REST.sub("<path>", line)
    return _PICTURE_NAME.sub("<photo>", line)


def _last_part(path: str) -> str:
    last = re.split(r"[\\/]+", path.rstrip("\\/ "))[-1]
    if re.search(rf"{_PICTURE}$", last, re.IGNORECASE):
        return "<photo>"
    return last if _KEPT_NAME.match(last) else "<path>"


def _short_address(found: re.Match[str]) -> str:
    host = (
        re.sub(r"^[^/]*@", "", found[0].split("://", 1)[1])
        .split("/", 1)[0]
        .split(":", 1)[0]
        .lower()
    )
    return host if _is_known(host) else "<address>"


def _is_known(host: str) -> bool:
    return any(host == kept or host.endswith("." + kept) for kept in _KEPT_HOSTS)


def _finder(name: str) -> re.Pattern[str]:
    body = re.escape(name)
    alone = rf"(?<![^\W\d_]){body}(?![^\W\d_])"
    return re.compile(alone if len(name) <= SHORT else body, re.IGNORECASE)


def _spellings(name: str) -> set[str]:
    """``name`` as logs write it: its accents in one or two characters, other slashes, escaped, its
    spaces joined.
    """
    name = name.strip()
    forms = {name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC"))}
    forms |= {
        form.replace(*pair)
        for form in forms
        for pair in (("\\", "/"), ("/", "\\"), (" ", "_"), (" ", "-"), (" ", ""))
    }
    forms |= {form.replace("\\", "\\\\") for form in forms}
    forms |= {written(form)[1:-1] for form in forms for written in (json.dumps, ascii, repr)}
    return {form for form in forms if form.strip()}


def _users() -> set[str]:
    names = {os.environ.get(variable, "") for variable in ("USER", "USERNAME", "LOGNAME")}
    with contextlib.suppress(OSError, KeyError, ImportError):
        names.add(getpass.getuser())
    names |= {re.split(r"[\\/]", home.rstrip("\\/"))[-1] for home in _homes()}
    return {name for name in names if name.lower() not in _NOBODY}


def _hosts() -> set[str]:
    name = socket.gethostname()
    return {part for part in (name, name.split(".")[0]) if part.lower() not in _NOBODY}


def _homes() -> set[str]:
    found = {os.environ.get("HOME", ""), os.environ.get("USERPROFILE", "")}
    with contextlib.suppress(RuntimeError):
        found.add(str(Path.home()))
    return {home for home in found if len(home) > 1}
