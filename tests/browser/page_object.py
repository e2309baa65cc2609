"""The tab as a person uses it: what he sees, presses and types, in a browser.

The same in a WebUI and on its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.patience import SECONDS

SCREENSHOTS = os.environ.get("LORA_BRIDGE_SCREENSHOTS")
"""A folder to renew the pictures of the documentation in."""

SURE_MS = 3000
"""A button that asks whether one is sure asks a second longer."""


def expect(found: Any, message: str | None = None) -> Any:
    """Playwright's `expect`, which waits; imported only where there is Playwright."""
    from playwright import sync_api

    return sync_api.expect(found, message)


class Tab:
    """Over a Playwright page.

    ``foreign`` gathers requests to other machines, ``errors`` what our scripts threw.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.root = page.locator("#lora-bridge")
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", self._error)
        page.on("request", self._note)

    def _error(self, error: Any) -> None:
        """gradio 3.41.2 throws one of its own where txt2img is filled; its stack names no file of
        ours.
        """
        where = f"{error.message}\n{error.stack}"
        if "lora_bridge" in where or "lora-bridge" in where:
            self.errors.append(where)

    def _note(self, request: Any) -> None:
        if re.match(r"(https?|wss?)://(?!127\.0\.0\.1|localhost)", request.url):
            self.foreign.append(request.url)
        if "/lora-bridge/v1/" in request.url:
            self.asked.append(
                f"{request.method} {request.url.partition('/lora-bridge/v1/')[2].partition('?')[0]}"
            )

    def step(self, name: str) -> Any:
        """Open a step by its tab; returns its panel."""
        self.root.get_by_role("tab", name=re.compile(name)).click()
        return self.root.locator(f"#lora-bridge-{name.lower()}")

    def field(self, label: str) -> Any:
        return self.root.get_by_label(label, exact=True).and_(
            self.page.locator("input, textarea, select")
        )

    def shows(self, label: str, value: str) -> None:
        """Wait until a field says this."""
        expect(self.field(label)).to_have_value(value)

    def knows(self, expression: str, seconds: float = SECONDS) -> Any:
        """Wait until a JavaScript expression over the page's own ``app`` is true."""
        code = (
            f"(() => {{ const app = window.loraBridge && loraBridge.app; return app && "
            f"({expression}); }})()"
        )
        return self.page.wait_for_function(code, timeout=seconds * 1000)

    def soon(self, happened: Callable[[], object]) -> None:
        """Wait until something outside of the page has happened."""
        deadline = time.monotonic() + SECONDS
        while not happened():
            assert time.monotonic() < deadline, "it never came to be"
            self.page.wait_for_timeout(50)

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name, exact=True)

    def press_twice(self, name: str) -> None:
        """Press a button that asks whether one is sure; anew where we slept until it was calm."""
        from playwright import sync_api

        while True:
            self.button(name).first.click()
            with contextlib.suppress(sync_api.TimeoutError):
                self.button(f"{name}: sure?").first.click(timeout=SURE_MS)
                return

    def sees(self, text: str | re.Pattern[str], seconds: float = SECONDS) -> Any:
        """Wait until a text can be seen; returns where."""
        found = self.root.get_by_text(text).locator("visible=true").first
        found.wait_for(timeout=seconds * 1000)
        return found

    def violations(self, axe: str) -> list[str]:
        """What axe-core has against the step that is open."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run('#lora-bridge')")["violations"]
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]

    def drop(self, files: Sequence[Path], onto: Any = None) -> None:
        """Let go of files over the first step or another place, as from a file manager."""
        box = (onto or self.root.locator("#lora-bridge-photos")).bounding_box()
        devtools = self.page.context.new_cdp_session(self.page)
        carried = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, "data": carried, **place})
        devtools.detach()

    def screenshot(self, name: str, folder: Path) -> Path:
        """A picture of the tab, small enough for a repository."""
        self.page.wait_for_timeout(300)
        large = folder / f"{name}-large.png"
        self.root.screenshot(path=large)
        target = Path(SCREENSHOTS) / f"{name}.png" if SCREENSHOTS else folder / f"{name}.png"
        with Image.open(large) as image:
            image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
        large.unlink()
        return target
