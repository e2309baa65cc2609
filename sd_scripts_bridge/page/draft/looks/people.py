"""Who is on the draft's photos: their faces are compared after they were looked at, so that nobody
waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from ....datasets.looking.findings import Finding
from ....datasets.looking.people import SamePerson
from ....engines.faces import FaceComparison


class PeopleCheck:
    """Compares in a thread that ends when all faces are known; then it calls ``done``."""

    def __init__(self, comparison: FaceComparison, done: Callable[[], None]) -> None:
        self.comparison = comparison
        self.progress: tuple[int, int] | None = None
        """(faces compared, of how many); None while none are."""
        self._done = done
        self._lock = threading.Lock()
        self._wanted: Sequence[Finding] = ()
        self._thread: threading.Thread | None = None

    def missing(self, findings: Sequence[Finding]) -> list[Finding]:
        """Those whose faces have to be compared yet, and can be."""
        return self.comparison.missing(findings)

    def want(self, findings: Sequence[Finding]) -> None:
        """Compare these, and no others any more."""
        with self._lock:
            self._wanted = findings
            if self._thread is None:
                self.progress = (0, len(findings))
                self._thread = threading.Thread(
                    target=self._run, name="lora-bridge faces", daemon=True
                )
                self._thread.start()

    def of(self, shares: Mapping[int, Sequence[Finding]]) -> dict[int, SamePerson]:
        """Who is on each subject's photos, as far as is known."""
        return {number: self.comparison.people(own) for number, own in shares.items()}

    def wait(self, seconds: float = 60.0) -> bool:
        """Until all are compared; returns whether that came true."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._thread is None

    def _run(self) -> None:
        findings: Sequence[Finding] | None = None
        try:
            while (findings := self._next(findings)) is not None:
                self.comparison.measure(findings, self._advance, self._differ(findings))
                self._done()
        finally:
            if findings is not None:
                self._end()

    def _next(self, done: Sequence[Finding] | None) -> Sequence[Finding] | None:
        with self._lock:
            if done is self._wanted:
                self._end()
                return None
            return self._wanted

    def _end(self) -> None:
        self._thread, self.progress = None, None

    def _differ(self, findings: Sequence[Finding]) -> Callable[[], bool]:
        return lambda: self._wanted is not findings

    def _advance(self, done: int, total: int) -> None:
        self.progress = (done, total)
