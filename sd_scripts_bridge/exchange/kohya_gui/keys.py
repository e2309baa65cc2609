"""The keys of kohya_ss' saved LoRA settings, with what its form shows where nothing else is said.

Read from ``kohya_gui/lora_gui.py`` of kohya_ss 26.0.0 and of its earlier versions: names and
defaults only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORM: Mapping[str, Any] = {
    "mixed_precision": "fp16", "pretrained_model_name_or_path": "runwayml/stable-diffusion-v1-5", "v2": False,
    "v_parameterization": False, "sdxl": False, "dataset_config": "", "save_model_as": "safetensors",
    "save_precision": "fp16", "train_data_dir": "", "reg_data_dir": "", "output_dir": "", "output_name": "last",
    "logging_dir": "", "model_list": "", "training_comment": "", "huggingface_repo_id": "", "huggingface_token": "",
    "huggingface_repo_type": "", "huggingface_repo_visibility": "", "huggingface_path_in_repo": "",
    "save_state_to_huggingface": False, "resume_from_huggingface": "", "async_upload": False, "metadata_author": "",
    "metadata_description": "", "metadata_license": "", "metadata_tags": "", "metadata_title": "",
    "max_resolution": "512,512", "learning_rate": 0.0001, "lr_scheduler": "cosine", "lr_warmup": 10, "lr_warmup_steps": 0,
    "train_batch_size": 1, "epoch": 1, "save_every_n_epochs": 1, "seed": 0, "cache_latents": True,
    "cache_latents_to_disk": False, "train_inpainting": False, "caption_extension": ".txt", "enable_bucket": True,
    "stop_text_encoder_training": 0, "min_bucket_reso": 256, "max_bucket_reso": 2048, "max_train_epochs": 0,
    "max_train_steps": 1600, "lr_scheduler_num_cycles": 1, "lr_scheduler_power": 1.0, "optimizer": "AdamW8bit",
    "optimizer_args": "", "lr_scheduler_args": "", "lr_scheduler_type": "", "max_grad_norm": 1.0,
    "gradient_checkpointing": False, "fp8_base": False, "fp8_base_unet": False, "full_fp16": False, "highvram": False,
    "lowvram": False, "xformers": "xformers", "shuffle_caption": False, "save_state": False,
    "save_state_on_train_end": False, "resume": "", "prior_loss_weight": 1.0, "color_aug": False, "flip_aug": False,
    "masked_loss": False, "clip_skip": 1, "gradient_accumulation_steps": 1, "mem_eff_attn": False, "max_token_length": 75,
    "max_data_loader_n_workers": 0, "keep_tokens": 0, "persistent_data_loader_workers": False, "bucket_no_upscale": True,
    "random_crop": False, "bucket_reso_steps": 64, "v_pred_like_loss": 0, "caption_dropout_every_n_epochs": 0,
    "caption_dropout_rate": 0, "noise_offset_type": "Original", "noise_offset": 0, "noise_offset_random_strength": False,
    "adaptive_noise_scale": 0, "multires_noise_iterations": 0, "multires_noise_discount": 0.3, "ip_noise_gamma": 0,
    "ip_noise_gamma_random_strength": False, "additional_parameters": "", "loss_type": "l2", "huber_schedule": "snr",
    "huber_c": 0.1, "huber_scale": 1.0, "vae_batch_size": 0, "min_snr_gamma": 0, "save_every_n_steps": 0,
    "save_last_n_steps": 0, "save_last_n_steps_state": 0, "save_last_n_epochs": 0, "save_last_n_epochs_state": 0,
    "skip_cache_check": False, "log_with": "", "wandb_api_key": "", "wandb_run_name": "", "log_tracker_name": "",
    "log_tracker_config": "", "log_config": False, "scale_v_pred_loss_like_noise_pred": False, "full_bf16": False,
    "min_timestep": 0, "max_timestep": 1000, "vae": "", "weighted_captions": False, "debiased_estimation_loss": False,
    "sdxl_cache_text_encoder_outputs": False, "sdxl_no_half_vae": False, "sample_every_n_steps": 0,
    "sample_every_n_epochs": 0, "sample_sampler": "euler_a", "sample_prompts": "", "text_encoder_lr": 0.0001,
    "t5xxl_lr": 0, "unet_lr": 0.0001, "network_dim": 8, "network_weights": "", "dim_from_weights": False,
    "network_alpha": 1, "scale_weight_norms": 0, "network_dropout": 0,
}  # fmt: skip
"""The keys that sd-scripts is told about, whatever the family."""

NETWORK: Mapping[str, Any] = {
    "LoRA_type": "Standard", "factor": -1, "bypass_mode": False, "dora_wd": False, "use_cp": False, "use_tucker": False,
    "use_scalar": False, "rank_dropout_scale": False, "constrain": 0.0, "rescaled": False, "train_norm": False,
    "decompose_both": False, "train_on_input": True, "conv_dim": 1, "conv_alpha": 1, "down_lr_weight": "",
    "mid_lr_weight": "", "up_lr_weight": "", "block_lr_zero_threshold": "", "block_dims": "", "block_alphas": "",
    "conv_block_dims": "", "conv_block_alphas": "", "unit": 1, "rank_dropout": 0, "module_dropout": 0.0,
    "LyCORIS_preset": "full", "loraplus_lr_ratio": 0, "loraplus_text_encoder_lr_ratio": 0, "loraplus_unet_lr_ratio": 0,
}  # fmt: skip
"""The kind of network and its own settings: they become network_module and network_args."""

LAUNCHER: Mapping[str, Any] = {
    "num_cpu_threads_per_process": 2, "num_processes": 1, "num_machines": 1, "multi_gpu": False, "gpu_ids": "",
    "main_process_port": 0, "dynamo_backend": "no", "dynamo_mode": "default", "dynamo_use_fullgraph": False,
    "dynamo_use_dynamic": False, "extra_accelerate_launch_args": "",
}  # fmt: skip
"""What `accelerate launch` is told: see `launch`."""

FAMILIES: Mapping[str, str] = {
    "flux1_checkbox": "FLUX.1", "sd3_checkbox": "SD 3", "hunyuan_image_checkbox": "HunyuanImage "
                                                                                  "2.1",
    "anima_checkbox": "Anima", "lumina_checkbox": "Lumina 2",
}  # fmt: skip

OTHER_FAMILIES = frozenset({
    "train_lora_ggpo", "ggpo_sigma", "ggpo_beta", "flux1_cache_text_encoder_outputs",
    "flux1_cache_text_encoder_outputs_to_disk", "model_type", "ae", "clip_l", "t5xxl", "discrete_flow_shift",
    "model_prediction_type", "timestep_sampling", "split_mode", "train_blocks", "t5xxl_max_token_length",
    "enable_all_linear", "guidance_scale", "mem_eff_save", "apply_t5_attn_mask", "split_qkv", "train_t5xxl",
    "cpu_offload_checkpointing", "blocks_to_swap", "single_blocks_to_swap", "double_blocks_to_swap", "show_timesteps",
    "show_timesteps_resolution", "img_attn_dim", "img_mlp_dim", "img_mod_dim", "single_dim", "txt_attn_dim", "txt_mlp_dim",
    "txt_mod_dim", "single_mod_dim", "in_dims", "train_double_block_indices", "train_single_block_indices",
    "sd3_cache_text_encoder_outputs", "sd3_cache_text_encoder_outputs_to_disk", "sd3_fused_backward_pass", "clip_g",
    "clip_g_dropout_rate", "sd3_clip_l", "sd3_clip_l_dropout_rate", "sd3_disable_mmap_load_safetensors",
    "sd3_enable_scaled_pos_embed", "logit_mean", "logit_std", "mode_scale", "pos_emb_random_crop_rate", "save_clip",
    "save_t5xxl", "sd3_t5_dropout_rate", "sd3_t5xxl", "t5xxl_device", "t5xxl_dtype", "sd3_text_encoder_batch_size",
    "weighting_scheme", "hunyuan_image_cache_text_encoder_outputs", "hunyuan_image_cache_text_encoder_outputs_to_disk",
    "hunyuan_text_encoder", "hunyuan_byt5", "hunyuan_vae", "hunyuan_discrete_flow_shift", "hunyuan_model_prediction_type",
    "hunyuan_timestep_sampling", "hunyuan_sigmoid_scale", "hunyuan_attn_mode", "hunyuan_split_attn", "hunyuan_fp8_scaled",
    "hunyuan_fp8_vl", "hunyuan_text_encoder_cpu", "hunyuan_vae_chunk_size", "anima_cache_text_encoder_outputs",
    "anima_cache_text_encoder_outputs_to_disk", "anima_qwen3", "anima_vae", "anima_llm_adapter_path",
    "anima_t5_tokenizer_path", "anima_discrete_flow_shift", "anima_timestep_sampling", "anima_sigmoid_scale",
    "anima_qwen3_max_token_length", "anima_t5_max_token_length", "anima_attn_mode", "anima_split_attn",
    "anima_vae_chunk_size", "anima_vae_disable_cache", "anima_unsloth_offload_checkpointing", "anima_qwen_image_vae_2d",
    "anima_compile", "anima_torch_compile", "anima_compile_backend", "anima_compile_mode", "anima_compile_dynamic",
    "anima_compile_fullgraph", "anima_compile_cache_size_limit", "lumina_cache_text_encoder_outputs",
    "lumina_cache_text_encoder_outputs_to_disk", "lumina_gemma2", "lumina_ae", "lumina_discrete_flow_shift",
    "lumina_model_prediction_type", "lumina_timestep_sampling", "lumina_sigmoid_scale", "lumina_gemma2_max_token_length",
    "lumina_system_prompt", "lumina_use_flash_attn", "lumina_use_sage_attn",
})  # fmt: skip
"""Sent only where one of `FAMILIES` is on; `kohya_gui_families` says which is which."""

RENAMED: Mapping[str, str] = {
    "max_resolution": "resolution", "optimizer": "optimizer_type", "sdxl_no_half_vae": "no_half_vae",
    "sdxl_cache_text_encoder_outputs": "cache_text_encoder_outputs", "caption_extention": "caption_extension",
    "cache_latent": "cache_latents", "lora_network_weights": "network_weights",
}  # fmt: skip
"""Keys whose option has another name."""

STATE: Mapping[str, str] = {
    "model_list": "which entry the form's list of models showed",
    "save_as_bool": "a button of the form",
    "no_token_padding": "sd-scripts has no such option any more",
    "stop_text_encoder_training": "train_network.py has no such option; kohya_ss ignores it, too",
    "stop_text_encoder_training_pct": "train_network.py has no such option; kohya_ss ignores it, "
    "too",
    "lowvram": "sd-scripts has no such option any more",
    "noise_offset_type": "it chooses which of the noise settings count",
    "t5xxl_lr": "no T5 text encoder in this family",
    "training_preset": "the name of the preset that the form showed",
    "train_inpainting": "inpainting models are not trained here",
}
"""Keys that say nothing of the training itself."""
