"""An OpenAI-compatible server with moods, on a port of this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = (
    "A man with his arms crossed, head and shoulders, smiling at the camera, wearing a grey shirt "
    "and a dark jacket, standing in a sunny park with trees behind him, soft light from the left"
)


def answered(text: Any, **more: Any) -> dict[str, Any]:
    """What such a server answers."""
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **more}]}


class Moody(ThreadingHTTPServer):
    """Each question takes the next of ``moods``, the last one for ever. ``asked`` are the bodies,
    ``headers`` the headers of the questions so far.
    """

    daemon_threads = True

    def __init__(self, *moods: str | Callable[[Handler], None], models: Sequence[str] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.moods, self.models = list(moods) or ["good"], list(models)
        self.asked: list[Any] = []
        self.headers: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next_mood(self) -> str | Callable[[Handler], None]:
        return self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One question."""

    server: Moody

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.headers.append(dict(self.headers))
        rows = [{"id": name, "object": "model"} for name in self.server.models]
        self.say({"object": "list", "data": rows})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(json.loads(body))
        self.server.headers.append(dict(self.headers))
        mood = self.server.next_mood()
        if callable(mood):
            mood(self)
        else:
            getattr(self, mood)()

    def say(
        self, data: Any, status: int = 200, media: str = "application/json", **more: str
    ) -> None:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    # ---- moods ----

    def good(self) -> None:
        self.say(answered(GOOD))

    def slow(self) -> None:
        time.sleep(1.5)
        self.good()

    def broken(self) -> None:
        self.say({"error": {"message": "out of memory", "code": 500}}, 500)

    def busy(self) -> None:
        self.say({"error": {"message": "too many requests"}}, 429, Retry_After="1")

    def empty(self) -> None:
        self.say(answered(""))

    def refusal(self) -> None:
        self.say(answered("I'm sorry, but I can't help with identifying people in images."))

    def half_json(self) -> None:
        self.say(b'{"choices": [{"message": {"content": "A ma')

    def thinking(self) -> None:
        self.say(answered(f"<think>The user wants a caption. \nLet me see.</think>\n\n{GOOD}"))

    def only_thinking(self) -> None:
        self.say(answered("<think>Well, the picture shows", finish_reason="length"))

    def huge(self) -> None:
        self.say(answered("word " * 2_000_000))

    def web_page(self) -> None:
        self.say(b"<!doctype html><title>Welcome</title>", media="text/html")

    def plain_text(self) -> None:
        self.say(answered(GOOD), media="text/plain")

    def wrong_key(self) -> None:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.say({"error": {"message": f"Incorrect API key provided: {key}."}}, 401)

    def elsewhere(self) -> None:
        self.say({}, 307, Location="http://127.0.0.1:9/steal")

    def gone(self) -> None:
        self.close_connection = True
        self.connection.close()
