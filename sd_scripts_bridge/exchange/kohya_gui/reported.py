"""The report of an import in the words of kohya_ss' own form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...messages import Message
from ...options.kinds import SECRETS, is_off
from ..settling.imported import HIDDEN, Fate, Imported, KeyRow
from .keys import FORM, RENAMED

FREE = "extra_accelerate_launch_args"


def reported(imported: Imported, data: Mapping[str, Any], family: str | None) -> Imported:
    """Rows for the file's own keys only, with the file's own values, and one for each of them."""
    rows = {row.key: row for row in imported.rows}
    for key, value in data.items():
        if key not in rows:
            rows[key] = _remaining(key, value, family)
    kept = [
        row
        for row in rows.values()
        if row.key in data or row.key.startswith(("additional_parameters ", f"{FREE} "))
    ]
    order = {key: position for position, key in enumerate(data)}
    kept.sort(key=lambda row: order[row.key if row.key in order else row.key.split(" ")[0]])
    mine = tuple(
        replace(row, value=_shown(row.key, data))
        if row.key in data and row.value != HIDDEN
        else row
        for row in kept
    )
    absent = [
        key
        for key in FORM
        if key not in data and RENAMED.get(key, key) in imported.values and key != "max_train_steps"
    ]
    notes = [note for note in imported.notes if not note.startswith("Not in the file")]
    if absent:
        words = ", ".join(f"{key}={FORM[key]}" for key in absent)
        notes.append(
            Message(
                "kohya_gui.file_form_kohya_ss",
                "Not in the file, so the defaults of kohya_ss' form: {words}.",
                words=words,
            )
        )
    return replace(imported, rows=mine, notes=tuple(notes))


def _shown(key: str, data: Mapping[str, Any]) -> Any:
    """A key's value, but for a secret in the free text."""
    if key != "additional_parameters":
        return data[key]
    return re.sub(
        rf"(--(?:{'|'.join(SECRETS)})(?:=|\s+))\S+",
        rf"\1{HIDDEN}",
        str(data[key]).replace("-key", "_key"),
    )


def _remaining(key: str, value: Any, family: str | None) -> KeyRow:
    if key in SECRETS:
        return KeyRow(
            key,
            Fate.IGNORED,
            HIDDEN if value else "",
            "",
            Message("kohya_gui.secret_never_taken_file", "a secret: never taken from a file"),
        )
    if key == "sdxl":
        return KeyRow(
            key,
            Fate.USED,
            value,
            f"family {family or 'unknown'}",
            Message("kohya_gui.base_model_last_word", "the base model decides"),
        )
    if key in ("conv_dims", "conv_alphas", "locon"):
        return KeyRow(key, Fate.USED, value, "", Message("kohya_gui.older_name", "an older name"))
    if value is None:
        return KeyRow(key, Fate.USED, value)
    return KeyRow(
        key,
        Fate.USED,
        _shown(key, {key: value}),
        "",
        Message("kohya_gui.nothing_set", "nothing set")
        if is_off(value)
        else Message("kohya_gui.see_parts", "see its parts"),
    )
