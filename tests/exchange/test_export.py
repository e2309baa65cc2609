"""Whatever is exported comes back as the same training, in every format."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import export, imports
from sd_scripts_bridge.exchange.export import InstalledScripts
from sd_scripts_bridge.exchange.kohya_gui.keys import FAMILIES, FORM, NETWORK
from sd_scripts_bridge.exchange.scripts import bash, batch, shell_words
from sd_scripts_bridge.exchange.settling.imported import Fate, Imported
from sd_scripts_bridge.exchange.settling.work import KNOWN
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.families import FAMILIES as TRAINED
from sd_scripts_bridge.options.known import arguments, optimizers
from sd_scripts_bridge.options.meaning import meaning
from sd_scripts_bridge.options.params import TrainingParams, fields_of_params, option_type
from sd_scripts_bridge.system.toml_file import load

ONE_WORD = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), exclude_characters='"')
TEXT = st.text(ONE_WORD, min_size=1, max_size=20)
MODULES = ["networks.lora", "networks.lora_fa", "networks.dylora", "networks.oft", "lycoris.kohya"]
WORDS = {
    "optimizer_type": st.sampled_from(
        ["AdamW", "AdamW8bit", "Prodigy", "bitsandbytes.optim.AdEMAMix8bit"]
    ),
    "network_module": st.sampled_from(MODULES),
    "resolution": st.one_of(
        st.integers(64, 4096).map(str),
        st.tuples(st.integers(64, 4096), st.integers(64, 4096)).map("{0[0]},{0[1]}".format),
    ),
    "training_comment": st.none() | TEXT.filter(lambda text: text.lower() not in ("none", "null")),
}
EXTRA = {
    "network_args": st.lists(
        st.sampled_from(
            [
                "conv_dim=8",
                "conv_alpha=4",
                "conv_alpha=4.5",
                "loraplus_lr_ratio=16",
                "block_dims=2,4,4,8",
                "unit=4",
                "algo=lokr",
                "factor=8",
                "rank_dropout=0.1",
                "use_tucker=True",
                "preset=attn-mlp",
                "unheard_of=1",
            ]
        ),
        min_size=1,
        unique=True,
    ),
    "optimizer_args": st.lists(
        st.sampled_from(["weight_decay=0.1", "betas=(0.9,0.99)", "d_coef=2"]),
        min_size=1,
        unique=True,
    ),
    "cache_latents_to_disk": st.booleans(),
    "scale_weight_norms": st.floats(0.1, 5),
    "network_dropout": st.floats(0.01, 0.9),
    "loss_type": st.sampled_from(["l1", "l2", "huber"]),
    "huber_c": st.floats(0.01, 1),
    "multires_noise_iterations": st.integers(1, 10),
    "caption_tag_dropout_rate": st.floats(0, 1),
    "max_data_loader_n_workers": st.integers(0, 8),
    "metadata_title": TEXT,
    "keep_tokens_separator": st.just("|||"),
    "full_bf16": st.booleans(),
}


def values_of(name: str) -> st.SearchStrategy[Any]:
    if name in WORDS:
        return WORDS[name]
    spec = next(spec for spec in fields_of_params() if spec.name == name)
    (kind, may_be_empty), low, high = option_type(name), spec.metadata["ge"], spec.metadata["le"]
    if spec.metadata["choices"]:
        some: st.SearchStrategy[Any] = st.sampled_from(spec.metadata["choices"])
    elif kind is bool:
        some = st.booleans()
    elif kind is int:
        some = st.integers(int(low), int(high))
    else:
        some = st.floats(low, high, allow_subnormal=False)
    return st.none() | some if may_be_empty else some


def only_usable(extra: dict[str, Any], params: TrainingParams) -> dict[str, Any]:
    """Without the words that no network or optimizer reads: an import leaves them out."""
    known = optimizers.arguments(params.optimizer_type)
    wrong = {
        "network_args": arguments.of_network(params.network_module, extra.get("network_args", [])),
        "optimizer_args": arguments.of_optimizer(extra.get("optimizer_args", []), known),
    }
    kept = dict(extra)
    for option, words in wrong.items():
        bad = {word.word for word in words}
        kept[option] = [word for word in extra.get(option, []) if word not in bad]
    return {name: value for name, value in kept.items() if value != []}


@st.composite
def any_params(draw: st.DrawFn) -> TrainingParams:
    values = {
        name: draw(values_of(name)) for name in draw(st.sets(st.sampled_from(KNOWN), max_size=12))
    }
    extra = {
        name: draw(EXTRA[name])
        for name in draw(st.sets(st.sampled_from(sorted(EXTRA)), max_size=4))
    }
    try:
        params = TrainingParams().with_values(values)
        params = replace(params, extra=only_usable(extra, params))
    except Invalid:
        assume(False)
        raise
    told = meaning(params, "sd1")
    assume(
        not (told["network_train_unet_only"] and told["network_train_text_encoder_only"])
    )  # nothing would learn
    chosen = params.optimizer_type.rpartition(".")[2].lower()
    assume(params.lr_scheduler != "adafactor" or chosen == "adafactor")  # it follows that one
    return params


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    img = tmp_path_factory.mktemp("photos of Ana's") / "img"
    (img / "3_Ana María woman").mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(img / "3_Ana María woman" / "1.png")
    return img


def job_of(params: TrainingParams, photos: Path, family: str = "sd1") -> TrainingJob:
    return TrainingJob(
        "Ana",
        "Ana",
        "woman",
        str(photos),
        str(photos / "no base.safetensors"),
        family,
        "sd-scripts",
        params,
    )


def back(job: TrainingJob, form: str, file: str, out: Path) -> tuple[Imported, TrainingParams]:
    export.export(job, form, out, InstalledScripts(out / "no tokenizers"))
    imported = imports.read(out / file.replace("NAME", job.name))
    values = imported.settled(3)
    known = {key: value for key, value in values.items() if key in KNOWN}
    return imported, replace(
        TrainingParams(), **known, extra={k: v for k, v in values.items() if k not in KNOWN}
    )


FORMS = [("toml", "train.toml"), ("sh", "train.sh"), ("sh", "train.bat"), ("kohya", "NAME.json")]


@pytest.mark.parametrize(("form", "file"), FORMS)
@pytest.mark.parametrize("family", [name for name, family in TRAINED.items() if family.companions])
def test_round_trip_of_the_families_beyond_sdxl(
    tmp_path: Path, photos: Path, family: str, form: str, file: str
) -> None:
    encoders = {}
    for companion in TRAINED[family].companions:
        (tmp_path / companion.usual).touch()
        encoders[companion.option] = str(tmp_path / companion.usual)
    params = TRAINED[family].complete(presets.get(presets.fitting(family)).params(30))
    job = job_of(replace(params, extra={**params.extra, **encoders}), photos, family)
    _, got = back(job, form, file, tmp_path / "out")
    lost = (
        {"system_prompt"} if form == "kohya" else set()
    )  # it has spaces, at which kohya_ss splits
    ours, theirs = (
        {k: v for k, v in meaning(p, family).items() if k not in lost} for p in (job.params, got)
    )
    assert theirs == ours


@pytest.mark.parametrize(("form", "file"), FORMS, ids=["toml", "sh", "bat", "kohya"])
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
    max_examples=40,
)
@given(params=any_params(), family=st.sampled_from(["sd1", "sdxl"]))
def test_round_trip_of_any_params(
    form: str, file: str, params: TrainingParams, family: str, photos: Path, tmp_path: Path
) -> None:
    _, read = back(job_of(params, photos, family), form, file, tmp_path)
    assert meaning(read, family) == meaning(params, family)


@pytest.mark.parametrize(("form", "file"), FORMS[:3], ids=["toml", "sh", "bat"])
def test_these_formats_bring_every_field_back_as_it_was(
    form: str, file: str, photos: Path, tmp_path: Path
) -> None:
    params = TrainingParams(extra={"network_args": ["conv_dim=8", "conv_alpha=4"]}).with_values(
        {
            "unet_lr": 2e-4,
            "max_token_length": "150",
            "save_every_n_steps": 50,
            "sdpa": False,
            "save_state": False,
        }
    )
    imported, read = back(job_of(params, photos), form, file, tmp_path)
    assert read == params
    assert imported.dataset == photos and imported.name == "Ana"
    assert [row.key for row in imported.of(Fate.CHANGED)] == []


def test_the_folder_of_pictures_survives_the_toml_with_its_regularisation(tmp_path: Path) -> None:
    for folder in ("img/3_Ana woman", "img/2_Ana hat", "reg/1_woman"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(tmp_path / folder / "1.png")
    out = tmp_path / "out"
    imported, _ = back(job_of(TrainingParams(), tmp_path / "img"), "toml", "train.toml", out)
    assert imported.dataset == tmp_path / "img" and not imported.subsets
    table = load(out / "dataset.toml")
    assert [subset.get("is_reg", False) for subset in table["datasets"][0]["subsets"]] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("form", export.FORMATS)
def test_secrets_are_never_written(form: str, photos: Path, tmp_path: Path) -> None:
    secrets = {"wandb_api_key": "s3cret-w", "huggingface_token": "s3cret-h"}
    done = export.export(
        job_of(TrainingParams(extra=secrets), photos),
        form,
        tmp_path,
        InstalledScripts(tmp_path / "none"),
    )
    assert all("s3cret" not in file.read_text(encoding="utf-8") for file in done.files)
    assert any("wandb_api_key" in note for note in done.notes)


def test_kohyas_form_finds_every_field_in_its_own_type(photos: Path, tmp_path: Path) -> None:
    export.export(
        job_of(TrainingParams(), photos, "sdxl"),
        "kohya",
        tmp_path,
        InstalledScripts(tmp_path / "none"),
    )
    form = json.loads((tmp_path / "Ana.json").read_text(encoding="utf-8"))
    assert form.keys() >= {*FORM, *NETWORK, *FAMILIES}
    for key, default in {**FORM, **NETWORK}.items():
        same = isinstance(form[key], type(default)) or {type(form[key]), type(default)} <= {
            int,
            float,
        }
        assert same, f"{key}: {form[key]!r} where the form has {default!r}"
    assert form["sdxl"] is True and form["additional_parameters"] == "--console_log_simple"


def test_what_the_form_of_kohya_cannot_say_goes_beside_it_or_is_named(
    photos: Path, tmp_path: Path
) -> None:
    params = TrainingParams(
        extra={"caption_prefix": "photo of", "keep_tokens_separator": "|||"},
        seed=0,
        max_grad_norm=0.0,
    )
    done = export.export(
        job_of(params, photos), "kohya", tmp_path, InstalledScripts(tmp_path / "none")
    )
    form = json.loads((tmp_path / "Ana.json").read_text(encoding="utf-8"))
    assert (
        form["additional_parameters"]
        == "--console_log_simple --keep_tokens_separator ||| --max_grad_norm 0.0 --seed 0"
    )
    assert any("caption_prefix" in note for note in done.notes)


def test_the_shell_script_passes_its_words_to_the_program_unharmed(
    photos: Path, tmp_path: Path
) -> None:
    script = tmp_path / "train_network.py"
    script.write_text("import sys, json; print(json.dumps(sys.argv[1:]))")
    params = TrainingParams(
        training_comment='it\'s "$HOME" `id` \\ 100 % ¡sí!', extra={"caption_prefix": "-- a\nb"}
    )
    export.export(
        job_of(params, photos),
        "sh",
        tmp_path,
        InstalledScripts(tmp_path / "none", sys.executable, str(script)),
    )
    said = json.loads(
        subprocess.run([tmp_path / "train.sh"], capture_output=True, check=True, text=True).stdout
    )
    assert params.training_comment in said
    assert "--caption_prefix=-- a\nb" in said


@given(st.lists(TEXT, min_size=1))
def test_a_batch_files_words_come_back(words: list[str]) -> None:
    line = " ".join(map(shell_words.windows, ["run", *words]))
    (read,) = batch.commands(line)
    assert read == ["run", *words]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1),
        min_size=1,
    )
)
def test_a_shells_words_come_back(words: list[str]) -> None:
    text = (
        "echo before\n"
        + " \\\n  ".join(shlex.quote(word) for word in ["run", *words])
        + "\necho after\n"
    )
    assert bash.commands(text)[1] == ["run", *words]


@pytest.mark.parametrize(("form", "file"), FORMS, ids=["toml", "sh", "bat", "kohya"])
def test_sample_pictures_bring_their_prompt_along_and_it_stays_ours(
    form: str, file: str, photos: Path, tmp_path: Path
) -> None:
    job = job_of(TrainingParams(extra={"sample_every_n_steps": 50}), photos)
    assert back(job, form, file, tmp_path)[1].extra == {"sample_every_n_steps": 50}
    if form != "kohya":
        assert "Ana woman" in (tmp_path / "prompts.txt").read_text(encoding="utf-8")


def test_prompts_of_ones_own_come_back_as_a_file(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Ana woman on the moon --d 1\n")
    extra = {
        "sample_every_n_steps": 50,
        "sample_prompts": str(tmp_path / "mine.txt"),
        "sample_sampler": "k_lms",
    }
    assert (
        back(job_of(TrainingParams(extra=extra), photos), "toml", "train.toml", tmp_path)[1].extra
        == extra
    )


def test_kohya_gets_the_prompt_as_text(photos: Path, tmp_path: Path) -> None:
    job = job_of(TrainingParams(extra={"sample_every_n_steps": 50}), photos)
    export.export(job, "kohya", tmp_path, InstalledScripts(tmp_path / "none"))
    form = json.loads((tmp_path / "Ana.json").read_text(encoding="utf-8"))
    assert form["sample_every_n_steps"] == 50 and "Ana woman" in form["sample_prompts"]


def test_an_unknown_format_names_the_known_ones(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="toml, kohya, sh"):
        export.export(
            job_of(TrainingParams(), photos), "yaml", tmp_path, InstalledScripts(tmp_path)
        )


def test_pictures_that_are_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="are gone"):
        export.export(
            job_of(TrainingParams(), tmp_path / "gone"),
            "toml",
            tmp_path,
            InstalledScripts(tmp_path),
        )
