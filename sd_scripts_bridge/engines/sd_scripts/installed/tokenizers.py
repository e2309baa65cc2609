"""The tokenizers of families beyond Stable Diffusion: from what is there, else once from the model
hub.

Where the scripts of sd-scripts 0.10.1 look: ``strategy_{flux,sd3,lumina,hunyuan_image}.py`` in
their ``library``. Anima's come with the scripts themselves.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ....errors import Invalid
from ....jobs.job import TrainingJob
from ....messages import Message
from ....models.safetensors_file import read_header
from ....system.files import write_text

T5, GEMMA = "google/t5-v1_1-xxl", "google/gemma-2-2b"
BUNDLED_T5 = Path("configs", "t5_old")
"""In sd-scripts: the same vocabulary, for Anima (docs/anima_train_network.md)."""
SENTENCEPIECE = "spiece_model"
"""The tensor of a Gemma 2 file (as ComfyUI packs it) that holds its vocabulary."""
SNAPSHOT = "from-the-text-encoder"


class Hub(NamedTuple):
    """A tokenizer on the model hub."""

    repository: str
    megabytes: int
    gated: bool = False
    """Whether the hub wants its licence accepted and a token."""


NEEDED: Mapping[str, tuple[Hub, ...]] = {
    **dict.fromkeys(("sd3", "flux1", "flux1-schnell", "chroma"), (Hub(T5, 2),)),
    "lumina2": (Hub(GEMMA, 22, gated=True),),
    "hunyuan-image": (Hub("Qwen/Qwen2.5-VL-7B-Instruct", 12), Hub("google/byt5-small", 1)),
}


def lay_down(job: TrainingJob, scripts: Path, tokenizers: Path) -> None:
    """Put into the folder ``tokenizers`` what can be had without the hub, as the job's script looks
    for it.
    """
    for hub in NEEDED.get(job.family, ()):
        if (
            hub.repository == T5
            and (scripts / BUNDLED_T5).is_dir()
            and not _ours(tokenizers, T5).is_dir()
        ):
            shutil.copytree(scripts / BUNDLED_T5, _ours(tokenizers, T5))
        if hub.repository == GEMMA and not _cached(tokenizers, GEMMA) and _spiece(job) is not None:
            _write_gemma(tokenizers, _spiece(job) or b"")


def missing(job: TrainingJob, scripts: Path, tokenizers: Path) -> list[Hub]:
    """What only the hub has: neither `lay_down` can make it, nor does it lie in the user's own
    cache.
    """
    return [
        hub
        for hub in NEEDED.get(job.family, ())
        if not _is_there(hub.repository, job, scripts, tokenizers)
    ]


def note(hub: Hub) -> str:
    """What the user has to know before something is fetched."""
    gated = (
        Message(
            "setup.gated_accept_licence_log",
            " It is gated: accept its licence there, and log in once (hf auth login).",
        )
        if hub.gated
        else ""
    )
    return Message(
        "setup.tokenizer_about_mb_isnt",
        "The tokenizer {repository} (about {megabytes} MB) isn't on this machine: the run gets "
        "it once from huggingface.co.{gated}",
        repository=hub.repository,
        megabytes=hub.megabytes,
        gated=gated,
    )


def in_own_cache(job: TrainingJob, tokenizers: Path) -> bool:
    """Whether the script must be sent to the user's cache: Lumina's takes the folder of tokenizers
    for a cache, too.
    """
    return (
        job.family == "lumina2" and not _cached(tokenizers, GEMMA) and _cached(hub_cache(), GEMMA)
    )


def hub_cache() -> Path:
    """Where huggingface_hub keeps what it has fetched (its documentation, "Environment
    variables").
    """
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("HF_HOME") or cache / "huggingface") / "hub"


def _is_there(repository: str, job: TrainingJob, scripts: Path, tokenizers: Path) -> bool:
    if repository == T5 and (_ours(tokenizers, T5).is_dir() or (scripts / BUNDLED_T5).is_dir()):
        return True
    if repository == GEMMA and (_cached(tokenizers, GEMMA) or _spiece(job) is not None):
        return True
    return _cached(hub_cache(), repository)


def _ours(tokenizers: Path, repository: str) -> Path:
    """Under the name by which the scripts look in ``tokenizer_cache_dir``."""
    return tokenizers / repository.replace("/", "_")


def _cached(cache: Path, repository: str) -> bool:
    folder = cache / f"models--{repository.replace('/', '--')}" / "snapshots"
    return any(folder.glob("*/tokenizer*")) or any(folder.glob("*/vocab.json"))


# ---- Gemma 2 ----


def _spiece(job: TrainingJob) -> bytes | None:
    """The sentencepiece model inside the job's Gemma 2 file."""
    path = Path(str(job.params.extra.get("gemma2", "")))
    try:
        header = read_header(path)
    except Invalid:
        return None
    tensor = next(
        (info for name, info in header.tensors.items() if name.endswith(SENTENCEPIECE)), None
    )
    if tensor is None:
        return None
    with path.open("rb") as file:
        file.seek(header.data_start + tensor.begin)
        return file.read(tensor.end - tensor.begin)


def _write_gemma(tokenizers: Path, model: bytes) -> None:
    """As a cache of the hub, which is how Lumina's script reads it."""
    folder = tokenizers / f"models--{GEMMA.replace('/', '--')}"
    snapshot = folder / "snapshots" / SNAPSHOT
    snapshot.mkdir(parents=True, exist_ok=True)
    (snapshot / "tokenizer.model").write_bytes(model)
    write_text(
        snapshot / "tokenizer_config.json",
        json.dumps(
            {
                "tokenizer_class": "GemmaTokenizer",
                "add_bos_token": True,
                "add_eos_token": False,
                "bos_token": "<bos>",
                "eos_token": "<eos>",
                "pad_token": "<pad>",
                "unk_token": "<unk>",
                "clean_up_tokenization_spaces": False,
            }
        ),
    )
    write_text(snapshot / "config.json", json.dumps({"model_type": "gemma2"}))
    (folder / "refs").mkdir(exist_ok=True)
    write_text(folder / "refs" / "main", SNAPSHOT)
