"""Whether compiling pays is computed from what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.engines.embedded import EmbeddedEngine
from sd_scripts_bridge.engines.embedded.stepping.earnings import (
    UNKNOWN,
    Earnings,
    EarningsBook,
    kind_of,
)
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home


def job(extra: dict[str, object], **values: object) -> TrainingJob:
    params = TrainingParams(extra=extra).with_values(values)
    return TrainingJob("Ada", "Ada", "woman", "/data", "/base", "sd1", "embedded", params)


def test_it_pays_from_where_the_steps_save_more_than_it_costs() -> None:
    found = Earnings(eager=0.5, compiled=0.3, cold=40)
    assert not found.pays(200)
    assert found.pays(201)
    assert not Earnings(eager=0.3, compiled=0.5, cold=0.1).pays(1_000_000)


def test_with_what_lies_in_the_cache_it_costs_less() -> None:
    found = Earnings(eager=0.5, compiled=0.3, cold=40, warm=4)
    assert found.pays(21)
    assert "4 s and saves about 2 min 00 s in 600 steps" in found.outlook(600)
    assert "left out: compiling the U-Net's blocks takes about 4 s" in found.outlook(20)
    assert found.outlook(20).code == "compile.left_out"


def test_the_book_keeps_what_is_not_measured_anew(tmp_path: Path) -> None:
    book = EarningsBook(tmp_path / "not made yet")
    assert book.of("a") is None
    book.write("a", Earnings(2, 1, cold=30))
    book.write("b", Earnings(9, 8, cold=3))
    book.write("a", Earnings(2.5, 1.5, warm=5))
    assert book.of("a") == Earnings(2.5, 1.5, cold=30, warm=5)
    assert book.of("b") == Earnings(9, 8, cold=3)


@pytest.mark.parametrize("damaged", [b"{", b"\xff", b"[]"])
def test_a_damaged_book_is_an_empty_one(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "earnings.json").write_bytes(damaged)
    book = EarningsBook(tmp_path)
    assert book.of("a") is None
    book.write("a", Earnings(2, 1))
    assert book.of("a") == Earnings(2, 1)


def test_the_plan_says_what_is_known_of_the_same_kind_of_training(tmp_path: Path) -> None:
    engine, extra = EmbeddedEngine(Home(tmp_path)), {"torch_compile": True, "sample_prompts": "x"}
    assert not [note for note in engine.notes(job({}, max_train_steps=50)) if "compile" in note]
    assert UNKNOWN in engine.notes(job(extra, max_train_steps=50))
    known = EarningsBook(Home(tmp_path).compiled / engine.machine().torch)
    known.write(kind_of(job(extra), "cpu"), Earnings(eager=0.5, compiled=0.3, cold=40))
    assert any("left out" in note for note in engine.notes(job(extra, max_train_steps=50)))
    assert any("saves about" in note for note in engine.notes(job(extra, max_train_steps=1500)))
    assert UNKNOWN in engine.notes(job(extra, max_train_steps=50, resolution="768"))
