"""Nothing is lost with the page: F5, another browser, another process."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import Ui, stop
from .page_object import Tab

NAME, KIND = "Name, as you will use it in prompts", "What is it"


def test_what_was_typed_is_there_after_f5_and_in_another_browser(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    ui = serve()
    tab = visit(ui.address)
    tab.field(NAME).fill("Ada Lovelace")
    tab.field(KIND).fill("woman")
    tab.page.reload()  # at once: nothing of it was saved by a timer yet
    tab.knows(
        "app.state.draft && app.state.draft.name === 'Ada Lovelace' && app.state.draft.class_token"
    )
    tab.shows(NAME, "Ada Lovelace")
    tab.shows(KIND, "woman")
    other = visit(ui.address)
    other.knows("app.state.draft")
    other.shows(NAME, "Ada Lovelace")
    assert tab.errors == other.errors == []


def test_what_was_typed_is_shown_while_the_server_is_slow(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.field(NAME).fill("Ada Lovelace")
    tab.field(KIND).fill("woman")
    tab.page.route(
        "**/lora-bridge/v1/draft",
        lambda route: None if route.request.method == "POST" else route.continue_(),
    )
    tab.page.reload()
    tab.knows("app.state.draft && !app.looking")
    tab.shows(NAME, "Ada Lovelace")
    tab.shows(KIND, "woman")


@pytest.mark.timeout(600)
def test_a_running_training_is_there_after_a_restart_with_its_whole_curve(
    serve: Callable[..., Ui], visit: Callable[..., Tab], models: Path, pictures: list[Path]
) -> None:
    ui = serve("--models", str(models))
    tab = visit(ui.address)
    tab.field(NAME).fill("AlvaroBadia")
    tab.field(KIND).fill("man")
    tab.drop(pictures[:3])
    tab.sees("3 of 3 photos will be used.")
    tab.step("Train")
    tab.field("Steps").fill("3000")
    tab.field("Steps").blur()
    tab.sees(re.compile("3 photos × 1000 repeats"))
    tab.button("Start training").click()
    tab.knows("app.known.curve.length > 3")
    first = tab.page.evaluate("loraBridge.app.known.curve[0]")
    stop(ui)
    tab.sees("Connection lost, trying again.")
    serve("--models", str(models), port=urlsplit(ui.address).port)
    tab.page.wait_for_function("!document.querySelector('#lora-bridge .lb-offline:not([hidden])')")
    tab.knows("app.known.curve.length > 5")
    assert tab.page.evaluate("loraBridge.app.known.curve[0]") == first
    tab.press_twice("Stop now")  # the page has found the new process's nonce by itself
    tab.knows("app.state.status.job.status === 'stopped'")
    tab.page.reload()
    tab.sees(re.compile("stopped"))
    assert tab.errors == []


def test_while_it_is_not_looked_at_it_asks_nothing(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    tab = visit(serve().address)
    tab.knows("app.state.status && app.state.host && app.state.engine && app.state.jobs")
    tab.page.evaluate("document.querySelector('#lora-bridge').parentElement.style.display = 'none'")
    tab.knows("!app.looking")  # what was asked before is answered
    tab.page.wait_for_timeout(500)
    tab.asked.clear()
    tab.page.wait_for_timeout(8000)
    assert tab.asked == []
    tab.page.evaluate("loraBridge.app.act(null, async () => null)")
    tab.soon(lambda: tab.asked == ["GET status"])  # whether the deed has begun something
    tab.page.evaluate("document.querySelector('#lora-bridge').parentElement.style.display = ''")
    tab.soon(lambda: len(tab.asked) > 1)


def test_text_of_users_is_shown_as_text(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], tmp_path: Path
) -> None:
    bad = "<img src=x onerror=hacked=1>"
    photo = tmp_path / f"{bad}.jpg"
    photo.write_bytes(pictures[0].read_bytes())
    tab = visit(serve().address)
    tab.field(NAME).fill("Ada")
    tab.field(KIND).fill(bad)
    tab.field("Photos, a zip, a video, or a folder").fill(str(tmp_path))
    tab.field("Photos, a zip, a video, or a folder").press("Enter")
    tab.sees(re.compile("1 of (1 photo|2 photos) will be used."))
    box = tab.step("Captions").get_by_role("textbox").first
    box.fill(f"Ada {bad}")
    box.blur()
    for step in ("Photos", "Captions", "Train", "Try"):
        tab.step(step)
        tab.page.wait_for_timeout(500)
    assert tab.page.evaluate("typeof hacked") == "undefined"
    assert tab.root.locator("img[src='x']").count() == 0


def test_a_thousand_photos(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    """Only the thumbnails that are seen are asked for."""
    folder = many(tmp_path / "many", 1000)
    tab = visit(serve().address, viewport={"width": 1280, "height": 800})
    tab.field(NAME).fill("Ada")
    tab.field("Photos, a zip, a video, or a folder").fill(str(folder))
    tab.field("Photos, a zip, a video, or a folder").press("Enter")
    tab.page.wait_for_function(
        "[...document.querySelectorAll('#lora-bridge .lb-tile img')].some((one) => one.complete)"
    )
    tab.page.wait_for_timeout(3000)
    thumbs = {asked for asked in tab.asked if asked.endswith("/thumb")}
    assert 0 < len(thumbs) < 60
    assert tab.root.locator(".lb-tile").count() < 80, "only what is seen is in the page"


def many(folder: Path, count: int) -> Path:
    """Photos that differ, quickly made."""
    from PIL import Image

    folder.mkdir()
    picture: Any = Image.effect_noise((900, 700), 60).convert("RGB")
    for number in range(count):
        picture.putpixel((number % 900, number // 900), (number % 256, 0, 255))
        picture.save(folder / f"{number:04}.jpg", quality=70)
    return folder


def test_what_is_typed_here_is_not_another_windows_change(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    """A look at the draft that was asked before our own save, and is answered after it."""
    tab = visit(serve().address)
    tab.knows("app.state.draft")
    held: list[Any] = []

    def hold(route: Any) -> None:
        if route.request.method == "GET":
            held.append(route)
        else:
            route.continue_()

    tab.page.route("**/lora-bridge/v1/draft?*", hold)
    tab.page.evaluate("void (window.look = loraBridge.app.loadDraft())")
    tab.soon(lambda: held)  # it is on its way
    tab.field("What is it").fill("man")
    tab.field("What is it").blur()
    tab.knows("app.state.draft.class_token === 'man' && !app.saver.unsaved('draft class')")
    for route in held:
        route.continue_()
    tab.page.evaluate("window.look")
    assert not tab.root.get_by_text("Changed in another window").is_visible()


def test_two_windows_hear_of_each_other(
    serve: Callable[..., Ui], visit: Callable[..., Tab]
) -> None:
    ui = serve()
    one, other = visit(ui.address), visit(ui.address)
    one.field(NAME).fill("Ada")
    one.field(NAME).blur()
    other.page.wait_for_function("loraBridge.app.state.draft.name === 'Ada'")
    other.shows(NAME, "Ada")
    other.sees("Changed in another window: Name.")
    unheard: list[Any] = []
    other.page.route("**/lora-bridge/v1/status*", lambda route: unheard.append(route))
    other.soon(lambda: unheard)  # it waits for that answer, and hears nothing any more
    one.field(NAME).fill("Ada Lovelace")
    one.field(NAME).blur()
    one.knows("app.state.draft.name === 'Ada Lovelace'")
    other.field(NAME).fill("Eve")
    other.field(NAME).blur()
    other.sees("Name was changed in another window, too.")
    other.button("Take 'Ada Lovelace'").click()
    other.shows(NAME, "Ada Lovelace")
    other.field(NAME).fill("Eve")
    other.field(NAME).blur()
    one.shows(NAME, "Eve")
    assert one.errors == other.errors == []
