"""The engine as the supervisor sees it: a command, its environment, its lines, its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.engines.base import Engine
from sd_scripts_bridge.engines.embedded import EmbeddedEngine, libraries
from sd_scripts_bridge.jobs.events import Note, Progress, to_dict
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system.files import write_json

SMALL = TrainingParams().with_values(
    {
        "max_train_steps": 2,
        "resolution": 64,
        "network_dim": 2,
        "mixed_precision": "no",
        "network_train_unet_only": True,
    }
)


@pytest.fixture
def engine(home: Home) -> EmbeddedEngine:
    return EmbeddedEngine(home)


@pytest.fixture
def job(tmp_path: Path, dataset: Path) -> TrainingJob:
    return TrainingJob(
        "Ada's ñ",
        "Ada",
        "woman",
        str(dataset),
        str(tmp_path / "base.safetensors"),
        "sd1",
        "embedded",
        SMALL,
    )


@pytest.fixture
def folder(home: Home) -> JobFolder:
    return JobFolder(home.jobs / "7").create()


def test_is_an_engine(engine: EmbeddedEngine) -> None:
    seam: Engine = engine
    assert seam.name == "embedded"
    assert seam.traits.saves_on_request


def test_importing_it_loads_no_torch() -> None:
    code = (
        "import sys, sd_scripts_bridge.engines.embedded; sys.exit(bool({'torch', 'numpy'} & "
        "set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_events_are_read_and_the_rest_is_log(engine: EmbeddedEngine) -> None:
    assert engine.read(json.dumps(to_dict(Progress(3, 10, 0.5))) + "\r\n") == Progress(3, 10, 0.5)
    assert engine.read(json.dumps(to_dict(Note("ñ")))) == Note("ñ")
    for line in (
        "",
        "Some warning",
        "{broken",
        '{"type": "of a newer version"}',
        '{"type": "note"}',
        "[1]",
        "{}",
    ):
        assert engine.read(line) is None


def test_files_of_a_run(engine: EmbeddedEngine, job: TrainingJob, folder: JobFolder) -> None:
    for name in ("-step00000100.safetensors", "-step00000050.safetensors", ".safetensors"):
        (folder.output / f"{job.name}{name}").touch()
    (folder.output / f".{job.name}-step00000150.safetensors.part").touch()
    whole, broken = (folder.output / f"{job.name}-step000000{n}-state" for n in ("50", "60"))
    for state in (whole, broken):
        state.mkdir()
    with zipfile.ZipFile(whole / "training_state.pt", "w") as file:  # as torch writes it
        file.writestr("data.pkl", b"whole")
    (broken / "training_state.pt").write_bytes((whole / "training_state.pt").read_bytes()[:-30])

    assert [path.name.removeprefix(job.name) for path in engine.results(job, folder)] == [
        "-step00000050.safetensors",
        "-step00000100.safetensors",
        ".safetensors",
    ]
    assert engine.states(job, folder) == [whole]


def test_missing_libraries_are_named(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, version in (("torch", "2.1.2+cu121"), ("diffusers", "0.42.1")):
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(
            f"Name: {name}\nVersion: {version}\n"
        )

    assert libraries.problems(tmp_path / "bin" / "python") == [
        "transformers, safetensors missing",
        "torch 2.1.2+cu121 is older than 2.6",
    ]


def test_the_command_trains_offline_from_another_folder(
    engine: EmbeddedEngine,
    job: TrainingJob,
    folder: JobFolder,
    bases: Callable[[str], Path],
    tokenizers: Path,
) -> None:
    """As the supervisor starts it: paths with quotes and letters beyond ASCII, no network, no
    PYTHONPATH.
    """
    job = job.evolve(base=str(bases("sd1")))
    if engine.check():
        pytest.skip(f"this Python can't train: {engine.check()[0]}")
    write_json(folder.job, job.as_dict())

    command = engine.command(job, folder)
    changed = os.environ | {key: value for key, value in command.env.items() if value is not None}
    env = {key: value for key, value in changed.items() if command.env.get(key, "") is not None}
    done = subprocess.run(command.argv, env=env, cwd=command.cwd, capture_output=True, check=False)

    output = done.stdout.decode("utf-8")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    events = [event for line in output.splitlines() if (event := engine.read(line))]
    assert events[-1].type == "result"
    assert engine.results(job, folder)[-1].name == "Ada's ñ.safetensors"
    assert command.env["OMP_NUM_THREADS"] == "1"
    assert command.env["HF_HUB_OFFLINE"] == "1"
    assert ("hugetlb=1" in str(command.env.get("GLIBC_TUNABLES"))) == (sys.platform == "linux")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux' C library reads GLIBC_TUNABLES")
def test_what_somebody_asks_of_the_c_library_stands(
    engine: EmbeddedEngine, job: TrainingJob, folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(job.base).touch()
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    assert engine.command(job, folder).env["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"


@pytest.mark.parametrize(("size", "drawn"), [(99_000_000, True), (2_000_000_000, False)])
def test_on_a_processor_the_plan_and_the_prompts_agree_on_whether_samples_are_drawn(
    engine: EmbeddedEngine,
    job: TrainingJob,
    folder: JobFolder,
    tokenizers: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    drawn: bool,
) -> None:
    import torch

    from sd_scripts_bridge.engines.embedded.training.preparation import samples_wanted

    monkeypatch.setattr(libraries, "is_for_the_cpu", lambda _python: True)
    with Path(job.base).open("wb") as base:
        base.truncate(size)
    (note,) = engine.notes(job)
    engine.command(job, folder)
    assert note.startswith("Sample pictures: " if drawn else "No sample pictures")
    wanted = samples_wanted(job, torch.device("cpu"))
    assert (wanted is not None) == folder.prompts.exists() == drawn


def test_check_names_the_vocabulary(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caption_tokens, "find_vocabulary", lambda: None)

    assert any("vocabulary" in problem.what for problem in engine.check())
