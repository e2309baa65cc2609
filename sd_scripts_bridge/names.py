"""What a subject, a class or a LoRA may be called: it becomes a folder, a file, a caption's
beginning, a prompt.
"""

from __future__ import annotations

import unicodedata

from .errors import Problem, short
from .messages import Message

LONGEST = 64
DROPPED = frozenset("'’`´\"")
"""They go without leaving a space: O'Brien is OBrien."""
MARKS = frozenset(" ._-")
RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in range(10)]
)


def normal(name: str) -> str:
    """``name`` as we store it: composed accents (macOS types them apart), no spaces around."""
    return unicodedata.normalize("NFC", name).strip()


def name_problems(name: str, where: str = "name") -> list[Problem]:
    """Why ``name`` can't be used, or nothing. Letters and digits of every script are welcome."""
    name = unicodedata.normalize("NFC", name)
    if not name.strip() or len(name) > LONGEST:
        return [
            Problem(
                "names.characters",
                where,
                "{name} has {count} characters",
                "Use 1 to {longest} letters or digits.",
                name=short(name),
                count=len(name),
                longest=LONGEST,
            )
        ]
    problem = _foreign(name, where) or _ends(name, where)
    return [problem] if problem else []


def _foreign(name: str, where: str) -> Problem | None:
    """Signs that no name can have, and the nearest name without them."""
    foreign = sorted({character for character in name if not _allowed(character)})
    if not foreign:
        return None
    signs = " ".join(
        ascii(character) if not character.isprintable() else character for character in foreign[:8]
    )
    near = allowed(name)
    remedy = Message("names.only", "Use letters, digits, space, dot, _ and - only.")
    if near:
        remedy = Message(
            "names.near",
            "Use letters, digits, space, dot, _ and - only, for example {near}.",
            near=repr(near),
        )
    what = "{name} contains {signs}"
    return Problem("names.holds", where, what, remedy, name=repr(name), signs=signs)


def _ends(name: str, where: str) -> Problem | None:
    """How a name may begin and end, and what Windows keeps for itself."""
    if name[0] in MARKS - {"_"} or unicodedata.category(name[0])[0] == "M":
        return Problem(
            "names.begins",
            where,
            "{name} begins with {name2}",
            "Begin with a letter or a digit.",
            name=repr(name),
            name2=repr(name[0]),
        )
    if name[-1] in ". ":
        return Problem(
            "names.ends_windows_drops",
            where,
            "{name} ends with {name2}, which Windows drops",
            "End with a letter or digit.",
            name=repr(name),
            name2=repr(name[-1]),
        )
    if unicodedata.normalize("NFKC", name).split(".")[0].strip().upper() in RESERVED:
        what = "{name} is a reserved name on Windows"
        return Problem(
            "names.reserved_name_windows", where, what, "Choose another.", name=repr(name)
        )
    return None


def allowed(name: str) -> str | None:
    """The nearest name that can be used: "Zoë OBrien" for "Zoë O'Brien";
    None where there is none.
    """
    kept = "".join(
        character if _allowed(character) else "" if character in DROPPED else " "
        for character in unicodedata.normalize("NFC", name)
    )
    near = " ".join(kept.split())[:LONGEST].strip("".join(MARKS))
    return near if near and not name_problems(near) else None


def lora_name(subject: str) -> str | None:
    """What the LoRA of a subject is called, where nobody names it: the subject, or the nearest name
    that a file can have; None where there is none.
    """
    return allowed(subject) if name_problems(subject) else subject


def _allowed(character: str) -> bool:
    return character in MARKS or unicodedata.category(character)[0] in "LMN"
