"""Paths as people type them: the README's own commands, in a folder of one's own."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.job import SetupJob, Status
from sd_scripts_bridge.paths import HOME_VARIABLE
from sd_scripts_bridge.planning.request import Request
from tests.support import model_headers as headers
from tests.support.supervisor import wait_over

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^    sd-scripts-bridge +(.*?)(?: {2,}#.*)?$", re.MULTILINE)
README = {
    command.split()[0]: command
    for command in COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where somebody works: their photos, their base model, their WebUI."""
    folder = tmp_path / "my work"
    (folder / "photos").mkdir(parents=True)
    for number in range(1, 4):
        picture = Image.effect_noise((600, 560), 40 + number).convert("RGB")
        picture.save(folder / "photos" / f"{number}.jpg")
    headers.full_size_sd15(folder / "v1-5-pruned-emaonly.safetensors")
    (folder / "WEBUI" / "models" / "Lora").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def run(bridge: Bridge, words: str) -> str:
    """What it prints; the command must have ended well."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), HOME_VARIABLE: str(bridge.home.root)}
    argv = [sys.executable, "-m", "sd_scripts_bridge", *shlex.split(words)]
    done = subprocess.run(
        argv, env=env, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_readmes_commands_train_a_lora(bridge: Bridge, folder: Path) -> None:
    """All but `setup`, which needs the network (the fixture has set up a fake), `caption`, which
    needs a server, and `frames`, which needs a video.
    """
    assert set(README) == {"setup", "check", "frames", "dataset", "caption", "train"}
    for verb in ("check", "dataset", "train"):
        run(bridge, README[verb].replace("--steps 1500", "--steps 30"))
    loras = sorted(path.name for path in (folder / "WEBUI" / "models" / "Lora").iterdir())
    assert loras == ["AlvaroBadia.json", "AlvaroBadia.png", "AlvaroBadia.safetensors"]


def test_a_dry_run_says_the_job_that_a_run_queues(bridge: Bridge, folder: Path) -> None:
    run(bridge, README["dataset"].replace("--steps 1500", "--steps 30"))
    (folder / "own vae.safetensors").touch()
    (folder / "prompts.txt").write_text("AlvaroBadia man", "utf-8")
    words = f"{README['train']} --set 'vae=own vae.safetensors' sample_prompts=prompts.txt --json "
    dry = json.loads(run(bridge, words + "--dry-run"))
    queued = json.loads(run(bridge, words + "--detach"))
    row = wait_over(bridge, queued["job"])
    assert json.loads(row.spec) == dry["job"]
    assert row.status is Status.SUCCEEDED, row.sentence
    for name in ("dataset", "base", "lora_dir"):
        assert Path(dry["job"][name]).is_absolute()
    assert dry["job"]["params"]["extra"] == {
        "vae": str(folder / "own vae.safetensors"),
        "sample_prompts": str(folder / "prompts.txt"),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [("", "only the first is trained."), ("enable_wildcard=true", "one of them at random.")],
)
def test_what_is_trained_of_captions_with_several_lines_is_said(
    bridge: Bridge, folder: Path, options: str, said: str
) -> None:
    run(bridge, README["dataset"].replace("--steps 1500", "--steps 30"))
    captions = sorted((folder / "AlvaroBadia").rglob("*.txt"))
    for caption in captions[:2]:
        caption.write_text("AlvaroBadia man, red\nAlvaroBadia man, blue\n", "utf-8")
    words = f"{README['train']} --dry-run" + (f" --set {options}" if options else "")
    assert f"2 captions have several lines: {said}" in run(bridge, words)


def test_a_config_names_files_beside_itself(bridge: Bridge, folder: Path) -> None:
    run(bridge, README["dataset"].replace("--steps 1500", "--steps 30"))
    there = folder / "configs"
    there.mkdir()
    options = {
        "pretrained_model_name_or_path": "../v1-5-pruned-emaonly.safetensors",
        "train_data_dir": "../AlvaroBadia/img",
        "output_name": "FromConfig",
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    (there / "own.toml").write_text("\n".join(lines))
    run(bridge, "train --config configs/own.toml --lora-dir WEBUI/models/Lora")
    assert (folder / "WEBUI" / "models" / "Lora" / "FromConfig.safetensors").is_file()


@pytest.mark.parametrize("engine", ["sd-scripts", "embedded"])
def test_a_request_is_the_same_from_every_folder(
    bridge: Bridge, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    (folder / "weights.safetensors").touch()
    (folder / "lycoris.toml").touch()
    request = Request(
        Path("AlvaroBadia"),
        Path("~/model.safetensors"),
        engine,
        values={
            "network_weights": "weights.safetensors",
            "base_weights": ["weights.safetensors", "none.safetensors"],
            "network_args": "preset=lycoris.toml conv_dim=8 dropout=0.1",
            "optimizer_args": "weight_decay=0.1 betas=0.9,0.99",
            "vae": "stabilityai/sd-vae-ft-mse",
            "caption_prefix": "weights.safetensors",
        },
        lora_dir=Path("Lora"),
        model_folders=(Path("vae"),),
    )
    monkeypatch.chdir(tmp_path)
    assert request.dataset == folder / "AlvaroBadia"
    assert request.base == Path.home() / "model.safetensors"
    assert (request.lora_dir, request.model_folders) == (folder / "Lora", (folder / "vae",))
    assert request.values == {
        "network_weights": str(folder / "weights.safetensors"),
        "base_weights": [str(folder / "weights.safetensors"), "none.safetensors"],
        "network_args": [f"preset={folder / 'lycoris.toml'}", "conv_dim=8", "dropout=0.1"],
        "optimizer_args": "weight_decay=0.1 betas=0.9,0.99",
        "vae": "stabilityai/sd-vae-ft-mse",
        "caption_prefix": "weights.safetensors",
    }


def test_a_source_is_a_folder_that_is_here_or_an_address(
    bridge: Bridge, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.running import supervisor

    monkeypatch.setattr(supervisor, "spawn", lambda home: None)
    with pytest.raises(Invalid, match=r"source: there is no folder '.*my work.kohya_ss'"):
        bridge.setup("kohya_ss")
    assert bridge.jobs() == []
    (folder / "kohya_ss").mkdir()
    for source, expected in (
        ("kohya_ss", str(folder / "kohya_ss")),
        ("https://example.org/sd-scripts.git", "https://example.org/sd-scripts.git"),
        ("git@example.org:kohya-ss/sd-scripts", "git@example.org:kohya-ss/sd-scripts"),
    ):
        job = bridge._store.get(bridge.setup(source)).job
        assert isinstance(job, SetupJob) and job.source == expected
