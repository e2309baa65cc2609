"""The grid of saved steps, drawn by a real WebUI that is killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home

from .conftest import WebUI

pytestmark = pytest.mark.timeout(1800)

STEPS, WEIGHTS = (10, 20, 30), (0.6, 0.8, 0.9, 1.0)
PROMPTS = "Ada woman --w 64 --h 64 --d 1 --l 7 --s 2\nAda in a park --w 64 --h 64 --d 2 --s 2"
LAYER = "lora_unet_{half}_attentions_{at}_transformer_blocks_0_attn1_to_{part}"


@pytest.fixture
def running(data: Path, base: Path) -> int:
    """A training with three saved steps that differ."""
    (data / "models" / "Stable-diffusion" / base.name).symlink_to(base)
    bridge = Bridge(Home(data / "lora-bridge"))
    job = TrainingJob(
        name="Ada",
        subject="Ada",
        class_token="woman",
        dataset=str(data),
        base=str(base),
        lora_dir=str(data / "models" / "Lora"),
        family="sd1",
        engine="embedded",
        params=TrainingParams(max_train_steps=30, save_every_n_steps=10),
    )
    store = bridge._store
    number = store.add(job)
    assert store.claim()
    folder = bridge.folder(number).create()
    for step in STEPS:
        name = "Ada.safetensors" if step == 30 else f"Ada-step{step:08d}.safetensors"
        save_lora(folder.output / name, step)
    return number


@pytest.fixture
def trained(running: int, data: Path) -> int:
    """It is over."""
    store = Bridge(Home(data / "lora-bridge"))._store
    store.move(running, Status.STOPPING, of=[Status.RUNNING], attempt=1)
    store.move(running, Status.STOPPED, of=[Status.STOPPING], attempt=1, sentence="Stopped.")
    return running


def save_lora(path: Path, step: int) -> None:
    """A LoRA of a few layers whose effect grows with the step."""
    dice = np.random.default_rng(1)
    tensors = {}
    for half, at, width in (("down_blocks_0", 0, 320), ("up_blocks_3", 2, 320)):
        for part in ("q", "k", "v"):
            name = LAYER.format(half=half, at=at, part=part)
            tensors[f"{name}.lora_down.weight"] = dice.normal(0, 0.1, (4, width)).astype("float32")
            up = dice.normal(0, 0.02 * step, (width, 4)).astype("float32")
            tensors[f"{name}.lora_up.weight"] = up
            tensors[f"{name}.alpha"] = np.array(4.0, "float32")
    save_file(tensors, path, {"ss_base_model_version": "sd_v1-5", "ss_output_name": "Ada"})


def test_a_killed_webui_loses_no_picture_and_draws_none_twice(
    start: Callable[..., WebUI], trained: int, data: Path
) -> None:
    webui = start()
    body = {"steps": STEPS, "weights": WEIGHTS, "prompts": PROMPTS}
    asked = post(webui, f"jobs/{trained}/grid", body)
    assert (asked["by"], asked["total"]) == ("webui", 24 + 2)
    folder = Bridge(Home(data / "lora-bridge")).folder(trained)

    until(webui, lambda: len(drawn(folder.grid)) >= 8)
    os.kill(webui.process.pid, signal.SIGKILL)
    webui.process.wait(20)
    before = drawn(folder.grid)
    assert 8 <= len(before) < 26

    webui = start()
    until(webui, lambda: json.loads(webui.get(f"lora-bridge/v1/jobs/{trained}/grid"))["done"] == 26)

    after = drawn(folder.grid)
    assert len(after) == 26 and before.items() <= after.items()
    assert list((data / "models" / "Lora").iterdir()) == []
    told = json.loads(webui.get(f"lora-bridge/v1/jobs/{trained}/grid"))
    assert told["state"] == "done" and told["sentence"] == ""
    cells = {
        (one["step"], one["weight"], one["prompt"]): one["picture"] for one in told["pictures"]
    }
    without, weak, strong = (
        pixels(webui, cells[key]) for key in ((None, 0.0, 0), (10, 0.6, 0), (30, 1.0, 0))
    )
    assert 0 < np.abs(without - weak).mean() < np.abs(without - strong).mean()
    log = webui.log.read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]


def drawn(folder: Path) -> dict[str, int]:
    """The pictures that are whole, with their times."""
    found = [path for path in folder.glob("*.png") if path.name != "grid.png"]
    return {path.name: path.stat().st_mtime_ns for path in found}


def until(webui: WebUI, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 900
    while not done():
        alive = webui.process.poll() is None and time.monotonic() < deadline
        assert alive, webui.log.read_text(errors="replace")[-3000:]
        time.sleep(0.5)


def post(webui: WebUI, path: str, body: dict[str, Any]) -> Any:
    found = re.search(r'data-nonce=\\*"?([\w-]+)', webui.get("config").decode())
    assert found
    headers = {"Content-Type": "application/json", "X-Lora-Bridge-Nonce": found[1]}
    address = f"{webui.address}/lora-bridge/v1/{path}"
    with urlopen(Request(address, json.dumps(body).encode(), headers, method="POST")) as answer:
        return json.loads(answer.read())


def pixels(webui: WebUI, url: str) -> Any:
    import io

    with Image.open(io.BytesIO(webui.get(f"lora-bridge/v1/{url}"))) as picture:
        return np.asarray(picture.convert("RGB"), dtype=int)
