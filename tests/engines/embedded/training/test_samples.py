"""Sample pictures while it trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

Train = Callable[..., Any]
RUN = {"max_train_steps": 6, "save_every_n_steps": 2, "learning_rate": 1e-2}


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts of mine.txt"
    file.write_text(
        "# two of them\nAda woman, photo --w 64 --h 64 --d 3 --l 5 --s 3\n"
        "woman --n blurry --w 64 --h 128 --d 4 --s 2\n",
        encoding="utf-8",
    )
    return file


def test_samples_come_before_the_first_step_and_at_every_save(train: Train, prompts: Path) -> None:
    from PIL import Image

    run = train(extra={"sample_prompts": str(prompts)}, **RUN)

    drawn = run.all("sample")
    wanted = {(step, row) for step in (0, 2, 4, 6) for row in (0, 1)}
    assert {(one.step, one.prompt) for one in drawn} == wanted
    assert [one.step for one in drawn] == sorted(one.step for one in drawn)
    assert {one.text for one in drawn} == {"Ada woman, photo", "woman"}
    assert all(Path(one.path).parent == run.folder.samples for one in drawn)
    pictures = {}
    for one in drawn:
        with Image.open(one.path) as picture:
            pictures[one.step, one.prompt] = np.asarray(picture, dtype=int)
            told = str(picture.info["parameters"]).splitlines()
        if one.prompt == 1:
            assert told[:2] == ["woman", "Negative prompt: blurry"]
    assert {(p.shape[1], p.shape[0]) for p in pictures.values()} == {(64, 64), (64, 128)}
    assert np.abs(pictures[0, 0] - pictures[6, 0]).max() > 1
    said = [note.text for note in run.all("note") if "sample pictures took" in note.text]
    assert len(said) == 1 and said[0].endswith("; they are drawn every 2 steps."), "true at its end"


def test_samples_change_no_bit_of_the_training(train: Train) -> None:
    options: dict[str, object] = {
        **RUN,
        "caption_dropout_rate": 0.3,
        "shuffle_caption": True,
        "flip_aug": True,
        "cache_latents": False,
        "noise_offset": 0.05,
    }
    for frozen in (False, True):
        options["network_train_unet_only"] = frozen
        plain = train(name=f"Plain {frozen}", **options)
        drawn = train(name=f"Drawn {frozen}", extra={}, **options)

        assert len(drawn.all("sample")) == 4 * 4, drawn.errors
        assert not plain.all("sample")
        assert drawn.one("progress").loss == plain.one("progress").loss
        assert drawn.one("proof") == plain.one("proof")
        assert weights(drawn) == weights(plain)


def test_a_changed_prompt_file_is_read_at_the_next_sampling(
    train: Train, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.engines.embedded.training.samples import Samples

    at_save = Samples.at_save

    def edited(self: Samples, step: int) -> None:
        if step == 4:
            self.folder.prompts.write_text("Ada on the moon --w 64 --h 64 --s 2\n", "utf-8")
        at_save(self, step)

    monkeypatch.setattr(Samples, "at_save", edited)
    run = train(extra={"sample_prompts": str(prompts)}, **RUN)

    told = {(one.step, one.text) for one in run.all("sample")}
    assert (2, "woman") in told and (4, "woman") not in told
    assert (4, "Ada on the moon") in told and (6, "Ada on the moon") in told


def test_trouble_with_a_sample_costs_only_the_sample(
    train: Train, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.engines.embedded.training import samples

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(samples, "keep", full)
    run = train(extra={"sample_prompts": str(prompts)}, **RUN)

    assert run.code == 0 and run.lora.exists()
    told = [note.text for note in run.all("note") if "No space left" in note.text]
    assert len(told) == 1


def test_no_samples_where_none_are_wanted(train: Train) -> None:
    run = train(extra={"sample_every_n_steps": 0}, **RUN)

    assert not run.all("sample")
    assert not list(run.folder.samples.iterdir())


def weights(run: Any) -> dict[str, bytes]:
    from safetensors.torch import load_file

    return {name: value.numpy().tobytes() for name, value in load_file(run.lora).items()}
