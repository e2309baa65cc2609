"""Captions to tokens to states: chunks as sd-scripts makes them, states as transformers computes
them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("transformers", reason="the embedded engine needs transformers")

from sd_scripts_bridge.engines.embedded.model import base_model, clip, text  # noqa: E402

START, END = 49406, 49407


def test_one_chunk() -> None:
    assert text.chunks([1, 2], 75, START, END, END) == [[START, 1, 2] + [END] * 74]
    assert text.chunks([1, 2], 75, START, END, 0) == [[START, 1, 2, END] + [0] * 73]


def test_two_chunks_padded_with_the_end_mark() -> None:
    words = list(range(1, 81))

    first, second = text.chunks(words, 150, START, END, END)

    assert first == [START, *range(1, 76), END]
    assert second == [START, *range(76, 81)] + [END] * 71


def test_two_chunks_padded_with_nought() -> None:
    first, second = text.chunks(list(range(1, 81)), 150, START, END, 0)
    assert first == [START, *range(1, 76), END]
    assert second == [START, *range(76, 81), END] + [0] * 70

    first, second = text.chunks([1], 150, START, END, 0)
    assert first == [START, 1, END] + [0] * 74
    assert second == [START, END] + [0] * 75, "an empty chunk has its end mark first"


def test_words(tokenizers: Path) -> None:
    tokenizer = text.Tokenizer(tokenizers, "sd1")

    assert tokenizer.words("a photo of")[0] == [320, 1125, 539]
    assert tokenizer.shortest_length([""]) == 75
    assert tokenizer.shortest_length(["dog " * 75]) == 75
    assert tokenizer.shortest_length(["dog", "dog " * 76]) == 150
    assert tokenizer.shortest_length(["dog " * 400]) == 225


@pytest.mark.parametrize("skip", [None, 2])
@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_states_equal_transformers(
    bases: Callable[[str], Path], tokenizers: Path, family: str, skip: int | None
) -> None:
    (encoder,) = clip.load(base_model._read(bases(family)), family, torch.float32)
    tokenizer = text.Tokenizer(tokenizers, family)
    tokens = tokenizer(["", "Ada woman, a photo"], 75)
    ours = text.TextEncoders([encoder], family, skip, END)(tokens).states

    with torch.no_grad():
        theirs = encoder(tokens[:, 0, 0], output_hidden_states=True)
    expected = theirs.last_hidden_state
    if skip:
        expected = clip.text_model(encoder).final_layer_norm(theirs.hidden_states[-skip])

    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_sdxl_states_and_pooled_equal_transformers(
    bases: Callable[[str], Path], tokenizers: Path
) -> None:
    encoders = clip.load(base_model._read(bases("sdxl")), "sdxl", torch.float32)
    tokens = text.Tokenizer(tokenizers, "sdxl")(["", "Ada woman, a photo"], 75)
    ours = text.TextEncoders(encoders, "sdxl", None, END)(tokens)

    with torch.no_grad():
        first = encoders[0](tokens[:, 0, 0], output_hidden_states=True).hidden_states[11]
        second = encoders[1](tokens[:, 1, 0], output_hidden_states=True)

    torch.testing.assert_close(
        ours.states, torch.cat([first, second.hidden_states[-2]], 2), rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(ours.pooled, second.text_embeds, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_long_captions_are_chunks_side_by_side(
    bases: Callable[[str], Path], tokenizers: Path, family: str
) -> None:
    encoders = clip.load(base_model._read(bases(family)), family, torch.float32)
    encode = text.TextEncoders(encoders, family, None, END)
    tokens = text.Tokenizer(tokenizers, family)(["Ada " * 100, "short"], 150)

    states = encode(tokens).states
    parts = [encode(tokens[:, :, chunk : chunk + 1]).states for chunk in (0, 1)]

    assert states.shape[1] == 152
    torch.testing.assert_close(states[:, :76], parts[0][:, :76], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(states[:, 76:], parts[1][:, 1:], rtol=1e-5, atol=1e-5)
