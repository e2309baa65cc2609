"""Everything that `verify` says of a LoRA."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...messages import Message
from ...options.families import title
from .. import lora
from ..lora import LoraFile
from ..safetensors_file import read_header
from .host_names import unmatched
from .norms import BlockNorm, alphas, norms

NAMED = 5
"""So many modules are named where there are more."""


@dataclass(frozen=True)
class VerifiedView:
    """What a LoRA holds, and whether the WebUI can use all of it."""

    file: str
    whole: Annotated[bool, "it can be used, and every module finds its layer"]
    family: Annotated[str, "short name; empty where nothing tells"]
    family_name: str
    network: Annotated[str, "sd-scripts' network_module that makes such modules"]
    modules: int
    text_encoder_modules: int
    unet_modules: int
    ranks: list[int]
    alphas: list[float]
    dtype: Annotated[str, "of most of its numbers"]
    finite: Annotated[bool, "none of its numbers is NaN or infinite"]
    learnt: Annotated[bool, "it changes something"]
    norms: Annotated[list[BlockNorm], "what is added to each block's weights at strength 1"]
    unmatched: Annotated[list[str] | None, "modules that the WebUI has no layer for; null: unknown"]
    problems: list[str]
    notes: list[str]


def verify(path: Path) -> VerifiedView:
    """Read all of the file. Raises `Invalid` for one that isn't a LoRA, OSError."""
    found, examined = lora.inspect(path), lora.examine(path)
    stray = unmatched(lora.modules_of(read_header(path)), found.family)
    problems = [problem.sentence for problem in examined.problems]
    codes = {problem.code for problem in examined.problems}
    if stray:
        problems.append(_stray(stray, found.modules))
    return VerifiedView(
        file=str(path),
        whole=not problems,
        family=found.family,
        family_name=title(found.family),
        network=_network(found),
        modules=found.modules,
        text_encoder_modules=found.text_encoder_modules,
        unet_modules=found.unet_modules,
        ranks=list(found.dims),
        alphas=alphas(path),
        dtype=found.dtype,
        finite="lora.holds_nan_infinite_numbers" not in codes,
        learnt=lora.has_learnt(path),
        norms=norms(path),
        unmatched=stray,
        problems=[*problems],
        notes=[*examined.notes, *_unknown(stray, found.family)],
    )


def _network(found: LoraFile) -> str:
    """Its module and arguments. A convolution's alpha is a guess there; the file's own are told."""
    module, args = found.network
    return " ".join([module, *(arg for arg in args if not arg.startswith("conv_alpha="))])


def _stray(names: list[str], of: int) -> Message:
    text = (
        "{count} of {of} modules have no layer in the WebUI and change nothing there, for example "
        "{names}."
    )
    shown = ", ".join(names[:NAMED])
    return Message("verify.unmatched", text, count=len(names), of=of, names=shown)


def _unknown(stray: list[str] | None, family: str) -> Iterable[str]:
    if stray is None:
        text = "Whether the WebUI finds a layer for each module isn't known for {family}."
        yield Message("verify.unknown", text, family=title(family) or "this family")
