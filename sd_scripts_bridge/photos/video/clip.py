"""A video's frames with their times, decoded with PyAV (https://pyav.basswood-io.com): the only
place that knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
from av.video.frame import VideoFrame
from PIL import Image

from ...errors import BridgeError
from ..measures import SIDE
from ..pixels import turned
from ..printable import shown

_UNSPECIFIED = 2
"""FFmpeg's AVCOL_SPC_UNSPECIFIED."""
_HD = 720
_TICK = 0.0005


class Clip:
    """An opened video. Raises `BridgeError` where it can't be read."""

    def __init__(self, file: Path) -> None:
        self._name = repr(shown(file.name))
        try:
            self._container = av.open(str(file))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._unreadable(error) from error
        if not self._container.streams.video:
            self._container.close()
            raise BridgeError("frames.no_pictures", "{video} has no pictures.", video=self._name)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._start = float((self._stream.start_time or 0) * (self._stream.time_base or 0))

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def seconds(self) -> float:
        """How long it is; 0 where it doesn't say."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return (self._container.duration or 0) / av.time_base

    @property
    def rate(self) -> float:
        """Frames a second; a guess where it doesn't say."""
        return float(self._stream.average_rate or 25)

    def frames(self, start: float = 0.0) -> Iterator[tuple[float, VideoFrame]]:
        """(seconds, frame) from ``start`` on, in order; up to where it is damaged.

        Raises `BridgeError` where not even one can be decoded.
        """
        self._seek(start)
        any_came, number = False, 0
        try:
            for number, frame in enumerate(self._container.decode(self._stream)):
                time = number / self.rate if frame.time is None else frame.time - self._start
                any_came = True
                if time >= start - _TICK:
                    yield time, frame
        except av.FFmpegError as error:
            if not any_came and start == 0:
                raise self._unreadable(error) from error

    def at(self, time: float) -> VideoFrame | None:
        """The frame at ``time``; None where none is there any more."""
        for begin in (time, 0.0):
            for found, frame in self.frames(begin):
                if found >= time - _TICK:
                    if found <= time + _TICK:
                        return frame
                    break
        return None

    def picture(self, frame: VideoFrame, side: int | None = None) -> Image.Image:
        """``frame`` upright with square pixels, as RGB; at most ``side`` pixels a side."""
        wide = round(frame.width * float(self._stream.sample_aspect_ratio or 1))
        scale = min(1.0, side / max(wide, frame.height)) if side else 1.0
        size = max(1, round(wide * scale)), max(1, round(frame.height * scale))
        unsaid = frame.colorspace == _UNSPECIFIED and frame.height >= _HD
        colours = "ITU709" if unsaid else None
        plain = frame.reformat(*size, format="rgb24", src_colorspace=colours)
        return turned(Image.fromarray(plain.to_ndarray()), -round(frame.rotation / 90))

    def small(self, frame: VideoFrame) -> Image.Image:
        """``frame`` as it is looked at."""
        return self.picture(frame, SIDE)

    def _seek(self, time: float) -> None:
        try:
            base = self._stream.time_base or 1
            self._container.seek(round((time + self._start) / base), stream=self._stream)
        except av.FFmpegError:  # no index: it is read from where it stands, which is its beginning
            return

    def _unreadable(self, error: Exception) -> BridgeError:
        text = "{video} can't be read as a video ({error}). If it plays elsewhere, save it as MP4."
        said = getattr(error, "strerror", None) or str(error)
        return BridgeError("frames.unreadable", text, video=self._name, error=said)
