"""How soon a caption is drawn after its server has answered, while the server is asked about the
next photo: from the end of each answer until a browser shows it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from .outcome import Outcome
from .shown_page import drawn_photos, shown_page

MOST_SECONDS = 1.0
"""From a caption's arrival until it is shown."""
WATCH = """
() => {
    window.drawnAt = {};
    const look = () => {
        for (const box of document.querySelectorAll(".lb-captions textarea")) {
            const said = /the place is number (\\d+)/.exec(box.value);
            if (said && !drawnAt[said[1]]) drawnAt[said[1]] = Date.now();
        }
        requestAnimationFrame(look);
    };
    look();
}
"""


class SlowServer(ThreadingHTTPServer):
    """OpenAI-compatible: takes ``pause`` seconds for each photo; ``answered`` says when."""

    daemon_threads = True

    def __init__(self, pause: float) -> None:
        super().__init__(("127.0.0.1", 0), _Question)
        self.pause, self.answered = pause, list[float]()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Question(BaseHTTPRequestHandler):
    server: SlowServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.pause)
        text = f"standing, the place is number {len(self.server.answered)}"
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        raw = json.dumps({"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        self.server.answered.append(time.time())


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=int, default=8, help="how many (default 8)")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds of an answer (default 2)")


def measure(chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder, SlowServer(chosen.pause) as server:
        home = drawn_photos(Path(folder), chosen.photos)
        with shown_page(home) as page:
            drawn = _drawn(page, server, chosen.photos)
        server.shutdown()
    lags = [round(drawn[n] - at, 2) for n, at in enumerate(server.answered)]
    rows = [(number, lag) for number, lag in enumerate(lags, 1)]
    figure = (
        f"A server that takes {chosen.pause:g} s for a photo: the first caption is shown "
        f"{lags[0]:.2f} s after its arrival, at the median {median(lags):.2f} s, at most "
        f"{max(lags):.2f} s; the target is {MOST_SECONDS:.0f} s."
    )
    return Outcome(("caption", "seconds until shown"), rows, figure, max(lags) <= MOST_SECONDS)


def _drawn(page: Any, server: SlowServer, count: int) -> dict[int, float]:
    """When each answer's caption was shown; the window is as high as all of them."""
    page.set_viewport_size({"width": 1280, "height": 900 + 150 * count})
    page.get_by_role("tab", name="Captions").click()
    page.get_by_label("Captions by").select_option("server")
    page.get_by_label("Address", exact=True).fill(server.address)
    page.get_by_label("Model", exact=True).fill("any")
    page.evaluate(WATCH)
    page.get_by_role("button", name=f"Draft {count} captions").click()
    page.wait_for_function(f"Object.keys(drawnAt).length === {count}", timeout=600_000)
    return {int(n): at / 1000 for n, at in page.evaluate("drawnAt").items()}
