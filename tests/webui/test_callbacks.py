"""The WebUI's start: what it calls, what that costs, and what Reload UI leaves as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.paths import HOME_VARIABLE, Home
from sd_scripts_bridge.planning.request import Request as BridgeRequest
from sd_scripts_bridge.system.locks import hold
from tests.support.fresh import fresh
from tests.support.webui_host import Host

pytest.importorskip("starlette")

from fastapi import FastAPI
from starlette.testclient import TestClient

from sd_scripts_bridge.webui import callbacks, host, settings
from sd_scripts_bridge.webui.application import in_webui
from sd_scripts_bridge.webui.keeper import Keeper
from sd_scripts_bridge.webui.routes import Routes

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_keeper_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    yield
    if keeper := Keeper.running():
        keeper.close()


def test_the_hosts_file_is_three_lines() -> None:
    assert len((ROOT / "scripts" / "lora_bridge.py").read_text(encoding="utf-8").splitlines()) <= 3
    assert [path.name for path in (ROOT / "scripts").iterdir() if path.suffix == ".py"] == [
        "lora_bridge.py"
    ]


def test_what_a_start_imports_is_light() -> None:
    heavy = ("torch", "PIL", "sqlite3", "gradio", "numpy", "filelock", "psutil")
    ours = (
        "sd_scripts_bridge.bridge",
        "sd_scripts_bridge.rest.app",
        "sd_scripts_bridge.jobs.store",
    )
    code = (
        "import sys, sd_scripts_bridge.webui.callbacks; print(*[name for name in "
        f"{heavy + ours!r} if name in sys.modules])"
    )
    assert fresh(code).strip() == ""


def test_each_reload_registers_anew_and_keeps_the_keeper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    webui = Host(monkeypatch, tmp_path)
    callbacks.register()
    keeper = Keeper.running()
    assert keeper is not None and keeper.home == Home.resolve(None, tmp_path)
    for waiting in webui.callbacks.values():
        assert len(waiting) == 1
        waiting.clear()
    callbacks.register()
    assert Keeper.running() is keeper
    assert all(len(waiting) == 1 for waiting in webui.callbacks.values())
    assert not (tmp_path / "lora-bridge").exists(), "nothing is written before the first use"


def test_the_nonce_outlives_reload_ui() -> None:
    assert callbacks.nonce() == callbacks.nonce() and len(callbacks.nonce()) >= 24


def test_a_host_of_another_version_is_asked_the_public_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Host(monkeypatch, tmp_path)
    taken: list[str] = []
    events = SimpleNamespace(
        **{
            f"on_{name}": (lambda _callback, name=name: taken.append(name))
            for name in ("ui_tabs", "ui_settings", "app_started")
        }
    )
    monkeypatch.setitem(sys.modules, "modules.script_callbacks", events)
    callbacks.register()
    assert taken == ["ui_tabs", "ui_settings", "app_started"]


def test_each_new_app_gets_the_routes_in_front_of_its_own() -> None:
    for _ in range(2):
        app = SimpleNamespace(router=SimpleNamespace(routes=["the host's"]))
        callbacks.on_app_started(None, app)
        assert isinstance(app.router.routes[0], Routes) and app.router.routes[1:] == ["the host's"]


def test_the_page_hears_that_the_host_is_busy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It then leaves the host's lists alone: A1111's Generate finds no checkpoint in them while
    they are refilled.
    """
    Host(monkeypatch, tmp_path)
    client = TestClient(in_webui(FastAPI(), Home(tmp_path / "home"), "nonce"))
    with host.queue_lock():
        assert client.get("/lora-bridge/v1/status").json()["host_busy"] is True
    assert client.get("/lora-bridge/v1/status").json()["host_busy"] is False


def test_a_start_during_a_training_loads_no_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_job: Any
) -> None:
    webui = Host(monkeypatch, tmp_path)
    job: TrainingJob = make_job()
    home = Home.resolve(None, tmp_path).create()
    store = Bridge(home)._store
    store.add(job)
    store.claim()
    with hold(home.supervisor_lock) as mine:
        assert mine
        callbacks.register()
        assert (
            webui.options.skip_load_model_at_start
            and webui.models.model_data.was_loaded_at_least_once
        )
        assert Keeper.running() is not None
        Keeper.running().close()  # type: ignore[union-attr]


def test_a_start_after_a_training_loads_its_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_job: Any
) -> None:
    webui = Host(monkeypatch, tmp_path)
    home = Home.resolve(None, tmp_path).create()
    Bridge(home)
    home.supervisor_lock.touch()
    callbacks.register()
    assert not hasattr(webui.options, "skip_load_model_at_start")


@pytest.mark.parametrize(
    ("chosen", "frees", "number"),
    [
        (settings.FREE, True, None),
        (settings.SHARE, False, None),
        (settings.OTHER, False, 1),
        ("Share the card (needs room for both)", False, None),
        ("Train on another card", False, 1),
        (None, True, None),
    ],
)
def test_the_settings(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    chosen: str | None,
    frees: bool,
    number: int | None,
) -> None:
    kinds = SimpleNamespace(Radio="radio", Textbox="textbox", Checkbox="checkbox")
    monkeypatch.setitem(sys.modules, "gradio", kinds)
    webui = Host(monkeypatch, tmp_path)
    callbacks.on_ui_settings()
    assert webui.added[settings.PUBLISH].default is False
    gpu = webui.added[settings.GPU]
    assert gpu.default == settings.FREE
    assert chosen in (None, *gpu.component_args["choices"]) or "card" in str(chosen)
    webui.shared.opts.data.update({settings.GPU: chosen, settings.OTHER_GPU: "1"})
    assert (settings.frees_the_gpu(), settings.other_gpu()) == (frees, number)


def test_a_job_goes_to_the_gpu_that_the_settings_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bridge: Bridge
) -> None:
    from sd_scripts_bridge.webui.application import HostsBridge

    webui = Host(monkeypatch, tmp_path)
    asked: list[int | None] = []
    monkeypatch.setattr(
        Bridge, "submit", lambda _self, request, _at=None: asked.append(request.gpu)
    )
    request = BridgeRequest(tmp_path, tmp_path)
    HostsBridge(bridge.home).submit(request)
    webui.shared.opts.data.update({settings.GPU: settings.OTHER, settings.OTHER_GPU: "2"})
    HostsBridge(bridge.home).submit(request)
    HostsBridge(bridge.home).submit(replace(request, gpu=1))
    assert asked == [None, 2, 1]


def test_the_recommended_step_is_published_where_the_settings_want_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bridge: Bridge
) -> None:
    from sd_scripts_bridge.webui.application import HostsBridge

    webui = Host(monkeypatch, tmp_path)
    asked: list[str | None] = []
    monkeypatch.setattr(
        Bridge, "submit", lambda _self, request, _at=None: asked.append(request.publish)
    )
    request = BridgeRequest(tmp_path, tmp_path)
    HostsBridge(bridge.home).submit(request)
    webui.shared.opts.data.update({settings.PUBLISH: True})
    HostsBridge(bridge.home).submit(request)
    HostsBridge(bridge.home).submit(replace(request, publish="last"))
    assert asked == [None, "recommended", "last"]


DRAWN = """
import json, pathlib, pytest
from tests.support.webui_host import Host
from sd_scripts_bridge.webui import callbacks
webui = Host(pytest.MonkeyPatch(), pathlib.Path("nowhere"))
[(blocks, label, tab_id)] = callbacks.on_ui_tabs()
[binding] = webui.pasted
drawn = [block for block in blocks.blocks.values() if hasattr(block, "value")]
print(json.dumps({
    "tab": [label, tab_id, binding.tabname],
    "bound": [binding.paste_button.elem_id, binding.source_text_component.elem_id],
    "kept_by_the_host": [str(block) for block in drawn if not block.do_not_save_to_config],
    "left_out_of_the_page": [
        str(block) for block in blocks.blocks.values() if getattr(block, "visible", True) is False],
    "page": next(block.value for block in drawn if "lora-bridge" in str(block.value)),
    "nonce": callbacks.nonce(),
}))
"""


def test_the_tab() -> None:
    """In a process of its own: gradio leaves sockets open."""
    pytest.importorskip("gradio")
    done = subprocess.run(
        [sys.executable, "-c", DRAWN], capture_output=True, text=True, cwd=ROOT, check=True
    )
    drawn = json.loads(done.stdout.splitlines()[-1])
    assert drawn["tab"] == ["Train LoRA", "lora_bridge", "txt2img"]
    assert drawn["bound"] == ["lora_bridge_paste", "lora_bridge_infotext"]
    assert drawn["kept_by_the_host"] == [] == drawn["left_out_of_the_page"]
    assert (
        f'id="lora-bridge" data-nonce="{drawn["nonce"]}" data-base="./lora-bridge/v1/"'
        in drawn["page"]
    )
