"""Measuring and searching after a training: what it has encoded isn't encoded again, and the
figures are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.running.asked import evaluation
from sd_scripts_bridge.system.files import write_json
from tests.engines.embedded.conftest import Run

Pictures = Callable[[Path, int, str], None]


@pytest.fixture
def tool(tokenizers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a tool's program on what its job.json says, as the queue does; ``kept`` is a folder."""

    def run(main: Callable[[], int], told: Mapping[str, object], kept: Path | None) -> None:
        folder = JobFolder(tmp_path / "tool").create()
        write_json(folder.job, told)
        words = ["", str(folder.root), str(tokenizers), *([str(kept)] if kept else [])]
        monkeypatch.setattr(sys, "argv", words)
        assert main() == 0

    return run


@pytest.mark.parametrize("unet_only", [True, False])
def test_evaluate_encodes_nothing_that_the_training_has_encoded(
    train: Callable[..., Run],
    tool: Callable[..., None],
    pictures: Pictures,
    tmp_path: Path,
    encoded: list[str],
    unet_only: bool,
) -> None:
    from sd_scripts_bridge.engines.embedded.measuring import program

    pictures(tmp_path / "set" / "img" / "2_Ada woman", 2, "Ada woman, photo, number {}")
    pictures(tmp_path / "set" / "held_out", 1, "Ada woman, another photo, {}")
    kept, options = tmp_path / "kept", {"network_train_unet_only": unet_only, "max_train_steps": 2}
    run = train(data=tmp_path / "set" / "img", kept=kept, **options)
    assert run.code == 0, run.errors
    told = evaluation.of_job(1, run.job, run.folder).as_dict()

    def figures(kept: Path | None) -> list[str]:
        encoded.clear()
        for file in run.folder.measured.iterdir():
            file.unlink()
        tool(program.main, told, kept)
        assert [one.step for one in measured.read(run.folder.measured)] == [0, 2]
        return [file.read_text() for file in sorted(run.folder.measured.iterdir())]

    first = figures(kept)
    assert encoded == ["captions"] * 3, "one at a time, of base and save together"
    assert figures(kept) == first and encoded == []
    assert figures(None) == first and encoded.count("photo") == 3


def test_the_folds_of_a_search_encode_each_photo_once(
    train: Callable[..., Run],
    tool: Callable[..., None],
    pictures: Pictures,
    tmp_path: Path,
    encoded: list[str],
) -> None:
    from sd_scripts_bridge.engines.embedded.measuring import step_program

    pictures(tmp_path / "set" / "img" / "2_Ada woman", 4, "Ada woman, photo, number {}")
    kept, options = tmp_path / "kept", {"network_train_unet_only": True, "max_train_steps": 1}
    run = train(data=tmp_path / "set" / "img", kept=kept, **options)
    assert run.code == 0 and encoded.count("photo") == 4
    encoded.clear()
    tool(step_program.main, {"settings": {"job": run.job.as_dict(), "folds": 2}}, kept)
    assert encoded.count("photo") == 0, "the training on all of them has encoded them"
