"""The lists of what sd-scripts accepts that come along with the package."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.options.families import FAMILIES
from sd_scripts_bridge.options.known import network_args, optimizers, parsers, schedulers
from sd_scripts_bridge.options.params import fields_of_params
from sd_scripts_bridge.paths import Home

SCRIPTS = os.environ.get("SD_SCRIPTS_DIR", "")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON") or sys.executable
needs_scripts = pytest.mark.skipif(not SCRIPTS, reason="SD_SCRIPTS_DIR is not set")


def test_every_familys_script_has_its_options_in_the_package() -> None:
    for family in FAMILIES.values():
        options = parsers.options(family.script)
        assert len(options) > 190, family.script
        assert options["network_dim"]["type"] == "int"
        assert options["keep_tokens"]["default"] == 0
        assert options["mixed_precision"]["choices"] == ["no", "fp16", "bf16"]
        assert {companion.option for companion in family.companions} <= set(options)
    assert "cache_text_encoder_outputs" not in parsers.options("train_network.py")
    assert parsers.options("no_such.py") == {}
    known = {spec.name for spec in fields_of_params()}
    assert known <= set(parsers.anywhere())


def test_a_misspelt_option_is_found_before_setup(tmp_path: Path) -> None:
    found = catalogue.problems(
        {"netwrok_dim": 8}, catalogue.read(Home(tmp_path), "train_network.py"), "train_network.py"
    )
    assert [problem.where for problem in found] == ["netwrok_dim"]
    assert "network_dim" in str(found[0])


def test_optimizers_are_found_as_sd_scripts_finds_them() -> None:
    assert optimizers.written("adamw8BIT") == "AdamW8bit"
    assert optimizers.written("RAdam") == "RAdam"
    assert optimizers.written("radam") is None  # torch.optim has it in these letters only
    assert optimizers.written("Foo") is None
    assert optimizers.written("torch.optim.Foo") is None
    assert optimizers.written("pytorch_optimizer.CAME") == "pytorch_optimizer.CAME"
    assert optimizers.nearest("AdamW8bits") == "AdamW8bit"
    assert optimizers.arguments("pytorch_optimizer.CAME") is None
    assert {"d_coef", "safeguard_warmup"} <= (optimizers.arguments("prodigy") or set())


def test_a_schedule_says_what_it_lacks() -> None:
    assert schedulers.lacking("cosine", {}, "AdamW") == ""
    assert "min_lr_ratio" in schedulers.lacking("cosine_with_min_lr", {}, "AdamW")
    assert not schedulers.lacking("cosine_with_min_lr", {"lr_scheduler_min_lr_ratio": 0.1}, "Lion")
    assert "step_rules" in schedulers.lacking("piecewise_constant", {}, "AdamW")
    assert "Adafactor" in schedulers.lacking("adafactor", {}, "AdamW")
    assert not schedulers.lacking("adafactor", {}, "Adafactor")
    assert schedulers.lacking("adafactor", {}, "Adafactor", ["relative_step=False"])


@needs_scripts
def test_the_lists_are_those_of_the_scripts(tmp_path: Path) -> None:
    """Where another sd-scripts is installed, tools/known_options.py has to run again."""
    home = Home(tmp_path)
    names = catalogue.write(home, Path(PYTHON), Path(SCRIPTS))
    assert sorted(names) == sorted(parsers.scripts())
    for name in names:
        theirs = {
            key: {**row, "help": None, "nargs": None if row["flag"] else row["nargs"]}
            for key, row in catalogue.read(home, name).items()
        }
        ours = {key: dict(row) for key, row in parsers.options(name).items()}
        assert ours == theirs, name


@needs_scripts
@pytest.mark.parametrize(
    "module", [f.network for f in FAMILIES.values()] + ["networks.dylora", "networks.oft"]
)
def test_network_arguments_are_those_that_the_code_reads(module: str) -> None:
    code = (Path(SCRIPTS) / "networks" / f"{module.rpartition('.')[2]}.py").read_text("utf-8")
    read = set(re.findall(r"kwargs\.get\(\"(\w+)\"", code)) | {"dropout"}
    assert set(network_args.arguments(module) or ()) == read
