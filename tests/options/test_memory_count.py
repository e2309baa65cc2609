"""What a training takes of a GPU, from what was counted: for presets and before the start."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.memory import theirs
from sd_scripts_bridge.options.memory.count import OVERHEAD, Formula, count, recorded
from sd_scripts_bridge.options.params import TrainingParams

COUNTED = [preset for preset in presets.everything() if preset.counted is not None]


def test_a_formula_rounds_the_rank_up_to_whole_rows() -> None:
    formula = Formula((100.0, 2.0), (1.0, 10.0, 0.5, 0.0, 0.0, 0.25))
    found = formula.at(rank=12, batch=2, area=4)
    assert (found.lying, found.step) == (100 + 2 * 16, 1 + 20 + 4 + 0.25 * 16 * 8)
    assert found.with_graphs == found.lying + 2 * found.step


def test_a_recorded_training_is_reckoned_as_it_was_counted() -> None:
    """Each kind's first counted training is one that its formula was made from."""
    values = {"network_dim": 16, "network_train_unet_only": True, "resolution": "512"}
    wanted = ["SD 1.5", "512 x 512", "1", "16", "U-Net"]
    row = next(row for row in recorded()["counted"] if row[:5] == wanted)
    checkpointing = row[5] == "checkpointing"
    params = TrainingParams().with_values({**values, "gradient_checkpointing": checkpointing})
    found = count("sd1", params)
    assert found is not None and f"{found.peak / 1e9:.2f}" == row[-1]


def test_checkpointing_and_smaller_work_take_less() -> None:
    def peak(**values: object) -> int:
        found = count("sd1", TrainingParams().with_values(values))
        assert found is not None
        return found.peak

    assert peak(gradient_checkpointing=True) < peak() < peak(train_batch_size=2)
    assert peak(network_train_unet_only=True) < peak() < peak(resolution="768")


@pytest.mark.parametrize("name", [one.name for one in presets.everything() if one.family])
def test_a_preset_says_what_was_counted_and_never_what_was_not(name: str) -> None:
    preset = presets.get(name)
    told, found = preset.view().memory, theirs.count(preset.family, preset.params(1000))
    assert ("with the embedded engine" in told) == (preset.counted is not None)
    assert ("GB with sd-scripts" in told) == (found is not None)
    assert ("With sd-scripts it is not counted" in told) == (found is None)
    if found is not None:
        peak = (found.peak + OVERHEAD) / 1e9
        assert f"Counted, not measured: {peak:.1f} GB with sd-scripts" in told
        assert preset.gigabytes is None or peak <= preset.gigabytes
    assert told.endswith(preset.memory)


@pytest.mark.parametrize("family", [*presets.FOR_FAMILY])
def test_every_preset_of_a_family_was_counted_with_sd_scripts_and_fits_its_gpu(
    family: str,
) -> None:
    offered = presets.offered(family)
    assert offered
    for preset in offered:
        assert family in preset.families
        found = theirs.count(family, preset.params(1000))
        assert found is not None, preset.name
        assert preset.gigabytes is None or found.peak + OVERHEAD <= preset.gigabytes * 1e9


def test_sd_2_has_the_larger_text_encoder_and_schnell_no_guidance() -> None:
    def weights(name: str, family: str) -> int:
        found = theirs.count(family, presets.get(name).params(1000))
        assert found is not None
        return found.weights

    assert weights("person-sd15", "sd2") > 1.2 * weights("person-sd15", "sd1")
    assert weights("person-flux1", "flux1-schnell") < weights("person-flux1", "flux1")


@pytest.mark.parametrize(
    "values",
    [
        {"network_dim": 3},
        {"optimizer_type": "Prodigy"},
        {"network_module": "lycoris.kohya"},
        {"cache_text_encoder_outputs": False},
        {"mixed_precision": "no"},
    ],
)
def test_a_training_unlike_any_counted_one_is_not_told_of(values: dict[str, object]) -> None:
    params = presets.get("person-sdxl").params(1000)
    assert theirs.count("sdxl", params) is not None
    assert theirs.count("sdxl", params.with_values(values)) is None
    assert theirs.count("sd2", params) is None


def test_less_in_the_gpu_takes_less_of_it() -> None:
    def weights(name: str) -> int:
        preset = presets.get(name)
        found = theirs.count(preset.family, preset.params(1000))
        assert found is not None
        return found.weights

    assert weights("person-flux1-12gb") < weights("person-flux1")
    scaled, swapped = weights("person-hunyuan-image-24gb"), weights("person-hunyuan-image-12gb")
    assert swapped < scaled < weights("person-hunyuan-image")


@pytest.mark.parametrize("preset", COUNTED, ids=lambda preset: preset.name)
def test_every_counted_preset_fits_the_gpu_that_it_names(preset: presets.Preset) -> None:
    assert preset.counted is not None
    assert preset.gigabytes is None or preset.counted <= preset.gigabytes * 1e9
    assert f"Counted, not measured: {preset.counted / 1e9:.1f} GB" in preset.view().memory


def test_the_presets_for_stable_diffusion_are_counted() -> None:
    grid = [p.name for p in presets.everything() if p.family in ("sd1", "sdxl") and p.gigabytes]
    missing = {name for name in grid if presets.get(name).counted is None}
    assert missing == {name for name in grid if "fp8_base" in presets.get(name).extra}


def test_what_was_not_counted_is_not_guessed() -> None:
    for values in ({"optimizer_type": "AdamW8bit"}, {"network_module": "networks.lora_fa"}):
        assert count("sd1", TrainingParams().with_values(values)) is None
    assert count("flux1", TrainingParams()) is None
    assert OVERHEAD > 0
