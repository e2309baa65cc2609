"""``python install.py demo``: the whole way, from ten drawn pictures to a LoRA in a WebUI-shaped
folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from PIL import Image

from ..bridge import Bridge
from ..cli.follow import follow
from ..errors import BridgeError
from ..jobs.events import Checkpoint, Proof, Published
from ..jobs.job import Status, TrainingJob
from ..jobs.meter import duration
from ..models.shipped import demo_base
from ..paths import PACKAGE_PARENT, Home
from ..planning.request import Request
from . import photos as demo_photos
from . import sheet
from .reading import likeness, read

NAME, CLASS_TOKEN, STEPS = "AlvaroBadia", "man", 1500
READ = 5
"""Pictures of a row that are read back; one takes about a second."""


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
    base = put_base(root)
    dataset = make_dataset(bridge, root, photos, steps)
    lora_dir = root / "models" / "Lora"
    quarter = steps // 4 + 1  # the steps of nine photos are a few more: four saves all the same
    submitted = bridge.submit(
        Request(
            dataset,
            base,
            engine="embedded",
            preset="tiny",
            lora_dir=lora_dir,
            values={"save_every_n_steps": quarter},
        )
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
    show(bridge, row.id, root, photos, submitted.job)
    print(f"\nEverything took {duration(time.time() - began)}.")
    return 0


def draw(root: Path) -> Path:
    photos = root / "photos"
    drawn = demo_photos.draw(photos)
    print(f"1. Drew {len(drawn)} pictures of one made-up subject, each with its caption: {photos}")
    return photos


def put_base(root: Path) -> Path:
    """The tiny base model that comes with the package."""
    base = demo_base.put(root / "models" / "Stable-diffusion")
    print(
        f"2. The base model: a small Stable Diffusion 1.5 ({base.stat().st_size / 1e6:.1f} MB, "
        f"{demo_base.SIDE} pixels), which has never seen him: {base}"
    )
    return base


def make_dataset(bridge: Bridge, root: Path, photos: Path, steps: int) -> Path:
    """The first user's folder, made again each time."""
    out = root / NAME
    if (out / "dataset.json").is_file():  # ours, from the last time
        shutil.rmtree(out)
    made = bridge.write_dataset([photos], NAME, CLASS_TOKEN, steps, out, hold_out=["auto"])
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
            "\nDid it learn? Mean denoising loss on the training pictures, at fixed noise "
            "and timesteps "
            f"({proof.pairs} draws):\n  without the LoRA  {proof.without:.4f}\n  with the LoRA   "
            f"  {proof.with_lora:.4f}"
        )
    print(
        "\nThe demo's base model is a toy that draws 64 pixels. For pictures to use, train on a "
        "real one:\n"
        f"  sd-scripts-bridge train {dataset} --base MODEL.safetensors --lora-dir WEBUI/models/Lora"
    )


def show(bridge: Bridge, job_id: int, root: Path, photos: Path, job: TrainingJob) -> None:
    """Draw the same prompts without the LoRA and with each of its saved steps, below the photos."""
    events = [entry.event for entry in bridge.events(job_id)]
    saved = [event for event in events if isinstance(event, Checkpoint)]
    loras: dict[str, Path | None] = {"without the LoRA": None}
    loras |= {f"step {one.step}": Path(one.path) for one in saved if Path(one.path).is_file()}
    loras[f"step {job.params.max_train_steps}"] = next(
        Path(e.path) for e in events if isinstance(e, Published)
    )
    rows = sheet.draw_rows(Path(job.base), bridge.home.tokenizers, loras)
    pictures = [Image.open(path) for path in demo_photos.files(photos)]
    out = root / f"{NAME}.png"
    sheet.paste([sheet.Row("the ten photos", pictures), *rows]).save(out)
    print(f"\nThe photos, and the same ten prompts without and with the LoRA: {out}")
    without, with_lora = (likeness_of(row) for row in (rows[0], rows[-1]))
    print(
        "\nIs it him? His hair, its colour, beard, glasses and skin, read back from the pixels of "
        f"{READ} pictures:\n  without the LoRA  {without:.0%}\n  with the LoRA     {with_lora:.0%}"
    )


def likeness_of(row: sheet.Row) -> float:
    """The share of his properties that the row's first pictures show, 0 to 1."""
    pairs = list(zip(row.pictures, sheet.SCENES, strict=False))[:READ]
    return sum(likeness(read(picture, scene)[0]) for picture, scene in pairs) / len(pairs)


if __name__ == "__main__":
    sys.exit(main())
