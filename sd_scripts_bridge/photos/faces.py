"""Finding faces, where a detector is really there.

Nothing is downloaded, and no claim is made without one.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from ..messages import Message
from .pixels import turned

_SURE = 0.8
_LYING = 0.1
"""Of the height: a smaller face is no reason to turn a photo."""
_YUNET_SIDE, _HAAR_SIDE = 320, 512


@dataclass(frozen=True)
class Box:
    """A part of a picture, in shares of its width and height, 0 to 1 from the left and the top."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def turned(self, quarters: int) -> Box:
        """The same part after the picture is turned clockwise by this many quarter turns."""
        box = self
        for _ in range(quarters % 4):
            box = Box(1 - box.bottom, box.left, box.height, box.width)
        return box

    def of(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in pixels of a picture of ``size``, within it."""
        edges = (self.left, self.top, self.right, self.bottom)
        left, top, right, bottom = (
            round(min(max(edge, 0.0), 1.0) * size[at % 2]) for at, edge in enumerate(edges)
        )
        return left, top, right, bottom


class Detector(Protocol):
    """Finds faces on an upright RGB picture; may be called from several threads."""

    name: str
    is_sure: bool
    """Whether a face that it finds on a turned photo is one; Haar's files see many in leaves."""

    def find(self, pixels: Image.Image) -> tuple[Box, ...]: ...


def find_detector(folders: Sequence[Path] = ()) -> Detector | None:
    """YuNet where OpenCV and its .onnx are there (A1111: models/opencv), else OpenCV's Haar file,
    else None.
    """
    if importlib.util.find_spec("cv2") is None:
        return None
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError:  # an OpenCV whose system libraries are missing
        return None
    for model in (
        file for folder in folders for file in sorted(folder.glob("face_detection_yunet*.onnx"))
    ):
        try:
            return _YuNet(cv2, model)
        except (
            cv2.error
        ):  # an error page saved under this name, or a model that this OpenCV can't read
            continue
    data = getattr(getattr(cv2, "data", None), "haarcascades", "")
    haar = Path(data) / "haarcascade_frontalface_alt2.xml"
    return _Haar(cv2, haar) if data and haar.is_file() else None


class _YuNet:
    name, is_sure = "YuNet", True

    def __init__(self, cv2: Any, model: Path) -> None:
        self._detector = cv2.FaceDetectorYN.create(
            str(model), "", (_YUNET_SIDE, _YUNET_SIDE), _SURE
        )
        self._lock = threading.Lock()

    def find(self, pixels: Image.Image) -> tuple[Box, ...]:
        bgr = np.ascontiguousarray(np.asarray(_fitted(pixels, _YUNET_SIDE))[:, :, ::-1])
        with self._lock:
            self._detector.setInputSize((bgr.shape[1], bgr.shape[0]))
            _, faces = self._detector.detect(bgr)
        return _boxes(() if faces is None else faces, bgr.shape)


class _Haar:
    name: str = Message("faces.haar", "OpenCV's Haar detector")
    is_sure = False

    def __init__(self, cv2: Any, cascade: Path) -> None:
        self._detector = cv2.CascadeClassifier(str(cascade))
        self._lock = threading.Lock()

    def find(self, pixels: Image.Image) -> tuple[Box, ...]:
        grey = np.asarray(_fitted(pixels, _HAAR_SIDE).convert("L"))
        least = max(20, min(grey.shape) // 10)
        with self._lock:
            faces = self._detector.detectMultiScale(
                grey, scaleFactor=1.1, minNeighbors=5, minSize=(least, least)
            )
        return _boxes(faces, grey.shape)


def quarters_to_upright(detector: Detector, pixels: Image.Image) -> int:
    """How many quarters clockwise a photo without a face has to be turned until it has one; 0 where
    that is none, or nobody can tell. Never two: a photo lies on its side, and no cat on its head is
    a face.
    """
    if not detector.is_sure:
        return 0
    found = {quarters: detector.find(turned(pixels, quarters)) for quarters in (1, 3)}
    large = {q: faces[0].height for q, faces in found.items() if faces and faces[0].height > _LYING}
    return max(large, key=lambda quarters: large[quarters]) if large else 0


def _boxes(faces: Iterable[Sequence[float]], shape: Sequence[int]) -> tuple[Box, ...]:
    """Of rows that begin with left, top, width, height in pixels, the largest face first."""
    high, wide = shape[:2]
    found = [
        Box(*(float(value) for value in (x / wide, y / high, w / wide, h / high)))
        for x, y, w, h, *_ in faces
    ]
    return tuple(sorted(found, key=lambda box: -box.width * box.height))


def _fitted(pixels: Image.Image, side: int) -> Image.Image:
    scale = min(1.0, side / max(pixels.size))
    size = max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale))
    return pixels.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
