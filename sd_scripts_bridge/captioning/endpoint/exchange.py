"""JSON to a server and back, with the standard library: bounded, and tried again where that helps.

The address is the user's own; nothing here asks any other, and a redirect is refused, for it would
carry the key to somewhere else.
"""

from __future__ import annotations

import email.utils
import http.client
import ipaddress
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from ...messages import Message
from ..said import CannotGoOn, NoCaption, Stopped
from .blind import blind_model, is_told

MOST_BYTES = 1_000_000
"""Of an answer; a caption is a few hundred."""
SECONDS = 300.0
"""For one answer: a model on a CPU is slow."""
TRIES = 4
LONGEST_WAIT = 120.0
"""A server that asks for a longer pause is left alone for this run."""
IN_A_ROW = 3
"""Photos without any answer after which the server counts as gone."""
LOADING_PAUSES = 5
"""Between two questions to a server that still loads its model; it is waited for as long as for an
answer.
"""


class _Again(Exception):
    """It may be better in a moment: ``after`` seconds, where the server said so."""

    def __init__(
        self, reason: Message, after: float | None = None, *, loading: bool = False
    ) -> None:
        self.reason, self.after, self.loading = reason, after, loading
        super().__init__(str(reason))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Exchange:
    """One server. ``key`` goes into the Authorization header and nowhere else."""

    def __init__(
        self,
        address: str,
        key: str = "",
        *,
        seconds: float = SECONDS,
        pause: float = 1.0,
        tries: int = TRIES,
        stopped: Stopped = bool,
    ) -> None:
        self.address, self.seconds, self.stopped = address, seconds, stopped
        self.pause, self.tries = pause, tries
        self._key, self._without = key, 0
        own = [urllib.request.ProxyHandler({})] if is_here(address) else []
        self._opener = urllib.request.build_opener(_NoRedirect, *own)

    def ask(self, path: str, body: Any = None) -> Any:
        """What the server answers to ``body`` (None: a GET).

        Raises `NoCaption` where this question has no usable answer, `CannotGoOn` where none will.
        """
        reason = Message("caption.stopped", "stopped before its turn")
        attempt, patient_until = 0, time.monotonic() + self.seconds
        while attempt < self.tries:
            if self.stopped():
                raise CannotGoOn(reason)
            try:
                answer = self._once(path, body)
            except _Again as again:
                reason = again.reason
                self._wait(again.after, attempt, reason)
                attempt += not (again.loading and time.monotonic() < patient_until)
                continue
            self._without = 0
            return answer
        self._without += 1
        raise (CannotGoOn if self._without >= IN_A_ROW else NoCaption)(reason)

    def _wait(self, after: float | None, attempt: int, reason: Message) -> None:
        seconds = self.pause * 2**attempt if after is None else after
        if seconds > LONGEST_WAIT:
            text = "{reason}; it asks for a pause of {minutes} minutes"
            minutes = int(seconds // 60)
            raise CannotGoOn("caption.long_pause", text, reason=reason, minutes=minutes)
        end = time.monotonic() + seconds
        while attempt < self.tries - 1 and not self.stopped() and time.monotonic() < end:
            time.sleep(min(0.1, seconds))

    def _once(self, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(self.address + path, data, headers)  # noqa: S310  # http(s) by captioner.named
        try:
            with self._opener.open(request, timeout=self.seconds) as answer:
                return self._read(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise self._by_status(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise _Again(self._unreached(error)) from error

    def _read(self, answer: Any) -> Any:
        raw, end = b"", time.monotonic() + self.seconds
        while len(raw) <= MOST_BYTES and (part := answer.read1(1 << 16)):
            raw += part
            if time.monotonic() > end:
                raise TimeoutError("timed out")
        if len(raw) > MOST_BYTES:
            raise NoCaption("caption.large_answer", "the answer is larger than 1 MB")
        try:
            return json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self._no_json(answer.headers.get_content_type()) from error

    def _no_json(self, media: str) -> _Again | NoCaption:
        if media in ("text/html", "application/xhtml+xml"):
            text = "{address} answers with a web page, not JSON; check the address"
            return NoCaption("caption.web_page", text, address=self.address)
        return _Again(
            Message("caption.broken_json", "the answer ({media}) is not complete JSON", media=media)
        )

    def _by_status(self, error: urllib.error.HTTPError) -> Exception:
        said = self._hidden(_words(error.read(5000))) or error.reason
        reason = Message(
            "caption.status", "the server answers {status}: {said}", status=error.code, said=said
        )
        if is_told(said):
            return blind_model(reason)
        if error.code == 503 and "loading" in said.casefold() and self.tries > 1:
            return _Again(reason, LOADING_PAUSES * self.pause, loading=True)
        if error.code in (401, 403):
            return self._locked(reason)
        if 300 <= error.code < 400:
            where = self._hidden(error.headers.get("Location") or "-")[:200]
            text = "the server answers {status}: it sends on to {where}, and photos go only to the "
            text += "address that you give"
            return CannotGoOn("caption.redirect", text, status=error.code, where=where)
        if error.code in (404, 405):
            return CannotGoOn(reason)
        if error.code in (408, 409, 425, 429) or error.code >= 500:
            return _Again(reason, _seconds(error.headers.get("Retry-After")))
        return NoCaption(reason)

    def _locked(self, reason: Message) -> CannotGoOn:
        if self._key:
            text = "{reason}; it does not accept this key"
            return CannotGoOn("caption.key", text, reason=reason)
        text = "{reason}; it wants a key, and none was given"
        return CannotGoOn("caption.no_key", text, reason=reason)

    def _unreached(self, error: Exception) -> Message:
        cause = getattr(error, "reason", error)
        said = self._hidden(str(cause) or type(cause).__name__)
        text = "{address} doesn't answer ({said})"
        return Message("caption.unreached", text, address=self.address, said=said)

    def _hidden(self, text: str) -> str:
        """Some servers say the key that was wrong."""
        return text.replace(self._key, "<key>") if self._key else text


def is_here(address: str) -> bool:
    """Whether the address is this machine itself: then no proxy lies between."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(raw: bytes) -> str:
    """What an error's body says, on one line; empty where it says nothing."""
    text = raw.decode("utf-8", "replace")
    try:
        data = json.loads(text)
    except ValueError:
        data = text if "<" not in text[:20] else ""
    if isinstance(data, dict):
        data = data.get("error", data.get("detail", ""))
    if isinstance(data, dict):
        data = data.get("message", "")
    return " ".join(str(data or "").split())[:200].rstrip(". ")


def _seconds(text: str | None) -> float | None:
    """A Retry-After header: seconds, or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
