"""What pip prints while it installs, as one short line of progress."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..messages import Message

_FILE = re.compile(
    r"^\s*(?:Downloading|Using cached) (?:\S*/)?(?P<name>[\w.]+)\S* "
    r"\((?P<size>[\d.]+) ?(?P<unit>k|M|G)?i?B\)"
)
_NOW = re.compile(r"^\s*Progress (?P<done>\d+) of (?P<total>\d+)")
_COLLECT = re.compile(r"^Collecting (?P<name>[\w.-]+)")
_INSTALL = re.compile(r"^Installing collected packages: (?P<names>.+)")
_BYTES = {None: 1, "k": 1e3, "M": 1e6, "G": 1e9}
_WORTH_A_COUNT = 5e6
"""Bytes of a file whose download is shown while it comes."""


@dataclass
class PipProgress:
    """Reads pip's lines one by one: how many packages, how many bytes, and which is next."""

    packages: int = 0
    bytes: float = 0.0
    """What the packages found so far weigh, from the network or from pip's cache."""
    name: str = ""
    now: tuple[float, float] | None = None
    """(bytes that came, of how many) of the file that is being downloaded."""
    installing: bool = False

    def take(self, line: str) -> bool:
        """Read a line; True where there is something new to show."""
        if found := _NOW.match(line):
            self.now = float(found["done"]), float(found["total"])
        elif found := _COLLECT.match(line):
            self.packages, self.name, self.now = self.packages + 1, found["name"], None
        elif found := _FILE.match(line):
            self.bytes += float(found["size"]) * _BYTES[found["unit"]]
            self.name, self.now = found["name"], None
        elif found := _INSTALL.match(line):
            self.packages, self.installing = len(found["names"].split(",")), True
        else:
            return False
        return True

    @staticmethod
    def is_bar(line: str) -> bool:
        """A line that only says how far a download is: nothing for a log."""
        return _NOW.match(line) is not None

    @property
    def sentence(self) -> Message:
        """Where it stands: "torch, 312 of 767 MB", "41 packages, 880 MB so far"."""
        if self.installing:
            return Message("pip.installing", "unpacking {count} packages", count=self.packages)
        if self.now and self.now[1] >= _WORTH_A_COUNT:
            done, total = (round(size / 1e6) for size in self.now)
            return Message(
                "pip.downloading",
                "{name}, {done} of {total} MB",
                name=self.name,
                done=done,
                total=total,
            )
        return Message(
            "pip.collecting",
            "{count} {count:package|packages}, {megabytes} MB so far",
            count=self.packages,
            megabytes=round(self.bytes / 1e6),
        )
