"""The arguments (network_args) that each kind of network reads: ``kwargs.get`` in ``networks/*.py``
of sd-scripts 0.10.1 and in ``kohya.py`` of LyCORIS 3.2.0.

A network of sd-scripts passes over any other in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

_DROPOUT = "dropout rank_dropout module_dropout"
_PLUS = "loraplus_lr_ratio loraplus_unet_lr_ratio loraplus_text_encoder_lr_ratio"
_CONV = "conv_dim conv_alpha"
_REGULAR = "network_reg_lrs network_reg_dims verbose"
_BLOCKS = (
    "down_lr_weight mid_lr_weight up_lr_weight block_lr_zero_threshold"
    " block_dims block_alphas conv_block_dims conv_block_alphas"
)

_ARGUMENTS: Mapping[str, str] = {
    "networks.lora": f"{_CONV} {_BLOCKS} {_DROPOUT} {_PLUS}",
    "networks.lora_fa": f"{_CONV} {_BLOCKS} {_DROPOUT}",
    "networks.dylora": f"{_CONV} unit dropout {_PLUS}",
    "networks.oft": "enable_all_linear enable_conv dropout",
    "networks.oft_flux": "enable_all_linear dropout",
    "networks.lora_flux": f"{_CONV} {_DROPOUT} {_PLUS} {_REGULAR} img_attn_dim txt_attn_dim"
    " img_mlp_dim txt_mlp_dim img_mod_dim txt_mod_dim single_dim single_mod_dim in_dims"
    " train_double_block_indices train_single_block_indices train_blocks split_qkv ggpo_beta"
    " ggpo_sigma train_t5xxl",
    "networks.lora_sd3": f"{_CONV} {_DROPOUT} {_PLUS} context_attn_dim context_mlp_dim"
    " context_mod_dim x_attn_dim x_mlp_dim x_mod_dim emb_dims train_block_indices split_qkv"
    " train_t5xxl verbose",
    "networks.lora_lumina": f"{_CONV} {_DROPOUT} {_PLUS} attn_dim mlp_dim mod_dim refiner_dim"
    " embedder_dims train_blocks split_qkv verbose",
    "networks.lora_anima": f"{_DROPOUT} {_PLUS} {_REGULAR} train_llm_adapter exclude_patterns"
    " include_patterns",
    "networks.lora_hunyuan_image": f"{_CONV} {_DROPOUT} {_PLUS} {_REGULAR} split_qkv ggpo_beta"
    " ggpo_sigma",
    "lycoris.kohya": f"{_CONV} {_DROPOUT} {_PLUS} algo preset disable_conv_cp use_conv_cp use_cp"
    " use_tucker use_scalar block_size train_norm constraint rescaled dora_wd wd_on_output"
    " full_matrix bypass_mode rs_lora unbalanced_factorization train_t5xxl decompose_both factor"
    " rank_dropout_scale train_on_input unit",
}

ALGORITHMS = (
    "lora",
    "locon",
    "loha",
    "lokr",
    "ia3",
    "dylora",
    "glora",
    "diag-oft",
    "boft",
    "full",
    "norms",
)
"""What ``algo=`` may be for LyCORIS."""


def arguments(module: str) -> frozenset[str] | None:
    """The names that network_args may hold for ``module``; None where they aren't known."""
    return frozenset(_ARGUMENTS[module].split()) if module in _ARGUMENTS else None
