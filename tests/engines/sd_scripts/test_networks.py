"""Kinds of network that sd-scripts would stop at are refused before, each with what to do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import networks, optimizers
from sd_scripts_bridge.engines.sd_scripts.installed.installation import Installation
from sd_scripts_bridge.options.params import TrainingParams


@pytest.fixture
def found(tmp_path: Path) -> Installation:
    """An sd-scripts with LoRA and DyLoRA, in a Python without LyCORIS."""
    (tmp_path / "networks").mkdir()
    for name in ("lora", "dylora"):
        (tmp_path / "networks" / f"{name}.py").touch()
    return Installation(str(tmp_path), sys.executable)


def said(found: Installation | None, module: str, *args: str, dim: int = 8) -> str:
    params = replace(
        TrainingParams(network_module=module, network_dim=dim),
        extra={"network_args": list(args)} if args else {},
    )
    return " ".join(map(str, networks.problems(params, found)))


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("networks.lora", ()),
        ("networks.lora", ("conv_dim=8", "conv_alpha=4")),
        ("networks.lora", ("loraplus_lr_ratio=16", "block_dims=2,2,2", "down_lr_weight=0,0.5,1")),
        ("networks.dylora", ("conv_dim=8", "unit=4")),
    ],
)
def test_what_it_has_is_let_through(
    found: Installation, module: str, args: tuple[str, ...]
) -> None:
    assert said(found, module, *args) == ""


@pytest.mark.parametrize(
    ("module", "args", "sentence"),
    [
        ("os", (), "'os' is not one of"),
        ("networks.loha", (), "network_args=algo=loha"),
        ("networks.oft", (), "has no networks/oft.py"),
        ("networks.lora", ("conv_dim",), "'conv_dim' is not of the form name=value"),
        ("networks.dylora", ("conv_dim=4",), "conv_dim=4 differs from network_dim=8"),
        ("networks.dylora", ("unit=3",), "unit=3 doesn't divide network_dim=8"),
    ],
)
def test_what_it_would_stop_at_is_refused(
    found: Installation, module: str, args: tuple[str, ...], sentence: str
) -> None:
    assert sentence in said(found, module, *args)


def test_lycoris_is_looked_for_where_the_training_runs(
    found: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(found, "lycoris.kohya", "algo=lokr")
    assert "LyCORIS is not installed" in text
    assert f'"{sys.executable}" -m pip install --no-deps {networks.LYCORIS_PACKAGE}' in text
    monkeypatch.setattr(networks, "has", lambda python, module: True)
    assert said(found, "lycoris.kohya", "algo=lokr") == ""


@pytest.mark.parametrize(
    "optimizer",
    ["AdamW8bit", "PagedAdamW", "Prodigy", "DAdaptAdam", "bitsandbytes.optim.AdEMAMix8bit"],
)
def test_an_optimizer_whose_package_is_missing_is_refused_before_the_start(
    found: Installation, optimizer: str
) -> None:
    (problem,) = optimizers.problems(TrainingParams(optimizer_type=optimizer), found)
    assert optimizer in str(problem) and f'"{sys.executable}" -m pip install ' in str(problem)


def test_an_optimizer_that_is_there_is_not(found: Installation) -> None:
    for name in ("AdamW", "adafactor", "SGDNesterov", "torch.optim.AdamW"):
        assert optimizers.problems(TrainingParams(optimizer_type=name), found) == []
    assert optimizers.has(sys.executable, "json")


def test_nothing_is_asked_of_an_installation_that_is_not_there() -> None:
    assert said(None, "lycoris.kohya") == ""
