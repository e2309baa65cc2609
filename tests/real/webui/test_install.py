"""One click: Extensions, Install from URL, Apply and restart; then the tab is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT

from .conftest import WebUI, choose, end
from .test_start import freeze


@pytest.mark.timeout(1200)
def test_install_from_url(
    data: Path,
    start: Callable[..., WebUI],
    visit: Callable[..., Any],
    open_tab: Callable[..., Any],
    tmp_path: Path,
) -> None:
    shutil.rmtree(data / "extensions" / "lora-bridge")
    repository = tmp_path / "lora-bridge.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(repository)], check=True)
    before = freeze()
    webui = start()
    tab = visit(webui.address, ready="document.querySelector('#tab_extensions')")
    choose(tab, "Extensions")
    page = tab.page.locator("#tab_extensions")
    page.locator(".tab-nav > button").get_by_text("Install from URL", exact=True).click()
    page.get_by_label("URL for extension's git repository").fill(str(repository))
    page.get_by_role("button", name="Install", exact=True).locator("visible=true").click()
    page.get_by_text("Installed into").first.wait_for(timeout=120_000)
    assert (data / "extensions" / "lora-bridge" / "scripts" / "lora_bridge.py").is_file()
    end(webui)  # "Apply and restart" ends the process; the WebUI's own loop starts it again
    tab = open_tab(start())
    assert tab.root.get_by_role("tab", name="Photos").is_visible()
    assert freeze() == before and tab.errors == []
