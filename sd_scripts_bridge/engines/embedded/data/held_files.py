"""Files that are read once and used twice: to place a picture, and to encode it."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 256_000_000


class HeldFiles:
    """Keeps what was read until it is taken, up to ``most`` bytes; the rest is read again."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most, self._held, self._bytes = most, dict[Path, bytes](), 0

    def read(self, file: Path) -> bytes:
        """The file's content, kept for `take`. Raises OSError."""
        content = file.read_bytes()
        if file not in self._held and self._bytes + len(content) <= self.most:
            self._held[file] = content
            self._bytes += len(content)
        return content

    def take(self, file: Path) -> bytes:
        """The content, which isn't kept any longer. Raises OSError."""
        content = self._held.pop(file, None)
        if content is None:
            return file.read_bytes()
        self._bytes -= len(content)
        return content
