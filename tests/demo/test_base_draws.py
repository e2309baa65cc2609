"""The demo's whole point: without the LoRA some man, with it that man."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.demo import photos, sheet
from sd_scripts_bridge.demo.__main__ import likeness_of
from sd_scripts_bridge.engines.embedded.training import trainer
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.system.files import write_json

STEPS, MARGIN = 700, 0.2


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[sheet.Row]:
    """What the base draws without, and with a LoRA of half the demo's steps."""
    if caption_tokens.find_vocabulary() is None:
        pytest.skip("open_clip_torch is not installed, which brings CLIP's vocabulary")
    root = tmp_path_factory.mktemp("demo")
    base = demo_base.put(root)
    caption_tokens.write_tokenizers(root / "tokenizers")
    photos.draw(root / "img" / "70_AlvaroBadia man", side=256)
    folder = JobFolder(root / "job").create()
    job = TrainingJob(
        name="AlvaroBadia",
        subject="AlvaroBadia",
        class_token="man",
        dataset=str(root / "img"),
        base=str(base),
        family="sd1",
        engine="embedded",
        params=presets.get("tiny").params(STEPS),
        prediction="epsilon",
    )
    write_json(folder.job, job.as_dict())
    tokenizers = root / "tokenizers"
    assert trainer.main([str(folder.root), "--tokenizers", str(tokenizers)]) == 0
    lora = folder.final_lora("AlvaroBadia")
    return sheet.draw_rows(base, tokenizers, {"without": None, "with": lora})


def test_with_the_lora_it_is_him_and_without_it_is_not(rows: list[sheet.Row]) -> None:
    without, with_lora = (likeness_of(row) for row in rows)

    assert with_lora >= without + MARGIN


def test_the_sheet_shows_each_row_below_its_title(rows: list[sheet.Row], tmp_path: Path) -> None:
    pasted = sheet.paste(rows)

    assert pasted.width == sheet.GAP + len(sheet.SCENES) * (sheet.TILE + sheet.GAP)
    first = np.asarray(pasted.crop((4, 24, 1000, 130))).reshape(-1, 3)
    assert len(np.unique(first, axis=0)) > 1000
