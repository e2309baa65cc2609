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
        pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1].copy()
        self._detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, faces = self._detector.detect(pixels)
        if faces is None:
            return None
        face = max(faces, key=lambda row: row[2] * row[3])
        points = np.asarray(face[4:14], np.float32).reshape(5, 2)
        turn, _ = self._cv2.estimateAffinePartial2D(points, np.asarray(POINTS, np.float32))
        upright = self._cv2.warpAffine(pixels, turn, (SIDE, SIDE))[:, :, ::-1]
        numbers = ((upright.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
        (vectors,) = self._session.run(None, {self._session.get_inputs()[0].name: numbers})[:1]
        return np.asarray(vectors[0], np.float64)
