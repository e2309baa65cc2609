"""Frames chosen from drawn clips whose sharp frames are known: how many of them are sharp."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from sd_scripts_bridge.photos.video.selection import choose

from . import drawn_clip
from .outcome import Missing, Outcome

TARGET = 0.9
SCENES, POSES, BLURRED = 6, 4, 4


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23, 31, 32, 33])
    parser.add_argument("--counts", type=int, nargs="+", default=[12, 18, 24], help="frames taken")


def measure(chosen: argparse.Namespace) -> Outcome:
    """Precision for each number of frames, over all clips."""
    taken = {count: [0, 0, 0, 0] for count in chosen.counts}
    for seed in chosen.seeds:
        for count, found in of_clip(seed, chosen.counts).items():
            taken[count] = [a + b for a, b in zip(taken[count], found, strict=True)]
    rows = [
        (count, of, f"{sharp / max(1, of):.0%}", f"{scenes} of {all_scenes}")
        for count, (of, sharp, scenes, all_scenes) in taken.items()
    ]
    worst = min(sharp / max(1, of) for of, sharp, *_ in taken.values())
    return Outcome(
        ("asked for, a clip", "taken", "sharp", "scenes shown"),
        rows,
        f"The lowest share of sharp frames is {worst:.0%}; the target is {TARGET:.0%}.",
        worst >= TARGET,
    )


def of_clip(seed: int, counts: list[int]) -> dict[int, tuple[int, int, int, int]]:
    """(taken, sharp ones, scenes that they show, scenes) for each number that is asked for."""
    try:
        from sd_scripts_bridge.photos.video.clip import Clip
        from sd_scripts_bridge.photos.video.watching import watch
    except ImportError as error:
        raise Missing("PyAV is not installed (pip install av).") from error
    frames = drawn_clip.drawn(SCENES, POSES, BLURRED, seed)
    with tempfile.TemporaryDirectory() as folder:
        file = drawn_clip.write(Path(folder) / "clip.mp4", [picture for picture, _ in frames])
        with Clip(file) as clip:
            looks = watch(clip, Path(folder) / "looks.jsonl", None, lambda *_: None, bool)
    assert looks is not None
    found = {}
    for count in counts:
        at = [round(look.time * drawn_clip.RATE) for look in choose(looks, count).taken]
        scenes = {number // (len(frames) // SCENES) for number in at}
        found[count] = (len(at), sum(frames[number][1] for number in at), len(scenes), SCENES)
    return found
