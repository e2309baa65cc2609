"""How often photos are shown, how many frames a video gives, and regularization pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.tools.frames import FramesTool
from sd_scripts_bridge.jobs.job import ToolJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.paths import Home

from .conftest import Ui
from .page_object import Tab

NAME = "Name, as you will use it in prompts"
KIND = "What is it"


def test_a_photo_is_shown_more_often_than_the_others(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path]
) -> None:
    tab = visit(serve().address)
    tab.drop(pictures[:3])
    tab.sees("3 of 3 photos will be used.")
    file = pictures[1].name
    cell = tab.root.locator(".lb-framed", has_text=file)
    field = cell.get_by_role("spinbutton", name=f"Repeats of {file}")
    assert not field.is_visible(), "quiet until it is opened"
    cell.hover()
    cell.get_by_role("button", name=f"Repeats of {file}").click()
    field.fill("40")
    field.press("Enter")
    cell.get_by_text("× 40", exact=True).wait_for()
    tab.knows(f"app.state.draft.photos.find((one) => one.file === {file!r}).repeats === 40")
    tab.sees("3 of 3 photos will be used.")

    cell.get_by_role("button", name=f"Repeats of {file}").click()
    field.fill("")
    field.blur()
    tab.knows(f"app.state.draft.photos.find((one) => one.file === {file!r}).repeats === null")
    assert tab.errors == []


def test_a_video_gives_as_many_frames_as_were_asked_for(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home").create()
    ui = serve(home=home.root)
    if FramesTool().check(home):
        pytest.skip("PyAV is not in the training environment")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 100)
    tab = visit(ui.address)
    field = tab.field("Frames of each video, at most")
    assert not field.is_visible()
    tab.button("20 frames of each video").click()
    field.fill("7")
    field.press("Tab")
    tab.drop([clip])
    tab.sees(re.compile(r"^clip\.mp4: "))
    tab.field("Photos, a zip, a video, or a folder").fill(str(clip))
    tab.field("Photos, a zip, a video, or a folder").press("Enter")

    def counts() -> list[int]:
        jobs = [row.job for row in Bridge(home).jobs()]
        return [job.settings["count"] for job in jobs if isinstance(job, ToolJob)]

    tab.soon(lambda: len(counts()) == 2)
    assert counts() == [7, 7]


@pytest.mark.timeout(600)
def test_regularization_pictures_are_drawn_and_counted(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], tmp_path: Path
) -> None:
    """With our own sampler, as the page has it outside of a WebUI."""
    pytest.importorskip("torch", reason="the embedded engine needs torch")
    demo_base.put(tmp_path / "models")
    ui = serve("--models", str(tmp_path / "models"))
    tab = visit(ui.address)
    tab.field(NAME).fill("AlvaroBadia")
    tab.field(KIND).fill("man")
    tab.drop(pictures[:2])
    tab.sees("2 of 2 photos will be used.")
    panel = tab.step("Train")
    tab.knows("app.state.plan && app.state.plan.base && app.state.plan.regularization.length")
    panel.get_by_text("Regularization pictures").click()
    tab.sees("man: 0 drawn, up to 200 are of use")
    assert not tab.button("Draw with this WebUI").is_visible()
    tab.field("Pictures of each class").fill("3")
    tab.button("Draw and use them").click()
    tab.sees("Stop drawing")
    tab.sees(re.compile("^man: 3 drawn, up to 200 are of use$"))
    tab.button("Draw and use them").wait_for()
    (leaf,) = Home(ui.home).regularization.glob("*/1_man")
    assert len([*leaf.glob("*.png")]) == 3
    tab.page.reload()
    tab.sees("3 of each class")
    tab.button("Train without").click()
    tab.knows("app.state.draft.training.regularization === 0")
    assert tab.errors == []
