"""From drawn photos to a LoRA, on any machine: python -m sd_scripts_bridge.demo."""
