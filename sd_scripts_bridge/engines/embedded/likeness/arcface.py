"""ArcFace's vectors of faces, as insightface makes them: found with YuNet, turned upright onto
112 x 112 by five points.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ....errors import EngineNotReady, Problem
from ....likeness.statistics import Floats

SIDE = 112
SIDES = (320, 640)
"""Long sides at which YuNet looks for a face: it misses what is much larger than 300 pixels, and at
the first what is small.
"""
POINTS = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Eyes, nose, corners of the mouth in a face of 112 x 112 (insightface's ``arcface_dst``)."""


class ArcFaceEmbedder:
    """Raises `EngineNotReady` where onnxruntime, OpenCV or YuNet's model is missing."""

    def __init__(self, model: Path, detectors: Sequence[Path]) -> None:
        try:
            import cv2
            import onnxruntime
        except ImportError as error:
            text = "the training environment has no {name}"
            todo = "Install onnxruntime and opencv-python there, or measure with CLIP: --with."
            missing = Problem("likeness.no_library", "", text, todo, name=error.name)
            raise EngineNotReady([missing]) from error
        self._cv2: Any = cv2
        self._session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        found = [file for file in detectors if file.is_file()]
        if not found:
            text = "no face detector is here"
            todo = "A1111 keeps face_detection_yunet*.onnx in models/opencv."
            raise EngineNotReady([Problem("likeness.no_detector", "", text, todo)])
        self._detector = cv2.FaceDetectorYN.create(str(found[0]), "", (320, 320))

    def of_picture(self, picture: Image.Image) -> Floats | None:
        """The largest face's vector; None where there is no face."""
        rgb = picture.convert("RGB")
        points = next(filter(None, (self._points(rgb, side) for side in SIDES)), None)
        if points is None:
            return None
        turn = onto(np.asarray(points), np.asarray(POINTS))
        upright = self._cv2.warpAffine(np.asarray(rgb), turn, (SIDE, SIDE))
        numbers = ((upright.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
        (vectors,) = self._session.run(None, {self._session.get_inputs()[0].name: numbers})[:1]
        return np.asarray(vectors[0], np.float64)

    def _points(self, picture: Image.Image, side: int) -> list[tuple[float, float]] | None:
        """Eyes, nose and corners of the mouth of the largest face, in pixels of ``picture``, found
        at a long side of ``side``.
        """
        small = picture.copy()
        small.thumbnail((side, side))
        self._detector.setInputSize(small.size)
        _, faces = self._detector.detect(np.ascontiguousarray(np.asarray(small)[:, :, ::-1]))
        if faces is None or not len(faces):
            return None
        face = max(faces, key=lambda row: row[2] * row[3])
        grown = np.divide(picture.size, small.size)
        return [tuple(point) for point in np.asarray(face[4:14], np.float64).reshape(5, 2) * grown]


def onto(points: Floats, wanted: Floats) -> Floats:
    """The turn, scale and shift, [2, 3], that bring ``points`` nearest to ``wanted``, both [n, 2]:
    least squares without a mirror (Umeyama 1991), which in the plane is one complex factor.
    """
    given, to = points @ [1, 1j], wanted @ [1, 1j]
    off, to_off = given - given.mean(), to - to.mean()
    factor = (np.conj(off) * to_off).sum() / (np.abs(off) ** 2).sum()
    shift = to.mean() - factor * given.mean()
    rows = [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    return np.asarray(rows, np.float64)
