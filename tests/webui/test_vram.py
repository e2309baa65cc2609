"""Each host's model leaves the GPU in that host's way, and comes back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest import MonkeyPatch

from sd_scripts_bridge.webui import host, vram
from tests.support.patience import SECONDS
from tests.support.webui_host import Host, Model


@pytest.fixture
def room(monkeypatch: MonkeyPatch) -> None:
    """A GPU, and memory enough to park a model in."""
    monkeypatch.setattr(vram, "_without_room", lambda: False)


def test_a1111_moves_every_model_away_and_the_current_one_back(
    monkeypatch: MonkeyPatch, tmp_path: Path, room: None
) -> None:
    webui = Host(monkeypatch, tmp_path)
    data = webui.models.model_data
    current, other = Model(), Model()
    data.sd_model, data.loaded_sd_models, data.was_loaded_at_least_once = (
        current,
        [current, other],
        True,
    )
    gpu = vram.of_host()
    gpu.free()
    assert current.place == other.place == "cpu" and data.sd_model is current
    gpu.restore()
    assert current.place == "cuda" and data.was_loaded_at_least_once


def test_a1111_without_room_drops_the_numbers_and_keeps_the_rest(
    monkeypatch: MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(vram, "_without_room", lambda: True)
    data = Host(monkeypatch, tmp_path).models.model_data
    model = Model()
    data.sd_model, data.loaded_sd_models, data.was_loaded_at_least_once = model, [model], True
    gpu = vram.of_host()
    gpu.free()
    assert model.place == "meta" and data.sd_model is model, (
        "who asks what it is still gets an answer"
    )
    gpu.restore()
    assert (
        data.sd_model is None and data.loaded_sd_models == [] and not data.was_loaded_at_least_once
    )


def test_a1111_loads_no_model_while_a_training_has_the_gpu(
    monkeypatch: MonkeyPatch, tmp_path: Path, room: None
) -> None:
    data = Host(monkeypatch, tmp_path).models.model_data
    gpu = vram.of_host()
    gpu.free()
    assert data.was_loaded_at_least_once, "else the host's first look at the model would load it"
    gpu.restore()
    assert data.sd_model is None and not data.was_loaded_at_least_once


def test_a_model_being_loaded_is_waited_for(
    monkeypatch: MonkeyPatch, tmp_path: Path, room: None
) -> None:
    import threading

    data = Host(monkeypatch, tmp_path).models.model_data
    gpu = vram.of_host()
    data.lock.acquire()
    freeing = threading.Thread(target=gpu.free)
    freeing.start()
    freeing.join(0.2)
    assert freeing.is_alive()
    model = data.sd_model = Model()
    data.lock.release()
    freeing.join(SECONDS)
    assert model.place == "cpu"


@pytest.mark.parametrize("without_room", [False, True])
def test_forge(monkeypatch: MonkeyPatch, tmp_path: Path, without_room: bool) -> None:
    monkeypatch.setattr(vram, "_without_room", lambda: without_room)
    webui = Host(monkeypatch, tmp_path, forge=True)
    before = webui.models.model_data.sd_model
    gpu = vram.of_host()
    gpu.free()
    gpu.restore()
    assert webui.done == ["unload", "empty"]
    assert (webui.models.model_data.sd_model is before) is not without_room


def test_the_hosts_facts(monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    Host(monkeypatch, tmp_path)
    assert (
        host.name() == "A1111" and host.is_local() and host.api_auth() is None and host.gpu() == "0"
    )
    assert host.lora_dir() == tmp_path / "models" / "Lora"
    assert host.bases() == [("a.safetensors", Path("/models/a.safetensors"))], "a name that stays"
    assert host.interrogator() is None, "BLIP is not there, and nothing is downloaded"
    assert host.memory() is None
    Host(
        monkeypatch,
        tmp_path,
        forge=True,
        disable_extension_access=True,
        lora_dir="/loras",
        api_auth="a:b",
        device_id="1",
    )
    assert (
        host.name() == "Forge"
        and not host.is_local()
        and host.api_auth() == "a:b"
        and host.gpu() == "1"
    )
    assert host.lora_dir() == Path("/loras")


def test_new_loras_are_shown_by_the_hosts_own_list(
    monkeypatch: MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    asked: list[bool] = []
    Host(monkeypatch, tmp_path)
    host.refresh_loras()
    monkeypatch.setitem(
        sys.modules, "networks", SimpleNamespace(list_available_networks=lambda: asked.append(True))
    )
    host.refresh_loras()
    assert asked == [True]
