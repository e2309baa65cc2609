"""What a LoRA file holds, and whether it can be used: it opens, has whole modules, and every number
in it is finite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..errors import Invalid, Problem
from ..messages import Message, code_of
from . import lora_family
from .safetensors_file import Header, TensorInfo, read_header

NOTHING_LEARNT = "lora.every_lora_zero_lora"
"""The code of the note on a LoRA that changes no picture."""
CHUNK = 1 << 20
"""Numbers looked at together."""

PAIRS = (
    ("lora_down.weight", "lora_up.weight"),
    ("lora_A.weight", "lora_B.weight"),
    ("lora.down.weight", "lora.up.weight"),
    ("hada_w1_b", "hada_w1_a"),
    ("hada_w2_b", "hada_w2_a"),
    ("lokr_w1_b", "lokr_w1_a"),
    ("lokr_w2_b", "lokr_w2_a"),
    ("a2.weight", "a1.weight"),
    ("b2.weight", "b1.weight"),
)
"""(inner, outer) factors: the product of the two is what the module adds."""

ALONE = ("lokr_w1", "lokr_w2", "oft_blocks", "oft_diag", "diff", "on_input")
OTHERS = (
    "alpha",
    "dora_scale",
    "lora_mid.weight",
    "hada_t1",
    "hada_t2",
    "lokr_t2",
    "scalar",
    "diff_b",
    "bias",
    "rescale",
    "weight",
    "w_norm",
    "b_norm",
)
WITHOUT_WEBUI = ("lora_A.weight", "lora_B.weight", "lora.down.weight", "lora.up.weight")

TEXT_ENCODER = re.compile(r"^(lora_te\d?_|lycoris_te\d?_|text_encoder)")


class Bits(NamedTuple):
    """How to see in the bits of a number that it is not finite: ``number & mask == value``."""

    numpy: str
    mask: int
    value: int
    sign: int


BITS = {
    "F64": Bits("<u8", 0x7FF0000000000000, 0x7FF0000000000000, 1 << 63),
    "F32": Bits("<u4", 0x7F800000, 0x7F800000, 1 << 31),
    "F16": Bits("<u2", 0x7C00, 0x7C00, 1 << 15),
    "BF16": Bits("<u2", 0x7F80, 0x7F80, 1 << 15),
    "F8_E5M2": Bits("u1", 0x7C, 0x7C, 1 << 7),
    "F8_E4M3": Bits("u1", 0x7F, 0x7F, 1 << 7),
}
"""No numpy has all of these formats; as bits they are all alike.

Other formats of a LoRA are refused by name.
"""


@dataclass(frozen=True)
class LoraFile:
    """A LoRA as its header describes it."""

    path: Path
    modules: int
    text_encoder_modules: int
    unet_modules: int
    dims: tuple[int, ...]
    """Every rank that occurs, smallest first."""
    dtype: str
    family: str
    """A name in `families`, another family's own short name, or "" where nothing tells."""
    metadata: Mapping[str, str]
    network: tuple[str, tuple[str, ...]] = ("networks.lora", ())
    """network_module and network_args that make such modules."""


@dataclass(frozen=True)
class Verdict:
    """``problems`` make the file unusable; ``notes`` are worth knowing."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def inspect(path: Path, *, whole: bool = True) -> LoraFile:
    """What ``path`` holds, from its header.

    Raises `Invalid` for a file that isn't a LoRA; ``whole``: see `read_header`.
    """
    header = read_header(path, whole=whole)
    modules = modules_of(header)
    if not any(_weights(module) for module in modules.values()):
        raise Invalid([Problem("lora.holds_lora_modules", path.name, "holds no LoRA modules")])
    sizes = {tensor.dtype: 0 for tensor in header.tensors.values()}
    for tensor in header.tensors.values():
        sizes[tensor.dtype] += tensor.end - tensor.begin
    in_text_encoder = sum(bool(TEXT_ENCODER.match(name)) for name in modules)
    return LoraFile(
        path=path,
        modules=len(modules),
        text_encoder_modules=in_text_encoder,
        unet_modules=len(modules) - in_text_encoder,
        dims=tuple(sorted(set(_ranks(modules)))),
        dtype=max(sizes, key=lambda dtype: sizes[dtype]),
        family=lora_family.family(header.metadata, modules),
        network=lora_family.network(modules),
        metadata=header.metadata,
    )


def problems(path: Path) -> list[Problem]:
    """Why the LoRA at ``path`` can't be used, or nothing.

    Reads the whole file; never raises for a bad one.
    """
    return list(examine(path).problems)


def has_learnt(path: Path) -> bool:
    """Whether the LoRA changes anything: not every outer factor is zero."""
    return all(code_of(note) != NOTHING_LEARNT for note in examine(path).notes)


def examine(path: Path) -> Verdict:
    """Everything that is wrong with the LoRA at ``path``, and what is odd about it."""
    try:
        header = read_header(path)
        inspect(path)
        found = _shape_problems(path.name, modules_of(header))
        numbers = _Numbers()
        with path.open("rb") as file:
            for name, tensor in header.tensors.items():
                numbers.look_at(file, header.data_start, name, tensor)
    except Invalid as invalid:
        return Verdict(invalid.problems)
    except OSError as error:
        return Verdict(
            (
                Problem(
                    "lora.cant_read",
                    path.name,
                    "can't be read: {strerror}",
                    strerror=error.strerror or error,
                ),
            )
        )
    return Verdict((*found, *numbers.problems(path.name)), numbers.notes(path.name))


def strangers(path: Path) -> list[str]:
    """The names of tensors that belong to no module of the LoRA, such as a bundled embedding's.

    Raises `Invalid` for a file that can't be read.
    """
    header = read_header(path)
    modules = modules_of(header)
    known = {f"{name}.{part}" for name, module in modules.items() for part in module}
    return [name for name in header.tensors if name not in known]


# ---- modules ----

Module = dict[str, TensorInfo]
_SUFFIXES = (*(part for pair in PAIRS for part in pair), *ALONE, *OTHERS)
_SUFFIX = re.compile(
    r"\.(" + "|".join(re.escape(part) for part in sorted(_SUFFIXES, key=len, reverse=True)) + r")$"
)


def modules_of(header: Header) -> dict[str, Module]:
    """Tensors by module, then by their part in it.

    Tensors of no module (bundled embeddings) are left out.
    """
    modules: dict[str, Module] = {}
    for name, tensor in header.tensors.items():
        match = _SUFFIX.search(name)
        if match:
            modules.setdefault(name[: match.start()], {})[match[1]] = tensor
    return {name: module for name, module in modules.items() if _weights(module)}


def _weights(module: Module) -> bool:
    return any(part in module for part in (*(part for pair in PAIRS for part in pair), *ALONE))


def _ranks(modules: Mapping[str, Module]) -> Iterator[int]:
    for module in modules.values():
        for inner, _ in PAIRS:
            if inner in module and module[inner].shape:
                yield module[inner].shape[0]


def _shape_problems(file_name: str, modules: Mapping[str, Module]) -> list[Problem]:
    """One problem for each kind of fault, with how many modules have it and the first of them."""
    faults: dict[str, list[str]] = {}
    for name, module in modules.items():
        for fault in _faults(module):
            faults.setdefault(fault, []).append(name)
    return [
        Problem(
            "lora.modules_example",
            file_name,
            "{fault} ({count} of {count2} modules, for example {names})",
            fault=fault,
            count=len(names),
            count2=len(modules),
            names=names[0],
        )
        for fault, names in faults.items()
    ]


def _faults(module: Module) -> Iterator[str]:
    if any(part in module for part in WITHOUT_WEBUI):
        yield Message(
            "lora.diffusers_layout_webui_load",
            "is in diffusers' layout, which the WebUI does not load",
        )
    for inner, outer in PAIRS:
        if (inner in module) != (outer in module):
            yield (
                Message("lora.without", "has {inner} without {outer}", inner=inner, outer=outer)
                if inner in module
                else Message(
                    "lora.without_2", "has {outer} without {inner}", outer=outer, inner=inner
                )
            )
        elif inner in module and not _fit(module, inner, outer):
            yield Message(
                "lora.shapes_dont_fit",
                "has {inner} and {outer} of shapes that don't fit",
                inner=inner,
                outer=outer,
            )
    for kind in ("hada", "lokr"):
        halves = {part[:7] for part in module if part.startswith(f"{kind}_w")}
        if len(halves) == 1:
            yield Message(
                "lora.two_factors", "has only {halves} of two factors", halves=halves.pop()
            )
    alpha = module.get("alpha")
    if alpha is not None and any(side != 1 for side in alpha.shape):
        yield Message("lora.alpha_number", "has an alpha that is not one number")


def _fit(module: Module, inner: str, outer: str) -> bool:
    down, up = module[inner].shape, module[outer].shape
    if not down or len(up) < 2:
        return False
    core = f"{inner[:4]}_t{inner[6:7]}"
    return core in module or up[1] == down[0]


# ---- numbers ----


@dataclass
class _Numbers:
    """What the tensors' values show."""

    broken: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    factors: int = 0
    learnt: int = 0

    def look_at(self, file: IO[bytes], data_start: int, name: str, tensor: TensorInfo) -> None:
        if tensor.dtype not in BITS:
            if tensor.dtype[0] in "FC":
                self.unknown.add(tensor.dtype)
            return
        outer = name.endswith(tuple(f".{outer}" for _, outer in PAIRS))
        finite, nonzero = True, False
        for numbers in _chunks(file, data_start, tensor):
            bits = BITS[tensor.dtype]
            finite = finite and not bool(((numbers & bits.mask) == bits.value).any())
            nonzero = nonzero or bool((numbers & (bits.sign - 1)).any())
        if not finite:
            self.broken.append(name)
        self.factors += outer
        self.learnt += outer and nonzero

    def problems(self, file_name: str) -> list[Problem]:
        found = [
            Problem(
                "lora.holds_numbers_format_loras",
                file_name,
                "holds numbers in a format that LoRAs don't have ({dtype})",
                dtype=dtype,
            )
            for dtype in sorted(self.unknown)
        ]
        if self.broken:
            found.append(
                Problem(
                    "lora.holds_nan_infinite_numbers",
                    file_name,
                    "holds NaN or infinite numbers in {count} tensors, for example {broken}",
                    "The training diverged: lower the learning rate, or compute in bf16 or fp32.",
                    count=len(self.broken),
                    broken=self.broken[0],
                )
            )
        return found

    def notes(self, file_name: str) -> tuple[str, ...]:
        if self.factors and not self.learnt:
            sentence = Message(
                NOTHING_LEARNT,
                "{file_name}: every lora_up is zero: the LoRA has learnt nothing and changes no "
                "picture. Check the learning rate and the number of steps.",
                file_name=file_name,
            )
            return (sentence,)
        return ()


def _chunks(file: IO[bytes], data_start: int, tensor: TensorInfo) -> Iterator[Any]:
    """The tensor's numbers as unsigned integers, a part at a time."""
    import numpy

    kind = numpy.dtype(BITS[tensor.dtype].numpy)
    file.seek(data_start + tensor.begin)
    left = tensor.end - tensor.begin
    while left > 0:
        data = file.read(min(left, CHUNK * kind.itemsize))
        if len(data) % kind.itemsize or not data:
            raise OSError("the file became shorter while it was read")
        left -= len(data)
        yield numpy.frombuffer(data, kind)
