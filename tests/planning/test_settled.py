"""What is set takes effect, and one place counts the steps."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.planning.settled import Epoch, settle

PERSON = presets.get("person-sd15")
TEN = Epoch(pictures=100)


def test_a_learning_rate_that_somebody_sets_is_the_rate_of_every_part() -> None:
    found = settle(PERSON, ({}, {"learning_rate": "1e-3"}), TEN)
    rates = (found.params.learning_rate, found.params.unet_lr, found.params.text_encoder_lr)
    assert rates == (1e-3, None, None)
    assert "unet_lr=0.0001 and text_encoder_lr=5e-05 are ignored" in found.notes[0]


def test_a_part_s_rate_that_somebody_sets_beside_it_stays() -> None:
    values = {"learning_rate": 1e-3, "text_encoder_lr": 1e-5}
    params = settle(PERSON, ({}, values), TEN).params
    assert (params.unet_lr, params.text_encoder_lr) == (None, 1e-5)


def test_a_rate_takes_precedence_over_those_of_an_imported_file() -> None:
    file = {"learning_rate": 1e-4, "unet_lr": 2e-4, "text_encoder_lr": 3e-5}
    preset = presets.get(presets.IMPORTED)
    assert settle(preset, (file, {}), TEN).params.unet_lr == 2e-4
    params = settle(preset, (file, {"learning_rate": 1e-3}), TEN).params
    assert (params.unet_lr, params.text_encoder_lr) == (None, None)


def test_without_a_word_an_epoch_is_trained() -> None:
    assert settle(PERSON, (), TEN).params.max_train_steps == 100
    params = settle(PERSON, ({"train_batch_size": 3},), TEN).params
    assert params.max_train_steps == 34


def test_epochs_are_counted_in_steps_and_never_sent() -> None:
    found = settle(PERSON, ({}, {"max_train_epochs": "3", "train_batch_size": "2"}), TEN)
    assert found.params.max_train_steps == 150 and "max_train_epochs" not in found.others
    assert "an epoch has 50 steps, so max_train_steps=150" in found.notes[0]


@pytest.mark.parametrize(
    ("file", "own", "steps"),
    [
        ({"max_train_steps": 7}, {"max_train_epochs": 2}, 200),
        ({"max_train_epochs": 7}, {"max_train_steps": 20}, 20),
        ({"max_train_steps": 7, "max_train_epochs": 2}, {}, 200),
    ],
    ids=["own epochs", "own steps", "both in a file: epochs, as in sd-scripts"],
)
def test_the_last_word_on_the_length_counts(
    file: dict[str, int], own: dict[str, int], steps: int
) -> None:
    assert settle(PERSON, (file, own), TEN).params.max_train_steps == steps


def test_saves_by_epochs_become_saves_by_steps() -> None:
    found = settle(PERSON, ({"max_train_epochs": 4, "save_every_n_epochs": 2},), TEN)
    assert found.params.save_every_n_steps == 200 and not found.others


def test_pictures_by_epochs_become_pictures_by_steps() -> None:
    assert settle(PERSON, ({"sample_every_n_epochs": 2},), TEN).others == {
        "sample_every_n_steps": 200
    }


def test_regularisation_pictures_double_an_epoch_and_processes_share_it() -> None:
    twice = Epoch(100, regularisation=True)
    shared = Epoch(100, processes=4)
    assert settle(PERSON, ({"max_train_epochs": 1},), twice).params.max_train_steps == 200
    assert settle(PERSON, ({"max_train_epochs": 1},), shared).params.max_train_steps == 25


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "nan", "1e300", 10**9])
def test_a_number_of_epochs_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(Invalid, match="max_train_epochs"):
        settle(PERSON, ({"max_train_epochs": value},), TEN)


@pytest.mark.parametrize("scheduler", ["constant", "piecewise_constant"])
def test_a_schedule_without_a_warmup_gets_none(scheduler: str) -> None:
    """sd-scripts stops at one ("does not require `num_warmup_steps`"), and the preset has one."""
    assert settle(PERSON, (), TEN).params.lr_warmup_steps == 5
    assert settle(PERSON, ({"lr_scheduler": scheduler},), TEN).params.lr_warmup_steps == 0


def test_adafactor_with_its_own_schedule_gets_no_warmup_either() -> None:
    itself = {"optimizer_type": "Adafactor"}
    assert settle(PERSON, (itself,), TEN).params.lr_warmup_steps == 0
    told = {**itself, "optimizer_args": ["relative_step=False"]}
    assert settle(PERSON, (told,), TEN).params.lr_warmup_steps == 5
