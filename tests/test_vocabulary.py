"""One word, one thing: a card is a LoRA's card in the WebUI, what trains is a GPU."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.messages import said
from tests.test_spanish import SPANISH, page_texts

PACKAGE = Path(__file__).parents[1] / "sd_scripts_bridge"
WITH_A_LORAS_CARD = (
    "page/finished/card.py",
    "publishing/",
    "rest/handlers/loras.py",
    "running/asked/lora_work.py",
    "running/asked/publication.py",
    "running/work/lora_tool.py",
    "page/loras.py",
    "page/result.py",
    "running/judge.py",
    "running/asked/again.py",
)
"""Where code has names for a LoRA's card."""
ABOUT_A_LORA = (
    "card.",
    "publish.",
    "publication.",
    "forget.",
    "private.",
    "the card's picture",
    "The card is saved.",
    "That step is published already; its card now says",
    "Save the card",
    "Card: picture, words, weight",
)
"""Codes of messages about a LoRA's card, and the page's own text."""
CARD = re.compile(r"\b(cards?|tarjetas?)\b", re.IGNORECASE)
IN_A_NAME = re.compile(r"(?<![a-z])cards?(?![a-z])", re.IGNORECASE)


def test_no_message_says_card_for_a_gpu() -> None:
    texts = [(code, text) for code, each in said().items() for text in each]
    texts += [(text, text) for text in page_texts()]
    texts += SPANISH.items()
    assert len(texts) > 2000
    found = [code for code, text in texts if CARD.search(text)]
    assert [code for code in found if not code.startswith(ABOUT_A_LORA)] == []


@pytest.mark.parametrize(
    "module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_no_name_says_card_for_a_gpu(module: Path) -> None:
    if module.relative_to(PACKAGE).as_posix().startswith(WITH_A_LORAS_CARD):
        return
    assert [name for name in _names(module) if IN_A_NAME.search(name)] == []


def _names(module: Path) -> Iterator[str]:
    """The identifiers of a module."""
    for token in tokenize.generate_tokens(io.StringIO(module.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME:
            yield token.string
