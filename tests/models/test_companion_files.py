"""The files beside a base (text encoders, VAE), tokenizers, and what the script is told: for each
family beyond SDXL.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.datasets.kohya_folder import Dataset, Subset
from sd_scripts_bridge.engines import sample_prompts
from sd_scripts_bridge.engines.sd_scripts import SdScriptsEngine, config
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue, installation, tokenizers
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models import checkpoint, companion_files
from sd_scripts_bridge.options.families import FAMILIES
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning import preflight
from sd_scripts_bridge.planning.planner import Planner
from sd_scripts_bridge.planning.request import Request
from tests.support import model_headers as headers
from tests.support import transformer_headers as made
from tests.support.model_headers import Shapes

SCRIPTS = os.environ.get("SD_SCRIPTS_DIR")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", sys.executable)  # read before a fixture hides it
FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="files of 20 GB are holes only on other systems"
)

FILES: dict[str, tuple[str, Any]] = {
    "clip_l": ("text_encoder/clip_l.safetensors", made.clip_text),
    "t5xxl": ("text_encoder/t5xxl_fp16.safetensors", made.t5),
    "clip_g": ("CLIP/clip_g.safetensors", lambda: made.clip_text(1280, 32, True)),
    "gemma2": ("text_encoder/gemma_2_2b_fp16.safetensors", made.gemma2),
    "text_encoder": ("text_encoder/qwen_2.5_vl_7b.safetensors", made.qwen25_vl),
    "byt5": (
        "text_encoder/byt5_small_glyphxl_fp16.safetensors",
        lambda: made.t5(1510, 1472, 3584, 12, 6),
    ),
    "qwen3": (
        "text_encoder/qwen_3_06b_base.safetensors",
        lambda: made.under("model.", made.qwen3()),
    ),
    "ae": ("VAE/ae.safetensors", made.kl_vae),
}
VAES = {
    "sd3": ("sd3_vae.safetensors", made.kl_vae),
    "anima": ("qwen_image_vae.safetensors", made.qwen_vae),
    "hunyuan-image": ("hunyuan_image_2.1_vae_fp16.safetensors", lambda: made.kl_vae(1024, 64)),
}
BASES = {
    "sd3": lambda: made.under(made.UNET, made.sd3()),
    "flux1": lambda: made.flux(1, 1),
    "flux1-schnell": lambda: made.flux(1, 1, guidance=False),
    "chroma": made.chroma,
    "lumina2": made.lumina,
    "hunyuan-image": made.hunyuan_image,
    "anima": made.anima,
}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A WebUI's folder of models with every text encoder and VAE in it."""
    root = tmp_path / "web ui" / "models"
    for at, make in FILES.values():
        made.hollow(root / at, make())
    for name, make in VAES.values():
        made.hollow(root / "VAE" / name, make())
    headers.write(root / "VAE" / "vae-ft-mse.safetensors", made.kl_vae(8, 4))
    (root / "VAE" / "damaged.safetensors").write_bytes(b"no model")
    return root


def base_of(models: Path, family: str) -> Path:
    return made.hollow(models / "Stable-diffusion" / f"{family}.safetensors", BASES[family]())


def sketch(home: Home, base: Path, **more: Any) -> tuple[TrainingJob, list[str], list[str]]:
    """The job that this base makes, its notes, and what speaks against it."""
    folder = base.parent / "img"
    data = Dataset(folder.parent, folder, (Subset(folder / "1", 10, "Ada", "woman", 4),))
    job, notes, refused = Planner(home).draft_job(
        Request(folder, base, **more), data, checkpoint.read(base)
    )
    return (
        job,
        notes,
        [str(problem) for problem in refused if problem.where != "memory"],
    )  # a large base, a small machine


@pytest.fixture
def home(home: Home) -> Home:
    installation.write(home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    return home


@pytest.mark.parametrize("family", BASES)
def test_everything_that_a_family_needs_is_found_beside_the_webui(
    home: Home, models: Path, family: str
) -> None:
    job, notes, refused = sketch(home, base_of(models, family))
    assert (
        refused == []
        and job.family == family
        and job.params.network_module == FAMILIES[family].network
    )
    for companion in FAMILIES[family].companions:
        at = FILES[companion.option][0] if companion.option in FILES else f"VAE/{VAES[family][0]}"
        assert job.params.extra[companion.option] == str(models / at)
        assert any(
            note.startswith(f"{companion.option}: {models / at} is taken as {companion.title}")
            for note in notes
        )


def test_a_file_is_known_by_what_is_in_it_not_by_its_name(home: Home, models: Path) -> None:
    (models / FILES["t5xxl"][0]).rename(models / "text_encoder" / "encoder number two.safetensors")
    shutil.copyfile(models / FILES["clip_l"][0], models / FILES["t5xxl"][0])
    job, _, refused = sketch(home, base_of(models, "flux1"))
    assert refused == [] and job.params.extra["t5xxl"].endswith("encoder number two.safetensors")


def test_of_two_that_fit_the_usual_one_is_taken(home: Home, models: Path) -> None:
    made.hollow(models / "text_encoder" / "a t5xxl_fp8_e4m3fn.safetensors", made.t5(), "F8_E4M3", 1)
    job, _, _ = sketch(home, base_of(models, "flux1"))
    assert job.params.extra["t5xxl"].endswith("t5xxl_fp16.safetensors")


def test_what_is_missing_is_asked_for_by_name(home: Home, models: Path) -> None:
    (models / FILES["t5xxl"][0]).unlink()
    made.hollow(
        models / "text_encoder" / "t5xxl_fp8_scaled.safetensors",
        made.t5() | {"scaled_fp8": (2,)},
        "F8_E4M3",
        1,
    )
    _, _, refused = sketch(home, base_of(models, "flux1"))
    assert len(refused) == 1
    assert (
        "t5xxl: FLUX.1 needs the T5-XXL text encoder (usually t5xxl_fp16.safetensors)" in refused[0]
    )
    assert (
        str(models / "text_encoder") in refused[0]
        and "t5xxl=/path/to/t5xxl_fp16.safetensors (--set" in refused[0]
    )


def test_sd3s_vae_is_not_taken_for_flux1s_though_their_tensors_are_alike(
    home: Home, models: Path
) -> None:
    (models / FILES["ae"][0]).unlink()
    assert "ae: FLUX.1 needs FLUX.1's VAE" in sketch(home, base_of(models, "flux1"))[2][0]


def test_a_file_named_by_hand_goes_first_and_is_looked_at(
    home: Home, models: Path, tmp_path: Path
) -> None:
    base, mine = base_of(models, "flux1"), made.hollow(tmp_path / "mine.safetensors", made.t5())
    assert sketch(home, base, values={"t5xxl": str(mine)})[0].params.extra["t5xxl"] == str(mine)

    def refused(path: object) -> str:
        return sketch(home, base, values={"t5xxl": str(path)})[2][0]

    wrong = refused(models / FILES["ae"][0])
    assert (
        "ae.safetensors is a VAE of FLUX.1 (or SD 3), but a T5-XXL text encoder is needed" in wrong
    )
    assert "can't be read: No such file" in refused(tmp_path / "gone.safetensors")
    assert "is not a .safetensors file" in refused(tmp_path / "t5.gguf")
    assert "is not a safetensors file" in refused(models / "VAE" / "damaged.safetensors")
    made.hollow(mine, made.t5() | {"scaled_fp8": (2,)})
    assert "holds quantised weights" in refused(mine)


def test_a_whole_lumina_file_is_its_own_text_encoder_and_vae(home: Home, tmp_path: Path) -> None:
    whole: Shapes = made.under(made.UNET, made.lumina()) | made.under("vae.", made.kl_vae())
    whole |= made.under("text_encoders.gemma2_2b.transformer.model.", made.gemma2())
    base = made.hollow(tmp_path / "neta.safetensors", whole)
    job, notes, refused = sketch(home, base)
    assert refused == [] and job.params.extra["gemma2"] == job.params.extra["ae"] == str(base)
    assert any("itself." in note and "neta.safetensors" in note for note in notes)


def test_sd3_takes_the_vae_in_its_own_file(home: Home, models: Path) -> None:
    inside = made.under("first_stage_model.", made.kl_vae())
    base = made.hollow(models / "sd3_medium.safetensors", BASES["sd3"]() | inside)
    job, _, refused = sketch(home, base)
    assert refused == [] and "vae" not in job.params.extra


def test_the_embedded_engine_refuses_by_name_and_asks_for_nothing(
    home: Home, tmp_path: Path
) -> None:
    base = made.hollow(tmp_path / "flux.safetensors", made.flux(1, 1))
    refused = sketch(home, base, engine="embedded")[2]
    assert any(
        "the embedded engine doesn't train FLUX.1, only SD 1.5, SD 2, SDXL" in problem
        for problem in refused
    )
    assert not any("t5xxl" in problem for problem in refused)


def test_a_network_of_another_family_and_a_learning_encoder_are_refused(
    home: Home, models: Path
) -> None:
    values: dict[str, Any] = {"network_module": "networks.lora_sd3"}
    assert (
        "networks.lora_sd3 doesn't fit FLUX.1"
        in sketch(home, base_of(models, "flux1"), values=values)[2][0]
    )
    values = {"network_train_unet_only": False, "cache_text_encoder_outputs": False}
    assert "can't be trained" in sketch(home, base_of(models, "hunyuan-image"), values=values)[2][0]


@pytest.mark.parametrize("family", BASES)
def test_what_the_script_is_told(home: Home, models: Path, tmp_path: Path, family: str) -> None:
    job, _, _ = sketch(home, base_of(models, family))
    told = config.table(job, JobFolder(tmp_path), tmp_path)
    assert (
        told["network_module"] == FAMILIES[family].network
        and told["cache_text_encoder_outputs"] is True
    )
    assert told["min_snr_gamma"] is told["clip_skip"] is told["max_token_length"] is None
    assert {**FAMILIES[family].options}.items() <= told.items()
    assert "v2" not in told and "no_half_vae" not in told
    argv = SdScriptsEngine(home).command(job, JobFolder(tmp_path)).argv
    assert FAMILIES[family].script in [Path(word).name for word in argv]


def test_what_a_transformer_takes_of_the_memory(home: Home, models: Path) -> None:
    """A floor: fp8 halves it, and where blocks wait in the computer's memory nothing is said."""

    def weights(**values: Any) -> int:
        return preflight.need(sketch(home, base_of(models, "flux1"), values=values)[0]).weights

    numbers = sum(math.prod(shape) for shape in made.flux(1, 1).values())
    assert (weights(fp8_base=False), weights(), weights(blocks_to_swap=1)) == (
        2 * numbers,
        numbers,
        0,
    )


def test_a_sample_of_flux_has_its_guidance_and_no_negative_prompt(home: Home, models: Path) -> None:
    flux = sample_prompts.text_of(sketch(home, base_of(models, "flux1"))[0])
    assert "--l 1 --g 3.5 --s 20" in flux and "--n " not in flux
    assert "--l 4 --g 0 --s 20" in sample_prompts.text_of(
        sketch(home, base_of(models, "chroma"))[0]
    )


@pytest.mark.sd_scripts
@pytest.mark.skipif(not SCRIPTS, reason="set SD_SCRIPTS_DIR to a checkout of kohya-ss/sd-scripts")
def test_every_key_is_an_option_of_the_familys_script(
    home: Home, models: Path, tmp_path: Path
) -> None:
    installation.write(home, installation.Installation(str(SCRIPTS), PYTHON))
    catalogue.write(home, Path(PYTHON), Path(str(SCRIPTS)))
    for family in BASES:
        job, _, refused = sketch(home, base_of(models, family))
        assert refused == []
        options = catalogue.read(home, FAMILIES[family].script)
        told = {
            key
            for key, value in config.table(job, JobFolder(tmp_path), tmp_path).items()
            if value is not None
        }
        assert options and told <= options.keys()
        wrong = sketch(home, base_of(models, family), values={"guidance_skale": "1"})[2]
        assert f"guidance_skale: {FAMILIES[family].script} has no such option" in wrong[0]


# ---- tokenizers ----


def test_t5s_tokenizer_comes_from_the_scripts_themselves(
    home: Home, models: Path, tmp_path: Path
) -> None:
    scripts = tmp_path / "sd-scripts"
    job, notes, _ = sketch(home, base_of(models, "flux1"))
    assert any("google/t5-v1_1-xxl (about 2 MB) isn't on this machine" in note for note in notes)
    assert SdScriptsEngine(home).command(job, JobFolder(tmp_path)).env["HF_HUB_OFFLINE"] is None
    (scripts / tokenizers.BUNDLED_T5).mkdir(parents=True)
    (scripts / tokenizers.BUNDLED_T5 / "tokenizer.json").write_text("{}")
    installation.write(home, installation.Installation(str(scripts), sys.executable))
    assert SdScriptsEngine(home).notes(job) == []
    assert SdScriptsEngine(home).command(job, JobFolder(tmp_path)).env["HF_HUB_OFFLINE"] == "1"
    assert (home.tokenizers / "google_t5-v1_1-xxl" / "tokenizer.json").read_text() == "{}"


def test_gemmas_tokenizer_comes_from_the_text_encoders_own_file(
    home: Home, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    job, notes, _ = sketch(home, base_of(models, "lumina2"))
    assert any("is gated: accept its licence" in note for note in notes)
    file = headers.write(tmp_path / "gemma.safetensors", {"spiece_model": ("U8", (5,), b"model")})
    job = job.evolve(
        params=job.params.from_dict(
            {**job.params.as_dict(), "extra": {**job.params.extra, "gemma2": str(file)}}
        )
    )
    assert SdScriptsEngine(home).notes(job) == []
    assert SdScriptsEngine(home).command(job, JobFolder(tmp_path)).env["HF_HUB_OFFLINE"] == "1"
    snapshot = home.tokenizers / "models--google--gemma-2-2b" / "snapshots" / tokenizers.SNAPSHOT
    assert (snapshot / "tokenizer.model").read_bytes() == b"model"


def test_the_users_own_cache_is_used(
    home: Home, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "models--google--gemma-2-2b" / "snapshots" / "c0ffee").mkdir(parents=True)
    (
        tmp_path
        / "cache"
        / "models--google--gemma-2-2b"
        / "snapshots"
        / "c0ffee"
        / "tokenizer.json"
    ).write_text("{}")
    job, notes, _ = sketch(home, base_of(models, "lumina2"))
    command = SdScriptsEngine(home).command(job, JobFolder(tmp_path))
    assert (
        not any("huggingface.co" in note for note in notes) and command.env["HF_HUB_OFFLINE"] == "1"
    )
    assert "tokenizer_cache_dir" not in JobFolder(tmp_path).config.read_text(encoding="utf-8")


def test_where_is_looked(models: Path) -> None:
    folders = [folder.name for folder in companion_files.places(base_of(models, "flux1"))]
    assert folders[0] == "Stable-diffusion" and {"text_encoder", "VAE", "CLIP"} <= set(folders)
    lora = models / "Lora"
    elsewhere = companion_files.places(models.parent / "downloads" / "flux.safetensors", lora)
    assert models / "text_encoder" in list(elsewhere)
    assert (
        list(companion_files.places(models / "flux.safetensors", None, [models.parent]))[-1]
        == models.parent
    )
