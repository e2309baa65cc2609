"""The user's own program, the template, and folders with models."""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.captioning import program
from sd_scripts_bridge.captioning.captioner import named
from sd_scripts_bridge.captioning.command import OwnCommand
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.folder import JobFolder
from tests.captioning.conftest import captions
from tests.captioning.test_endpoint import OWN, is_broken, reasons

Job = Callable[..., JobFolder]
ECHO = """
import json, os, sys
print("loading", os.environ["CAPTION_MODEL"])
for line in sys.stdin:
    file = json.loads(line)["file"]
    number = os.path.basename(file)[0]
    if number == "3":
        print(json.dumps({"file": file, "error": "too dark"}), flush=True)
    elif number == "5":
        sys.exit(7)
    else:
        print(json.dumps({"file": file, "caption": f"a man in a park number {number}"}), flush=True)
"""


def own_program(folder: Path, text: str) -> str:
    path = folder / "my captioner.py"
    path.write_text(text, encoding="utf-8")
    return shlex.join([sys.executable, str(path)])


def test_a_program_of_the_users_own(dataset: Path, job: Job, tmp_path: Path) -> None:
    folder = job(dataset, named(own_program(tmp_path, ECHO), "m7"))
    assert program.main([str(folder.root)]) == 0 and is_broken(folder)
    found = captions(dataset)
    assert found["1"] == "AlvaroBadia man in a park number 1" and found["2"] == OWN
    assert "number 4" in found["4"] and found["3"] == found["5"] == "AlvaroBadia man"
    assert "too dark" in reasons(folder)["3"] and "code 7" in reasons(folder)["5"]


BASE_NAMES = """
import json, os, sys
for line in sys.stdin:
    file = os.path.basename(json.loads(line)["file"])
    print(json.dumps({"file": file, "caption": "a man in a park"}), flush=True)
"""


def test_a_program_that_answers_by_the_name_alone_is_understood(
    dataset: Path, job: Job, tmp_path: Path
) -> None:
    folder = job(dataset, own_program(tmp_path, BASE_NAMES))
    assert program.main([str(folder.root)]) == 0 and not reasons(folder)
    assert {captions(dataset)[n] for n in "1345"} == {"AlvaroBadia man in a park"}


def test_a_name_that_two_photos_have_is_a_reason(tmp_path: Path) -> None:
    photos = [tmp_path / name for name in ("1.jpg", "2.jpg", "more/1.jpg")]
    own = OwnCommand(named(own_program(tmp_path, BASE_NAMES)), asks=str)
    said = {one.file: one for one in own.describe(photos)}
    assert said[photos[1]].text == "a man in a park" and len(said) == 3
    for photo in (photos[0], photos[2]):
        assert "2 photos are called that" in str(said[photo].reason)


@pytest.mark.parametrize("text", ["print('no json')", "print('[1, 2]\\n{}\\n{\"file\": 3}')"])
def test_a_program_that_says_nothing_of_them(
    text: str, dataset: Path, job: Job, tmp_path: Path
) -> None:
    folder = job(dataset, own_program(tmp_path, text))
    assert program.main([str(folder.root)]) == 0 and is_broken(folder)
    assert [*reasons(folder)] == ["1", "3", "4", "5"] and captions(dataset)["2"] == OWN


LATIN = """
import json, sys
for line in sys.stdin:
    said = {"file": json.loads(line)["file"], "caption": "un caf\\u00e9"}
    sys.stdout.buffer.write(json.dumps(said, ensure_ascii=False).encode("latin-1") + b"\\n")
"""


def test_a_caption_that_is_not_utf8_is_a_reason(dataset: Path, job: Job, tmp_path: Path) -> None:
    folder = job(dataset, named(own_program(tmp_path, LATIN)))
    assert program.main([str(folder.root)]) == 0
    assert "not UTF-8" in reasons(folder)["1"] and captions(dataset)["1"] == "AlvaroBadia man"


def test_photos_of_a_users_own_folder_get_files_beside_them(photos: Path, job: Job) -> None:
    (photos / "2.txt").write_text("my own words", encoding="utf-8")
    before = {file.name: file.read_bytes() for file in photos.iterdir()}
    folder = job(photos, named("template", aspects={"place": "in a park", "light": "soft light"}))
    assert program.main([str(folder.root)]) == 0
    after = {file.name: file.read_bytes() for file in photos.iterdir()}
    assert {name: after[name] for name in before} == before
    assert {after[f"{n}.txt"] for n in "1345"} == {b"in a park, soft light\n"}
    said = json.loads(folder.result.read_text("utf-8"))["sentence"]["text"]
    assert said == "4 of 5 photos captioned, 1 keeps its own caption."
    assert len(after) == 10


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("", "is not a captioner"),
        ("there-is-no-such-program --x", "is not a captioner"),
        ("'", "is not a command line"),
        ("ftp://host/v1", "is not a captioner"),
    ],
)
def test_words_that_mean_no_captioner(what: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        named(what)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, dataset: Path, job: Job) -> None:
    with pytest.raises(Invalid, match="holds no captioner"):
        job(dataset, str(tmp_path))


def test_the_hosts_own_is_the_tabs(dataset: Path, job: Job) -> None:
    with pytest.raises(Invalid, match="in the WebUI's tab only"):
        job(dataset, "host")


def test_a_packed_folder_has_no_place_for_captions(tmp_path: Path, job: Job) -> None:
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(Invalid, match="is an archive"):
        job(tmp_path / "photos.zip", named("template", aspects={"place": "x"}))


# ---- models in a folder ----


@pytest.mark.skipif(
    not (importlib.util.find_spec("onnx") and importlib.util.find_spec("onnxruntime")),
    reason="onnx and onnxruntime are not installed here",
)
def test_a_wd14_tagger(dataset: Path, job: Job, tmp_path: Path) -> None:
    folder = job(dataset, str(tiny_tagger(tmp_path / "wd-tiny")))
    assert program.main([str(folder.root)]) == 0
    assert captions(dataset) == {
        **dict.fromkeys("1345", "AlvaroBadia man, blue sky, jacket, >_<"),
        "2": OWN,
    }
    told = json.loads(folder.result.read_text("utf-8"))
    assert told["by"] == "wd-tiny" and told["captioned"] == 4


@pytest.mark.skipif(not importlib.util.find_spec("onnxruntime"), reason="no onnxruntime here")
@pytest.mark.parametrize("file", ["model.onnx", "selected_tags.csv"])
def test_a_damaged_tagger_leaves_a_reason_for_each(
    file: str, dataset: Path, job: Job, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    tagger = tiny_tagger(tmp_path / "wd-tiny")
    (tagger / file).write_bytes(b"a,b\n" + bytes(range(100)))
    folder = job(dataset, str(tagger))
    assert program.main([str(folder.root)]) == 0 and is_broken(folder)
    assert [*reasons(folder)] == ["1", "3", "4", "5"] and captions(dataset)["2"] == OWN
    assert "can't be loaded" in reasons(folder)["1"]


def tiny_tagger(folder: Path) -> Path:
    """A tagger that is sure of the same tags on every picture: what matters is its form."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    folder.mkdir()
    rows = ["tag_id,name,category,count", "1,general,9,5", "2,1boy,0,5", "3,jacket,0,5"]
    rows += ["4,blue_sky,0,5", "5,a_hero,4,5", "6,night,0,5", "7,>_<,0,5"]
    (folder / "selected_tags.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    scores = np.array([[0.9, 0.99, 0.5, 0.8, 0.9, 0.1, 0.4]], np.float32)
    shape = ["batch", 448, 448, 3]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["picture"], ["grey"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Mul", ["grey", "nothing"], ["zero"]),
            helper.make_node("Add", ["zero", "scores"], ["out"]),
        ],
        "tagger",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 7])],
        [
            numpy_helper.from_array(np.array([[0.0]], np.float32), "nothing"),
            numpy_helper.from_array(scores, "scores"),
        ],
    )
    opset = [helper.make_opsetid("", 13)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    return folder


@pytest.mark.skipif(not importlib.util.find_spec("transformers"), reason="no transformers here")
def test_a_model_of_transformers(dataset: Path, job: Job, tmp_path: Path) -> None:
    """A tiny BLIP with random weights: it says something of each photo, or why it doesn't."""
    folder = job(dataset, str(tiny_blip(tmp_path / "blip-tiny")))
    assert program.main([str(folder.root)]) == 0
    told = json.loads(folder.result.read_text("utf-8"))
    assert told["captioned"] + len(told["reasons"]) == 4 and captions(dataset)["2"] == OWN
    for number, text in captions(dataset).items():
        assert text.startswith("AlvaroBadia man") and number


@pytest.mark.skipif(not importlib.util.find_spec("transformers"), reason="no transformers here")
def test_an_encoder_with_a_decoder(dataset: Path, job: Job, tmp_path: Path) -> None:
    """ViT-GPT2 and its like keep what prepares pictures apart from the words."""
    folder = job(dataset, str(tiny_vit_gpt2(tmp_path / "vit-gpt2-tiny")))
    assert program.main([str(folder.root)]) == 0
    assert json.loads(folder.result.read_text("utf-8"))["captioned"] == 4
    assert "park" in captions(dataset)["1"] and captions(dataset)["2"] == OWN


@pytest.mark.skipif(not importlib.util.find_spec("transformers"), reason="no transformers here")
def test_a_model_that_fails_leaves_a_reason_for_each(
    dataset: Path, job: Job, tmp_path: Path
) -> None:
    model = tiny_vit_gpt2(tmp_path / "vit-gpt2-tiny")
    sizes = model / "preprocessor_config.json"  # pictures larger than the model was made for
    sizes.write_text(sizes.read_text("utf-8").replace("32", "64"), encoding="utf-8")
    folder = job(dataset, str(model))
    assert program.main([str(folder.root)]) == 0 and is_broken(folder)
    assert all("the model failed" in reason for reason in reasons(folder).values())
    assert len(reasons(folder)) == 4 and captions(dataset)["2"] == OWN


def tiny_vit_gpt2(folder: Path) -> Path:
    """One that knows a single word."""
    import transformers
    from tokenizers import Tokenizer, models

    words = {word: number for number, word in enumerate(["<pad>", "<s>", "</s>", "park"])}
    eyes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    eyes |= {"intermediate_size": 16, "image_size": 32, "patch_size": 16}
    mouth = {"vocab_size": 4, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 256}
    mouth |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        transformers.ViTConfig(**eyes), transformers.GPT2Config(**mouth)
    )
    config.decoder_start_token_id, config.pad_token_id = 1, 0
    model = transformers.VisionEncoderDecoderModel(config)
    model.generation_config.decoder_start_token_id = 1
    model.generation_config.suppress_tokens = [0, 1, 2]
    model.save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words)),
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
    ).save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def tiny_blip(folder: Path) -> Path:
    import transformers

    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": 32, "patch_size": 16}
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[DEC]",
        *["a", "man", "in", "the", "park", "at", "night"],
    ]
    text = {"vocab_size": len(words), "hidden_size": 16, "intermediate_size": 16}
    text |= {"num_hidden_layers": 1, "num_attention_heads": 2, "encoder_hidden_size": 16}
    text |= {"bos_token_id": 4, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    config = transformers.BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    model = transformers.BlipForConditionalGeneration(config)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    transformers.BlipProcessor(
        transformers.BlipImageProcessor(size={"height": 32, "width": 32}),
        transformers.BertTokenizer(str(folder / "vocab.txt")),
    ).save_pretrained(folder)
    return folder
