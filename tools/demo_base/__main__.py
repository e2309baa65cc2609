"""Train the demo's base model: a Stable Diffusion 1.5 in small that draws made-up people.

    python -m tools.demo_base WORK_FOLDER

About 70 minutes on one CPU core. Each stage leaves its result in the folder; run again, it goes on
with the stage that is missing. The last file is `demo_base.safetensors`; its SHA-256, printed at
the end, belongs into sd_scripts_bridge/models/shipped/demo_base.py.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.engines.embedded.model.text import Tokenizer

from . import autoencoder, denoiser, drawings, networks
from .drawings import Drawings


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--drawings", type=int, default=16000)
    parser.add_argument("--vae-steps", type=int, default=6000)
    parser.add_argument("--decoder-steps", type=int, default=7000)
    parser.add_argument("--unet-steps", type=int, default=3450)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run(options.folder, options)


def run(folder: Path, options: argparse.Namespace) -> None:
    """All stages, each timed."""
    timed("drawing", lambda: drawings.draw(folder, options.drawings, options.seed))
    drawn, base = drawings.load(folder), networks.fresh(options.seed)
    pictures, vae = drawn.pictures, base.vae
    stage(
        "VAE",
        {folder / "vae.pt": vae},
        lambda saved: autoencoder.train(vae, pictures, options.vae_steps, options.seed, saved),
    )
    latents = autoencoder.encode(vae, pictures)
    stage(
        "decoder",
        {folder / "decoder.pt": vae},
        lambda saved: autoencoder.sharpen(vae, pictures, latents, options.decoder_steps, saved),
    )
    tokens, empty = tokenized(folder, drawn)
    out = folder / "demo_base.safetensors"
    timed(
        "U-Net and text encoder",
        lambda: denoiser.train(
            base,
            latents,
            tokens,
            empty,
            options.unet_steps,
            options.seed,
            lambda: networks.save(base, out),
        ),
    )
    print(f"{out}: {out.stat().st_size:,} bytes, {hashlib.sha256(out.read_bytes()).hexdigest()}")


def stage(name: str, kept: dict[Path, Any], work: Callable[[Callable[[], None]], None]) -> None:
    """Do ``work`` unless its result lies there already, and keep what it leaves."""
    ((path, network),) = kept.items()
    if path.is_file():
        network.load_state_dict(torch.load(path, weights_only=True))
        return
    unfinished = path.with_suffix(".unfinished.pt")
    timed(name, lambda: work(lambda: torch.save(network.state_dict(), unfinished)))
    torch.save(network.state_dict(), path)


def timed(name: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)


def tokenized(folder: Path, drawn: Drawings) -> tuple[torch.Tensor, torch.Tensor]:
    """([n, captions, 77] tokens of every caption, [77] of none)."""
    caption_tokens.write_tokenizers(folder / "tokenizers")
    tokenizer = Tokenizer(folder / "tokenizers", networks.FAMILY)
    flat = [text for texts in drawn.captions for text in texts]
    found = tokenizer(flat, caption_tokens.CHUNK)[:, 0, 0]
    return found.view(len(drawn.captions), -1, found.shape[-1]), tokenizer(
        [""], caption_tokens.CHUNK
    )[0, 0, 0]


if __name__ == "__main__":
    main()
