"""SD 3, FLUX.1, Chroma, Lumina 2, HunyuanImage and Anima: known by their headers, refused where
they can't be trained on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import checkpoint, lora, lora_size
from sd_scripts_bridge.models.safetensors_file import TensorInfo
from sd_scripts_bridge.options.params import TrainingParams
from tests.support import model_headers as headers
from tests.support import transformer_headers as made
from tests.support.model_headers import Shapes

UNET = made.UNET
SCRIPTS = os.environ.get("SD_SCRIPTS_DIR")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", sys.executable)  # read before a fixture hides it

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="files of 20 GB are holes only on other systems"
)

Make = Callable[[], Shapes]
WHOLE: dict[str, tuple[Make, str]] = {
    "flux1-dev": (made.flux, "flux1"),
    "flux1-dev below model.diffusion_model": (lambda: made.under(UNET, made.flux()), "flux1"),
    "flux1-schnell": (lambda: made.flux(guidance=False), "flux1-schnell"),
    "a FLUX.1 with fewer blocks": (lambda: made.flux(8, 38), "flux1"),
    "chroma": (made.chroma, "chroma"),
    "sd3_medium": (lambda: made.under(UNET, made.sd3()), "sd3"),
    "sd3.5_large": (lambda: made.under(UNET, made.sd3(38, True)), "sd3"),
    "sd3.5_medium": (lambda: made.under(UNET, made.sd3(24, True, 13, 384)), "sd3"),
    "lumina_2": (made.lumina, "lumina2"),
    "a whole Lumina 2": (
        lambda: made.under(UNET, made.lumina()) | made.under("vae.", made.kl_vae()),
        "lumina2",
    ),
    "hunyuanimage2.1": (made.hunyuan_image, "hunyuan-image"),
    "anima": (made.anima, "anima"),
    "anima below net": (lambda: made.under("net.", made.anima()), "anima"),
}


def look(
    folder: Path, shapes: Shapes, name: str = "base.safetensors", **more: Any
) -> checkpoint.Base:
    return checkpoint.read(made.hollow(folder / name, shapes, **more))


def refusal(folder: Path, shapes: Shapes, **more: Any) -> str:
    with pytest.raises(Invalid) as caught:
        look(folder, shapes, **more)
    return str(caught.value)


@pytest.mark.parametrize("name", WHOLE)
def test_each_is_known_by_its_header(tmp_path: Path, name: str) -> None:
    make, family = WHOLE[name]
    found = look(tmp_path, make())
    assert (found.family, found.prediction, found.dtype, found.full_size) == (
        family,
        "flow",
        "bf16",
        True,
    )
    assert found.notes == ()


def test_fp8_is_a_number_format_and_kontext_is_pointed_out(tmp_path: Path) -> None:
    found = look(tmp_path, made.flux(), "flux1-kontext-fp8.safetensors", dtype="F8_E4M3", size=1)
    assert found.dtype == "fp8" and "trained as FLUX.1" in found.notes[0]


REFUSED: dict[str, tuple[Make, str]] = {
    "Fill": (
        lambda: made.flux(1, 1, channels=384),
        "is FLUX.1 Fill, an inpainting model (it takes 384 channels, not 64)",
    ),
    "Canny": (lambda: made.flux(1, 1, channels=128), "is FLUX.1 Canny or Depth, a control model"),
    "refiner": (lambda: made.hunyuan_image(128), "is HunyuanImage's refiner"),
    "distilled": (
        lambda: made.hunyuan_image() | {"time_r_in.mlp.0.weight": (1, 1)},
        "is HunyuanImage's distilled model",
    ),
    "SD 3 with encoders": (
        lambda: (
            made.under(UNET, made.sd3())
            | made.under("text_encoders.clip_l.transformer.", made.clip_text())
        ),
        "has its text encoders inside, where sd-scripts 0.10.1 does not find them",
    ),
    "FLUX.1 with a VAE": (
        lambda: made.under(UNET, made.flux(1, 1)) | made.under("vae.", made.kl_vae()),
        "holds more than the model",
    ),
    "SD 3 alone": (
        made.sd3,
        "is SD 3, but has no model.diffusion_model. before its tensors' names",
    ),
    "HunyuanImage below a prefix": (
        lambda: made.under(UNET, made.hunyuan_image()),
        "names its tensors model.diffusion_model.",
    ),
    "a narrow FLUX.1": (
        lambda: {
            name: (64, *shape[1:]) if name.startswith("img_in") else shape
            for name, shape in made.flux(1, 1).items()
        },
        "is 64 wide, and sd-scripts expects FLUX.1's 3072",
    ),
    "Lumina 2 of 24 layers": (
        lambda: made.lumina(24),
        "lacks 26 of the 400 tensors of Lumina 2, for example layers.24.",
    ),
    "nf4": (
        lambda: made.flux(1, 1) | {"img_in.weight.quant_state.bitsandbytes__nf4": (9,)},
        "holds quantised weights",
    ),
    "scaled fp8": (lambda: made.flux(1, 1) | {"scaled_fp8": (2,)}, "holds quantised weights"),
    "a LoRA": (
        lambda: {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": (4, 3072)},
        "is a LoRA, not a base",
    ),
    "diffusers' LoRA": (
        lambda: {"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": (4, 9)},
        "is a LoRA",
    ),
    "diffusers' FLUX.1": (
        lambda: {"single_transformer_blocks.0.attn.to_q.weight": (9, 9)},
        "in diffusers' layout",
    ),
    "FLUX.2": (
        lambda: made.flux(1, 1) | {"double_stream_modulation_img.lin.weight": (1, 1)},
        "is a FLUX.2 model",
    ),
    "Redux": (
        lambda: {"redux_up.weight": (1, 1), "redux_down.weight": (1, 1)},
        "is a FLUX.1 Redux model",
    ),
    "Z-Image": (
        lambda: made.lumina() | {"cap_pad_token": (1, 2304)},
        "is a Z-Image model; trained are SD 1.5, SD 2, SDXL",
    ),
    "T5": (made.t5, "is only a text encoder (T5)"),
    "Gemma": (made.gemma2, "is only a text encoder (a language model)"),
    "Qwen-VL": (made.qwen25_vl, "is only a text encoder (a language model)"),
    "CLIP": (made.clip_text, "is only a text encoder"),
    "a VAE": (
        lambda: {
            "encoder.conv1.weight": (96, 3, 3, 3, 3),
            "decoder.conv1.weight": (384, 16, 3, 3, 3),
        },
        "is only a VAE",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_base_says_what_it_is(tmp_path: Path, name: str) -> None:
    make, sentence = REFUSED[name]
    assert sentence in refusal(tmp_path, make())


@pytest.mark.parametrize("name", [name for name in WHOLE if "below" not in name])
def test_hardly_any_tensor_is_dispensable(tmp_path: Path, name: str) -> None:
    """A half file names what it lacks. (SD 3.5 is told from SD 3 by its norms, dev from schnell by
    its guidance.)
    """
    shapes = WHOLE[name][0]()
    names = [
        n
        for n in sorted(shapes)
        if ".ln_" not in n
        and "attn2" not in n
        and "guidance_in" not in n
        and not n.startswith("vae.")
    ]
    for gone in names[:: len(names) // 12]:
        assert gone in refusal(tmp_path, {n: shape for n, shape in shapes.items() if n != gone})


def test_a_number_in_a_name_makes_nobody_count_to_it(tmp_path: Path) -> None:
    assert (
        look(tmp_path, made.flux(1, 1) | {"single_blocks.999999999.linear1.weight": (1,)}).family
        == "flux1"
    )


NUMBERS: dict[str, tuple[Make, int]] = {
    "flux1-dev": (made.flux, 19_144_704),
    "chroma": (made.chroma, 14_008_320),
    "sd3_medium": (lambda: made.under(UNET, made.sd3()), 6_684_672),
    "sd3.5_medium": (lambda: made.under(UNET, made.sd3(24, True, 13, 384)), 7_403_520),
    "lumina_2": (made.lumina, 6_607_104),
    "hunyuanimage2.1": (made.hunyuan_image, 23_511_040),
    "anima": (made.anima, 5_734_400),
}
"""Of the LoRA of rank 4 that sd-scripts' ``networks/lora_*.py`` make for its models."""


@pytest.mark.parametrize("name", NUMBERS)
def test_the_numbers_of_a_lora(name: str) -> None:
    make, numbers = NUMBERS[name]
    tensors = {tensor: TensorInfo("F16", shape, 0, 0) for tensor, shape in make().items()}
    assert lora_size.numbers(tensors, TrainingParams().with_values({"network_dim": 4})) == numbers


@pytest.mark.parametrize(
    ("module", "version", "family"),
    [
        ("lora_unet_double_blocks_0_img_attn_proj", "", "flux1"),
        ("lora_unet_double_blocks_0_img_mlp_fc1", "", "hunyuan-image"),
        ("lora_unet_joint_blocks_0_x_block_attn_proj", "", "sd3"),
        ("lora_unet_noise_refiner_0_attention_qkv", "", "lumina2"),
        ("lora_unet_blocks_0_cross_attn_output_proj", "", "anima"),
        ("lora_unet_double_blocks_0_img_attn_proj", "chroma", "chroma"),
        ("lora_unet_joint_blocks_0_x_block_attn_proj", "5-medium", "sd3"),
        ("lora_unet_x", "hunyuan-image-2.1", "hunyuan-image"),
        ("lora_unet_x", "lumina2", "lumina2"),
        ("lora_unet_x", "anima", "anima"),
        ("lora_unet_x", "flux1", "flux1"),
    ],
)
def test_the_family_of_a_finished_lora(
    tmp_path: Path, module: str, version: str, family: str
) -> None:
    """By what the scripts write as ss_base_model_version, else by its modules; its text encoder's
    are told apart.
    """
    tensors: dict[str, Any] = {}
    for name in (
        module,
        "lora_te1_text_model_encoder_layers_0_mlp_fc1",
        "lora_te3_encoder_block_0_layer_0_SelfAttention_q",
    ):
        tensors |= {
            f"{name}.lora_down.weight": (4, 8),
            f"{name}.lora_up.weight": (8, 4),
            f"{name}.alpha": (),
        }
    found = lora.inspect(
        headers.write(tmp_path / "lora.safetensors", tensors, {"ss_base_model_version": version})
    )
    assert (found.family, found.unet_modules, found.text_encoder_modules) == (family, 1, 2)


CLASSES = """
import json, sys
sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[:1]
import torch
from library import anima_models, chroma_models, flux_models
from library import hunyuan_image_models, lumina_models, sd3_models
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, T5Config, T5EncoderModel
def sd3(depth, qk, second, side, kind):
    return sd3_models.create_sd3_mmdit(sd3_models.SD3Params(
        patch_size=2, depth=depth, num_patches=side * side, pos_embed_max_size=side,
        adm_in_channels=2048, qk_norm=qk, x_block_self_attn_layers=list(range(second)),
        context_embedder_in_features=4096,
        context_embedder_out_features=64 * depth, model_type=kind), "torch")
anima = dict(max_img_h=512, max_img_w=512, max_frames=128, in_channels=16, out_channels=16,
             patch_spatial=2, patch_temporal=1, model_channels=2048, concat_padding_mask=True,
             crossattn_emb_channels=1024, pos_emb_cls="rope3d", use_adaln_lora=True,
             adaln_lora_dim=256, num_blocks=28, num_heads=16, use_llm_adapter=True,
             attn_mode="torch")
found = {}
with torch.device("meta"):
    models = {
        "flux": flux_models.Flux(flux_models.configs["dev"].params),
        "schnell": flux_models.Flux(flux_models.configs["schnell"].params),
        "chroma": chroma_models.Chroma(chroma_models.chroma_params),
        "sd3": sd3(24, None, 0, 192, "medium"), "sd35": sd3(24, "rms", 13, 384, "5-medium"),
        "large": sd3(38, "rms", 0, 192, "5-large"),
        "lumina": lumina_models.NextDiT_2B_GQA_patch2_Adaln_Refiner(),
        "hunyuan": hunyuan_image_models.create_model("torch", False, torch.bfloat16),
        "anima": anima_models.Anima(**anima),
        "clip_g": CLIPTextModelWithProjection(CLIPTextConfig(
            vocab_size=49408, hidden_size=1280, intermediate_size=5120, num_hidden_layers=32,
            num_attention_heads=20, projection_dim=1280)),
        "t5": T5EncoderModel(T5Config(d_ff=10240, d_kv=64, d_model=4096, num_heads=64,
                                      num_layers=24,
                                      feed_forward_proj="gated-gelu", vocab_size=32128)),
    }
def shapes(model):
    return {k: list(v.shape) for k, v in model.state_dict().items()}
print("SHAPES" + json.dumps({name: shapes(model) for name, model in models.items()}))
"""


@pytest.mark.sd_scripts
@pytest.mark.skipif(not SCRIPTS, reason="set SD_SCRIPTS_DIR to a checkout of kohya-ss/sd-scripts")
def test_the_fixtures_are_what_the_scripts_classes_have() -> None:
    done = subprocess.run(
        [PYTHON, "-c", CLASSES, str(SCRIPTS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=SCRIPTS,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("SHAPES"))
    real = {
        name: {
            key: tuple(shape)
            for key, shape in shapes.items()
            if not key.startswith("pos_embedder.")
        }
        for name, shapes in json.loads(line[6:]).items()
    }
    assert real == {
        "flux": made.flux(),
        "schnell": made.flux(guidance=False),
        "chroma": made.chroma(),
        "sd3": made.sd3(),
        "sd35": made.sd3(24, True, 13, 384),
        "large": made.sd3(38, True),
        "lumina": made.lumina(),
        "hunyuan": made.hunyuan_image(),
        "anima": made.anima(),
        "clip_g": made.clip_text(1280, 32, True),
        "t5": made.t5(),
    }
