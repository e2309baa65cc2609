"""sd-scripts' own captioners: run on copies, what they write is read as it comes. The script is a
stand-in that takes the same words.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.captioning import program
from sd_scripts_bridge.captioning.captioner import SCRIPTS, named
from sd_scripts_bridge.captioning.request import CaptionRequest
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.jobs.folder import JobFolder
from tests.captioning.conftest import captions
from tests.captioning.test_endpoint import OWN, is_broken, reasons

Job = Callable[..., JobFolder]
TAGGER, BLIP = SCRIPTS
SCRIPT = """
import pathlib, sys
words = sys.argv[1:]
weights = pathlib.Path(words[words.index("--model_dir") + 1], words[words.index("--repo_id") + 1])
assert (weights / "model.onnx").is_file() and "--onnx" in words
for picture in sorted(pathlib.Path(words[-1]).glob("*.png"), key=lambda path: int(path.stem))[:-1]:
    picture.with_suffix(".txt").write_text(f"1boy, grey shirt, >_<, tag {picture.stem}\\n")
print("the GPU is gone", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def finetune(tmp_path: Path) -> Path:
    folder = tmp_path / "sd-scripts" / "finetune"
    folder.mkdir(parents=True)
    (folder / TAGGER).write_text(SCRIPT, encoding="utf-8")
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "wd-tiny"
    folder.mkdir(parents=True)
    (folder / "model.onnx").touch()
    return folder


def test_its_captions_come_in_and_what_it_left_out_has_a_reason(
    dataset: Path, job: Job, finetune: Path, weights: Path
) -> None:
    who = named(TAGGER, str(weights))
    folder = job(dataset, who, finetune=str(finetune), python=sys.executable)
    assert program.main([str(folder.root)]) == 0 and is_broken(folder)
    found = captions(dataset)
    assert found["1"] == "AlvaroBadia man, 1boy, grey shirt, >_<, tag 1" and found["2"] == OWN
    assert [*reasons(folder)] == ["5"] and "code 3" in reasons(folder)["5"]
    assert "the GPU is gone" in reasons(folder)["5"]
    assert not (folder.root / "staged").exists()


@pytest.mark.parametrize(
    ("script", "text", "why"),
    [
        (TAGGER, "import no_such_onnx", "has no no_such_onnx"),
        (BLIP, "raise OSError(\"Can't load tokenizer for 'bert-base-uncased'.\")", "hf download"),
    ],
)
def test_what_it_misses_is_named(
    script: str, text: str, why: str, dataset: Path, job: Job, finetune: Path, weights: Path
) -> None:
    (finetune / script).write_text(text, encoding="utf-8")
    model = weights if script == TAGGER else weights / "model.onnx"
    folder = job(dataset, named(script, str(model)), finetune=str(finetune), python=sys.executable)
    program.main([str(folder.root)])
    assert is_broken(folder) and why in reasons(folder)["1"]


@pytest.mark.parametrize(("script", "what"), [(TAGGER, "model.onnx"), (BLIP, "_caption.pth")])
def test_its_weights_have_to_be_named(
    script: str, what: str, dataset: Path, job: Job, finetune: Path
) -> None:
    folder = job(dataset, script, finetune=str(finetune), python=sys.executable)
    program.main([str(folder.root)])
    assert is_broken(folder) and what in reasons(folder)["1"]


def test_without_sd_scripts_it_is_refused_before_it_is_queued(
    bridge: Bridge, dataset: Path
) -> None:
    with pytest.raises(BridgeError, match="isn't set up"):
        bridge.caption(CaptionRequest([dataset], named(TAGGER)))
    assert bridge.jobs() == []
