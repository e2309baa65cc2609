"""What a LoRA file is, and when it is unusable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import lora
from tests.support import model_headers as headers

TO_Q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"


def made(folder: Path, changes: Any = None, metadata: Any = None, gone: str | None = None) -> Path:
    tensors = headers.lora() | (changes or {})
    return headers.write(
        folder / "x.safetensors", {k: v for k, v in tensors.items() if k != gone}, metadata
    )


def sentences(path: Path) -> str:
    return " ".join(map(str, lora.problems(path)))


def test_a_lora_of_sd_scripts(tmp_path: Path) -> None:
    path = made(tmp_path, metadata=headers.METADATA)
    found = lora.inspect(path)
    assert (found.modules, found.text_encoder_modules, found.unet_modules) == (3, 1, 2)
    assert (found.dims, found.dtype, found.family) == ((4,), "F32", "sd1")
    assert found.metadata["ss_steps"] == "1500"
    assert lora.examine(path) == lora.Verdict()


@pytest.mark.parametrize(
    ("metadata", "family"),
    [
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "sdxl"),
        ({"ss_base_model_version": "sd_v2_v", "ss_v2": "True"}, "sd2"),
        ({"ss_v2": "True"}, "sd2"),
        ({"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}, "sdxl"),
        ({"ss_base_model_version": "flux1"}, "flux1"),
        ({"ss_base_model_version": "5-medium"}, "sd3"),
        ({}, ""),
    ],
)
def test_the_family_stands_in_the_metadata(tmp_path: Path, metadata: Any, family: str) -> None:
    assert lora.inspect(made(tmp_path, metadata=metadata)).family == family


@pytest.mark.parametrize(
    ("text", "family"), [(768, "sd1"), (1024, "sd2"), (2048, "sdxl"), (48, "")]
)
def test_without_metadata_the_width_of_the_text_tells_the_family(
    tmp_path: Path, text: int, family: str
) -> None:
    path = headers.write(tmp_path / "x.safetensors", headers.lora(text=text))
    assert lora.inspect(path).family == family


def test_sdxl_names_tell_the_family(tmp_path: Path) -> None:
    module = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"
    tensors = {name.replace(TO_Q, module): value for name, value in headers.lora().items()}
    assert lora.inspect(headers.write(tmp_path / "x.safetensors", tensors)).family == "sdxl"


def test_a_checkpoint_is_no_lora(tmp_path: Path) -> None:
    path = headers.write(tmp_path / "x.safetensors", headers.checkpoint("sd1", 8))
    with pytest.raises(Invalid, match="holds no LoRA modules"):
        lora.inspect(path)
    assert sentences(path) == "x.safetensors: holds no LoRA modules."


def test_a_half_file_and_no_file(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert "is cut off" in sentences(path)
    assert "can't be read" in sentences(tmp_path / "none.safetensors")


# ---- numbers ----


def _bits(dtype: str, code: str, value: int) -> tuple[str, tuple[int, ...], bytes]:
    numbers = np.zeros((4, 32), code)
    numbers[3, 31] = value
    return dtype, (4, 32), numbers.tobytes()


@pytest.mark.parametrize(
    ("dtype", "code", "value", "finite"),
    [
        ("F32", "<u4", 0x7F800000, False),
        ("F32", "<u4", 0xFFC00000, False),
        ("F32", "<u4", 0x7F7FFFFF, True),
        ("F16", "<u2", 0x7C00, False),
        ("F16", "<u2", 0xFE00, False),
        ("F16", "<u2", 0x7BFF, True),
        ("BF16", "<u2", 0x7F80, False),
        ("BF16", "<u2", 0xFFC0, False),
        ("BF16", "<u2", 0x7F7F, True),
        ("F64", "<u8", 0x7FF0000000000000, False),
        ("F64", "<u8", 0x7FEFFFFFFFFFFFFF, True),
        ("F8_E5M2", "u1", 0x7C, False),
        ("F8_E5M2", "u1", 0x7B, True),
        ("F8_E4M3", "u1", 0xFF, False),
        ("F8_E4M3", "u1", 0x7E, True),
    ],
)
def test_a_single_broken_number_is_found_in_every_format(
    tmp_path: Path, dtype: str, code: str, value: int, finite: bool
) -> None:
    path = made(tmp_path, {f"{TO_Q}.lora_down.weight": _bits(dtype, code, value)})
    found = sentences(path)
    assert (
        found == ""
        if finite
        else f"NaN or infinite numbers in 1 tensors, for example {TO_Q}.lora_down.weight" in found
    )


def test_the_last_number_of_a_large_tensor_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "CHUNK", 7)
    broken = np.zeros((32, 4), "<f4")
    broken[-1, -1] = np.nan
    assert "lower the learning rate" in sentences(
        made(tmp_path, {f"{TO_Q}.lora_up.weight": broken})
    )


def test_a_format_that_no_lora_has(tmp_path: Path) -> None:
    path = made(tmp_path, {f"{TO_Q}.lora_down.weight": ("F8_E8M0", (4, 32), bytes(128))})
    assert "a format that LoRAs don't have (F8_E8M0)" in sentences(path)


def test_nothing_learnt_is_worth_a_note_but_no_reason_to_refuse(tmp_path: Path) -> None:
    zeros = {
        name: np.zeros_like(value) for name, value in headers.lora().items() if "lora_up" in name
    }
    zeros[f"{TO_Q}.lora_up.weight"] = -zeros[f"{TO_Q}.lora_up.weight"]  # minus zero is zero
    verdict = lora.examine(made(tmp_path, zeros))
    assert verdict.problems == ()
    assert "learnt nothing" in verdict.notes[0]
    assert (
        lora.examine(made(tmp_path, {f"{TO_Q}.lora_up.weight": np.ones((32, 4), "<f4")})).notes
        == ()
    )


# ---- shapes ----


@pytest.mark.parametrize(
    ("changes", "gone", "sentence"),
    [
        (
            {},
            f"{TO_Q}.lora_up.weight",
            f"has lora_down.weight without lora_up.weight (1 of 3 modules, for example {TO_Q})",
        ),
        ({}, f"{TO_Q}.lora_down.weight", "has lora_up.weight without lora_down.weight"),
        ({f"{TO_Q}.lora_up.weight": np.ones((32, 5), "<f4")}, None, "of shapes that don't fit"),
        ({f"{TO_Q}.alpha": np.ones(2, "<f4")}, None, "an alpha that is not one number"),
    ],
)
def test_modules_that_do_not_fit(
    tmp_path: Path, changes: Any, gone: str | None, sentence: str
) -> None:
    assert sentence in sentences(made(tmp_path, changes, gone=gone))


def test_a_module_without_alpha_and_a_convolution_are_fine(tmp_path: Path) -> None:
    conv = {
        "lora_unet_conv.lora_down.weight": np.ones((4, 8, 3, 3), "<f4"),
        "lora_unet_conv.lora_up.weight": np.ones((8, 4, 1, 1), "<f4"),
    }
    assert sentences(made(tmp_path, conv, gone=f"{TO_Q}.alpha")) == ""


def test_other_networks_of_lycoris(tmp_path: Path) -> None:
    loha = {
        f"lora_unet_x.hada_w{n}_{half}": np.ones(shape, "<f4")
        for n in (1, 2)
        for half, shape in (("a", (16, 4)), ("b", (4, 32)))
    }
    lokr = {
        "lora_unet_y.lokr_w1": np.ones((4, 4), "<f4"),
        "lora_unet_y.lokr_w2_a": np.ones((8, 2), "<f4"),
        "lora_unet_y.lokr_w2_b": np.ones((2, 8), "<f4"),
        "lora_unet_y.alpha": np.array(1, "<f4"),
    }
    path = headers.write(tmp_path / "x.safetensors", loha | lokr)
    assert lora.inspect(path).modules == 2
    assert sentences(path) == ""
    del loha["lora_unet_x.hada_w2_a"], loha["lora_unet_x.hada_w2_b"]
    assert "has only hada_w1 of two factors" in sentences(headers.write(path, loha | lokr))


def test_diffusers_layout_is_refused_because_the_webui_ignores_it(tmp_path: Path) -> None:
    tensors = {
        "unet.x.to_q.lora_A.weight": np.ones((4, 8), "<f4"),
        "unet.x.to_q.lora_B.weight": np.ones((8, 4), "<f4"),
    }
    path = headers.write(tmp_path / "x.safetensors", tensors)
    assert "diffusers' layout, which the WebUI does not load (1 of 1 modules" in sentences(path)
