"""What becomes of files from elsewhere: every key has a fate, and nothing of another machine slips
in.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save_file

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange.kohya_gui.keys import FORM, LAUNCHER, NETWORK
from sd_scripts_bridge.exchange.settling.imported import Fate, Imported, KeyRow
from sd_scripts_bridge.exchange.settling.views import imported_view
from sd_scripts_bridge.exchange.settling.work import KNOWN, Here
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.shapes.plain import plain

KOHYA = Path(os.environ.get("KOHYA_SS_DIR", "")) / "presets" / "lora"


def option(
    kind: str | None, default: Any = None, choices: list[str] | None = None, nargs: object = None
) -> dict[str, Any]:
    return {
        "type": kind,
        "flag": kind is None,
        "nargs": 0 if kind is None else nargs,
        "default": default,
        "choices": choices,
    }


CATALOGUE = {
    "network_args": option("str", nargs="*"),
    "optimizer_args": option("str", nargs="*"),
    "highvram": option(None, False),
    "vae_batch_size": option("int", 1),
    "scale_weight_norms": option("float"),
    "vae": option("str"),
    "loss_type": option("str", "l2", ["l1", "l2", "huber"]),
    "lr_scheduler_type": option("str", ""),
    "metadata_title": option("str"),
}
HERE = Here(lambda _family: CATALOGUE)


def read(path: Path, content: Any = None, here: Here | None = None) -> Imported:
    if content is not None:
        path.write_text(
            content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
        )
    return imports.read(path, here)


def row(imported: Imported, key: str) -> KeyRow:
    return next(row for row in imported.rows if row.key == key)


def params_of(imported: Imported) -> TrainingParams:
    values = imported.settled(100)
    extra = {key: value for key, value in values.items() if key not in KNOWN}
    return TrainingParams(
        **{key: value for key, value in values.items() if key in KNOWN}, extra=extra
    )


# ---- kohya_ss ----


@pytest.fixture
def gui(tmp_path: Path) -> Any:
    def make(here: Here | None = None, **keys: Any) -> Imported:
        data = {
            "LoRA_type": "Standard",
            "optimizer": "AdamW",
            "epoch": 2,
            "max_train_steps": 0,
            **keys,
        }
        return read(tmp_path / "kohya.json", data, here)

    return make


def test_every_key_of_the_whole_form_has_exactly_one_fate(gui: Any) -> None:
    imported = gui(**{**FORM, **NETWORK, **LAUNCHER, "brand_new": 1})
    assert sorted(row.key for row in imported.rows) == sorted(
        {**FORM, **NETWORK, **LAUNCHER, "brand_new": 1}
    )
    assert row(imported, "brand_new").fate is Fate.IGNORED
    assert all(row.why for row in imported.of(Fate.IGNORED) + imported.of(Fate.CHANGED))


ANYTHING = st.one_of(
    st.text(max_size=8),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=3), max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(sorted({**FORM, **NETWORK, **LAUNCHER})), ANYTHING, min_size=3)
)
def test_no_value_of_any_key_crashes_or_drops_it(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    imported = read(tmp_path_factory.getbasetemp() / "any.json", json.dumps(data))
    assert {
        row.key for row in imported.rows if not row.key.startswith("additional_parameters ")
    } == set(data)
    assert params_of(imported).problems() == []


def test_texts_of_old_files_are_numbers(gui: Any) -> None:
    old = {
        "learning_rate": "5e-05",
        "seed": "12345",
        "clip_skip": "2",
        "keep_tokens": "1",
        "max_train_steps": "",
    }
    params = params_of(gui(xformers=True, **old))
    assert (params.learning_rate, params.seed, params.clip_skip, params.keep_tokens) == (
        5e-5,
        12345,
        2,
        1,
    )
    assert params.sdpa and "xformers" not in params.extra
    assert params.max_train_steps == 200


@pytest.mark.parametrize(
    ("keys", "steps", "warmup"),
    [
        ({"max_train_steps": 320, "epoch": 9, "lr_warmup": 10}, 320, 32),
        ({"max_train_steps": 0, "max_train_epochs": 3, "lr_warmup": 0}, 300, 0),
        ({"max_train_steps": "", "epoch": 4, "lr_warmup": "5"}, 400, 20),
        (
            {
                "max_train_steps": 320,
                "max_train_epochs": "2",
                "lr_warmup": 50,
                "lr_warmup_steps": 7,
            },
            200,
            7,
        ),
        (
            {"epoch": 4, "train_batch_size": 2, "gradient_accumulation_steps": 1.0, "lr_warmup": 0},
            200,
            0,
        ),
        ({"epoch": 20, "train_batch_size": 8, "lr_warmup": 0}, 250, 0),  # kohya_ss rounds once
        (
            {"max_train_epochs": 20, "train_batch_size": 8, "lr_warmup": 0},
            260,
            0,
        ),  # sd-scripts each epoch
    ],
)
def test_steps_and_warm_up_in_each_of_the_forms_ways(
    gui: Any, keys: dict[str, Any], steps: int, warmup: int
) -> None:
    params = params_of(gui(lr_scheduler="cosine", **keys))
    assert (params.max_train_steps, params.lr_warmup_steps) == (steps, warmup)


def test_steps_that_fit_the_authors_pictures_are_pointed_out(gui: Any) -> None:
    assert any("--set max_train_steps=N" in note for note in gui(max_train_steps=1600).notes)


@pytest.mark.parametrize(
    ("text_encoder", "unet", "expected"),
    [
        (0, 1e-4, (True, False, 1e-4, None)),
        (5e-5, 0, (False, True, None, 5e-5)),
        (0.0, 0, (False, False, None, None)),
        ("5e-5", "0.0001", (False, False, 1e-4, 5e-5)),
    ],
)
def test_a_rate_of_zero_leaves_that_part_out(
    gui: Any, text_encoder: Any, unet: Any, expected: tuple[Any, ...]
) -> None:
    params = params_of(gui(text_encoder_lr=text_encoder, unet_lr=unet))
    found = (
        params.network_train_unet_only,
        params.network_train_text_encoder_only,
        params.unet_lr,
        params.text_encoder_lr,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("lora_type", "keys", "module", "args"),
    [
        ("Standard", {"conv_dim": 8, "block_dims": "2,4"}, "networks.lora", ["block_dims=2,4"]),
        ("Standard", {"loraplus_lr_ratio": 16}, "networks.lora", ["loraplus_lr_ratio=16"]),
        (
            "Kohya LoCon",
            {"conv_dim": 8, "conv_alpha": 4},
            "networks.lora",
            ["conv_dim=8", "conv_alpha=4"],
        ),
        ("LoRA-FA", {"rank_dropout": 0.1}, "networks.lora_fa", ["rank_dropout=0.1"]),
        (
            "Kohya DyLoRA",
            {"conv_dim": 0, "conv_alpha": 0, "unit": 4},
            "networks.dylora",
            ["unit=4"],
        ),
        (
            "LoCon",
            {"conv_dim": 8},
            "lycoris.kohya",
            ["preset=full", "conv_dim=8", "conv_alpha=1", "algo=locon"],
        ),
        (
            "LyCORIS/LoKr",
            {"factor": 6, "use_cp": True},
            "lycoris.kohya",
            ["factor=6", "use_cp=True", "algo=lokr"],
        ),
        ("LyCORIS/DyLoRA", {"unit": 4}, "lycoris.kohya", ["block_size=4", "algo=dylora"]),
        (
            "LyCORIS/Diag-OFT",
            {"constrain": 0.5},
            "lycoris.kohya",
            ["constraint=0.5", "algo=diag-oft"],
        ),
        ("LyCORIS/iA3", {}, "lycoris.kohya", ["train_on_input=True", "algo=ia3"]),
    ],
)
def test_each_kind_of_network(
    gui: Any, lora_type: str, keys: dict[str, Any], module: str, args: list[str]
) -> None:
    params = params_of(gui(LoRA_type=lora_type, **keys))
    assert params.network_module == module
    found = params.extra.get("network_args", [])
    assert set(args) <= set(found)
    assert module == "lycoris.kohya" or found == args


def test_secrets_are_not_even_in_the_report(gui: Any) -> None:
    imported = gui(
        wandb_api_key="s3cret",
        huggingface_token="s3cret",
        additional_parameters="--wandb_api_key s3cret",
    )
    said = json.dumps(plain(imported_view(imported))["keys"]) + "\n".join(imported.lines())
    assert "s3cret" not in said
    assert not any("s3cret" in str(value) for value in imported.values.values())


def test_nothing_is_sent_anywhere_because_a_file_says_so(gui: Any) -> None:
    imported = gui(log_with="wandb", huggingface_repo_id="me/x", async_upload=True)
    assert {"log_with", "huggingface_repo_id", "async_upload"} <= {
        row.key for row in imported.of(Fate.IGNORED)
    }
    assert not {"log_with", "huggingface_repo_id", "async_upload"} & imported.values.keys()


def test_tensorboard_sends_nothing_and_is_taken(gui: Any) -> None:
    assert gui(log_with="tensorboard").values["log_with"] == "tensorboard"


def test_paths_of_another_machine_are_dropped_with_a_sentence(gui: Any) -> None:
    imported = gui(
        pretrained_model_name_or_path="C:/sd/x.safetensors",
        train_data_dir="C:/lora/img",
        vae="D:/vae.pt",
        lora_network_weights="D:\\old.safetensors",
        output_dir="C:/out",
    )
    for key in (
        "pretrained_model_name_or_path",
        "train_data_dir",
        "vae",
        "lora_network_weights",
        "output_dir",
    ):
        assert row(imported, key).fate is Fate.IGNORED and row(imported, key).why
    assert imported.base is None and imported.base_name == "C:/sd/x.safetensors"
    assert not {"vae", "network_weights"} & imported.values.keys()


def test_paths_that_exist_here_are_taken(gui: Any, tmp_path: Path) -> None:
    (tmp_path / "img" / "3_Ada woman").mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(tmp_path / "img" / "3_Ada woman" / "1.png")
    (tmp_path / "x.safetensors").write_bytes(b"")
    (tmp_path / "vae.pt").write_bytes(b"")
    here = Here(folders=[tmp_path])
    base = "C:\\models\\x.safetensors"
    imported = gui(
        here, pretrained_model_name_or_path=base, train_data_dir=str(tmp_path / "img"), vae="vae.pt"
    )
    assert imported.base == tmp_path / "x.safetensors"
    assert row(imported, "pretrained_model_name_or_path").fate is Fate.CHANGED
    assert (imported.dataset, imported.trigger) == (tmp_path / "img", "Ada woman")
    assert imported.values["vae"] == str(tmp_path / "vae.pt")


def test_arguments_may_be_a_list(gui: Any) -> None:
    words = ["weight_decay=0.1", "betas=0.9,0.99"]
    assert gui(optimizer_args=words).values["optimizer_args"] == words
    assert gui(optimizer_args=" ".join(words)).values["optimizer_args"] == words


def test_additional_parameters_go_before_the_form_and_are_checked(gui: Any) -> None:
    text = (
        '--max_grad_norm=0 --network_train_unet_only --lr_scheduler_type "CosineAnnealingLR" '
        '--optimizer_args "eps=1e-7" "b=2" --nonsense 3'
    )
    imported = gui(
        HERE,
        max_grad_norm=1,
        lr_warmup=10,
        optimizer_args='"weight_decay=0.1"',
        additional_parameters=text,
    )
    params = params_of(imported)
    assert params.max_grad_norm == 0 and params.network_train_unet_only
    assert params.extra["optimizer_args"] == ["eps=1e-7"]
    args = row(imported, "additional_parameters --optimizer_args")
    assert args.fate is Fate.CHANGED and "b=2 has a name" in args.why
    assert params.extra["lr_scheduler_type"] == "CosineAnnealingLR" and params.lr_warmup_steps == 0
    assert (
        row(imported, "max_grad_norm").why == "additional_parameters --max_grad_norm sets the same"
    )
    assert row(imported, "additional_parameters --nonsense").fate is Fate.IGNORED


def test_the_form_of_another_tab_is_refused(tmp_path: Path) -> None:
    form = {key: value for key, value in FORM.items() if key not in ("unet_lr", "network_dim")}
    form = {key: value for key, value in form.items() if key != "network_alpha"}
    with pytest.raises(Invalid, match="Dreambooth tab"):
        read(tmp_path / "dreambooth.json", json.dumps(form))


def test_what_sd_scripts_would_stop_at_gives_way(gui: Any) -> None:
    imported = gui(
        sdxl=True,
        lr_scheduler="adafactor",
        lr_warmup=10,
        sdxl_cache_text_encoder_outputs=True,
        clip_skip=2,
        shuffle_caption=True,
        text_encoder_lr=0,
        unet_lr=1e-4,
        persistent_data_loader_workers=True,
    )
    params = params_of(imported)
    assert (
        params.lr_scheduler,
        params.lr_warmup_steps,
        params.cache_text_encoder_outputs,
        params.clip_skip,
    ) == ("constant", 0, False, None)
    assert "persistent_data_loader_workers" not in params.extra
    for key in ("lr_scheduler", "lr_warmup", "sdxl_cache_text_encoder_outputs"):
        assert row(imported, key).fate is Fate.CHANGED and row(imported, key).why


def test_a_caption_ending_that_switched_captions_off_is_explained(gui: Any) -> None:
    assert (
        row(gui(caption_extension=".none-use-foldername"), "caption_extension").fate is Fate.CHANGED
    )
    assert row(gui(caption_extension=".txt"), "caption_extension").fate is Fate.USED


def test_a_zero_that_the_form_would_not_pass_on(gui: Any) -> None:
    imported = gui(max_grad_norm=0, network_alpha=0)
    assert params_of(imported).max_grad_norm == 1.0
    assert row(imported, "max_grad_norm").fate is Fate.CHANGED


@pytest.mark.parametrize(
    ("box", "family", "given", "taken"),
    [
        (
            "flux1_checkbox",
            "flux1",
            {"LoRA_type": "Flux1", "guidance_scale": 1.0, "blocks_to_swap": 18, "lumina_ae": "x"},
            {"network_module": "networks.lora_flux", "guidance_scale": 1.0, "blocks_to_swap": 18},
        ),
        (
            "flux1_checkbox",
            "chroma",
            {"model_type": "chroma", "apply_t5_attn_mask": True},
            {"model_type": "chroma", "apply_t5_attn_mask": True},
        ),
        (
            "sd3_checkbox",
            "sd3",
            {"weighting_scheme": "mode", "sd3_t5_dropout_rate": 0.1, "hunyuan_vae_chunk_size": 16},
            {"weighting_scheme": "mode", "t5_dropout_rate": 0.1},
        ),
        (
            "hunyuan_image_checkbox",
            "hunyuan-image",
            {"hunyuan_fp8_scaled": True, "hunyuan_vae_chunk_size": 0},
            {"fp8_scaled": True},
        ),
        (
            "anima_checkbox",
            "anima",
            {"LoRA_type": "Anima", "anima_vae_chunk_size": 64},
            {"network_module": "networks.lora_anima", "vae_chunk_size": 64},
        ),
        (
            "lumina_checkbox",
            "lumina2",
            {"lumina_discrete_flow_shift": 6.0},
            {"discrete_flow_shift": 6.0},
        ),
    ],
)
def test_a_box_for_another_family_brings_its_options(
    gui: Any, box: str, family: str, given: Any, taken: Any
) -> None:
    imported = gui(**{box: True, **given})
    assert imported.family == family and taken.items() <= imported.values.items()
    for key in (
        {"lumina_ae", "hunyuan_vae_chunk_size"} & given.keys() if family in ("flux1", "sd3") else ()
    ):
        assert (
            row(imported, key).fate is Fate.IGNORED and "another family" in row(imported, key).why
        )


def test_a_text_encoder_on_the_authors_disk_is_not_taken(gui: Any) -> None:
    imported = gui(flux1_checkbox=True, LoRA_type="Flux1", t5xxl="D:/models/t5xxl.safetensors")
    assert "t5xxl" not in imported.values and row(imported, "t5xxl").fate is Fate.IGNORED


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"num_vectors_per_token": 8, "LoRA_type": "x", "epoch": 1, "seed": 1},
            "textual inversion",
        ),
        ({"dataset_repeats": 8, "optimizer": "x", "epoch": 1, "seed": 1}, "fine-tuning"),
        ({"hello": "world"}, "no settings"),
        ([1], "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_other_json_is_refused_with_a_sentence(tmp_path: Path, data: Any, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read(tmp_path / "x.json", data)


@pytest.mark.skipif(not KOHYA.is_dir(), reason="set KOHYA_SS_DIR to a checkout of kohya_ss")
def test_every_preset_of_kohya_ss_is_accounted_for_key_by_key() -> None:
    files = sorted(KOHYA.glob("*.json"))
    assert len(files) >= 31
    for file in files:
        data = json.loads(file.read_text(encoding="utf-8"))
        imported = read(file)
        assert [
            row.key for row in imported.rows if not row.key.startswith("additional_parameters ")
        ] == list(data), file.name
        assert params_of(imported).problems() == [], file.name
        assert all(row.why for row in imported.of(Fate.IGNORED) + imported.of(Fate.CHANGED)), (
            file.name
        )


# ---- TOML ----


def test_a_config_file_flattened_from_sections(tmp_path: Path) -> None:
    imported = read(
        tmp_path / "c.toml",
        """
        seed = 7
        lr_scheduler = "cosine"
        [anything]
        network_dim = 8
        lr_warmup_steps = 0.1
        max_train_epochs = 3
        text_encoder_lr = [5e-5, 5e-5]
        save_every_n_epochs = 1
        [more]
        vae_batch_size = 4
        highvram = true
        vae_batchsize = 4
        loss_type = "l3"
        wandb_api_key = "s3cret"
    """,
        HERE,
    )
    params = params_of(imported)
    assert (params.seed, params.network_dim, params.text_encoder_lr) == (7, 8, 5e-5)
    assert (params.max_train_steps, params.lr_warmup_steps, params.save_every_n_steps) == (
        300,
        30,
        100,
    )
    assert params.extra == {"vae_batch_size": 4, "highvram": True}
    assert (
        params.network_alpha == 1.0 and params.min_snr_gamma is None
    )  # sd-scripts' own defaults, not ours
    assert "did you mean vae_batch_size" in row(imported, "more.vae_batchsize").why
    assert row(imported, "more.loss_type").fate is Fate.IGNORED
    assert "s3cret" not in "".join(imported.lines())


def test_the_scripts_own_number_of_workers_is_passed_on_since_ours_is_another(
    tmp_path: Path,
) -> None:
    options = Here(lambda _family: {"max_data_loader_n_workers": option("int", 8)})
    imported = read(tmp_path / "c.toml", "seed = 7\nmax_data_loader_n_workers = 8", options)
    assert params_of(imported).extra == {"max_data_loader_n_workers": 8}


def test_a_dataset_config_with_general_datasets_and_subsets(tmp_path: Path) -> None:
    for folder in ("photos", "more"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (64, 64)).save(tmp_path / folder / "1.png")
    imported = read(
        tmp_path / "d.toml",
        f"""
        [general]
        shuffle_caption = false
        keep_tokens = 1
        caption_extension = ".txt"
        [[datasets]]
        resolution = [512, 768]
        batch_size = 2
        [[datasets.subsets]]
        image_dir = "{tmp_path / "photos"}"
        num_repeats = 5
        class_tokens = "Ada woman"
        shuffle_caption = true
        [[datasets]]
        resolution = [512, 768]
        batch_size = 2
        [[datasets.subsets]]
        image_dir = "{tmp_path / "more"}"
        flip_aug = false
        shuffle_caption = true
    """,
    )
    params = params_of(imported)
    assert (
        params.resolution,
        params.train_batch_size,
        params.keep_tokens,
        params.shuffle_caption,
    ) == ("512,768", 2, 1, True)
    assert [(s.folder.name, s.repeats, s.subject, s.class_token) for s in imported.subsets] == [
        ("photos", 5, "Ada", "woman"),
        ("more", 1, "more", ""),
    ]
    assert imported.trigger == "Ada woman"
    assert row(imported, "datasets[1].subsets[0].flip_aug").fate is Fate.USED
    assert row(imported, "general.shuffle_caption").fate is Fate.IGNORED


def test_a_config_file_and_its_dataset_config_are_read_together(tmp_path: Path) -> None:
    leaf = tmp_path / "img" / "4_Ada woman"
    leaf.mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(leaf / "1.png")
    (tmp_path / "dataset.toml").write_text(
        "[[datasets]]\nresolution = 768\n[[datasets.subsets]]\nimage_dir = "
        f'"{leaf}"\nnum_repeats = 4\n'
    )
    imported = read(
        tmp_path / "c.toml",
        'resolution = "512"\nmax_train_steps = 40\ndataset_config = "/gone/dataset.toml"\n',
    )
    assert imported.dataset == tmp_path / "img"
    assert params_of(imported).resolution == "768"
    assert "takes precedence" in row(imported, "resolution").why


EASY = """
[[subsets]]
name = "subset 1"
image_dir = "/workspace/pictures"
num_repeats = 3
shuffle_caption = true
[train_mode]
train_mode = "lora"
[general_args.args]
max_train_epochs = 4
sdxl = true
xformers = true
max_data_loader_n_workers = 1
[general_args.dataset_args]
resolution = 1024
batch_size = 2
[network_args.args]
network_dim = 8
network_alpha = 4.0
fa = false
[network_args.args.network_args]
algo = "lokr"
factor = "4"
preset = ""
down_lr_weight = [0.5, 1]
[optimizer_args.args]
optimizer_type = "Prodigy"
lr_scheduler = "cosine"
warmup_ratio = 0.05
[optimizer_args.args.optimizer_args]
betas = "0.9,0.99"
decouple = "true"
[logging_args.args]
wandb_api_key = "s3cret"
"""


def test_the_toml_of_lora_easy_training_scripts(tmp_path: Path) -> None:
    imported = read(tmp_path / "easy.toml", EASY)
    params = params_of(imported)
    assert imported.family == "sdxl" and "Easy" in imported.kind
    assert (
        params.network_dim,
        params.train_batch_size,
        params.resolution,
        params.shuffle_caption,
    ) == (8, 2, "1024", True)
    assert (params.max_train_steps, params.lr_warmup_steps) == (200, 10)
    assert params.network_module == "lycoris.kohya"
    assert params.extra["network_args"] == ["algo=lokr", "factor=4"]
    assert params.extra["optimizer_args"] == ["betas=0.9,0.99", "decouple=True"]
    assert params.extra["max_data_loader_n_workers"] == 1
    keys = {row.key for row in imported.rows}
    assert keys >= {
        "subsets[0].name",
        "subsets[0].num_repeats",
        "general_args.dataset_args.resolution",
        "network_args.args.fa",
        "network_args.args.network_args.preset",
        "logging_args.args.wandb_api_key",
        "train_mode.train_mode",
    }
    assert row(imported, "network_args.args.network_args.algo").value == "lokr"
    assert "s3cret" not in "".join(imported.lines())


KEYS = [
    "general",
    "datasets",
    "subsets",
    "args",
    "dataset_args",
    "network_args",
    "seed",
    "resolution",
    "image_dir",
]


@given(
    st.recursive(
        st.one_of(st.sampled_from(["", "a", "Z"]), st.integers(-9, 9), st.booleans()),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_no_toml_makes_anything_but_a_report_or_a_sentence(data: Any) -> None:
    from sd_scripts_bridge.exchange.toml import easy_scripts
    from sd_scripts_bridge.exchange.toml import reader as toml_reader

    for reader in (easy_scripts, toml_reader):
        try:
            imported = reader.read(
                Path("x.toml"), data if isinstance(data, dict) else {"general": data}, Here()
            )
        except Invalid as error:
            assert error.problems
        else:
            assert params_of(imported).problems() == []


# ---- a finished LoRA ----


METADATA = {
    "ss_network_dim": "4",
    "ss_network_alpha": "2.0",
    "ss_network_module": "lycoris.kohya",
    "ss_learning_rate": "2e-06",
    "ss_unet_lr": "None",
    "ss_text_encoder_lr": "[5e-05, 5e-05]",
    "ss_lr_scheduler": "cosine",
    "ss_seed": "42",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1,betas=(0.9, 0.99))",
    "ss_resolution": "(512, 768)",
    "ss_max_train_steps": "180",
    "ss_batch_size_per_device": "2",
    "ss_base_model_version": "sdxl_base_v1-0",
    "ss_steps": "180",
    "ss_network_args": '{"conv_dim": 8, "algo": "lokr", "dropout": null}',
    "ss_sd_model_name": "base.safetensors",
    "ss_output_name": "Ada",
    "ss_dataset_dirs": '{"3_Ada woman": {"n_repeats": 3, "img_count": 4}}',
    "ss_shuffle_caption": "True",
    "ss_debiased_estimation": "True",
    "ss_training_comment": "None",
    "modelspec.title": "Ada",
    "ss_enable_bucket": "True",
}


def lora(
    path: Path, metadata: dict[str, str] | None, parts: tuple[str, ...] = ("unet", "te")
) -> Path:
    names = {
        "unet": "lora_unet_down_blocks_0_attentions_0_proj_in",
        "te": "lora_te1_text_model_encoder_layers_0_mlp_fc1",
    }
    tensors: dict[str, Any] = {}
    for part in parts:
        tensors |= {
            f"{names[part]}.lora_down.weight": np.zeros((4, 320), np.float16),
            f"{names[part]}.lora_up.weight": np.zeros((320, 4), np.float16),
            f"{names[part]}.alpha": np.asarray(2, np.float16),
        }
    save_file(tensors, path, metadata)
    return path


def test_train_again_like_this_lora(tmp_path: Path) -> None:
    imported = imports.read(lora(tmp_path / "Ada.safetensors", METADATA))
    params = params_of(imported)
    assert (imported.family, imported.name, imported.trigger) == ("sdxl", "Ada", "Ada woman")
    assert imported.base_name == "base.safetensors"
    assert (params.network_dim, params.network_alpha, params.resolution) == (4, 2.0, "512,768")
    assert (params.max_train_steps, params.train_batch_size, params.optimizer_type) == (
        180,
        2,
        "AdamW8bit",
    )
    assert params.extra["optimizer_args"] == ["weight_decay=0.1", "betas=(0.9,0.99)"]
    assert params.extra["network_args"] == ["conv_dim=8", "algo=lokr"]
    assert params.extra["debiased_estimation_loss"] is True
    assert (params.text_encoder_lr, params.unet_lr, params.save_precision) == (5e-5, None, "fp16")
    assert {row.key for row in imported.rows if not row.key.startswith("tensors ")} == set(METADATA)


def test_what_was_trained_is_seen_in_the_tensors(tmp_path: Path) -> None:
    imported = imports.read(lora(tmp_path / "Ada.safetensors", METADATA, parts=("unet",)))
    assert params_of(imported).network_train_unet_only


def test_a_lora_without_metadata_gives_rank_and_alpha(tmp_path: Path) -> None:
    params = params_of(imports.read(lora(tmp_path / "Ada.safetensors", None)))
    assert (params.network_dim, params.network_alpha) == (4, 2.0)


def test_the_metadata_of_a_run_with_a_dataset_config(tmp_path: Path) -> None:
    subset = {
        "shuffle_caption": True,
        "keep_tokens": 1,
        "class_tokens": "Ada woman",
        "is_reg": False,
    }
    datasets = [
        {
            "batch_size_per_device": 3,
            "resolution": [768, 768],
            "enable_bucket": True,
            "min_bucket_reso": 320,
            "num_train_images": 4,
            "subsets": [subset],
        }
    ]
    metadata = {
        "ss_network_dim": "4",
        "ss_datasets": json.dumps(datasets),
        "ss_base_model_version": "sd_v1",
    }
    params = params_of(imports.read(lora(tmp_path / "Ada.safetensors", metadata)))
    assert (
        params.train_batch_size,
        params.resolution,
        params.min_bucket_reso,
        params.keep_tokens,
    ) == (3, "768", 320, 1)


@given(
    st.dictionaries(
        st.sampled_from([*sorted(METADATA), "ss_datasets"]), st.text(max_size=12), min_size=1
    )
)
def test_no_metadata_crashes(
    tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    try:
        imported = imports.read(lora(path, metadata))
    except Invalid as refused:  # it names a family of its own
        assert "which sd-scripts has no script for" in str(refused)
        return
    assert {row.key for row in imported.rows} >= metadata.keys()
    assert params_of(imported).problems() == []


# ---- scripts, jobs, folders ----


def test_a_shell_script_with_accelerate_and_variables(tmp_path: Path) -> None:
    imported = read(
        tmp_path / "run.sh",
        """#!/bin/bash
        # some script from a tutorial
        lr="1e-4"   # the rate
        export model='/models/x.safetensors'
        accelerate launch --num_cpu_threads_per_process 8 "./sd-scripts/sdxl_train_network.py" \\
          --pretrained_model_name_or_path="$model" --learning_rate=${lr} \\
          --network_module networks.lora \\
          --network_args "conv_dim=4" "conv_alpha=1" --network-dim 16 --cache_latents
        echo done
    """,
    )
    params = params_of(imported)
    assert imported.family == "sdxl" and imported.base_name == "/models/x.safetensors"
    assert (params.learning_rate, params.network_dim, params.cache_latents) == (1e-4, 16, True)
    assert params.extra["network_args"] == ["conv_dim=4", "conv_alpha=1"]
    assert row(imported, "launcher --num_cpu_threads_per_process").fate is Fate.IGNORED


def test_a_batch_file(tmp_path: Path) -> None:
    call = (
        'py "C:\\sd scripts\\train_network.py" --learning_rate %LR% ^\r\n --training_comment '
        '"100%% \\"ok\\"" --seed 3\r\n'
    )
    imported = read(tmp_path / "run.bat", "@echo off\r\nset LR=2e-4\r\n" + call)
    params = params_of(imported)
    assert (params.learning_rate, params.seed, params.training_comment) == (2e-4, 3, '100% "ok"')


def test_a_script_that_trains_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="starts no training script"):
        read(tmp_path / "run.sh", "echo hello\n")


def test_our_own_job_comes_back_whole(tmp_path: Path) -> None:
    params = TrainingParams(extra={"network_args": ["conv_dim=4"]}).with_values({"unet_lr": 3e-4})
    job = TrainingJob(
        "Ada",
        "Ada",
        "woman",
        str(tmp_path),
        str(tmp_path / "gone.safetensors"),
        "sd1",
        "sd-scripts",
        params,
    )
    imported = read(tmp_path / "job.json", job.as_dict())
    assert params_of(imported) == params
    assert (imported.dataset, imported.base, imported.name) == (tmp_path, None, "Ada")


def test_a_folder_of_photos_says_what_was_taken(tmp_path: Path) -> None:
    (tmp_path / "img" / "3_Ada woman").mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(tmp_path / "img" / "3_Ada woman" / "1.png")
    imported = imports.read(tmp_path)
    assert imported.dataset == tmp_path and imported.trigger == "Ada woman"
    assert "3_Ada woman" in "\n".join(imported.lines())


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.xml", "a: 1", "ends in '.xml'"),
        ("x.toml", "a =", "not TOML"),
        ("x.json", "\0", "is not text"),
        ("gone.json", None, "can't be read"),
    ],
)
def test_other_files_are_refused_with_a_sentence(
    tmp_path: Path, name: str, content: str | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(Invalid, match=sentence):
        imports.read(tmp_path / name)


def test_saves_by_steps_stay_beside_saves_by_epochs(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        "max_train_epochs = 4\nsave_every_n_steps = 30\nsave_every_n_epochs = 1\n", encoding="utf-8"
    )
    imported = imports.read(tmp_path / "c.toml")
    assert imported.settled(100)["save_every_n_steps"] == 30
    left_out = row(imported, "save_every_n_epochs")
    assert left_out.fate is Fate.IGNORED and "saves by steps" in left_out.why
