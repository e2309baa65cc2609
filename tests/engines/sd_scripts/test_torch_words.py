"""What the set-up says of the PyTorch that it gets."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import setup
from sd_scripts_bridge.system import environment
from sd_scripts_bridge.system.torch_choice import Hardware, choose


def test_a_cpu_build_that_would_not_be_small_is_not_called_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choice = choose(Hardware("linux"))
    monkeypatch.setattr(setup, "answers", lambda _index: False)
    assert "brings CUDA along (about 3 GB" in setup._torch(choice)
    monkeypatch.setattr(setup, "answers", lambda _index: True)
    assert setup._torch(choice).endswith("the CPU build")


def test_behind_a_proxy_the_index_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "getproxies", lambda: {"https": "http://proxy:3128"})
    assert environment.answers("https://nowhere.invalid/whl/cpu")
    monkeypatch.setattr(environment, "getproxies", dict)
    assert not environment.answers("https://nowhere.invalid/whl/cpu")
