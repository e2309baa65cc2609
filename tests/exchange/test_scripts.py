"""Scripts and notebooks as people have them: variables, lists, conditions, several calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange.settling.imported import Fate, Imported, KeyRow


def read(path: Path, text: str) -> Imported:
    path.write_text(text, encoding="utf-8", newline="")
    return imports.read(path)


def row(imported: Imported, key: str) -> KeyRow:
    return next(row for row in imported.rows if row.key == key)


SHELL = """#!/bin/bash
script="./sd-scripts/sdxl_train_network.py"   # not a call
if [ -f sd-scripts/train_network.py ]; then echo "found train_network.py"; fi
base_lr=1e-4
name=${NAME:-ada}
steps=$1
kind="lycoris"
extra=(--shuffle_caption "--keep_tokens=2")
if [[ $kind == "lycoris" ]]; then
  extra+=("--network_args conv_dim=4 algo=loha")
else
  extra+=("--network_args nonsense=1")
fi
[ -z "$HOME" ] && echo none
accelerate launch ${launch[@]} $script \\
  --network_module=lycoris.kohya --learning_rate=$base_lr --output_name "$name" \\
  --max_train_steps $steps \\
  --training_comment='a $5 picture' ${extra[@]} --cache_latents > train.log 2>&1 && echo done
"""


def test_a_shell_scripts_variables_lists_and_conditions(tmp_path: Path) -> None:
    imported = read(tmp_path / "run.sh", SHELL)
    values = imported.values
    assert imported.family == "sdxl" and imported.name == "ada"
    assert (values["learning_rate"], values["keep_tokens"]) == (1e-4, 2)
    assert values["shuffle_caption"] is True and values["cache_latents"] is True
    assert values["network_args"] == ["conv_dim=4", "algo=loha"]
    assert values["training_comment"] == "a $5 picture"
    steps = row(imported, "--max_train_steps")
    assert steps.fate is Fate.IGNORED and "outside this file" in steps.why
    assert not {"2", "done", "train.log"} & {row.key for row in imported.rows}


def test_one_word_of_a_list_that_isnt_known_leaves_the_others_known(tmp_path: Path) -> None:
    text = """rate=1e-4
args=(--network_dim=$DIM --network_alpha=${2:-8} --network_args "conv_dim=4" "conv_alpha=1"
  --cache_latents)
python train_network.py --learning_rate $rate "${args[@]}" ${args[3]}
"""
    imported = read(tmp_path / "run.sh", text)
    assert imported.values["network_args"] == ["conv_dim=4", "conv_alpha=1"]
    assert imported.values["network_alpha"] == 8.0 and imported.values["cache_latents"] is True
    assert "outside this file" in row(imported, "--network_dim").why


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "run.sh",
            """DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" >/dev/null 2>&1 && pwd )"
ROOT=$(cd "$(dirname "$0")/.." && pwd)
python train_network.py --train_data_dir="$ROOT/img" --sample_prompts $DIR/p.txt \\
  --sample_every_n_steps=9 --vae="$PWD/v.pt"
""",
        ),
        (
            "run.bat",
            """set "DIR=%~dp0"
cd /d "%~dp0"
python train_network.py --train_data_dir="%DIR%..\\img" --sample_prompts="%~dp0p.txt" ^
  --sample_every_n_steps=9 --vae=%cd%\\v.pt
""",
        ),
        (
            "run.ps1",
            """$root = "$PSScriptRoot\\.."
python train_network.py --train_data_dir="$root\\img" --sample_prompts=$PSScriptRoot\\p.txt `
  --sample_every_n_steps=9 --vae "$pwd\\v.pt"
""",
        ),
    ],
)
def test_a_scripts_own_folder_is_known(tmp_path: Path, name: str, text: str) -> None:
    photos, scripts = tmp_path / "img" / "3_Ada woman", tmp_path / "scripts"
    photos.mkdir(parents=True)
    scripts.mkdir()
    Image.new("RGB", (64, 64)).save(photos / "1.png")
    (scripts / "p.txt").write_text("Ada", encoding="utf-8")
    (scripts / "v.pt").write_bytes(b"")
    imported = read(scripts / name, text)
    assert imported.dataset is not None and imported.dataset.samefile(tmp_path / "img")
    assert Path(imported.values["sample_prompts"]).samefile(scripts / "p.txt")
    assert Path(imported.values["vae"]).samefile(scripts / "v.pt")


BRANCHES = """#!/bin/bash
kind=sdxl; size=big; train=
if [[ $kind == "sdxl" && -n "$train" ]]; then rate=9; fi
if [[ $kind == sd* && ( $size == big ) ]] && [ "$size" = "big" ] || false; then dim=16; fi
if [[ $kind == "flux" ||
      $size == "small" ]]; then dim=1; else alpha=8; fi
case "$kind" in
  flux|sd3) script=flux_train_network.py ;;
  sd[xy]l) script=sdxl_train_network.py
    case $size in big) batch=2;; *) batch=9;; esac
    ;;
  *) script=train_network.py ;;
esac
case $1 in quick) steps=10 ;; *) steps=999 ;; esac
[ "$size" = "small" ] && batch=7
[[ $size == big ]] || batch=6
[ "$size" = "small" ] && { batch=5; rate=5; } || seed=3
[[ $size == big ]] && rate=1e-4 && unset other
python $script --learning_rate $rate --network_dim $dim --network_alpha=$alpha \\
  --train_batch_size "$batch" --max_train_steps $steps --seed $seed
"""


def test_a_shells_cases_and_joined_conditions(tmp_path: Path) -> None:
    imported = read(tmp_path / "run.sh", BRANCHES)
    values = imported.values
    assert imported.family == "sdxl"
    assert (values["learning_rate"], values["network_dim"], values["network_alpha"]) == (
        1e-4,
        16,
        8,
    )
    assert (values["train_batch_size"], values["max_train_steps"], values["seed"]) == (2, 10, 3)


BATCH = (
    "@echo off\r\n"
    "rem python train_network.py --learning_rate 1\r\n"
    'set "MODELS=D:\\sd\\models"\r\n'
    "set NAME=ada\r\nset STEP=2\r\nset SDXL=1\r\n"
    'if "%SDXL%"=="1" (\r\n  set SCRIPT=sdxl_train_network.py\r\n'
    ") else (\r\n  set SCRIPT=train_network.py\r\n)\r\n"
    "if not exist out mkdir out\r\n"
    '.\\venv\\Scripts\\python.exe "C:\\sd scripts\\%SCRIPT%" ^\r\n'
    ' --pretrained_model_name_or_path="%MODELS%\\base.safetensors" ^\r\n'
    " --output_name=%NAME%_%STEP% --learning_rate %~1 --network_dim 8 > log.txt 2>&1 & pause\r\n"
)


def test_a_batch_files_variables_blocks_and_backslashes(tmp_path: Path) -> None:
    imported = read(tmp_path / "run.bat", BATCH)
    assert imported.family == "sdxl" and imported.name == "ada_2"
    assert imported.base_name == "D:\\sd\\models\\base.safetensors"
    assert imported.values["network_dim"] == 8
    assert row(imported, "--learning_rate").fate is Fate.IGNORED
    assert "pause" not in {row.key for row in imported.rows}


POWERSHELL = """# settings
$lr = "2e-4"
$unet_only = 1
$args = [System.Collections.ArrayList]::new()
if ($unet_only) {
  [void]$args.Add("--network_train_unet_only")
}
else { [void]$args.Add("--keep_tokens=9") }
if ($kind -eq "lycoris") { [void]$args.Add("--network_dim=3") }
$more = @(
  "--lr_scheduler=cosine",   # a comment
  '--seed=7'
)
$more += "--output_name=" + "ada"
$file = if ($unet_only -eq 1) { "sdxl_train_network.py" } else { "train_network.py" }
accelerate launch --num_cpu_threads_per_process=8 "./sd-scripts/$file" `
  --unet_lr=$lr --optimizer_args weight_decay=0.1 betas=0.9,0.99 `
  --learning_rate=$(Get-Rate) $args @more | Tee-Object log.txt
"""


def test_a_powershell_scripts_lists_and_conditions(tmp_path: Path) -> None:
    imported = read(tmp_path / "run.ps1", POWERSHELL)
    values = imported.values
    assert imported.family == "sdxl" and imported.name == "ada"
    assert (values["unet_lr"], values["seed"], values["lr_scheduler"]) == (2e-4, 7, "cosine")
    assert values["network_train_unet_only"] is True and values["keep_tokens"] == 0
    assert values["network_dim"] == 4
    assert values["optimizer_args"] == ["weight_decay=0.1", "betas=0.9,0.99"]
    assert row(imported, "--learning_rate").fate is Fate.IGNORED


def test_the_files_that_a_script_names_are_read(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "lora.toml").write_text(
        'network_dim = 12\nunet_lr = 3e-4\n[part]\noptimizer_type = "Lion"\n', encoding="utf-8"
    )
    (tmp_path / "data.toml").write_text(
        "[general]\nflip_aug = true\n[[datasets]]\nbatch_size = 3\n"
        '[[datasets.subsets]]\nimage_dir = "gone"\n',
        encoding="utf-8",
    )
    imported = read(
        tmp_path / "run.sh",
        "python train_network.py --config_file=config/lora --dataset_config data.toml "
        "--unet_lr 5e-4\n",
    )
    values = imported.values
    assert (values["network_dim"], values["unet_lr"]) == (12, 5e-4)  # the command line wins
    assert (values["flip_aug"], values["train_batch_size"]) == (True, 3)
    assert values["optimizer_type"] == "Lion"
    assert row(imported, "lora.toml part.optimizer_type").fate is Fate.USED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("python train_network.py --config_file=gone.toml\n", "--config_file 'gone.toml'"),
        ('python train_network.py --config_file "$1"\n', "--config_file '$1'"),
        ("python train_network.py $@\n", "no setting that can be read"),
        ('script="train_network.py"\nls $script\n', "starts no training script"),
        ("if [ -f train_network.py ]; then\n  pip install x\nfi\n", "starts no training script"),
    ],
)
def test_a_script_that_says_nothing_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:  # its text is asserted below
        read(tmp_path / "run.sh", text)
    assert says in str(caught.value)


def test_of_several_trainings_the_first_is_taken_and_it_says_so(tmp_path: Path) -> None:
    call = "python train_network.py --network_dim {}\n"
    imported = read(tmp_path / "run.sh", call.format(4) + call.format(8))
    assert imported.values["network_dim"] == 4
    assert any("2 trainings" in note for note in imported.notes)


# ---- notebooks ----

FORM = """#@title Settings
name = "ada" #@param {type:"string"}
rate = 5e-4 #@param {type:"number"}
kind = "LoCon" #@param ["LoRA", "LoCon"]
if "extra" not in globals():
  extra = None
network_args = None
if kind.lower() == "locon":
  network_args = [f"conv_dim={4 * 2}", "conv_alpha=4"]
"""
RUN = """import os, toml
config_file = os.path.join("/content", name, "config.toml")
def write():
  global config_file
  table = {
    "network": {"unet_lr": rate, "network_args": network_args, "network_weights": extra or None},
    "train": {"output_name": name, "seed": int(os.environ["SEED"]), "network_dim": 16},
  }
  for key in table:
    table[key] = {k: v for k, v in table[key].items() if v is not None}
  with open(config_file, "w") as f:
    f.write(toml.dumps(table))
def main():
  write()
  !accelerate launch --quiet train_network_xl_wrapper.py --config_file={config_file} \\
     --lr_scheduler=$scheduler --output_name="{name}"
scheduler = "cosine"
main()
"""


def notebook(*cells: tuple[str, int | None]) -> str:
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "source": ["# LoRA"]}]
    for source, count in cells:
        lines = source.splitlines(keepends=True)
        made.append({"cell_type": "code", "source": lines, "execution_count": count})
    return json.dumps({"cells": made, "nbformat": 4})


def test_a_notebooks_forms_and_the_file_that_it_writes(tmp_path: Path) -> None:
    imported = read(tmp_path / "train.ipynb", notebook((FORM, None), (RUN, None)))
    values = imported.values
    assert imported.family == "sdxl" and imported.name == "ada"
    assert (values["unet_lr"], values["network_dim"]) == (5e-4, 16)
    assert values["network_args"] == ["conv_dim=8", "conv_alpha=4"]
    assert values["lr_scheduler"] == "cosine"
    seed = row(imported, "config.toml train.seed")
    assert seed.fate is Fate.IGNORED and "outside this file" in seed.why


def test_an_old_switch_says_which_optimizer(tmp_path: Path) -> None:
    text = "python train_network.py --use_dadaptation --learning_rate 1.0 --network_dim 4"
    assert read(tmp_path / "run.sh", text).values["optimizer_type"] == "DAdaptation"


def test_a_notebook_that_puts_its_command_together_in_functions(tmp_path: Path) -> None:
    setup = """
def write_file(name, text):
  with open(name, "w") as f:
    f.write(text)

def folders(top):
  found = []
  for root, _, files in os.walk(top):
    found.append({"image_dir": root})
  return found

def train(config):
  args = ""
  for k, v in config.items():
    if isinstance(v, str):
      args += f'--{k}="{v}" '
    elif isinstance(v, bool) and v:
      args += f"--{k} "
    elif isinstance(v, (float, int)) and not isinstance(v, bool):
      args += f"--{k}={v} "
  return args

config = {"a": {"network_dim": 16, "learning_rate": 1e-4}}
data = {"datasets": [{"resolution": 640, "subsets": folders("x") + found(y)}]}
write_file("/content/my config.toml", toml.dumps(config))
write_file("/content/data.toml", toml.dumps(data))
"""
    start = """
train_args = train({"config_file": "/content/my config.toml", "seed": 3, "cache_latents": True,
  "lowram": False, "dataset_config": "/content/data.toml"})
final = f"accelerate launch train_network.py {train_args}"
!{final}
"""
    imported = read(tmp_path / "a.ipynb", notebook((setup, None), (start, None)))
    assert (imported.values["network_dim"], imported.values["seed"]) == (16, 3)
    assert imported.values["cache_latents"] is True and imported.values["resolution"] == "640"
    assert "DATASET" in row(imported, "datasets[0].subsets").why


def test_what_is_set_outside_a_script_names_what_sets_it_here(tmp_path: Path) -> None:
    text = "python train_network.py --pretrained_model_name_or_path=$1 --train_data_dir $2 \\\n"
    text += "  --output_name $3 --output_dir $4 --seed $5 --network_dim 4"
    imported = read(tmp_path / "run.sh", text)
    named = {"pretrained_model_name_or_path": "--base", "train_data_dir": "DATASET"}
    named |= {"output_name": "--name", "output_dir": "own folder", "seed": "--set seed="}
    for option, argument in named.items():
        assert argument in row(imported, f"--{option}").why


def test_cells_count_in_the_order_in_which_they_were_run(tmp_path: Path) -> None:
    later, never = 'scheduler = "linear"\nrate = 1e-3\n', "rate = 9\n"
    text = notebook((FORM, 1), (RUN, 3), (later, 2), (never, None))
    assert read(tmp_path / "train.ipynb", text).values["unet_lr"] == 1e-3


def test_a_notebook_that_is_none_or_trains_nothing_is_refused(tmp_path: Path) -> None:
    for text in ("{", '{"cells": 3}', notebook(("print(1)", None)), notebook(("!ls -l", None))):
        with pytest.raises(Invalid):
            read(tmp_path / "train.ipynb", text)
