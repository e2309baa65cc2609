"""What a base model is: its family, its prediction and whether it is complete, read from the file
and never asked.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import Invalid, Problem
from ..messages import Message
from ..options.families import title
from . import dit_tensors
from .dit_tensors import Transformer
from .ldm_tensors import (
    CLIP,
    FULL_SIZE_CHANNELS,
    FULL_SIZE_LAYERS,
    FULL_SIZE_VAE_CHANNELS,
    OPEN_CLIP,
    UNET,
    VAE,
    ModelPart,
    parts,
    text_encoder,
    text_encoders,
)
from .other_models import FULL, refusal
from .safetensors_file import Header, TensorInfo, read_header

EPSILON, V_PREDICTION, ASK_THE_MODEL, FLOW = "epsilon", "v_prediction", "ask-the-model", "flow"

PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin", ".pkl"})
DTYPES = {"F32": "fp32", "F16": "fp16", "BF16": "bf16", "F64": "fp64"}
FULL_SIZE_CONTEXT = {"sd1": 768, "sd2": 1024, "sdxl": 2048}

V_MARKS = ("v_pred", "ztsnr")
"""Empty tensors by which NoobAI and others say so; a zero terminal SNR goes with v-prediction only.
"""

_PREDICTIONS = {
    "epsilon": EPSILON,
    "eps": EPSILON,
    "v": V_PREDICTION,
    "v_prediction": V_PREDICTION,
    "v-prediction": V_PREDICTION,
    "vpred": V_PREDICTION,
}
_CONFIG_LIMIT = 1_000_000


@dataclass(frozen=True)
class Base:
    """A base model that can be trained on."""

    path: Path
    family: str
    """A name in `families`."""
    prediction: str
    """"epsilon", "v_prediction", "flow", or "ask-the-model" where only a run of the U-Net can tell
    (SD 2 without a mark).
    """
    prediction_source: str
    """Where that stands, in words."""
    dtype: str
    """Number format of the U-Net: "fp32", "fp16", "bf16", "fp8"."""
    context: int
    """Width of the text that the U-Net listens to; 0 where there is no U-Net."""
    full_size: bool
    """Its sizes are the family's own, which sd-scripts takes for granted; the embedded engine also
    trains smaller ones.
    """
    notes: tuple[str, ...] = ()

    @property
    def family_title(self) -> str:
        return title(self.family)


def read(path: Path) -> Base:
    """The base model at ``path``, from its header.

    Raises `Invalid` with every reason why it can't be trained on.
    """
    _refuse_other_formats(path)
    header = read_header(path)
    other = refusal(path.name, header.tensors)
    if other:
        raise Invalid([other])
    transformer = dit_tensors.recognise(header.tensors)
    if transformer:
        return _transformer(path, transformer, header)
    family = _family(header.tensors)
    problems = _incomplete(path.name, family, parts(header.tensors, family)) or _mismatch(
        path.name, family, header
    )
    if problems:
        raise Invalid(problems)
    prediction, source = _prediction(path, family, header)
    return Base(
        path=path,
        family=family,
        prediction=prediction,
        prediction_source=source,
        dtype=_dtype(path.name, header.tensors),
        context=_context(header.tensors),
        full_size=_is_full_size(family, header.tensors),
        notes=_notes(path, prediction),
    )


def _transformer(path: Path, model: Transformer, header: Header) -> Base:
    """SD 3, FLUX.1 and the like: the model alone, its text encoders and VAE are files beside it."""
    problems = dit_tensors.problems(path.name, header.tensors, model)
    if problems:
        raise Invalid(problems)
    return Base(
        path=path,
        family=model.family,
        prediction=FLOW,
        prediction_source=Message("prediction.all_of", "all of {title}", title=title(model.family)),
        dtype=_dtype(path.name, header.tensors, model.prefix),
        context=0,
        full_size=True,
        notes=dit_tensors.notes(path.name),
    )


def _refuse_other_formats(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise Invalid(
            [
                Problem(
                    "checkpoint.file_can_run_programs",
                    path.name,
                    "a {suffix} file can run programs when it is opened, so it is not",
                    "Choose the .safetensors version of this model, or convert it in the WebUI's "
                    "Checkpoint Merger.",
                    suffix=suffix,
                )
            ]
        )
    if os.path.isdir(path):  # noqa: PTH112  # never raises, also for a name that is too long
        raise Invalid(
            [
                Problem(
                    "checkpoint.folder", path.name, "is a folder", "Choose one .safetensors file."
                )
            ]
        )
    if suffix != ".safetensors":
        raise Invalid(
            [
                Problem(
                    "checkpoint.safetensors_file",
                    path.name,
                    "is not a .safetensors file ({suffix})",
                    FULL,
                    suffix=suffix or "no ending",
                )
            ]
        )


def _family(tensors: Mapping[str, TensorInfo]) -> str:
    """By the text encoders; by the U-Net where there is none."""
    tops = {key.split(".", 1)[0] for key in tensors}
    if "conditioner" in tops or f"{UNET}label_emb.0.0.weight" in tensors:
        return "sdxl"
    if any(key.startswith(OPEN_CLIP) for key in tensors):
        return "sd2"
    if any(key.startswith(CLIP) for key in tensors):
        return "sd1"
    projection = tensors.get(f"{UNET}middle_block.1.proj_in.weight")
    return "sd2" if projection and len(projection.shape) == 2 else "sd1"


def _incomplete(name: str, family: str, found: list[ModelPart]) -> list[Problem]:
    problems = []
    for part in found:
        if part.absent:
            problems.append(
                Problem(
                    "checkpoint.has_no",
                    name,
                    "has no {title}",
                    "Choose a whole {title2} checkpoint.",
                    title=part.title,
                    title2=title(family),
                )
            )
        elif part.missing:
            count = Message(
                "checkpoint.so_many",
                "{count} of the {expected}",
                count=len(part.missing),
                expected=part.expected,
            )
            problems.append(
                Problem(
                    "checkpoint.lacks_tensors_example",
                    name,
                    "lacks {count} tensors of its {title}, for example {missing}",
                    "It is damaged, or not an ordinary {title2} model; choose another.",
                    count=count,
                    title=part.title,
                    missing=part.missing[0],
                    title2=title(family),
                )
            )
    return problems


def _mismatch(name: str, family: str, header: Header) -> list[Problem]:
    """The text encoders must speak as wide as the U-Net listens."""
    widths = _text_widths(family, header.tensors)
    context = _context(header.tensors)
    if sum(widths) == context:
        return []
    spoken = " + ".join(map(str, widths))
    return [
        Problem(
            "checkpoint.net_text_width_but",
            name,
            "has a U-Net for text of width {context}, but its text encoder gives {spoken}",
            "Its parts come from different models; choose another.",
            context=context,
            spoken=spoken,
        )
    ]


def _text_widths(family: str, tensors: Mapping[str, TensorInfo]) -> list[int]:
    widths = []
    for _, prefix, kind in text_encoders(family):
        token = (
            "text_model.embeddings.token_embedding.weight"
            if kind == "clip"
            else "token_embedding.weight"
        )
        widths.append(text_encoder(tensors, prefix)[token][-1])
    return widths


def _context(tensors: Mapping[str, TensorInfo]) -> int:
    return tensors[f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_k.weight"].shape[-1]


def _is_full_size(family: str, tensors: Mapping[str, TensorInfo]) -> bool:
    kinds = [kind for _, _, kind in text_encoders(family)]
    return (
        tensors[f"{UNET}input_blocks.0.0.weight"].shape[0] == FULL_SIZE_CHANNELS
        and tensors[f"{VAE}encoder.conv_in.weight"].shape[0] == FULL_SIZE_VAE_CHANNELS
        and _context(tensors) == FULL_SIZE_CONTEXT[family]
        and all(
            pair in FULL_SIZE_LAYERS
            for pair in zip(kinds, _text_widths(family, tensors), strict=True)
        )
    )


def _dtype(name: str, tensors: Mapping[str, TensorInfo], prefix: str = UNET) -> str:
    """The number format of the U-Net, or of the model below ``prefix``: the one that most of its
    bytes have.
    """
    sizes: Counter[str] = Counter()
    for key, tensor in tensors.items():
        if key.startswith(prefix):
            sizes[tensor.dtype] += tensor.end - tensor.begin
    dtype = max(sizes, key=lambda key: sizes[key])
    if dtype.startswith(("F8_E4M3", "F8_E5M2")):
        return "fp8"
    if dtype not in DTYPES:
        raise Invalid(
            [
                Problem(
                    "checkpoint.holds_quantised_weights",
                    name,
                    "holds quantised weights ({dtype})",
                    "Choose the fp16, bf16 or fp32 version of this model.",
                    dtype=dtype,
                )
            ]
        )
    return DTYPES[dtype]


# ---- prediction ----


def _prediction(path: Path, family: str, header: Header) -> tuple[str, str]:
    """(prediction, where it stands). The strongest mark wins:
    tensor, companion config, metadata.
    """
    for mark in V_MARKS:
        if mark in header.tensors:
            return V_PREDICTION, Message("prediction.tensor", "its tensor {mark}", mark=mark)
    config = _config_prediction(path.with_suffix(".yaml"))
    if config:
        return config, path.with_suffix(".yaml").name
    for key in ("modelspec.prediction_type", "prediction_type", "modelspec.predict_key"):
        value = _PREDICTIONS.get(header.metadata.get(key, "").strip().lower())
        if value:
            return value, Message("prediction.metadata", "its metadata ({key})", key=key)
    trained_on_v = header.metadata.get("ss_v_parameterization", "").strip().lower()
    if trained_on_v in ("true", "false"):
        return (V_PREDICTION if trained_on_v == "true" else EPSILON), Message(
            "prediction.metadata", "its metadata ({key})", key="ss_v_parameterization"
        )
    if family == "sd2":
        return ASK_THE_MODEL, Message("prediction.both", "no mark; SD 2 comes in both kinds")
    return EPSILON, Message("prediction.usual", "no mark; usual for {title}", title=title(family))


def _config_prediction(config: Path) -> str | None:
    """What the companion config says; a config that is silent means epsilon, as for the WebUI."""
    try:
        if not config.is_file():
            return None
        with config.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_CONFIG_LIMIT)
    except OSError:
        return None
    match = re.search(r"""^\s*parameterization\s*:\s*["']?(\w+)""", text, re.MULTILINE)
    if match:
        return _PREDICTIONS.get(match[1].lower())
    return EPSILON if re.search(r"^\s*unet_config\s*:", text, re.MULTILINE) else None


def _notes(path: Path, prediction: str) -> tuple[str, ...]:
    if prediction == EPSILON and re.search(r"v[-_ ]?pred", path.stem, re.IGNORECASE):
        return (
            Message(
                "base.name_says_prediction_but",
                "{name}: the name says v-prediction, but the file has no such mark; it is "
                "trained as epsilon.",
                name=path.name,
            ),
        )
    return ()
