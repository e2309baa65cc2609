import json
import subprocess
import sys

import pytest

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.datasets.caption_tokens import (
    count_tokens,
    find_vocabulary,
    token_ids,
    write_tokenizers,
)
from sd_scripts_bridge.errors import NotFound

pytestmark = pytest.mark.skipif(find_vocabulary() is None, reason="needs open_clip_torch")

TEXTS = [
    "a photo",
    "AlvaroBadia man, smiling",
    "Álvaro's naïve café, 12345 it's",
    "😀👨‍👩‍👧 hi",
    "日本語テキスト",
    "A  B\tC\n d",
    "<|endoftext|> x",
    "<|STARTOFTEXT|>",
    "",
    "x" * 300,
    "don't we'll {a|b} <lora:x:1>",
    "Ǆ ½ ²",
    "e\u0301",
    "İstanbul ẞ",
    " \u3000nb\xa0sp",
    "\u200d",
    "'s'LL",
    "!!! ... ??? —",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("tokenizers")
    write_tokenizers(root)
    return root


def test_the_folders_are_those_that_sd_scripts_reads(root):
    assert {folder.name for folder in root.iterdir()} == {
        "openai_clip-vit-large-patch14",
        "stabilityai_stable-diffusion-2",
        "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k",
    }


def test_ids_are_those_of_transformers(root):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("tokenizers")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(
        str(root / "openai_clip-vit-large-patch14")
    )
    for text in TEXTS:
        assert token_ids(text) == tokenizer(text)["input_ids"][1:-1], text


@pytest.mark.parametrize(
    ("name", "pad"),
    [("openai_clip-vit-large-patch14", 49407), ("laion_CLIP-ViT-bigG-14-laion2B-39B-b160k", 0)],
)
def test_transformers_loads_them_with_their_padding(root, name, pad):
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(str(root / name))
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.model_max_length) == (
        pad,
        49407,
        77,
    )


def test_a_complete_tokenizer_stays_and_half_a_one_is_replaced(root):
    folder = root / "openai_clip-vit-large-patch14"
    config = folder / "tokenizer_config.json"
    config.write_text('{"mine": 1}')
    write_tokenizers(root)
    assert json.loads(config.read_text()) == {"mine": 1}
    config.unlink()
    write_tokenizers(root)
    assert json.loads(config.read_text())["pad_token"] == "<|endoftext|>"
    assert not list(root.glob(".*"))


def test_counting_needs_neither_open_clip_nor_torch():
    pytest.importorskip("tokenizers")
    code = (
        "import sys; from sd_scripts_bridge.datasets.caption_tokens import count_tokens; assert "
        "count_tokens('a photo') == 2;"
        "assert not {'open_clip', 'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_vocabulary_nothing_is_counted_and_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    caption_tokens._tokenizer.cache_clear()
    assert count_tokens("a photo") is None
    with pytest.raises(NotFound, match="pip install --no-deps open_clip_torch"):
        write_tokenizers(tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    caption_tokens._tokenizer.cache_clear()
