"""The installed sd-scripts: where it is, its options, networks, optimizers, tokenizers;
its set-up.
"""
