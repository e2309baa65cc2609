"""Names and shapes of SD 3, FLUX.1, Chroma, Lumina 2, HunyuanImage, Anima and the files beside
them, built layer by layer.

`test_transformers.py` compares them with the classes of sd-scripts. Sizes are the real ones;
``hollow`` writes them as holes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.support.model_headers import Shapes, clip, conv, linear, norm, write_raw

UNET = "model.diffusion_model."


def hollow(
    path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "BF16", size: int = 2
) -> Path:
    """A whole file with these tensors, their bytes a hole in it."""
    header, place = {}, 0
    for name, shape in shapes.items():
        end = place + size * int(np.prod(shape, dtype=np.int64))
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, end]}
        place = end
    path.parent.mkdir(parents=True, exist_ok=True)
    write_raw(path, header)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + place)
    return path


def under(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in shapes.items()}


def _each(stem: str, count: int, shapes: Shapes) -> Shapes:
    return {
        name: shape
        for index in range(count)
        for name, shape in under(f"{stem}.{index}.", shapes).items()
    }


def _weights(*rows: tuple[str, tuple[int, ...]]) -> Shapes:
    return {f"{name}.weight": shape for name, shape in rows}


# ---- FLUX.1 and Chroma ----


def _flux_double(wide: int) -> Shapes:
    found: Shapes = {}
    for side in ("img", "txt"):
        found |= linear(f"{side}_attn.qkv", 3 * wide, wide) | linear(
            f"{side}_attn.proj", wide, wide
        )
        found |= {f"{side}_attn.norm.{part}_norm.scale": (128,) for part in ("query", "key")}
        found |= linear(f"{side}_mlp.0", 4 * wide, wide) | linear(f"{side}_mlp.2", wide, 4 * wide)
    return found


def _flux_single(wide: int) -> Shapes:
    found = linear("linear1", 7 * wide, wide) | linear("linear2", wide, 5 * wide)
    return found | {f"norm.{part}_norm.scale": (128,) for part in ("query", "key")}


def flux(double: int = 19, single: int = 38, guidance: bool = True, channels: int = 64) -> Shapes:
    """dev, or schnell without ``guidance``; Fill takes 384 ``channels``."""
    wide = 3072
    found = linear("img_in", wide, channels) | linear("txt_in", wide, 4096)
    for name, inner in (
        ("time_in", 256),
        ("vector_in", 768),
        *([("guidance_in", 256)] if guidance else []),
    ):
        found |= linear(f"{name}.in_layer", wide, inner) | linear(f"{name}.out_layer", wide, wide)
    modulation = linear("img_mod.lin", 6 * wide, wide) | linear("txt_mod.lin", 6 * wide, wide)
    found |= _each("double_blocks", double, _flux_double(wide) | modulation)
    found |= _each(
        "single_blocks", single, _flux_single(wide) | linear("modulation.lin", 3 * wide, wide)
    )
    return (
        found
        | linear("final_layer.linear", 64, wide)
        | linear("final_layer.adaLN_modulation.1", 2 * wide, wide)
    )


def chroma() -> Shapes:
    wide, guide = 3072, 5120
    found = (
        linear("img_in", wide, 64)
        | linear("txt_in", wide, 4096)
        | linear("final_layer.linear", 64, wide)
    )
    at = "distilled_guidance_layer"
    found |= linear(f"{at}.in_proj", guide, 64) | linear(f"{at}.out_proj", wide, guide)
    found |= _each(
        f"{at}.layers", 5, linear("in_layer", guide, guide) | linear("out_layer", guide, guide)
    )
    found |= _each(f"{at}.norms", 5, {"scale": (guide,)})
    return (
        found
        | _each("double_blocks", 19, _flux_double(wide))
        | _each("single_blocks", 38, _flux_single(wide))
    )


# ---- SD 3 ----


def sd3(depth: int = 24, normed: bool = False, second: int = 0, side: int = 192) -> Shapes:
    """3 medium; 3.5 large is (38, True), 3.5 medium (24, True, 13, 384)."""
    wide = 64 * depth
    found: Shapes = {"pos_embed": (1, side * side, wide)}
    found |= {"x_embedder.proj.weight": (wide, 16, 2, 2), "x_embedder.proj.bias": (wide,)}
    for name, inner in (("t", 256), ("y", 2048)):
        found |= linear(f"{name}_embedder.mlp.0", wide, inner) | linear(
            f"{name}_embedder.mlp.2", wide, wide
        )
    found |= linear("context_embedder", wide, 4096)
    for block in range(depth):
        at = f"joint_blocks.{block}"
        for half in ("context_block", "x_block"):
            last = half == "context_block" and block == depth - 1
            twice = half == "x_block" and block < second
            found |= _sd3_half(f"{at}.{half}", wide, 2 if last else 9 if twice else 6, normed, last)
            if twice:
                found |= _sd3_attention(f"{at}.{half}.attn2", wide, normed, last=False)
    return (
        found
        | linear("final_layer.linear", 64, wide)
        | linear("final_layer.adaLN_modulation.1", 2 * wide, wide)
    )


def _sd3_half(at: str, wide: int, modulations: int, normed: bool, last: bool) -> Shapes:
    found = _sd3_attention(f"{at}.attn", wide, normed, last) | linear(
        f"{at}.adaLN_modulation.1", modulations * wide, wide
    )
    return (
        found
        if last
        else found
        | linear(f"{at}.mlp.fc1", 4 * wide, wide)
        | linear(f"{at}.mlp.fc2", wide, 4 * wide)
    )


def _sd3_attention(at: str, wide: int, normed: bool, last: bool) -> Shapes:
    found = linear(f"{at}.qkv", 3 * wide, wide) | ({} if last else linear(f"{at}.proj", wide, wide))
    return found | (_weights((f"{at}.ln_q", (64,)), (f"{at}.ln_k", (64,))) if normed else {})


# ---- Lumina 2, HunyuanImage, Anima ----


def lumina(layers: int = 26) -> Shapes:
    wide, inner = 2304, 9216
    plain = _weights(
        ("attention.qkv", (3840, wide)),
        ("attention.out", (wide, wide)),
        ("attention.q_norm", (96,)),
        ("attention.k_norm", (96,)),
        ("feed_forward.w1", (inner, wide)),
        ("feed_forward.w2", (wide, inner)),
        ("feed_forward.w3", (inner, wide)),
        *((f"{part}_norm{n}", (wide,)) for part in ("attention", "ffn") for n in (1, 2)),
    )
    modulated = plain | linear("adaLN_modulation.1", inner, 1024)
    found = (
        linear("t_embedder.mlp.0", 1024, 256)
        | linear("t_embedder.mlp.2", 1024, 1024)
        | linear("x_embedder", wide, 64)
    )
    found |= _weights(("cap_embedder.0", (wide,)), ("norm_final", (wide,))) | linear(
        "cap_embedder.1", wide, wide
    )
    found |= (
        _each("context_refiner", 2, plain)
        | _each("noise_refiner", 2, modulated)
        | _each("layers", layers, modulated)
    )
    return (
        found
        | linear("final_layer.linear", 64, wide)
        | linear("final_layer.adaLN_modulation.1", wide, 1024)
    )


def hunyuan_image(channels: int = 64) -> Shapes:
    wide = 3584
    found = (
        norm("byt5_in.layernorm", 1472)
        | linear("byt5_in.fc1", 2048, 1472)
        | linear("byt5_in.fc2", 2048, 2048)
    )
    found |= linear("byt5_in.fc3", wide, 2048) | {
        "img_in.proj.weight": (wide, channels, 1, 1),
        "img_in.proj.bias": (wide,),
    }
    found |= linear("txt_in.input_embedder", wide, 3584)
    for at in ("txt_in.t_embedder", "time_in"):
        found |= linear(f"{at}.mlp.0", wide, 256) | linear(f"{at}.mlp.2", wide, wide)
    found |= linear("txt_in.c_embedder.linear_1", wide, 3584) | linear(
        "txt_in.c_embedder.linear_2", wide, wide
    )
    refiner = norm("norm1", wide) | norm("norm2", wide) | linear("self_attn_qkv", 3 * wide, wide)
    refiner |= (
        linear("self_attn_proj", wide, wide)
        | linear("adaLN_modulation.1", 2 * wide, wide)
        | _mlp("mlp", wide)
    )
    found |= _each("txt_in.individual_token_refiner.blocks", 2, refiner)
    double: Shapes = {}
    for side in ("img", "txt"):
        double |= linear(f"{side}_mod.linear", 6 * wide, wide) | linear(
            f"{side}_attn_qkv", 3 * wide, wide
        )
        double |= _weights((f"{side}_attn_q_norm", (128,)), (f"{side}_attn_k_norm", (128,)))
        double |= linear(f"{side}_attn_proj", wide, wide) | _mlp(f"{side}_mlp", wide)
    single = (
        linear("linear1", 7 * wide, wide)
        | linear("linear2", wide, 5 * wide)
        | linear("modulation.linear", 3 * wide, wide)
    )
    found |= _each("double_blocks", 20, double)
    found |= _each("single_blocks", 40, single | _weights(("q_norm", (128,)), ("k_norm", (128,))))
    return (
        found
        | linear("final_layer.linear", 64, wide)
        | linear("final_layer.adaLN_modulation.1", 2 * wide, wide)
    )


def _mlp(at: str, wide: int) -> Shapes:
    return linear(f"{at}.fc1", 4 * wide, wide) | linear(f"{at}.fc2", wide, 4 * wide)


def anima() -> Shapes:
    wide, text, low = 2048, 1024, 256
    found = _weights(
        ("x_embedder.proj.1", (wide, 68)),
        ("t_embedder.1.linear_1", (wide, wide)),
        ("t_embedder.1.linear_2", (3 * wide, wide)),
        ("t_embedding_norm", (wide,)),
        ("llm_adapter.embed", (32128, text)),
        ("llm_adapter.norm", (text,)),
        ("final_layer.linear", (64, wide)),
        ("final_layer.adaln_modulation.1", (low, wide)),
        ("final_layer.adaln_modulation.2", (2 * wide, low)),
    ) | linear("llm_adapter.out_proj", text, text)
    adapter = _weights(*((f"norm_{part}", (text,)) for part in ("self_attn", "cross_attn", "mlp")))
    for attention in ("self_attn", "cross_attn"):
        adapter |= _qkv(attention, text, text, 64, "o_proj")
    adapter |= linear("mlp.0", 4 * text, text) | linear("mlp.2", text, 4 * text)
    block = _qkv("self_attn", wide, wide, 128, "output_proj") | _qkv(
        "cross_attn", wide, text, 128, "output_proj"
    )
    block |= _weights(("mlp.layer1", (4 * wide, wide)), ("mlp.layer2", (wide, 4 * wide)))
    for part in ("self_attn", "cross_attn", "mlp"):
        at = f"adaln_modulation_{part}"
        block |= _weights((f"{at}.1", (low, wide)), (f"{at}.2", (3 * wide, low)))
    return found | _each("llm_adapter.blocks", 6, adapter) | _each("blocks", 28, block)


def _qkv(at: str, wide: int, heard: int, head: int, out: str) -> Shapes:
    return _weights(
        (f"{at}.q_proj", (wide, wide)),
        (f"{at}.q_norm", (head,)),
        (f"{at}.k_proj", (wide, heard)),
        (f"{at}.k_norm", (head,)),
        (f"{at}.v_proj", (wide, heard)),
        (f"{at}.{out}", (wide, wide)),
    )


# ---- text encoders ----


def clip_text(width: int = 768, layers: int = 12, projected: bool = False) -> Shapes:
    """CLIP-L; CLIP-G is (1280, 32, True)."""
    found = under("text_model.", clip(width, layers))
    found["text_model.embeddings.token_embedding.weight"] = (49408, width)
    return found | (_weights(("text_projection", (width, width))) if projected else {})


def t5(
    vocabulary: int = 32128, wide: int = 4096, inner: int = 10240, layers: int = 24, heads: int = 64
) -> Shapes:
    """T5-XXL's encoder; ByT5-small is (384, 1472, 3584, 12, 6)."""
    found = _weights(
        ("shared", (vocabulary, wide)),
        ("encoder.embed_tokens", (vocabulary, wide)),
        ("encoder.final_layer_norm", (wide,)),
    )
    for layer in range(layers):
        at = f"encoder.block.{layer}.layer"
        found |= _weights(
            *((f"{at}.0.SelfAttention.{part}", (64 * heads, wide)) for part in "qkv"),
            (f"{at}.0.SelfAttention.o", (wide, 64 * heads)),
            (f"{at}.0.layer_norm", (wide,)),
            (f"{at}.1.layer_norm", (wide,)),
            (f"{at}.1.DenseReluDense.wo", (wide, inner)),
            *((f"{at}.1.DenseReluDense.wi_{n}", (inner, wide)) for n in (0, 1)),
        )
    bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    return found | {bias: (32, heads)}


def _language_model(
    vocabulary: int,
    wide: int,
    inner: int,
    layers: int,
    heard: int,
    keys: int,
    norms: tuple[str, ...],
) -> Shapes:
    layer = _weights(
        ("self_attn.q_proj", (heard, wide)),
        ("self_attn.k_proj", (keys, wide)),
        ("self_attn.v_proj", (keys, wide)),
        ("self_attn.o_proj", (wide, heard)),
        ("mlp.gate_proj", (inner, wide)),
        ("mlp.up_proj", (inner, wide)),
        ("mlp.down_proj", (wide, inner)),
        *((f"{name}_layernorm", (wide,)) for name in norms),
    )
    return _weights(("embed_tokens", (vocabulary, wide)), ("norm", (wide,))) | _each(
        "layers", layers, layer
    )


def gemma2() -> Shapes:
    norms = ("input", "post_attention", "pre_feedforward", "post_feedforward")
    return _language_model(256000, 2304, 9216, 26, 2048, 1024, norms)


def qwen3() -> Shapes:
    found = _language_model(151936, 1024, 3072, 28, 2048, 1024, ("input", "post_attention"))
    heads = _weights(("self_attn.q_norm", (128,)), ("self_attn.k_norm", (128,)))
    return found | _each("layers", 28, heads)


def qwen25_vl() -> Shapes:
    """As ComfyUI packs it, which is what sd-scripts reads."""
    text = under(
        "model.", _language_model(152064, 3584, 18944, 28, 3584, 512, ("input", "post_attention"))
    )
    biases: Shapes = {
        f"self_attn.{part}_proj.bias": (side,)
        for part, side in (("q", 3584), ("k", 512), ("v", 512))
    }
    seen = (
        linear("attn.qkv", 3840, 1280)
        | linear("attn.proj", 1280, 1280)
        | _weights(("norm1", (1280,)), ("norm2", (1280,)))
    )
    seen |= (
        linear("mlp.gate_proj", 3420, 1280)
        | linear("mlp.up_proj", 3420, 1280)
        | linear("mlp.down_proj", 1280, 3420)
    )
    merger = _weights(("visual.merger.ln_q", (1280,)), ("lm_head", (152064, 3584)))
    merger |= linear("visual.merger.mlp.0", 5120, 5120) | linear("visual.merger.mlp.2", 3584, 5120)
    patches: Shapes = {"visual.patch_embed.proj.weight": (1280, 3, 2, 14, 14)}
    return (
        text
        | _each("model.layers", 28, biases)
        | _each("visual.blocks", 32, seen)
        | merger
        | patches
    )


# ---- VAEs, as far as they are told apart ----


def kl_vae(top: int = 512, latents: int = 16) -> Shapes:
    """The ends of FLUX.1's; HunyuanImage's is (1024, 64), Stable Diffusion's (512, 4)."""
    found = conv("encoder.conv_in", 128, 3) | conv("encoder.conv_out", 2 * latents, top)
    return found | conv("decoder.conv_in", top, latents) | conv("decoder.conv_out", 3, 128)


def qwen_vae() -> Shapes:
    """The ends of Qwen-Image's, under diffusers' names."""
    return {
        "encoder.conv_in.weight": (96, 3, 3, 3, 3),
        "encoder.conv_in.bias": (96,),
        "decoder.conv_out.weight": (3, 96, 3, 3, 3),
        "decoder.conv_out.bias": (3,),
    }
