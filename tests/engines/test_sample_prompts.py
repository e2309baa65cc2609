"""The prompts of the sample pictures, and the file that says them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.engines import sample_prompts
from sd_scripts_bridge.jobs.folder import JobFolder, sample_place
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    folder = tmp_path / "img" / "10_Ada woman"
    folder.mkdir(parents=True)
    for number, caption in enumerate(("Ada woman", "Ada woman, in a red coat", "a street"), 1):
        (folder / f"{number}.png").write_bytes(b"")
        (folder / f"{number}.txt").write_text(caption, encoding="utf-8")
    params = TrainingParams(max_train_steps=100, resolution="512,768")
    return TrainingJob(
        "Ada", "Ada", "woman", str(tmp_path / "img"), "base", "sd1", "embedded", params
    )


def test_two_prompts_show_the_subject_and_two_show_others(job: TrainingJob) -> None:
    texts = [prompt.text for prompt in sample_prompts.chosen(job)]

    assert texts == [
        "Ada woman, portrait, looking at the camera",
        "Ada woman, in a red coat",
        "woman, portrait, looking at the camera",
        "man, portrait, looking at the camera",
    ]
    prompt = sample_prompts.chosen(job)[0]
    assert (prompt.width, prompt.height, prompt.seed) == (256, 384, 42)


def test_without_a_caption_that_says_more_the_place_is_ours(job: TrainingJob) -> None:
    for file in Path(job.dataset).rglob("*.txt"):
        file.write_text("Ada woman", encoding="utf-8")

    texts = [prompt.text for prompt in sample_prompts.chosen(job)]

    assert texts[1] == "Ada woman, standing in a sunny park"


def test_a_caption_that_is_a_prompt_already_costs_none(job: TrainingJob) -> None:
    said = sample_prompts.chosen(job)[0].text
    for file in Path(job.dataset).rglob("*.txt"):
        file.write_text(said, encoding="utf-8")

    assert len(sample_prompts.chosen(job)) == 4, "as many as are told before"


def test_a_line_is_read_as_sd_scripts_reads_it() -> None:
    (prompt,) = sample_prompts.read(
        "# a remark\n\nAda woman, photo --n low quality --w 64 --h 128 --d 7 --l 7.5 --s 3 --x no\n"
    )
    assert prompt == sample_prompts.SamplePrompt(
        "Ada woman, photo", "low quality", 64, 128, 7, 7.5, 3
    )
    assert sample_prompts.read(prompt.line) == [prompt]


def test_the_file_is_written_once_and_known_as_ours_until_it_is_changed(
    job: TrainingJob, tmp_path: Path
) -> None:
    folder = JobFolder(tmp_path / "job").create()
    sample_prompts.lay_down(job, folder)
    assert folder.prompts == tmp_path / "job" / "samples" / "prompts.txt"
    assert sample_prompts.is_ours(folder.prompts)

    with folder.prompts.open("a", encoding="utf-8") as file:
        file.write("Ada on the moon\n")
    sample_prompts.lay_down(job, folder)

    assert not sample_prompts.is_ours(folder.prompts)
    assert sample_prompts.read_file(folder.prompts)[-1].text == "Ada on the moon"


def test_the_cost_is_said_before(job: TrainingJob) -> None:
    (note,) = sample_prompts.notes(job, by_default=True)

    assert note.startswith("Sample pictures: 4 prompts before the first step and every 10 steps")
    assert "44 pictures in all" in note


def test_that_none_are_drawn_is_said_before_with_the_way_to_have_them(job: TrainingJob) -> None:
    (note,) = sample_prompts.notes(job, by_default=False)
    assert note.startswith("No sample pictures") and "sample_every_n_steps=N" in note
    assert sample_prompts.notes(job, by_default=None) == [], "not known, not said"
    off = job.evolve(params=replace(job.params, extra={"sample_every_n_steps": 0}))
    assert sample_prompts.notes(off, by_default=False) == [], "somebody has switched them off"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Ada_e000000_02_20261122081021_7.png", (0, 2)),
        ("Ada_000150_00_20261122081036_7.png", (150, 0)),
        ("Ada-step00000150-prompt03.png", (150, 3)),
        ("holiday.png", None),
    ],
)
def test_a_pictures_name_says_its_step_and_prompt(name: str, place: tuple[int, int] | None) -> None:
    assert sample_place(name) == place


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("empty.txt", b"", "no_prompt"),
        ("remarks.txt", b"# Ada\n\n", "no_prompt"),
        ("gbk.txt", "\u8089".encode("gbk"), "no_prompt"),
        ("prompts", b"Ada woman", "ending"),
        ("prompts.txt", b"Ada woman", ""),
        ("prompts.toml", b"", ""),
    ],
)
def test_a_file_that_nothing_can_be_drawn_from_is_refused(
    job: TrainingJob, tmp_path: Path, name: str, content: bytes, wrong: str
) -> None:
    (tmp_path / name).write_bytes(content)
    extra = {"sample_prompts": str(tmp_path / name)}
    asked = job.evolve(params=TrainingParams(extra=extra))
    found = sample_prompts.problems(asked)
    assert [problem.code for problem in found] == ([f"samples.{wrong}"] if wrong else [])
    without = job.evolve(params=TrainingParams(extra={**extra, "sample_every_n_steps": 0}))
    assert sample_prompts.problems(without) == []
