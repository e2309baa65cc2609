"""Behaves like sd-scripts' train_network.py from outside, in milliseconds a step.

Under a launcher every process but the first waits in silence.

Reads ``--config_file``, prints what the real one prints (sd-scripts 0.10.1), writes checkpoints,
states and the LoRA under the real names. ``training_comment`` says what else happens, as words:

    slow        50 ms a step
    crash:N     an exception at step N
    exit:N      exit code 7 at step N
    kill:N      kills itself at step N
    oom:N       out of GPU memory at step N
    greedy:N    the same, unless gradient_checkpointing is on
    diverge:N   the loss is NaN from step N on, unless the learning rate is below 6e-5
    nan         a LoRA with a NaN in it
    nothing     exit 0 and no LoRA
    children    a worker that ignores SIGTERM, and one in a session of its own
    hold        past step 10, waits for the file "go" in the output folder
    halt:N      before step N, waits to be ended, unless it goes on from a state
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from safetensors.numpy import save_file

try:
    import tomllib
except ImportError:
    import tomli as tomllib  # type: ignore[no-redef]

MODULES = (
    "lora_te_text_model_encoder_layers_0_mlp_fc1",
    "lora_unet_down_blocks_0_attentions_0_proj_in",
)


def setup_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config_file")
    parser.add_argument("--console_log_simple", action="store_true")
    parser.add_argument("--lowram", action="store_true", help="a switch")
    parser.add_argument("--vae_batch_size", type=int, default=1, help="a number")
    parser.add_argument("--loss_type", choices=["l1", "l2"], default="l2", help="a choice")
    parser.add_argument("--network_args", nargs="*", help="a list")
    return parser


def act(comment: str, step: int, output: Path, config: dict[str, Any]) -> None:
    for word in comment.split():
        name, _, at = word.partition(":")
        if name == "slow":
            time.sleep(0.05)
        if at and int(at) == step:
            if name == "crash":
                raise ValueError("the moon is in the wrong phase")
            if name == "exit":
                sys.exit(7)
            if name == "oom" or (name == "greedy" and not config.get("gradient_checkpointing")):
                print(
                    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
                    file=sys.stderr,
                )
                sys.exit(1)
            if name == "kill":
                psutil.Process().kill()
            while name == "halt" and "resume" not in config:
                time.sleep(0.02)
        while name == "hold" and step > 10 and not (output / "go").exists():
            time.sleep(0.02)


def children() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', "
        "flush=True); time.sleep(300)"
    )
    stubborn = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)


def lora(path: Path, comment: str, step: int) -> None:
    """Another one at each step."""
    up = np.nan if "nan" in comment else 0.0 if "zero" in comment else 0.2
    tensors = {}
    for module in MODULES:
        tensors[f"{module}.lora_down.weight"] = np.full((4, 8), 0.1 + step / 10_000, np.float32)
        tensors[f"{module}.lora_up.weight"] = np.full((8, 4), up, np.float32)
        tensors[f"{module}.alpha"] = np.array(4.0, np.float32)
    metadata = {"ss_output_name": path.stem, "ss_base_model_version": "sd_v1", "ss_v2": "False"}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(path), metadata)


def state(folder: Path, step: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("model.safetensors", "optimizer.bin", "scheduler.bin", "random_states_0.pkl"):
        (folder / name).write_bytes(b"x")
    (folder / "train_state.json").write_text(json.dumps({"current_epoch": 1, "current_step": step}))


def samples(config: dict[str, Any], step: int) -> None:
    """Its picture files, by its names; the prompt file is read anew each time."""
    if not config.get("sample_every_n_steps") or (step == 0 and not config.get("sample_at_first")):
        return
    if step % config["sample_every_n_steps"]:
        return
    print(f"\ngenerating sample images at step / サンプル画像生成 ステップ: {step}", flush=True)
    folder = Path(config["output_dir"]) / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    lines = Path(config["sample_prompts"]).read_text(encoding="utf-8").splitlines()
    for row, line in enumerate(line for line in lines if line and line[0] != "#"):
        when = f"{step:06d}" if step else "e000000"
        print(f"prompt: {line.split(' --')[0]}\nnegative_prompt: None", flush=True)
        color = (step % 256, 40 * row % 256, len(line) % 256)
        name = f"{config['output_name']}_{when}_{row:02d}_20261122081021_7.png"
        Image.new("RGB", (64, 64), color).save(folder / name)


def main() -> None:
    options = setup_parser().parse_args()
    config = tomllib.loads(Path(options.config_file).read_text(encoding="utf-8"))
    comment, output, name = (
        config.get("training_comment", ""),
        Path(config["output_dir"]),
        config["output_name"],
    )
    total, every, done = config["max_train_steps"], config.get("save_every_n_steps"), 0
    if "resume" in config:
        done = json.loads((Path(config["resume"]) / "train_state.json").read_text())["current_step"]
    if "children" in comment:
        children()
    while os.environ.get("RANK", "0") != "0":  # the first process alone prints and saves
        time.sleep(0.02)
        if os.environ.get("GROUP_RANK") != "0" or (output / f"{name}.safetensors").exists():
            return
    left = total - done
    print("loading model for process 0/1\nrunning training / 学習開始\n\nepoch 1/1\n", flush=True)
    print(
        f"\rsteps:   0%|          | 0/{left} [00:00<?, ?it/s]", end="", file=sys.stderr, flush=True
    )
    diverges = next(
        (int(word[8:]) for word in comment.split() if word.startswith("diverge:")), total + 1
    )
    if config["learning_rate"] < 6e-5:
        diverges = total + 1
    if done == 0:
        samples(config, 0)
    for step in range(done + 1, total + 1):
        act(comment, step, output, config)
        bar, percent = step - done, 100 * (step - done) // left
        for tail in ("", f", avr_loss={float('nan') if step >= diverges else 1 / step:.3g}"):
            line = f"\rsteps: {percent:3d}%|####      | {bar}/{left} [00:01<00:01,  9.00it/s{tail}]"
            print(line, end="", file=sys.stderr, flush=True)
        if every and step % every == 0:  # also the last one
            path = output / f"{name}-step{step:08d}.safetensors"
            print(f"\nsaving checkpoint: {path}", flush=True)
            lora(path, comment, step)
            if config.get("save_state"):
                state(output / f"{name}-step{step:08d}-state", step)
        samples(config, step)
    if "nothing" in comment:
        where = "train_data_dir must be the parent of folders with images"
        print(
            f"No data found. Please verify arguments ({where}) / 画像がありません。",
            file=sys.stderr,
        )
        return
    print(f"\nsaving checkpoint: {output / name}.safetensors", flush=True)
    if config.get("save_state"):
        state(output / f"{name}-state", total)
    lora(output / f"{name}.safetensors", comment, total)
    print("model saved.", flush=True)


if __name__ == "__main__":
    main()
