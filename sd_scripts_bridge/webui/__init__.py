"""The tab "Train LoRA" in a WebUI and on its own.

Only here may gradio and the host's modules be imported.
"""
