from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_scripts_bridge.errors import Invalid, NotFound
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.params import TrainingParams, fields_of_params, option_type

NAMES = [f.name for f in fields_of_params()]


def test_defaults_have_no_problems() -> None:
    assert TrainingParams().problems() == []


def test_all_problems_come_at_once_and_name_the_option() -> None:
    with pytest.raises(Invalid) as caught:
        TrainingParams().with_values(
            {"max_train_step": 3, "seed": "x", "network_dim": 0, "lr_scheduler": "cosinus"}
        )
    text = str(caught.value)
    assert "Did you mean max_train_steps?" in text
    for name in ("seed", "network_dim", "lr_scheduler"):
        assert name in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_train_steps", "0"),
        ("max_train_steps", "-1"),
        ("max_train_steps", "1e12"),
        ("max_train_steps", "1.5"),
        ("max_train_steps", "1,5"),
        ("max_train_steps", ""),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", "50"),
        ("train_batch_size", "0"),
        ("resolution", "7"),
        ("resolution", "100000"),
        ("resolution", "512,512,512"),
        ("resolution", "big"),
        ("flip_aug", "maybe"),
    ],
)
def test_unusable_values_are_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        TrainingParams().with_values({name: value})


def test_what_excludes_each_other_is_said() -> None:
    with pytest.raises(Invalid, match="needs network_train_unet_only"):
        TrainingParams().with_values({"cache_text_encoder_outputs": True})


def test_text_is_read_as_the_options_type() -> None:
    params = TrainingParams().with_values(
        {"unet_lr": "1e-3", "flip_aug": "yes", "min_snr_gamma": "none", "seed": "7"}
    )
    assert (params.unet_lr, params.flip_aug, params.min_snr_gamma, params.seed) == (
        1e-3,
        True,
        None,
        7,
    )


def test_buckets_enclose_the_resolution() -> None:
    fitted = TrainingParams().with_values({"resolution": "64,2048"}).fitted_buckets()
    assert (fitted.min_bucket_reso, fitted.max_bucket_reso) == (64, 2048)


def test_json_round_trip_of_every_option() -> None:
    params = TrainingParams(extra={"network_args": ["a=1"]}).with_values({"unet_lr": 0.5})
    assert TrainingParams.from_dict(json.loads(json.dumps(params.as_dict()))) == params


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()),
    )
)
def test_no_value_makes_anything_but_params_or_a_sentence(values: dict[str, object]) -> None:
    try:
        params = TrainingParams().with_values(values)
    except Invalid as error:
        assert error.problems
    else:
        assert params.problems() == []
        assert TrainingParams.from_dict(params.as_dict()) == params


def test_every_option_has_help_and_a_known_type() -> None:
    assert len(NAMES) > 30
    for f in fields_of_params():
        assert f.metadata["help"]
        assert option_type(f.name)[0] in (int, float, str, bool)


def test_every_preset_makes_valid_params_and_says_why() -> None:
    assert {"person-sd15", "person-sdxl", "tiny"} <= set(presets.names())
    for name in presets.names():
        preset = presets.get(name)
        params = preset.params(1500)
        assert params.problems() == [] and params.max_train_steps == 1500
        assert preset.why.strip() and preset.title
    assert presets.get("person-sd15").params(1500).lr_warmup_steps == 75


def test_presets_for_people_do_not_mirror_faces() -> None:
    assert not any(presets.get(name).params(10).flip_aug for name in presets.names())


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="`sd-scripts-bridge presets` lists them"):
        presets.get("anime")


def test_buckets_too_coarse_for_the_resolution_are_refused_where_nothing_is_enlarged() -> None:
    with pytest.raises(Invalid, match="Set 32 or less"):
        TrainingParams().with_values(
            {"resolution": "64", "bucket_no_upscale": True, "bucket_reso_steps": 64}
        )
    TrainingParams().with_values(
        {"resolution": "64", "bucket_no_upscale": True, "bucket_reso_steps": 32}
    )
    TrainingParams().with_values({"resolution": "64", "bucket_reso_steps": 64})


def test_a_number_that_is_too_large_is_repeated_as_it_was_typed() -> None:
    with pytest.raises(Invalid, match="99999999999999999999999 is outside 1 to 1,000,000"):
        TrainingParams().with_values({"max_train_steps": "99999999999999999999999"})
