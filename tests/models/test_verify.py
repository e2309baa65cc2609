"""`verify`: what a LoRA holds, block by block, and which modules the host has no layer for."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import ldm_tensors
from sd_scripts_bridge.models.verifying import host_names
from sd_scripts_bridge.models.verifying.norms import block_of
from sd_scripts_bridge.models.verifying.verdict import verify
from tests.support import model_headers as headers
from tests.support.verbs import run

TO_Q = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return headers.write(tmp_path / "Ada.safetensors", headers.lora(), headers.METADATA)


def test_it_says_what_the_file_holds(file: Path) -> None:
    found = verify(file)
    assert (found.family, found.network, found.modules) == ("sd1", "networks.lora", 3)
    assert (found.text_encoder_modules, found.unet_modules) == (1, 2)
    assert (found.ranks, found.alphas, found.dtype) == ([4], [2.0], "F32")
    assert found.whole and found.finite and found.learnt
    assert (found.unmatched, found.problems, found.notes) == ([], [], [])


@pytest.mark.parametrize("dtype", ["<f4", "<f2"])
def test_the_norm_of_a_block_is_that_of_the_whole_change(tmp_path: Path, dtype: str) -> None:
    tensors = {name: t.astype(dtype) for name, t in headers.lora().items()}
    file = headers.write(tmp_path / "Ada.safetensors", tensors, headers.METADATA)
    whole: dict[str, float] = {}
    for name in (name for name in tensors if name.endswith("down.weight")):
        module = name.partition(".")[0]
        down, up = tensors[name], tensors[f"{module}.lora_up.weight"]
        change = up.astype("f8") @ down.astype("f8") * float(tensors[f"{module}.alpha"]) / 4
        whole[block_of(module)] = whole.get(block_of(module), 0) + float((change**2).sum())
    found = {one.block: one.norm for one in verify(file).norms}
    assert found.keys() == whole.keys() == {"text encoder", "down 0"}
    for block, norm in found.items():
        assert norm == pytest.approx(whole[block] ** 0.5, rel=1e-3)


def test_bf16_is_read_and_a_loha_has_no_norm_here(tmp_path: Path) -> None:
    exact = {
        n: np.asarray((np.asarray(t).view("<u4") & 0xFFFF0000).view("<f4"))
        for n, t in headers.lora().items()
    }
    bf16: dict[str, Any] = {
        name: ("BF16", tensor.shape, (tensor.view("<u4") >> 16).astype("<u2").tobytes())
        for name, tensor in exact.items()
    }
    one = headers.write(tmp_path / "half.safetensors", bf16, headers.METADATA)
    two = headers.write(tmp_path / "whole.safetensors", exact, headers.METADATA)
    assert [n.norm for n in verify(one).norms] == pytest.approx([n.norm for n in verify(two).norms])
    parts = {f"{TO_Q}.hada_w{n}_{half}": np.ones((4, 4), "<f4") for n in (1, 2) for half in "ab"}
    loha = verify(headers.write(tmp_path / "loha.safetensors", parts, headers.METADATA))
    assert [n.norm for n in loha.norms] == [None] and loha.network == "lycoris.kohya algo=loha"


def test_of_a_locon_no_alpha_is_guessed(tmp_path: Path) -> None:
    name = "lora_unet_down_blocks_0_resnets_0_conv1"
    locon = {
        **headers.lora(),
        f"{name}.lora_down.weight": np.ones((8, 320, 3, 3), "<f4"),
        f"{name}.lora_up.weight": np.ones((320, 8, 1, 1), "<f4"),
        f"{name}.alpha": np.array(1, "<f4"),
    }
    found = verify(headers.write(tmp_path / "locon.safetensors", locon, headers.METADATA))
    assert (found.network, found.ranks, found.alphas) == (
        "networks.lora conv_dim=8",
        [4, 8],
        [1, 2],
    )


def test_an_alpha_may_be_a_whole_number(tmp_path: Path) -> None:
    tensors = headers.lora(rank=4)
    whole = {n: np.array(2, "<i8") if n.endswith("alpha") else t for n, t in tensors.items()}
    found = verify(headers.write(tmp_path / "whole.safetensors", whole, headers.METADATA))
    same = verify(headers.write(tmp_path / "same.safetensors", tensors, headers.METADATA))
    assert found.alphas == [2.0] and [n.norm for n in found.norms] == [n.norm for n in same.norms]


def test_numbers_that_are_not_finite_are_a_problem_and_no_norm(file: Path) -> None:
    tensors = headers.lora()
    tensors[f"{TO_Q}.lora_up.weight"][0, 0] = np.inf
    headers.write(file, tensors, headers.METADATA)
    found = verify(file)
    assert not found.whole and not found.finite and "NaN or infinite" in found.problems[0]
    assert [one.norm for one in found.norms if one.block == "down 0"] == [None]
    json.dumps(found.norms[0].norm, allow_nan=False)


def test_what_is_no_lora_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="holds no LoRA modules"):
        verify(headers.write(tmp_path / "base.safetensors", {"weight": (2, 2)}))


# ---- names in the host ----


@pytest.mark.parametrize(
    "family, fits, strays",
    [
        ("sd1",
            "lora_te_text_model_encoder_layers_11_mlp_fc2",
                "lora_te_text_model_encoder_layers_12_mlp_fc2"),
        ("sd1",
            "lora_unet_up_blocks_3_attentions_2_proj_out",
                "lora_unet_up_blocks_0_attentions_2_proj_out"),
        ("sd1", "lora_unet_mid_block_resnets_1_conv2", "lora_unet_mid_block_resnets_2_conv2"),
        ("sd1",
            "lora_unet_down_blocks_1_resnets_0_conv_shortcut",
                "unet.mid_block.attentions.0.proj_in"),
        ("sd2",
            "lora_te_text_model_encoder_layers_22_self_attn_k_proj",
                "lora_te_text_model_encoder_layers_23_mlp_fc1"),
        ("sdxl",
            "lora_te2_text_model_encoder_layers_31_mlp_fc1",
                "lora_te_text_model_encoder_layers_0_mlp_fc1"),
        ("sdxl", "lora_unet_output_blocks_5_1_proj_in", "lora_unet_output_blocks_6_1_proj_in"),
        ("flux1", "lora_unet_single_blocks_37_linear2", "lora_unet_single_blocks_38_linear2"),
    ],
)  # fmt: skip
def test_the_host_has_a_layer_or_none(family: str, fits: str, strays: str) -> None:
    assert host_names.unmatched([fits, strays], family) == [strays]


def test_modules_without_a_layer_are_named(tmp_path: Path) -> None:
    stray = {f"lora_unet_nowhere.{part}": t for part, t in _module(headers.lora()).items()}
    tensors = {**headers.lora(), **stray}
    found = verify(headers.write(tmp_path / "a.safetensors", tensors, headers.METADATA))
    assert found.unmatched == ["lora_unet_nowhere"] and not found.whole
    assert found.problems[0].startswith("1 of 4 modules have no layer in the WebUI")


def test_of_another_family_it_is_not_known(tmp_path: Path) -> None:
    said = {**headers.METADATA, "ss_base_model_version": "wan2.1"}
    found = verify(headers.write(tmp_path / "wan.safetensors", headers.lora(), said))
    assert found.unmatched is None and found.whole and "isn't known" in found.notes[0]


def _module(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name[len(TO_Q) + 1 :]: t for name, t in tensors.items() if name.startswith(TO_Q)}


WEBUI = os.environ.get("WEBUI_DIR", "")
NETWORKS = Path(WEBUI, "extensions-builtin", "Lora", "networks.py")


@pytest.mark.skipif(not WEBUI or not NETWORKS.is_file(), reason="needs WEBUI_DIR: an A1111")
@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_a1111_s_own_function_turns_names_into_the_same(family: str) -> None:
    tree = ast.parse(NETWORKS.read_text(encoding="utf-8"))
    wanted = ("re_digits", "re_compiled", "suffix_conversion", "convert_diffusers_name_to_compvis")
    parts = [
        node
        for node in tree.body
        if getattr(node, "name", "") in wanted
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in wanted)
    ]
    theirs: dict[str, Any] = {"re": re}
    exec(compile(ast.Module(parts, []), "networks", "exec"), theirs)
    for name in _kohya_names():
        own = theirs["convert_diffusers_name_to_compvis"](name, family == "sd2")
        assert host_names._converted(name, family) == own


def _kohya_names() -> list[str]:
    """Names of every shape that kohya's networks give."""
    parts = ("mlp_fc1", "mlp_fc2", "self_attn_q_proj")
    found = [f"lora_te_text_model_encoder_layers_{n}_{p}" for n in (0, 11) for p in parts]
    for side in ("down", "up"):
        for level in range(4):
            found += [
                f"lora_unet_{side}_blocks_{level}_attentions_1_proj_in",
                f"lora_unet_{side}_blocks_{level}_resnets_0_conv1",
                f"lora_unet_{side}_blocks_{level}_resnets_1_time_emb_proj",
                f"lora_unet_{side}_blocks_{level}_{side}samplers_0_conv",
            ]
    middle = ("attentions_0_proj_out", "resnets_1_conv_shortcut")
    found += [f"lora_unet_mid_block_{part}" for part in middle]
    ends = ("conv_in", "conv_out", "time_embedding_linear_1", "time_embedding_linear_2")
    return [*found, *(f"lora_unet_{end}" for end in ends)]


def test_a_full_size_unet_s_own_layers_all_match() -> None:
    names = {n.rpartition(".")[0] for n in ldm_tensors.unet_names({}, "sdxl")}
    kohya = [f"lora_unet_{name.replace('.', '_')}" for name in names]
    assert host_names.unmatched(kohya, "sdxl") == []


def test_the_command_line_says_it(bridge: Bridge, file: Path) -> None:
    ended = run(bridge, "verify", file)
    assert ended.returncode == 0 and "every module finds its layer" in ended.stdout, ended.stderr
    data = json.loads(run(bridge, "verify", file, "--json").stdout)
    assert (data["whole"], data["ranks"], data["norms"][0]["block"]) == (True, [4], "text encoder")
    assert run(bridge, "verify", file.with_name("gone.safetensors")).returncode == 1
