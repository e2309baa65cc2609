"""What measures likeness is found by what is in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.likeness import yardstick
from sd_scripts_bridge.likeness.yardstick import ARCFACE, CLIP
from sd_scripts_bridge.paths import Home


def dimension(size: int) -> bytes:
    """One of a tensor's dimensions as ONNX's protobuf holds it."""
    value = bytes([size]) if size < 128 else bytes([size % 128 + 128, size // 128])
    inner = b"\x08" + value
    return b"\x0a" + bytes([len(inner)]) + inner


def onnx(path: Path, side: int = 112, out: int = 512) -> Path:
    """The beginning and the end of such a file, with weights of nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    takes = dimension(1) + dimension(3) + 2 * dimension(side)
    gives = dimension(1) + dimension(out)
    path.write_bytes(b"\x08\x06\x12\x07pytorch" + bytes(9 << 20) + takes + gives)
    return path


def clip(folder: Path, kind: str = "clip") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": kind}), encoding="utf-8")
    (folder / "model.safetensors").touch()
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


@pytest.mark.parametrize(
    "place",
    [
        "models/insightface/models/buffalo_l/w600k_r50.onnx",
        "extensions/sd-webui-controlnet/annotator/downloads/insightface/models/antelopev2/glintr100.onnx",
        "models/insightface/mine.onnx",
    ],
)
def test_arcface_is_found_where_extensions_keep_it(home: Home, tmp_path: Path, place: str) -> None:
    webui = tmp_path / "webui"
    file = onnx(webui / place)
    onnx(file.with_name("det_10g.onnx"), side=80)
    onnx(file.with_name("inswapper_128.onnx"), side=64)
    found = yardstick.find(home, str(webui / "models" / "Lora"))
    assert found is not None and (found.kind, found.path) == (ARCFACE, file)


def test_clip_is_found_in_the_cache_and_only_clip(home: Home, cache: Path) -> None:
    clip(cache / "models--bert--base" / "snapshots" / "a", "bert")
    wanted = clip(cache / "models--openai--clip-vit-large-patch14" / "snapshots" / "b")
    found = yardstick.find(home)
    assert found is not None and (found.kind, found.path) == (CLIP, wanted)
    assert found.title == "CLIP (openai/clip-vit-large-patch14)"


def test_without_one_nothing_is_found(home: Home) -> None:
    assert yardstick.find(home) is None


def test_what_is_named_has_to_be_one(tmp_path: Path) -> None:
    assert yardstick.named(onnx(tmp_path / "renamed.bin")).kind == ARCFACE
    for path in (onnx(tmp_path / "other.onnx", out=128), tmp_path / "gone.onnx", tmp_path):
        with pytest.raises(Invalid, match="Needed: ArcFace's"):
            yardstick.named(path)
