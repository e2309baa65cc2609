"""Which base models are taken, as what, and with which sentence the others are refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import checkpoint, ldm_tensors
from tests.support import model_headers as headers

UNET, VAE = "model.diffusion_model.", "first_stage_model."


def base(
    folder: Path, tensors: Any, name: str = "base.safetensors", **more: Any
) -> checkpoint.Base:
    return checkpoint.read(headers.write(folder / name, tensors, **more))


def refusal(folder: Path, tensors: Any, **more: Any) -> str:
    with pytest.raises(Invalid) as caught:
        base(folder, tensors, **more)
    return str(caught.value)


def without(tensors: dict[str, Any], *starts: str) -> dict[str, Any]:
    return {name: shape for name, shape in tensors.items() if not name.startswith(starts)}


# ---- families ----


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("width", [8, 32])
def test_a_small_model_is_recognised_by_its_structure(
    tmp_path: Path, family: str, width: int
) -> None:
    found = base(tmp_path, headers.checkpoint(family, width))
    assert (found.family, found.full_size, found.dtype) == (family, False, "fp16")
    assert found.context == (2 * width if family == "sdxl" else width)


def digest(names: Any) -> tuple[int, str]:
    return len(list(names)), hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]


REAL = {
    "sd1 U-Net": (686, "3422671e7bd3eb47"),
    "sdxl U-Net": (1680, "fa772cb99a827a15"),
    "VAE": (248, "007cb2ad4dcb0a88"),
    "CLIP": (196, "af4ab5a3c8667d41"),
    "SD 2 OpenCLIP": (280, "a43ddd889a90380d"),
    "SDXL OpenCLIP": (389, "da3d7be713db3a74"),
}
"""Count and digest of the names in full-size models, taken from the models that sd-scripts builds.
"""


def test_the_names_that_we_expect_are_those_of_the_full_size_models() -> None:
    sd1, sdxl = headers.unet("sd1", 320, 768), headers.unet("sdxl", 320, 2048)
    expected = {
        "sd1 U-Net": ldm_tensors.unet_names(sd1, "sd1"),
        "sdxl U-Net": ldm_tensors.unet_names(sdxl, "sdxl"),
        "VAE": ldm_tensors.vae_names(headers.vae(128)),
        "CLIP": (name.removeprefix("text_model.") for name in ldm_tensors.clip_names({})),
        "SD 2 OpenCLIP": ldm_tensors.open_clip_names({}, projected=False),
        "SDXL OpenCLIP": ldm_tensors.open_clip_names({}, projected=True),
    }
    assert {part: digest(list(names)) for part, names in expected.items()} == REAL


def test_the_fixtures_have_the_names_of_the_full_size_models() -> None:
    built = {
        "sd1 U-Net": headers.unet("sd1", 320, 768),
        "sdxl U-Net": headers.unet("sdxl", 320, 2048),
        "VAE": headers.vae(128),
        "CLIP": headers.clip(768, 12),
        "SD 2 OpenCLIP": headers.open_clip(1024, 23),
        "SDXL OpenCLIP": [*headers.open_clip(1280, 32), "text_projection"],
    }
    assert {part: digest(list(names)) for part, names in built.items()} == REAL


@pytest.mark.skipif(
    not os.environ.get("SD15_CHECKPOINT"),
    reason="SD15_CHECKPOINT names no full-size SD 1.5 checkpoint",
)
def test_a_real_checkpoint_is_complete() -> None:
    found = checkpoint.read(Path(os.environ["SD15_CHECKPOINT"]))
    assert (found.family, found.prediction, found.full_size) == ("sd1", "epsilon", True)


def test_old_sd1_files_without_text_model_in_their_names(tmp_path: Path) -> None:
    tensors = {
        name.replace(".text_model.", "."): shape
        for name, shape in headers.checkpoint("sd1").items()
    }
    assert base(tmp_path, tensors).family == "sd1"


def test_position_ids_and_ema_copies_and_schedules_do_not_matter(tmp_path: Path) -> None:
    tensors = headers.checkpoint("sd1") | {
        "cond_stage_model.transformer.text_model.embeddings.position_ids": (1, 77),
        "model_ema.diffusion_modelinput_blocks00weight": (32, 4, 3, 3),
        "alphas_cumprod": (1000,),
    }
    assert base(tmp_path, tensors).family == "sd1"


@pytest.mark.parametrize(
    ("dtype", "called"), [("F32", "fp32"), ("F16", "fp16"), ("BF16", "bf16"), ("F8_E4M3", "fp8")]
)
def test_the_number_format_is_named(tmp_path: Path, dtype: str, called: str) -> None:
    assert base(tmp_path, headers.checkpoint("sd1", 8), dtype=dtype).dtype == called


# ---- prediction ----


def test_a_family_s_usual_prediction(tmp_path: Path) -> None:
    assert base(tmp_path, headers.checkpoint("sd1", 8)).prediction == "epsilon"
    assert base(tmp_path, headers.checkpoint("sdxl", 8)).prediction == "epsilon"
    assert base(tmp_path, headers.checkpoint("sd2", 8)).prediction == "ask-the-model"


@pytest.mark.parametrize(
    ("extra", "metadata", "prediction"),
    [
        ({"v_pred": (0,)}, None, "v_prediction"),
        ({"v_pred": (0,), "ztsnr": (0,)}, {"modelspec.prediction_type": "epsilon"}, "v_prediction"),
        ({}, {"modelspec.prediction_type": "v"}, "v_prediction"),
        ({}, {"modelspec.prediction_type": "epsilon"}, "epsilon"),
        ({}, {"ss_v_parameterization": "True"}, "v_prediction"),
        ({}, {"modelspec.prediction_type": "something new"}, "ask-the-model"),
    ],
)
def test_a_mark_in_the_file_decides(
    tmp_path: Path, extra: Any, metadata: Any, prediction: str
) -> None:
    found = base(tmp_path, headers.checkpoint("sd2", 8) | extra, metadata=metadata)
    assert found.prediction == prediction


@pytest.mark.parametrize(
    ("config", "prediction"),
    [
        (
            'model:\n  params:\n    parameterization: "v"\n    unet_config:\n      x: 1\n',
            "v_prediction",
        ),
        ("model:\n  params:\n    parameterization: eps\n", "epsilon"),
        ("model:\n  params:\n    unet_config:\n      x: 1\n", "epsilon"),
        ("a: list of something else\n", "ask-the-model"),
    ],
)
def test_the_companion_config_decides_as_in_the_webui(
    tmp_path: Path, config: str, prediction: str
) -> None:
    (tmp_path / "base.yaml").write_text(config)
    found = base(tmp_path, headers.checkpoint("sd2", 8))
    assert found.prediction == prediction
    if prediction != "ask-the-model":
        assert found.prediction_source == "base.yaml"


def test_a_name_that_says_v_prediction_without_a_mark_is_pointed_out(tmp_path: Path) -> None:
    found = base(tmp_path, headers.checkpoint("sdxl", 8), name="noob-vPred-1.0.safetensors")
    assert found.prediction == "epsilon"
    assert "no such mark" in found.notes[0]


# ---- refusals ----


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin", ".CKPT"])
def test_a_format_that_can_run_programs_is_not_even_opened(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(Invalid, match="can run programs when it is opened"):
        checkpoint.read(tmp_path / f"absent{suffix}")


def test_a_folder_and_a_missing_file_and_another_ending(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    for path, sentence in (
        (tmp_path, "is a folder"),
        (tmp_path / "x.gguf", "not a .safetensors"),
        (tmp_path / "no.safetensors", "can't be read: No such file"),
    ):
        with pytest.raises(Invalid, match=sentence):
            checkpoint.read(path)


OTHERS = {
    "model.diffusion_model.double_blocks.0.img_attn.qkv.weight": "tensors of FLUX.1, for example "
    "model.diffusion_model.img_in",
    "noise_refiner.0.attention.qkv.weight": "lacks 399 of the 400 tensors of Lumina 2",
    "txt_in.individual_token_refiner.blocks.0.mlp.fc1.weight": "is a Hunyuan video model; "
    "trained are SD 1.5, SD 2, SDXL, "
    "SD 3",
    "lora_unet_x.lora_down.weight": "is a LoRA, not a base model",
    "unet.x.lora_A.weight": "is a LoRA",
    "first_stage_model.encoder.conv_in.weight": "is only a VAE",
    "encoder.down.0.block.0.conv1.weight": "is only a VAE",
    "encoder.down_blocks.0.resnets.0.conv1.weight": "is only a VAE",
    "down_blocks.0.resnets.0.conv1.weight": "is only the U-Net of a model folder in diffusers' "
    "layout",
    "input_blocks.0.0.weight": "is only a U-Net",
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": "is only a text encoder",
    "text_model.encoder.layers.0.mlp.fc1.weight": "is only a text encoder",
    "control_model.input_blocks.0.0.weight": "is a ControlNet",
    "emb_params": "is a textual inversion embedding",
    "something.else": "is not a model that we know",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_each_with_its_own_sentence(tmp_path: Path, name: str) -> None:
    assert OTHERS[name] in refusal(tmp_path, {name: (4, 4)})


@pytest.mark.parametrize(
    ("channels", "called"), [(9, "inpainting"), (8, "pix2pix"), (5, "depth"), (16, "16 channels")]
)
def test_a_u_net_with_other_inputs(tmp_path: Path, channels: int, called: str) -> None:
    tensors = headers.checkpoint("sd1", 8) | {f"{UNET}input_blocks.0.0.weight": (8, channels, 3, 3)}
    assert called in refusal(tmp_path, tensors)


def test_the_sdxl_refiner(tmp_path: Path) -> None:
    tensors = without(headers.checkpoint("sdxl", 8), "conditioner.embedders.0.")
    moved = {name.replace("embedders.1.", "embedders.0."): shape for name, shape in tensors.items()}
    assert "is the SDXL refiner" in refusal(tmp_path, moved)


def test_quantised_weights(tmp_path: Path) -> None:
    tensors = headers.checkpoint("sd1", 8)
    scale = {f"{UNET}out.2.weight.absmax": (4,)}
    assert "holds quantised weights" in refusal(tmp_path, tensors | scale)
    assert "holds quantised weights (U8)" in refusal(tmp_path, tensors, dtype="U8")


def test_edm_models_would_train_to_noise(tmp_path: Path) -> None:
    assert "EDM" in refusal(
        tmp_path, headers.checkpoint("sdxl", 8) | {"edm_mean": (4,), "edm_std": (4,)}
    )


@pytest.mark.parametrize(
    ("family", "prefix", "sentence"),
    [
        ("sd1", VAE, "has no VAE. Choose a whole SD 1.5 checkpoint."),
        ("sd1", "cond_stage_model.", "has no text encoder"),
        ("sdxl", "conditioner.", "has no first text encoder"),
        ("sdxl", "conditioner.embedders.1.", "has no second text encoder"),
        ("sdxl", UNET, "has no U-Net"),
        ("sd2", "cond_stage_model.", "has no text encoder. Choose a whole SD 2 checkpoint."),
    ],
)
def test_a_missing_part_is_named(tmp_path: Path, family: str, prefix: str, sentence: str) -> None:
    assert sentence in refusal(tmp_path, without(headers.checkpoint(family, 8), prefix))


def test_all_missing_parts_are_named_at_once(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, without(headers.checkpoint("sdxl", 8), VAE, "conditioner."))
    assert [part in sentence for part in ("no VAE", "no first text", "no second text")] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("family", "gone", "count", "part"),
    [
        ("sd1", f"{UNET}input_blocks.5.", 36, "686 tensors of its U-Net"),
        ("sd1", f"{UNET}input_blocks.3.0.op.", 2, "686 tensors of its U-Net"),
        (
            "sd1",
            f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_v",
            1,
            "686 tensors of its U-Net",
        ),
        ("sd1", f"{UNET}output_blocks.11.0.skip_connection", 2, "686 tensors of its U-Net"),
        ("sdxl", f"{UNET}input_blocks.7.1.transformer_blocks.9.", 20, "1680 tensors of its U-Net"),
        ("sdxl", f"{UNET}label_emb.0.2.", 2, "1680 tensors of its U-Net"),
        ("sd2", f"{VAE}decoder.up.3.", 26, "248 tensors of its VAE"),
        (
            "sd1",
            "cond_stage_model.transformer.text_model.encoder.layers.0.",
            16,
            "36 tensors of its text encoder",
        ),
        (
            "sd2",
            "cond_stage_model.model.transformer.resblocks.0.attn.in_proj",
            2,
            "28 tensors of its text encoder",
        ),
        (
            "sdxl",
            "conditioner.embedders.1.model.text_projection",
            1,
            "29 tensors of its second text encoder",
        ),
    ],
)
def test_holes_are_counted_with_an_example(
    tmp_path: Path, family: str, gone: str, count: int, part: str
) -> None:
    sentence = refusal(tmp_path, without(headers.checkpoint(family, 8), gone))
    assert f"lacks {count} of the {part}, for example {gone}" in sentence


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_no_single_tensor_is_dispensable(family: str) -> None:
    whole = {name: _info(shape) for name, shape in headers.checkpoint(family, 8).items()}
    names = {
        f"{UNET}input_blocks.0.0.weight",
        f"{UNET}input_blocks.6.0.op.weight",
        *sorted(whole)[::20],
    }
    for name in names & set(whole):
        rest = {other: info for other, info in whole.items() if other != name}
        assert [lost for part in ldm_tensors.parts(rest, family) for lost in part.missing] == [name]


def _info(shape: tuple[int, ...]) -> Any:
    from sd_scripts_bridge.models.safetensors_file import TensorInfo

    return TensorInfo("F16", shape, 0, 0)


def test_a_full_size_model_must_have_its_family_s_structure() -> None:
    """A cut-down SDXL (SSD-1B) has fewer attention blocks on both sides;
    sd-scripts can't load it.
    """
    shapes = headers.unet("sdxl", 320, 2048)
    cut = {
        f"{UNET}{name}": _info(shape)
        for name, shape in shapes.items()
        if "transformer_blocks.9." not in name
    }
    unet = ldm_tensors.parts(cut, "sdxl")[0]
    assert len(unet.missing) == 20 * 6


def test_parts_of_different_models(tmp_path: Path) -> None:
    tensors = without(headers.checkpoint("sd1", 8), "cond_stage_model.")
    tensors |= {
        f"cond_stage_model.transformer.text_model.{name}": s
        for name, s in headers.clip(16, 2).items()
    }
    assert "has a U-Net for text of width 8, but its text encoder gives 16" in refusal(
        tmp_path, tensors
    )


def test_a_number_in_a_name_makes_nobody_count_to_it(tmp_path: Path) -> None:
    tensors = headers.checkpoint("sd1", 8)
    tensors[f"{UNET}input_blocks.999999999.0.op.weight"] = (1,)
    tensors["cond_stage_model.transformer.text_model.encoder.layers.99999999.mlp.fc1.weight"] = (1,)
    assert base(tmp_path, tensors).family == "sd1"


def test_a_tensor_without_shape_counts_as_missing(tmp_path: Path) -> None:
    name = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
    assert name in refusal(tmp_path, headers.checkpoint("sd1", 8) | {name: ()})


def test_a_half_file(tmp_path: Path) -> None:
    path = headers.write(tmp_path / "half.safetensors", headers.checkpoint("sd1", 8))
    size = path.stat().st_size
    os.truncate(path, size * 3 // 4)
    with pytest.raises(
        Invalid,
        match=r"half.safetensors: is cut off: it has .* \((74|75) %\). Download or copy it again.",
    ):
        checkpoint.read(path)
