"""``python install.py demo``: the whole way, from ten drawn pictures to a LoRA in a WebUI-shaped
folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from ..bridge import Bridge
from ..cli.follow import follow
from ..errors import BridgeError
from ..jobs.events import Proof, Published
from ..jobs.job import Status
from ..jobs.meter import duration
from ..paths import PACKAGE_PARENT, Home
from ..planning.request import Request
from . import photos as demo_photos

NAME, CLASS_TOKEN, STEPS = "AlvaroBadia", "man", 1500


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="install.py demo", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=PACKAGE_PARENT / "demo", help="the folder to work in"
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--began", type=float, default=time.time(), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        return run(options.out.absolute(), options.steps, options.began)
    except BridgeError as error:
        print(error, file=sys.stderr)
        return 1


def run(root: Path, steps: int = STEPS, began: float | None = None) -> int:
    """Everything, under ``root``; returns the exit code. Raises `BridgeError`.

    ``began`` (seconds since 1970) is before the installation, where that was part of it.
    """
    began = time.time() if began is None else began
    bridge = Bridge(Home(root / "home", "the demo"))
    photos = draw(root)
    base = make_base(root)
    dataset = make_dataset(bridge, root, photos, steps)
    lora_dir = root / "models" / "Lora"
    submitted = bridge.submit(
        Request(dataset, base, engine="embedded", preset="tiny", lora_dir=lora_dir)
    )
    print(
        f"\n4. Training {submitted.job.params.max_train_steps} steps on {base.name}, with the "
        "embedded engine."
    )
    row = follow(bridge, submitted.id)
    if row.status is not Status.SUCCEEDED:
        print(f"The log is {bridge.folder(row.id).log}", file=sys.stderr)
        return 1
    say_where(bridge, row.id, dataset, base)
    print(f"\nEverything took {duration(time.time() - began)}.")
    return 0


def draw(root: Path) -> Path:
    photos = root / "photos"
    drawn = demo_photos.draw(photos)
    print(f"1. Drew {len(drawn)} pictures of one made-up subject, each with its caption: {photos}")
    return photos


def make_base(root: Path) -> Path:
    """The tiny base model; made once."""
    base = root / "models" / "Stable-diffusion" / "tiny-sd15.safetensors"
    if not base.is_file():
        from ..engines.embedded.model import tiny

        base.parent.mkdir(parents=True, exist_ok=True)
        tiny.make(base)
    print(f"2. Made a tiny base model, SD 1.5 in architecture, its weights random: {base}")
    return base


def make_dataset(bridge: Bridge, root: Path, photos: Path, steps: int) -> Path:
    """The first user's folder, anew each time."""
    out = root / NAME
    if (out / "dataset.json").is_file():  # ours, from the last time
        shutil.rmtree(out)
    made = bridge.write_dataset([photos], NAME, CLASS_TOKEN, steps, out)
    subset = made.subsets[0]
    print(
        f"3. {made.images} photos x {subset.repeats} repeats = {made.real_steps} steps: "
        f"{subset.folder}"
    )
    return out


def say_where(bridge: Bridge, job_id: int, dataset: Path, base: Path) -> None:
    events = [entry.event for entry in bridge.events(job_id)]
    published = next(event for event in events if isinstance(event, Published))
    lora = Path(published.path)
    proof = next((event for event in events if isinstance(event, Proof)), None)
    print("\nWhere everything is:")
    for what, path in (
        ("the LoRA", lora),
        ("its card", lora.with_suffix(".json")),
        ("its preview", lora.with_suffix(".png")),
        ("the dataset", dataset),
        ("the base model", base),
        ("the job", bridge.folder(job_id).root),
    ):
        print(f"  {what:<15}{path}")
    print(
        f"\nPrompt:\n  A full body picture of {published.activation_text} "
        f"<lora:{published.stem}:1> in a sunny park"
    )
    if proof:
        print(
            "\nDid it learn? Mean denoising loss on the ten training pictures, at fixed noise "
            "and timesteps "
            f"({proof.pairs} draws):\n  without the LoRA  {proof.without:.4f}\n  with the LoRA   "
            f"  {proof.with_lora:.4f}"
        )
    print(
        "\nThe tiny base model has random weights: it makes no pictures worth looking at, with "
        "or without the LoRA. It is here "
        "to show\nthe whole way on any machine. For pictures, train on a real base model:\n"
        f"  sd-scripts-bridge train {dataset} --base MODEL.safetensors --lora-dir WEBUI/models/Lora"
    )


if __name__ == "__main__":
    sys.exit(main())
