"""The starting points: each valid, explained and sourced, for every kind, family and GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import Conflict, Invalid, NotFound
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.families import FAMILIES
from sd_scripts_bridge.options.kinds import SCRIPT_DEFAULTS
from sd_scripts_bridge.options.memory import count as memory_count
from sd_scripts_bridge.options.params import fields_of_params
from sd_scripts_bridge.shapes.plain import plain

GPU_SIZES = (6, 8, 12, 16, 24)
GRID = [
    f"{kind}-{family}-{gpu}gb"
    for kind in ("person", "style", "object")
    for family in ("sd15", "sdxl")
    for gpu in GPU_SIZES
]
NEWER = [
    "person-sd3",
    "person-flux1",
    "person-flux1-12gb",
    "person-flux1-16gb",
    "person-flux1-24gb",
    "person-chroma",
    "person-lumina2",
    "person-hunyuan-image",
    "person-hunyuan-image-12gb",
    "person-hunyuan-image-24gb",
    "person-anima",
]
SCRIPTS = os.environ.get("SD_SCRIPTS_DIR")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", sys.executable)  # read before a fixture hides it


def test_there_is_one_for_each_kind_family_and_gpu() -> None:
    assert set(presets.names()) == {
        *GRID,
        *NEWER,
        "person-sd15",
        "person-sdxl",
        "tiny",
        presets.IMPORTED,
    }


@pytest.mark.parametrize("name", GRID)
def test_each_is_valid_explained_and_sourced(name: str) -> None:
    preset = presets.get(name)
    params = preset.params(1500)
    assert params.problems() == [] and params.lr_warmup_steps == 75
    assert len(preset.why.split()) > 15 and preset.sources and preset.memory and preset.pictures
    assert name.endswith(f"-{preset.gigabytes}gb")
    assert not params.flip_aug, "things carry writing, faces are not symmetric"
    assert params.clip_skip is None and not params.shuffle_caption, (
        "that is for tags and anime models"
    )
    assert ("sdxl" in name) == params.cache_text_encoder_outputs


@pytest.mark.parametrize("name", [name for name in GRID if "sdxl" in name])
def test_memory_in_gigabytes_names_its_source(name: str) -> None:
    memory = presets.get(name).memory
    assert "No measured number" in memory or "issue" in memory or ".md" in memory


@pytest.mark.parametrize("name", NEWER)
def test_those_of_transformers_leave_out_what_is_of_noise_prediction_and_clip(name: str) -> None:
    preset = presets.get(name)
    params = preset.params(1500)
    assert (
        params.problems() == []
        and len(preset.why.split()) > 15
        and preset.sources
        and preset.pictures
    )
    assert "No measured number" in preset.memory or ".md" in preset.memory
    assert (params.min_snr_gamma, params.clip_skip, params.flip_aug) == (None, None, False)
    assert params.network_train_unet_only and params.cache_text_encoder_outputs, "T5 alone has 9 GB"


def test_every_family_has_a_preset_that_fits_it() -> None:
    for name, family in FAMILIES.items():
        params = family.complete(presets.get(presets.fitting(name)).params(100))
        assert (
            params.network_module == family.network
            and {**family.options, **params.extra} == params.extra
        )


def test_a_larger_gpu_is_never_asked_for_less() -> None:
    for kind in {name.rpartition("-")[0] for name in GRID}:
        work = [
            params.area[0] ** 2 * params.train_batch_size
            for gpu in GPU_SIZES
            for params in [presets.get(f"{kind}-{gpu}gb").params(10)]
        ]
        assert work == sorted(work)


def test_options_beyond_ours_come_with_the_params() -> None:
    assert presets.get("person-sdxl-6gb").params(10).extra == {"fp8_base": True}


def test_one_of_your_own(tmp_path: Path) -> None:
    mine = presets.copy("person-sd15", tmp_path / "mine.toml")
    mine.write_text(
        mine.read_text(encoding="utf-8").replace("network_dim = 32", "network_dim = 48"),
        encoding="utf-8",
    )
    assert presets.get(str(mine)).params(10).network_dim == 48
    with pytest.raises(Conflict, match="already exists"):
        presets.copy("person-sd15", mine)
    with pytest.raises(NotFound):
        presets.copy("nobody", tmp_path)


@pytest.mark.parametrize(
    "text", ["", "title = 1", 'title = "x"\nwhy = "y"\n[options]\nnetwork_dimm = 3\n', "= 3"]
)
def test_a_bad_one_of_your_own_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(Invalid):
        presets.get(str(tmp_path / "bad.toml"))


def test_showing_one_says_everything() -> None:
    text = "\n".join(presets.get("person-sdxl-8gb").lines())
    for word in (
        "version 1",
        "pictures shown",
        "8 GB is possible",
        "network_dim = 8",
        "train_SDXL-en.md",
        "Time:",
    ):
        assert word in text
    json.dumps(plain(presets.get("person-sdxl-8gb").view()))


@pytest.mark.sd_scripts
@pytest.mark.skipif(not SCRIPTS, reason="set SD_SCRIPTS_DIR to a checkout of kohya-ss/sd-scripts")
def test_every_option_exists_in_the_familys_script() -> None:
    marks = {"sd15": "train_network", "sdxl": "sdxl_train_network"} | {
        name: family.script.removesuffix(".py")
        for name, family in FAMILIES.items()
        if not family.is_ldm
    }
    scripts = sorted({*marks.values()})
    code = (
        "import importlib, json, sys; names, sys.argv = sys.argv[1:], sys.argv[:1]; "
        "print(json.dumps({name: [a.dest for "
        "a in importlib.import_module(name).setup_parser()._actions] for name in names}))"
    )
    done = subprocess.run(
        [PYTHON, "-c", code, *scripts], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    known = json.loads(done.stdout.splitlines()[-1])
    for mark, script in marks.items():
        options = set(known[script])
        for name in (
            name for name in [*GRID, *NEWER] if mark in name or presets.FOR_FAMILY.get(mark) == name
        ):
            preset = presets.get(name)
            assert {*preset.values, *preset.extra} <= options, name
        if mark in FAMILIES:
            assert {
                *FAMILIES[mark].options,
                *(file.option for file in FAMILIES[mark].companions),
            } <= options


def test_the_table_of_sd_scripts_defaults_names_our_options() -> None:
    known = {spec.name for spec in fields_of_params()}
    assert (
        known - SCRIPT_DEFAULTS.keys() == {"seed", "sdpa", "save_state"}
        and SCRIPT_DEFAULTS.keys() <= known
    )


@pytest.mark.parametrize("name", GRID)
def test_activations_are_computed_again_only_where_they_dont_fit(name: str) -> None:
    """What is counted, with sd-scripts' larger steps under autocast (1.5 times), in nine tenths of
    the GPU.
    """
    preset = presets.get(name)
    params = replace(preset.params(1000), gradient_checkpointing=False)
    found = memory_count.count(preset.family, params)
    if found is None:  # fp8: not counted
        pytest.skip("its memory isn't counted")
    kept = found.lying + 1.5 * found.step + memory_count.OVERHEAD
    fits = kept <= 0.9 * 1e9 * (preset.gigabytes or 0)
    assert preset.params(1000).gradient_checkpointing is not fits


def test_what_sd_scripts_gets_for_speed_is_told_with_its_reasons() -> None:
    told = "\n".join(presets.get("person-sdxl-24gb").lines())
    for option in ("sdpa", "cache_latents", "max_data_loader_n_workers", "optimizer_args"):
        assert f"  {option} = " in told
    assert "speed" not in "\n".join(presets.get("imported").lines())
