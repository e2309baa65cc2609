"""Passwords and keys inside a text, found by their form or by the word before them."""

from __future__ import annotations

import re

KEY = re.compile(
    r"\b(?:hf|gh[pousr]|glpat|sk|pk|xox[abp])[_-][A-Za-z0-9_-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*|\b[0-9a-fA-F]{32,}\b"
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9._~+/=-]{8,}"
)
SECRET = re.compile(
    r"\b([\w-]*(?:api_?key|token|password|passwd|secret|authorization))"
    r"((?:\\?[\"'])? ?[=:] ?(?:\\?[\"'])?)"
    r"(?!None\b)[^\s\"',}\\]+",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@'\"]+@")
_TOKEN = re.compile(r"\b(?:hf|gh[pousr]|glpat|sk|xox[abp])[_-][A-Za-z0-9_-]{16,}")


def hidden(text: str) -> str:
    """``text`` without the user and password of an address, and without keys of known forms. A
    checksum stays: only `KEY` takes one for a secret.
    """
    return _TOKEN.sub("<key>", _IN_ADDRESS.sub("", text))


def is_name_of_one(name: str) -> bool:
    """Whether what goes by this name is a secret ("wandb_api_key", "--password")."""
    return SECRET.fullmatch(f"{name.lstrip('-')}=x") is not None
