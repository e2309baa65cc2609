"""A job as a shell script and a batch file that call the training script with every option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...messages import Message
from .shell_words import posix, windows

SHELL, BATCH = "train.sh", "train.bat"
MARK = "made by LoRA Bridge"


def files(
    options: Mapping[str, Any], command: Sequence[str], title: str
) -> tuple[dict[str, str], list[str]]:
    """(name -> text, notes). ``command`` is what stands before the options."""
    words = [group for key, value in options.items() if (group := option_words(key, value))]
    shell = " \\\n  ".join([posix(command), *map(posix, words)])
    batch = " ^\r\n  ".join(
        [" ".join(map(windows, command)), *(" ".join(map(windows, group)) for group in words)]
    )
    offline = "tokenizer_cache_dir" in options
    shell_first = f"#!/bin/sh\n# {title}\n" + ("export HF_HUB_OFFLINE=1\n" if offline else "")
    batch_first = f"@echo off\r\nrem {title}\r\nchcp 65001 >nul\r\n" + (
        "set HF_HUB_OFFLINE=1\r\n" if offline else ""
    )
    texts = {SHELL: f"{shell_first}exec {shell}\n", BATCH: f"{batch_first}{batch}\r\n"}
    lost = [group[0] for group in words if any(sign in word for word in group for sign in '"\r\n')]
    text = "{file}: {options}: a batch file can't pass on quotes or line breaks."
    note = Message("scripts.batch_lost", text, file=BATCH, options=", ".join(lost))
    notes: list[str] = [note] if lost else []
    return texts, notes


def option_words(key: str, value: Any) -> list[str]:
    """The words for one option; none for what is off."""
    if value is None or value is False or value == []:
        return []
    if value is True:
        return [f"--{key}"]
    if isinstance(value, (list, tuple)):
        return [f"--{key}", *map(str, value)]
    text = str(value)
    return [f"--{key}={text}"] if text.startswith("-") or not text else [f"--{key}", text]
