"""Videos drawn with the demo's figure: some frames as they are, many blurred by a movement."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sd_scripts_bridge.demo.look import SUBJECT_LOOK
from sd_scripts_bridge.demo.photos import _SCENES, _picture

SIZE, RATE = (512, 288), 25


def moved(picture: Image.Image, length: float, angle: float) -> Image.Image:
    """As exposed while everything moves by ``length`` pixels."""
    pixels = np.asarray(picture, dtype=np.float32)
    count = max(4, math.ceil(length))
    steps = [length * (number / (count - 1) - 0.5) for number in range(count)]
    copies = [
        np.roll(pixels, (round(step * math.sin(angle)), round(step * math.cos(angle))), (0, 1))
        for step in steps
    ]
    return Image.fromarray(np.mean(copies, axis=0).astype(np.uint8))


def drawn(scenes: int, poses: int, blurred: int, seed: int) -> list[tuple[Image.Image, bool]]:
    """(frame, whether it is sharp): of each pose one sharp frame among ``blurred`` others."""
    dice, frames = random.Random(seed), []
    for number in range(scenes):
        scene = _SCENES[(number + seed) % len(_SCENES)][0]
        for step in range(poses):
            pose = replace(scene.pose, x=0.3 + 0.4 * step / poses, tilt=scene.pose.tilt + 2 * step)
            sharp = _picture(
                replace(scene, pose=pose), SUBJECT_LOOK, random.Random(number), SIZE[1], SIZE
            )
            near = [
                (moved(sharp, dice.choice((6, 10, 16, 30)), dice.uniform(0, math.pi)), False)
                for _ in range(blurred)
            ]
            near.insert(dice.randrange(blurred + 1), (sharp, True))
            frames += near
    return frames


def stream_class() -> type[object]:
    """PyAV's, of a video that is written."""
    from av.video.stream import VideoStream

    return VideoStream


def write(file: Path, pictures: Iterable[Image.Image], turn: int = 0) -> Path:
    """An H.264 video; ``turn``: as a phone notes it, in degrees."""
    import av
    from av.video.stream import VideoStream

    frame: Any = av.VideoFrame
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"crf": "23"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        if turn:
            stream.set_display_rotation(turn)
        for picture in pictures:
            out.mux(stream.encode(frame.from_image(picture)))
        out.mux(stream.encode())
    return file
