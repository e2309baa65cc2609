"""How it looks: few fields, every width, light and dark, with the keyboard alone, in Spanish; and
what remote clients are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from .conftest import ROOT, Ui
from .page_object import Tab, expect

FIELDS = "input:not([type=hidden]):not([type=file]), textarea, select"


def test_a_newcomer_sees_few_fields(serve: Callable[..., Ui], visit: Callable[..., Tab]) -> None:
    """At most twelve in all steps together, before he opens anything."""
    tab = visit(serve().address)
    seen = 0
    for step in ("Photos", "Captions", "Train", "Try"):
        panel = tab.step(step)
        if step == "Train":
            tab.field("Steps").wait_for()
        tab.page.wait_for_timeout(700)
        seen += panel.locator(FIELDS).locator("visible=true").count()
    assert 4 <= seen <= 12


@pytest.mark.parametrize("width", [400, 820, 1920])
def test_every_width(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], width: int
) -> None:
    tab = visit(serve().address, viewport={"width": width, "height": 900})
    tab.drop(pictures)
    tab.sees("10 of 10 photos will be used.")
    for step in ("Photos", "Captions", "Train", "Try"):
        tab.step(step)
        tab.page.wait_for_timeout(500)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, (
            f"{step} is wider than the screen"
        )
        cut = tab.page.evaluate(CUT_BUTTONS)
        assert not cut, f"{step}: cut off: {cut}"


CUT_BUTTONS = """() => [...document.querySelectorAll('#lora-bridge button, #lora-bridge label')]
    .filter((node) => node.offsetParent && node.scrollWidth > node.clientWidth + 1
        && !node.classList.contains('lb-tile')
        && getComputedStyle(node).overflow === 'hidden')
    .map((node) => node.textContent)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_read_it(
    serve: Callable[..., Ui],
    visit: Callable[..., Tab],
    pictures: list[Path],
    tmp_path: Path,
    axe: str,
    theme: str,
) -> None:
    """WCAG AA in all four steps: nothing that axe-core objects to."""
    tab = visit(f"{serve().address}/?__theme={theme}", color_scheme=theme)
    tab.field("Name, as you will use it in prompts").fill("AlvaroBadia")
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(pictures[0].read_bytes()[:3000])
    tab.drop([*pictures, damaged])
    tab.sees("10 of 11 photos will be used.")
    for step in ("Photos", "Captions", "Train", "Try"):
        tab.step(step)
        tab.page.wait_for_timeout(500)
        assert tab.violations(axe) == [], f"{theme}, {step}"
    if theme == "dark":
        tab.step("Photos")
        tab.screenshot("photos-dark", tmp_path)


def test_with_the_keyboard_alone(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    tab.root.get_by_role("tab", name="Photos").focus()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type("Ada")
    tab.shows("Name, as you will use it in prompts", "Ada")
    tab.root.locator(".lb-tile").first.focus()
    tab.page.keyboard.press("Enter")
    tab.sees("1 of 2 photos will be used.")
    tab.root.get_by_role("tab", name="Photos").focus()
    tab.page.keyboard.press("ArrowRight")
    tab.root.locator("#lora-bridge-captions").wait_for()
    assert tab.page.evaluate("document.activeElement.getAttribute('role')") == "tab"
    nameless = tab.page.evaluate(NAMELESS)
    assert not nameless, nameless


NAMELESS = """() => [
    ...document.querySelectorAll('#lora-bridge :is(input, textarea, select, button)')]
    .filter((node) => !(node.labels && node.labels.length)
        && !node.getAttribute('aria-label') && !node.textContent.trim()
        && !node.querySelector('img[alt]:not([alt=""])')
        && node.getAttribute('aria-hidden') !== 'true')
    .map((node) => node.outerHTML.slice(0, 120))"""


def test_in_spanish(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    """The page's own texts, and what the server says by its codes."""
    tab = visit(serve().address, locale="es-ES")
    words = json.loads((ROOT / "localizations" / "es_ES.json").read_text(encoding="utf-8"))
    names = tab.root.get_by_role("tab").all_inner_texts()
    assert names == [words[name] for name in ("1 Photos", "2 Captions", "3 Train", "4 Try")]
    assert tab.page.evaluate("loraBridge.t('Start training')") == words["Start training"]
    tab.root.locator("input[type=file]").first.set_input_files(pictures[:2])
    tab.sees("Se usarán 2 de 2 fotos.")
    tab.sees("Se pueden usar 2 fotos, que son pocas: de 5 a 20 diferentes dan un LoRA mejor.")


def test_what_is_dangerous_is_refused_to_remote_clients(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    ui = serve("--host", "0.0.0.0")
    address = ui.address.replace("0.0.0.0", "127.0.0.1")
    nonce = re.search(r'data-nonce=\\*"?([\w-]+)', urlopen(address + "/").read().decode())
    assert nonce

    def post(path: str, body: object, **headers: str) -> tuple[int, str]:
        request = Request(
            f"{address}/lora-bridge/v1/{path}", json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except OSError as error:
            return error.code, error.read().decode()  # type: ignore[attr-defined]

    known = {"Content-Type": "application/json", "X-Lora-Bridge-Nonce": nonce[1]}
    assert post("draft", {"name": "Ada"}, **known)[0] == 200
    for path, body in (("draft/folder", {"path": str(tmp_path)}), ("setup", {"source": None})):
        status, said = post(path, body, **known)
        assert status == 403 and "remote clients" in said
    assert post("draft", {"name": "Eve"}, **{**known, "X-Lora-Bridge-Nonce": "x"})[0] == 403
    assert post("draft", {"name": "Eve"}, **{**known, "Content-Type": "text/plain"})[0] == 415
    tab = visit(address)
    expect(tab.field("Photos, a zip, a video, or a folder")).to_be_disabled()
