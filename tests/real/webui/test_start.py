"""What a WebUI pays for the extension, and what it keeps to itself."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest

from .conftest import PYTHON, WebUI

pytestmark = pytest.mark.timeout(900)

MOST = 0.02
"""Of the WebUI's own start, on the same machine at the same time."""


def test_it_costs_the_webui_nothing(
    start: Callable[..., WebUI], open_tab: Callable[..., Any], data: Path
) -> None:
    before = freeze()
    webui = start()
    profile = json.loads(webui.get("internal/profile-startup"))
    ours = {
        name: seconds
        for name, seconds in profile["records"].items()
        if "lora_bridge" in name or "lora-bridge" in name
    }
    print("\n" + "\n".join(f"{name}: {1000 * seconds:.2f} ms" for name, seconds in ours.items()))
    assert {"load scripts/lora_bridge.py", "app_started_callback/lora_bridge.py"} < ours.keys()
    assert "prepare environment/run extensions installers/lora-bridge" in ours
    assert sum(ours.values()) < MOST * profile["total"], f"of {profile['total']:.1f} s"
    assert not webui.home.exists(), "nothing is written before the tab is looked at"
    tab = open_tab(webui)
    tab.page.wait_for_timeout(1000)
    assert tab.errors == [] and freeze() == before
    kept = (data / "ui-config.json").read_text(encoding="utf-8")
    assert "lora_bridge" not in kept, "else the host keeps our defaults for ever"
    log = webui.log.read_text(errors="replace")
    assert "*** Error" not in log and "lora_bridge" not in log, log


def freeze() -> str:
    return subprocess.run(
        [str(PYTHON), "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    ).stdout


def test_reload_ui_brings_the_tab_back(
    start: Callable[..., WebUI], open_tab: Callable[..., Any]
) -> None:
    webui = start()
    tab = open_tab(webui)
    tab.field("Name, as you will use it in prompts").fill("Ada")
    tab.page.wait_for_timeout(1500)
    tab.page.evaluate("gradioApp().querySelector('#settings_restart_gradio').click()")
    tab.page.wait_for_timeout(3000)
    deadline = time.monotonic() + 120
    while webui.log.read_bytes().count(b"Startup time:") < 2:
        assert time.monotonic() < deadline
        time.sleep(1)
    tab = open_tab(webui)
    tab.shows("Name, as you will use it in prompts", "Ada")


def status(webui: WebUI, opener: Any = None, **headers: str) -> int:
    request = Request(f"{webui.address}/lora-bridge/v1/status", headers=headers)
    try:
        with opener.open(request) if opener else urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_gradios_login_is_ours(start: Callable[..., WebUI]) -> None:
    webui = start("--gradio-auth", "ann:secret")
    assert status(webui) == 401
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    opener.open(
        f"{webui.address}/login", urlencode({"username": "ann", "password": "secret"}).encode()
    ).close()
    assert status(webui, opener) == 200


def test_the_apis_password_is_ours(start: Callable[..., WebUI]) -> None:
    webui = start("--api", "--api-auth", "ann:secret")
    assert status(webui) == 401
    assert status(webui, Authorization="Basic " + base64.b64encode(b"ann:secret").decode()) == 200


def test_a_webui_open_to_the_network_refuses_what_is_dangerous(
    start: Callable[..., WebUI], tmp_path: Path
) -> None:
    webui = start("--listen")
    found = re.search(r'data-nonce=\\*"?([\w-]+)', webui.get("config").decode())
    assert found
    headers = {"Content-Type": "application/json", "X-Lora-Bridge-Nonce": found[1]}
    for path, body in (("setup", {}), ("draft/folder", {"path": str(tmp_path)})):
        request = Request(
            f"{webui.address}/lora-bridge/v1/{path}",
            json.dumps(body).encode(),
            headers,
            method="POST",
        )
        with pytest.raises(HTTPError) as refused:
            urlopen(request)
        assert (
            refused.value.code == 403
            and b"--enable-insecure-extension-access" in refused.value.read()
        )
    assert str(tmp_path).encode() not in webui.get("lora-bridge/v1/draft")
