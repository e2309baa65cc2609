"""CLIP's vocabulary, from the file that open_clip_torch brings (A1111 has it): tokenizers and token
counts.

open_clip itself is never imported: it needs a torchvision that fits, and only the word list is
wanted.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

from ..errors import NotFound
from ..options.params import TOKEN_LENGTHS

FILE = "bpe_simple_vocab_16e6.txt.gz"
START, END = "<|startoftext|>", "<|endoftext|>"
SIZE = 49408
LENGTHS = tuple(map(int, TOKEN_LENGTHS))
"""How many tokens of a caption can be read, in chunks of the first."""
CHUNK = LENGTHS[0]
FOLDERS = {
    "openai_clip-vit-large-patch14": END,
    "stabilityai_stable-diffusion-2": "!",
    "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k": "!",
}
"""Folders below sd-scripts' --tokenizer_cache_dir, and their padding: SD 1.5 and SDXL's first, SD
2, SDXL's second.
"""

_FILES = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def find_vocabulary() -> Path | None:
    """The vocabulary file of the installed open_clip_torch, or None."""
    try:
        spec = importlib.util.find_spec("open_clip")
    except ValueError:  # somebody put a module without a spec into sys.modules
        return None
    folders = spec.submodule_search_locations if spec else None
    files = (Path(folder, FILE) for folder in folders or ())
    return next((file for file in files if file.is_file()), None)


def write_tokenizers(root: Path, vocabulary: Path | None = None) -> None:
    """Write the tokenizers that sd-scripts looks for; those that are complete stay.

    Raises `NotFound`.
    """
    for name, pad_token in FOLDERS.items():
        folder = root / name
        if not all((folder / file).is_file() for file in _FILES):
            write_tokenizer(folder, pad_token, vocabulary)


def write_tokenizer(folder: Path, pad_token: str = END, vocabulary: Path | None = None) -> None:
    """Write ``folder`` so that transformers' CLIPTokenizer loads it: aside first, then renamed.

    Raises `NotFound`.
    """
    source = vocabulary or find_vocabulary()
    if source is None:
        raise NotFound(
            "caption_tokens.clips_vocabulary_installed_run",
            "CLIP's vocabulary ({file}) is not installed. Run: pip install --no-deps "
            "open_clip_torch",
            file=FILE,
        )
    vocab, merges = _read(source)
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    aside.mkdir(parents=True, exist_ok=True)
    _write_json(aside / "vocab.json", vocab)
    text = "\n".join(["#version: 0.2", *merges, ""])
    (aside / "merges.txt").write_bytes(text.encode("utf-8"))
    _write_json(aside / "tokenizer_config.json", _config(pad_token))
    _write_json(aside / "special_tokens_map.json", _special_tokens(pad_token))
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(aside, folder)


def count_tokens(text: str) -> int | None:
    """CLIP tokens of ``text`` without start and end marks (75 fill one chunk).

    None: no vocabulary or library here.
    """
    if _tokenizer() is None:
        return None
    return sum(map(_tokens_of, text.split(" ")))


@functools.lru_cache(maxsize=50_000)
def _tokens_of(word: str) -> int:
    """Of what stands between two spaces, which no token reaches over: captions of a set share most
    of their words.
    """
    return len(_tokenizer().encode(word).ids)


def limit_for(tokens: int) -> int | None:
    """The smallest limit that holds so many tokens, None for the first one, which holds anyway; the
    largest where none does.
    """
    limit = next((limit for limit in LENGTHS if tokens <= limit), LENGTHS[-1])
    return None if limit == CHUNK else limit


def token_ids(text: str) -> list[int] | None:
    """CLIP's token ids of ``text``, as transformers' CLIPTokenizer gives them, without the start
    and end marks.
    """
    tokenizer = _tokenizer()
    return None if tokenizer is None else list(tokenizer.encode(text).ids)


@functools.cache
def _tokenizer() -> Any:
    source = find_vocabulary()
    if source is None or importlib.util.find_spec("tokenizers") is None:
        return None
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

    vocab, merges = _read(source)
    pairs = [(left, right) for left, right in map(str.split, merges)]
    tokenizer = Tokenizer(
        models.BPE(vocab=vocab, merges=pairs, end_of_word_suffix="</w>", unk_token=END)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=True) for token in (START, END)])
    return tokenizer


def _read(source: Path) -> tuple[dict[str, int], list[str]]:
    """(token -> id, merges as "left right") in CLIP's order: 256 bytes, the same ending a word, the
    merges, the two marks.

    Read line by line: a supervisor keeps what its largest moment has taken.
    """
    with gzip.open(source, "rt", encoding="utf-8") as file:
        merges = [line.rstrip("\n") for line in itertools.islice(file, 1, SIZE - 512 - 2 + 1)]
    letters = _byte_letters()
    tokens = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *(merge.replace(" ", "") for merge in merges),
        START,
        END,
    ]
    vocab = {token: number for number, token in enumerate(tokens)}
    if len(vocab) != SIZE:
        raise NotFound(
            "caption_tokens.holds_tokens_instead_reinstall",
            "{source} holds {count} tokens instead of {size}. Reinstall open_clip_torch.",
            source=source,
            count=len(vocab),
            size=SIZE,
        )
    return vocab, merges


def _byte_letters() -> list[str]:
    """A visible letter for each byte: its own where it has one,
    else the next free one from 256 on.
    """
    visible = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    hidden = [byte for byte in range(256) if byte not in visible]
    return [chr(byte) for byte in visible] + [chr(256 + number) for number in range(len(hidden))]


def _config(pad_token: str) -> dict[str, Any]:
    return {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "add_prefix_space": False,
        "errors": "replace",
        "clean_up_tokenization_spaces": True,
        "bos_token": START,
        "eos_token": END,
        "unk_token": END,
        "pad_token": pad_token,
    }


def _special_tokens(pad_token: str) -> dict[str, Any]:
    def mark(content: str) -> dict[str, Any]:
        return {
            "content": content,
            "lstrip": False,
            "normalized": True,
            "rstrip": False,
            "single_word": False,
        }

    return {
        "bos_token": mark(START),
        "eos_token": mark(END),
        "unk_token": mark(END),
        "pad_token": pad_token,
    }


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
