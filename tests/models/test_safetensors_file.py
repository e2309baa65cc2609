"""A header is read with suspicion; a copy under other metadata keeps every tensor byte; the hashes
are the WebUI's.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import safetensors_file
from tests.support import model_headers as headers


def refusal(path: Path) -> str:
    with pytest.raises(Invalid) as caught:
        safetensors_file.read_header(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def one(dtype: Any = "F16", shape: Any = (2, 2), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


# ---- reading ----


def test_what_is_read(tmp_path: Path) -> None:
    path = headers.write(
        tmp_path / "x.safetensors", {"b": (2, 3), "a": (0,), "s": ()}, {"ñ": "é\n"}
    )
    header = safetensors_file.read_header(path)
    assert header.metadata == {"ñ": "é\n"}
    assert list(header.tensors) == ["b", "a", "s"]
    assert header.tensors["b"] == ("F16", (2, 3), 0, 12)
    assert header.size == path.stat().st_size == header.data_start + 14


REFUSED = {
    "a gap at the front": (one(offsets=[2, 10]), 10, "leaves a gap"),
    "an overlap": (one() | {"y": one(offsets=[4, 12])["x"]}, 12, "'y' that overlaps"),
    "a negative place": (one(offsets=[-8, 0]), 8, "impossible place"),
    "a place backwards": (one(offsets=[8, 0]), 8, "doesn't fit"),
    "a shape that doesn't fit": (
        one(shape=[2, 3]),
        8,
        "shape [2, 3] doesn't fit its place (0 to 8)",
    ),
    "a negative shape": (one(shape=[-2, -2]), 8, "impossible shape"),
    "a shape of truths": (one(shape=[True, 4]), 8, "impossible shape"),
    "an endless shape": (one(shape=[1] * 100), 8, "impossible shape"),
    "an unknown format": (one(dtype="F17"), 8, "unknown number format ('F17')"),
    "a format that is a list": (one(dtype=["F16"]), 8, "unknown number format"),
    "no description": ({"x": 3}, 0, "no description"),
    "metadata that is a number": (
        {"__metadata__": {"a": 1}} | one(),
        8,
        "metadata that is not text",
    ),
    "metadata that is a list": (
        {"__metadata__": []} | one(),
        8,
        "metadata that is not a JSON object",
    ),
    "bytes behind": (one(), 9, "1 bytes after its last tensor"),
    "a cut": (one(), 4, "is cut off: it has"),
    "a list": (b'["x"]', 0, "is not a safetensors file"),
    "half a JSON": (b'{"x":', 0, "not JSON"),
    "bytes that are no text": (b'{"\xff":1}', 0, "not JSON"),
    "a broken character": (b'{"__metadata__":{"\\ud800":"x"}}', 0, "broken characters"),
    "a name twice": (b'{"x":1,"x":2}', 0, "names something twice"),
    "a very long number": (b'{"x":' + b"9" * 1000 + b"}", 0, "impossible number"),
    "deep nesting": (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 0, "not JSON"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_damaged_header_is_refused_with_a_sentence(tmp_path: Path, case: str) -> None:
    header, size, sentence = REFUSED[case]
    assert sentence in refusal(headers.write_raw(tmp_path / "x.safetensors", header, bytes(size)))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty (0 bytes)"),
        (b"abc", "not a safetensors file (3 bytes)"),
        (b"\xff" * 8 + b"{}", "its header would be 18,446,744,073,709,551,615 bytes long"),
        (struct.pack("<Q", 100_000_001) + b"{", "its header would be 100,000,001 bytes long"),
        (
            struct.pack("<Q", 5_000) + b"{",
            "is cut off: its header needs 5,008 bytes, the file has 9",
        ),
        (b"PK\x03\x04" + bytes(60), "is a PyTorch or zip file"),
        (b"\x80\x02}q\x00" + bytes(60), "is a pickled PyTorch file"),
        (b"<!DOCTYPE html><html>" + bytes(60), "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a git-lfs pointer"),
    ],
)
def test_what_is_no_safetensors_file_at_all(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    assert sentence in refusal(path)


def test_a_header_whose_length_looks_like_another_format(tmp_path: Path) -> None:
    """60 is "<", 128 is a pickle's first byte: a length is not a web page."""
    for length in (0x3C, 0x80):
        text = json.dumps(one()).encode().ljust(length)
        path = headers.write_raw(tmp_path / "x.safetensors", text, bytes(8))
        assert list(safetensors_file.read_header(path).tensors) == ["x"]


def test_folders_and_pipes_are_not_waited_for(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "is not a file" in refusal(tmp_path / "pipe")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from(["raw", "framed", "json"]))
def test_random_bytes_are_refused_or_read_but_nothing_else(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / "random.safetensors"
    if kind == "raw":
        path.write_bytes(data)
    else:
        headers.write_raw(path, data if kind == "framed" else b'{"x":' + data + b"}")
    _read_or_refuse(path)


words = st.sampled_from(["x", "__metadata__", "dtype", "shape", "data_offsets", "F16", "F4", ""])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(words, junk, max_size=4), st.binary(max_size=16))
def test_random_json_is_refused_or_read_but_nothing_else(
    tmp_path: Path, header: Any, data: bytes
) -> None:
    _read_or_refuse(headers.write_raw(tmp_path / "random.safetensors", header, data))


def _read_or_refuse(path: Path) -> None:
    try:
        header = safetensors_file.read_header(path)
    except Invalid as invalid:
        assert len(invalid.problems) == 1
        assert str(invalid).startswith("random.safetensors: ")
    else:
        assert (
            header.data_start + sum(t.end - t.begin for t in header.tensors.values())
            == path.stat().st_size
        )


# ---- writing ----


def test_other_metadata_same_tensors(tmp_path: Path) -> None:
    numpy_of = pytest.importorskip("safetensors.numpy")
    source = headers.write(tmp_path / "a.safetensors", headers.lora(), headers.METADATA)
    with (tmp_path / "b.safetensors").open("xb") as out:
        safetensors_file.copy_into(source, out, {"ss_output_name": "Ñandú", "x": '"\\\n'})
    before, after = (numpy_of.load_file(tmp_path / f"{name}.safetensors") for name in "ab")
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)
    header = safetensors_file.read_header(tmp_path / "b.safetensors")
    assert header.metadata == {"ss_output_name": "Ñandú", "x": '"\\\n'}
    assert header.data_start % 8 == 0
    assert safetensors_file.model_hash(source) == safetensors_file.model_hash(
        tmp_path / "b.safetensors"
    )


# ---- hashes ----


def test_the_model_hash_is_that_of_everything_behind_the_header(tmp_path: Path) -> None:
    path = headers.write(tmp_path / "a.safetensors", headers.lora(), headers.METADATA)
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert safetensors_file.model_hash(path) == hashlib.sha256(data[8 + length :]).hexdigest()


def test_the_legacy_hash_sees_the_training_metadata_only(tmp_path: Path) -> None:
    """As sd-scripts computes it: over the file saved with its ss_ entries alone."""
    save = pytest.importorskip("safetensors.numpy").save
    tensors = headers.lora(rank=64, width=1024, text=768)
    training = {key: value for key, value in headers.METADATA.items() if key.startswith("ss_")}
    path = tmp_path / "a.safetensors"
    path.write_bytes(save(tensors, headers.METADATA | {"sshs_model_hash": "0" * 64}))
    expected = hashlib.sha256(save(tensors, training)[0x100000:0x110000]).hexdigest()[:8]
    assert path.stat().st_size > 0x110000
    assert safetensors_file.legacy_hash(path) == expected
    assert (
        safetensors_file.legacy_hash(path, training | {"modelspec.title": "another title"})
        == expected
    )
