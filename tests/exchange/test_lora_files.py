"""LoRAs of other programs as settings: network and family by their keys, their own metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange.settling.imported import Imported
from sd_scripts_bridge.exchange.settling.views import imported_view
from sd_scripts_bridge.shapes.plain import plain
from tests.support import model_headers as headers

ATTENTION = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


def read(folder: Path, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> Imported:
    return imports.read(headers.write(folder / "x.safetensors", tensors, metadata))


def pair(name: str, rank: int = 8, into: int = 768, out: int = 320) -> dict[str, Any]:
    return {f"{name}.lora_down.weight": (rank, into), f"{name}.lora_up.weight": (out, rank)}


LOHA = {
    f"{ATTENTION}.{part}": shape
    for part, shape in {
        "hada_w1_a": (320, 8),
        "hada_w1_b": (8, 768),
        "hada_w2_a": (320, 8),
        "hada_w2_b": (8, 768),
    }.items()
}
LOKR = {f"{ATTENTION}.lokr_w1": (16, 16), f"{ATTENTION}.lokr_w2": (20, 128)}
GLORA = {
    f"{ATTENTION}.{part}.weight": shape
    for part, shape in {"a1": (768, 8), "a2": (8, 768), "b1": (320, 8), "b2": (8, 768)}.items()
}


@pytest.mark.parametrize(
    ("tensors", "family", "module", "args"),
    [
        (LOHA, "sd1", "lycoris.kohya", ["algo=loha"]),
        (LOKR, "sdxl", "lycoris.kohya", ["algo=lokr", "factor=16"]),
        (GLORA, "sd1", "lycoris.kohya", ["algo=glora"]),
        (
            pair(ATTENTION) | {f"{ATTENTION}.dora_scale": (320, 1)},
            "sd1",
            "lycoris.kohya",
            ["algo=locon", "dora_wd=True"],
        ),
        (
            pair("lora_te_text_model_encoder_layers_0_self_attn_q_proj"),
            "sd1",
            "networks.lora",
            None,
        ),
        (pair("lora_unet_double_blocks_0_img_attn_qkv"), "flux1", "networks.lora_flux", None),
        (
            {
                "transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": (8, 3072),
                "transformer.single_transformer_blocks.0.attn.to_q.lora_B.weight": (3072, 8),
            },
            "flux1",
            "networks.lora_flux",
            None,
        ),
        (pair("lora_unet_joint_blocks_0_x_block_attn_qkv"), "sd3", "networks.lora_sd3", None),
    ],
    ids=["loha", "lokr", "glora", "dora", "text encoder", "flux", "flux of diffusers", "sd3"],
)
def test_network_and_family_by_their_keys(
    tmp_path: Path, tensors: dict[str, Any], family: str, module: str, args: list[str] | None
) -> None:
    imported = read(tmp_path, tensors)
    assert imported.family == family
    assert imported.values["network_module"] == module
    assert imported.values.get("network_args") == args


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("lora_unet_transformer_blocks_0_img_mlp_net_2", "qwen-image"),
        ("lora_unet_blocks_0_cross_attn_k", "wan"),
        ("diffusion_model.layers.0.attention.to_q", "z-image"),
    ],
)
def test_a_lora_of_a_family_without_a_script_is_refused(
    tmp_path: Path, name: str, family: str
) -> None:
    with pytest.raises(Invalid, match=f"is a LoRA for {family}, which sd-scripts has no script"):
        read(tmp_path, pair(name))
    with pytest.raises(Invalid, match="flux2"):
        read(tmp_path, pair(ATTENTION), {"modelspec.architecture": "Flux2.dev/lora"})


def test_without_rates_the_preset_holds_and_it_says_so(tmp_path: Path) -> None:
    imported = read(tmp_path, pair(ATTENTION))
    assert imported.values["learning_rate"] == 1e-4 and imported.values["network_dim"] == 8
    assert any("has been removed" in note and "person-sd15" in note for note in imported.notes)


def test_a_lora_of_ai_toolkit_keeps_its_steps_and_trigger(tmp_path: Path) -> None:
    metadata = {
        "software": '{"name": "ai-toolkit"}',
        "ss_base_model_version": "flux1",
        "ss_output_name": "ada",
        "training_info": '{"step": 1750, "epoch": 20}',
        "ss_tag_frequency": '{"1_ad4 woman": {"ad4 woman": 1}}',
    }
    imported = read(tmp_path, pair("transformer.single_transformer_blocks.0.attn.to_q"), metadata)
    assert (imported.name, imported.trigger) == ("ada", "ad4 woman")
    assert imported.values["max_train_steps"] == 1750
    assert imported.values["learning_rate"] > 1e-5
    assert not any("removed" in note for note in imported.notes)
    assert any("names no settings" in note for note in imported.notes)


def test_a_lora_of_onetrainer_brings_its_settings_and_no_secret(tmp_path: Path) -> None:
    config = {
        "training_method": "LORA",
        "model_type": "STABLE_DIFFUSION_15",
        "learning_rate": 2e-4,
        "lora_rank": 8,
        "secrets": {"huggingface_token": "hf_verysecret"},
    }
    imported = read(tmp_path, pair(ATTENTION), {"ot_config": json.dumps(config)})
    assert (imported.family, imported.values["learning_rate"]) == ("sd1", 2e-4)
    assert "OneTrainer" in imported.kind
    assert "verysecret" not in json.dumps(plain(imported_view(imported)))
    odd = {"ot_config": '{"secrets": {"huggingface_token": "hf_verysecret"}}'}
    assert "verysecret" not in json.dumps(
        plain(imported_view(read(tmp_path, pair(ATTENTION), odd)))
    )
