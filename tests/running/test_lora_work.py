"""Work on LoRAs: what is asked of sd-scripts' programs, what is refused before, and the job around
them, whose program is played by a few lines. The real ones: tests/real/test_lora_programs.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.engines.tools.lora_words import LoraWork, script, words
from sd_scripts_bridge.errors import EngineNotReady, Invalid
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.models import lora, safetensors_file
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running.asked.lora_work import Destination, LoraRequest, work_of
from sd_scripts_bridge.running.work.lora_tool import LoraTool, picture
from tests.support import model_headers as headers
from tests.support.supervisor import wait_over
from tests.support.verbs import run

PROGRAM = """
import argparse, shutil, sys, time
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--save_to"); parser.add_argument("--model"); parser.add_argument("--new_rank")
parser.add_argument("--save_precision")
args = parser.parse_args()
for step in (1, 2):
    print(f" 50%|####  | {step}/2 [00:01<00:01, 1.0it/s]", end="\\r", file=sys.stderr, flush=True)
shutil.copyfile(args.model, args.save_to)
"""


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return headers.write(tmp_path / "Ada.safetensors", headers.lora(), headers.METADATA)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    said = {**headers.METADATA, "ss_dataset_dirs": '{"1_Eva woman": {"img_count": 9}}'}
    tensors = headers.lora(rank=8, seed=1)
    return headers.write(
        tmp_path / "Eva.safetensors", tensors, {**said, "ss_tag_frequency": '{"1_Eva woman": {}}'}
    )


def asked(action: str, *files: Path, **more: object) -> LoraWork:
    return work_of(LoraRequest(action, files, **more))  # type: ignore[arg-type]


# ---- the words ----


def test_a_lora_is_resized_by_its_own_program(one: Path) -> None:
    work = asked("resize", one, rank=2)
    assert script(work) == "networks/resize_lora.py" and work.name == "Ada-rank2"
    out = Path("/out/x.safetensors")
    assert words(work, out, "cuda") == [
        "--model", str(one), "--new_rank", "2", "--save_precision", "fp16",
        "--save_to", str(out), "--device", "cuda",
    ]  # fmt: skip


def test_loras_are_merged_with_weights_at_a_rank_that_holds_both(one: Path, two: Path) -> None:
    work = asked("merge", one, two, weights=(1.0, -0.5))
    assert script(work) == "networks/svd_merge_lora.py" and work.name == "Ada-Eva"
    assert words(work, Path("o"), "cpu") == [
        "--new_rank", "12", "--save_precision", "fp16", "--save_to", "o",
        "--models", str(one), str(two), "--ratios", "1", "-0.5",
    ]  # fmt: skip
    assert work.spoken == "AlvaroBadia man, Eva woman"


def test_the_words_are_those_of_the_card_where_there_is_one(one: Path, two: Path) -> None:
    one.with_suffix(".json").write_text('{"activation text": "Ada in blue"}', encoding="utf-8")
    assert asked("resize", one, rank=2).spoken == "Ada in blue"
    assert asked("merge", one, two).spoken == "Ada in blue, Eva woman"


def test_a_merge_into_a_base_and_an_extraction_name_their_family(tmp_path: Path) -> None:
    base = headers.full_size_sd15(tmp_path / "v1-5.safetensors")
    tuned = headers.full_size_sd15(tmp_path / "tuned.safetensors")
    file = headers.write(tmp_path / "A.safetensors", headers.lora(text=768), headers.METADATA)
    work = asked("merge", file, into=base)
    assert script(work) == "networks/merge_lora.py" and work.makes_a_base
    assert words(work, Path("o"), "cpu") == [
        "--sd_model", str(base), "--save_to", "o", "--save_precision", "fp16",
        "--models", str(file), "--ratios", "1",
    ]  # fmt: skip
    work = asked("extract", tuned, base=base, rank=16)
    assert script(work) == "networks/extract_lora_from_models.py"
    assert words(work, Path("o"), "cpu") == [
        "--model_org", str(base), "--model_tuned", str(tuned), "--dim", "16",
        "--save_precision", "fp16", "--save_to", "o",
    ]  # fmt: skip
    xl = LoraWork("merge", "x", "sdxl", ("a",), (1.0,), base="b")
    assert script(xl) == "networks/sdxl_merge_lora.py"
    v = LoraWork("extract", "x", "sd2", ("a",), rank=4, base="b", v_prediction=True)
    assert words(v, Path("o"), "cpu")[-2:] == ["--v2", "--v_parameterization"]


# ---- refused before ----


def test_everything_that_is_wrong_is_said_at_once(one: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as wrong:
        asked("resize", one, rank=4, to=Destination("a/b", tmp_path / "Ada.safetensors"))
    told = str(wrong.value)
    assert "4 is not below the LoRA's rank, 4" in told
    assert "is not a folder" in told and "name:" in told


@pytest.mark.parametrize(
    "action, more, said",
    [
        ("resize", {}, "rank: is missing"),
        ("resize", {"rank": 0}, "0 is outside 1 to 1024"),
        ("extract", {"rank": 4}, "from: is missing"),
        ("merge", {}, "1 LoRA was given"),
        ("merge", {"weights": (1.0, 2.0)}, "2 weights for 1 LoRAs"),
        ("merge", {"weights": (9.0,)}, "9 is outside -4 to 4"),
    ],
)
def test_what_is_missing_or_wild_is_said(
    one: Path, action: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        asked(action, one, **more)


def test_files_that_do_not_fit_are_refused(one: Path, tmp_path: Path) -> None:
    xl = {**headers.METADATA, "ss_base_model_version": "sdxl_base_v1-0"}
    other = headers.write(tmp_path / "xl.safetensors", headers.lora(), xl)
    with pytest.raises(Invalid, match=r"are for SD 1\.5, SDXL"):
        asked("merge", one, other)
    flux = {**headers.METADATA, "ss_base_model_version": "flux1"}
    far = headers.write(tmp_path / "flux.safetensors", headers.lora(), flux)
    with pytest.raises(Invalid, match=r"is for FLUX\.1"):
        asked("resize", far, rank=2)
    base = headers.full_size_sd15(tmp_path / "v1-5.safetensors")
    with pytest.raises(Invalid, match="is for a model of another size"):
        asked("merge", one, into=base)
    with pytest.raises(Invalid, match="is the same file as the base"):
        asked("extract", base, base=base, rank=4)
    loha = {f"lora_unet_x.hada_w{n}_{h}": np.ones((4, 4), "<f4") for n in (1, 2) for h in "ab"}
    strange = headers.write(tmp_path / "loha.safetensors", loha, headers.METADATA)
    with pytest.raises(Invalid, match=r"is algo=loha"):
        asked("resize", strange, rank=2)


def test_without_sd_scripts_it_is_refused(home: Home, one: Path) -> None:
    with pytest.raises(EngineNotReady, match="is not set up yet"):
        Bridge(home).work_on_loras(LoraRequest("resize", (one,), 2))


# ---- the job ----


@pytest.fixture
def scripts(bridge: Bridge, tmp_path: Path) -> Path:
    """An sd-scripts whose resize copies."""
    root, found = tmp_path / "sd-scripts", installation.read(bridge.home)
    (root / "networks").mkdir(parents=True)
    (root / "train_network.py").touch()
    (root / "networks" / "resize_lora.py").write_text(PROGRAM, encoding="utf-8")
    assert found is not None
    installation.write(bridge.home, installation.Installation(str(root), found.python))
    return root


def test_the_result_is_published_with_a_card_and_the_source_stays(
    bridge: Bridge, scripts: Path, one: Path, tmp_path: Path
) -> None:
    before, loras = one.read_bytes(), tmp_path / "loras"
    ended = run(bridge, "lora", "resize", one, "--rank", 2, "--lora-dir", loras, "--name", "Small")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "Small.safetensors is in" in ended.stdout
    assert one.read_bytes() == before
    published = loras / "Small.safetensors"
    metadata = safetensors_file.read_header(published).metadata
    assert metadata["ss_output_name"] == "Small" and not lora.problems(published)
    card = json.loads((loras / "Small.json").read_text(encoding="utf-8"))
    assert card["description"] == "Ada, resized to rank 2" and card["sd version"] == "SD1"
    assert card["activation text"] == "AlvaroBadia man"
    told = json.loads(bridge.folder(1).result.read_text(encoding="utf-8"))
    assert told["file"] == str(published) and told["action"] == "resize"
    assert any(event.event == Progress(2, 2) for event in bridge.events(1))


def test_its_card_shows_the_lora_that_it_came_from(
    bridge: Bridge, scripts: Path, one: Path, tmp_path: Path
) -> None:
    paint(one.with_suffix(".preview.png"), "teal")
    number = bridge.work_on_loras(LoraRequest("resize", (one,), 2))
    wait_over(bridge, number)
    shown = Path(json.loads(bridge.folder(number).result.read_text("utf-8"))["file"])
    assert colour(shown.with_suffix(".png")) == (0, 128, 128)


def test_a_merge_shows_the_heaviest_that_has_a_picture_and_nothing_else_a_tile(
    bridge: Bridge, one: Path, two: Path
) -> None:
    folder = bridge.folder(1).create()
    for weights, shown in (((0.3, 0.7), two), ((0.7, 0.3), one)):
        paint(shown.with_suffix(".png"), "teal")
        assert picture(asked("merge", one, two, weights=weights), folder).stem == shown.stem
    two.with_suffix(".png").unlink()
    assert picture(asked("merge", one, two, weights=(-1.0, 1.0)), folder).stem == one.stem
    for work in (
        LoraWork("merge", "Ada-Eva", "sd1", (str(two), "/gone.safetensors"), (1.0, 1.0)),
        LoraWork("extract", "Bea", "sd1", (str(one),), rank=4),
    ):
        assert picture(work, folder) == folder.tile and colour(folder.tile)


def paint(path: Path, name: str) -> None:
    Image.new("RGB", (64, 64), name).save(path)


def colour(path: Path) -> object:
    with Image.open(path) as opened:
        return opened.getpixel((0, 0))


def test_a_program_that_fails_fails_the_job(bridge: Bridge, scripts: Path, one: Path) -> None:
    (scripts / "networks" / "resize_lora.py").write_text("raise ValueError('no moon')", "utf-8")
    number = bridge.work_on_loras(LoraRequest("resize", (one,), 2))
    row = wait_over(bridge, number)
    assert row.status is Status.FAILED and "no moon" in row.sentence


def test_it_stops_when_it_is_asked(bridge: Bridge, scripts: Path, one: Path) -> None:
    slow = PROGRAM.replace("shutil.copyfile", "time.sleep(600); shutil.copyfile")
    (scripts / "networks" / "resize_lora.py").write_text(slow, encoding="utf-8")
    number = bridge.work_on_loras(LoraRequest("resize", (one,), 2))
    while not any(isinstance(event.event, Progress) for event in bridge.events(number)):
        assert not bridge.job(number).status.is_over
    bridge.stop(number)
    assert wait_over(bridge, number).status is Status.STOPPED


def test_lines_of_the_programs_are_understood() -> None:
    read = LoraTool().read
    assert read(" 35%|███▍      | 212/612 [00:00<00:00, 1014.49it/s]") == Progress(212, 612)
    assert "loading" in str(read("2026-11-26 00:52:49 INFO     loading: /a/b.safetensors"))
    assert read("torch 2.13") is None
