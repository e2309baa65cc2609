"""kohya_ss' LoRA_type and what it means for sd-scripts: network_module and network_args, there and
back.

The form always sends LyCORIS its settings, and the others only those that aren't 0 or empty
(``kohya_gui/lora_gui.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .keys import NETWORK

BLOCKS = (
    "down_lr_weight",
    "mid_lr_weight",
    "up_lr_weight",
    "block_lr_zero_threshold",
    "block_dims",
    "block_alphas",
    "conv_block_dims",
    "conv_block_alphas",
    "rank_dropout",
    "module_dropout",
)
PLUS = ("loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio")
CONV = ("conv_dim", "conv_alpha")
_LYCORIS = ("LyCORIS_preset", *CONV)
_LOHA = (
    *_LYCORIS,
    "use_tucker",
    "rank_dropout",
    "bypass_mode",
    "dora_wd",
    "module_dropout",
    "use_scalar",
    "rank_dropout_scale",
    "train_norm",
)


@dataclass(frozen=True)
class FormNetwork:
    """One LoRA_type. ``always`` are the form's keys that are sent in any case, ``others`` those
    sent where they are set.
    """

    module: str
    algo: str = ""
    always: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.always, *self.others, *PLUS)


KINDS: Mapping[str, FormNetwork] = {
    "Standard": FormNetwork("networks.lora", others=BLOCKS),
    "Kohya LoCon": FormNetwork("networks.lora", always=CONV, others=BLOCKS),
    "LoRA-FA": FormNetwork("networks.lora_fa", others=BLOCKS),
    "Kohya DyLoRA": FormNetwork("networks.dylora", others=(*CONV, *BLOCKS, "unit")),
    "Kohya LoHa": FormNetwork(
        "networks.loha", others=(*CONV, "use_tucker", "rank_dropout", "module_dropout")
    ),
    "Kohya LoKr": FormNetwork(
        "networks.lokr", others=(*CONV, "use_tucker", "factor", "rank_dropout", "module_dropout")
    ),
    "LyCORIS/LoCon": FormNetwork("lycoris.kohya", "locon", _LOHA),
    "LyCORIS/LoHa": FormNetwork("lycoris.kohya", "loha", _LOHA),
    "LyCORIS/LoKr": FormNetwork(
        "lycoris.kohya",
        "lokr",
        (
            *_LYCORIS,
            "use_tucker",
            "use_cp",
            "rank_dropout",
            "bypass_mode",
            "dora_wd",
            "module_dropout",
            "factor",
            "use_scalar",
            "decompose_both",
            "rank_dropout_scale",
            "train_norm",
        ),
    ),
    "LyCORIS/iA3": FormNetwork("lycoris.kohya", "ia3", (*_LYCORIS, "train_on_input")),
    "LyCORIS/DyLoRA": FormNetwork(
        "lycoris.kohya",
        "dylora",
        (*_LYCORIS, "use_tucker", "unit", "rank_dropout", "module_dropout", "train_norm"),
    ),
    "LyCORIS/GLoRA": FormNetwork(
        "lycoris.kohya",
        "glora",
        (
            *_LYCORIS,
            "use_tucker",
            "rank_dropout",
            "module_dropout",
            "rank_dropout_scale",
            "train_norm",
        ),
    ),
    "LyCORIS/BOFT": FormNetwork(
        "lycoris.kohya",
        "boft",
        (
            *_LYCORIS,
            "module_dropout",
            "use_tucker",
            "rank_dropout",
            "rank_dropout_scale",
            "train_norm",
        ),
    ),
    "LyCORIS/Diag-OFT": FormNetwork(
        "lycoris.kohya",
        "diag-oft",
        (
            *_LYCORIS,
            "module_dropout",
            "use_tucker",
            "rank_dropout",
            "rank_dropout_scale",
            "constrain",
            "rescaled",
            "train_norm",
        ),
    ),
    "LyCORIS/Native Fine-Tuning": FormNetwork(
        "lycoris.kohya",
        "full",
        ("LyCORIS_preset", "rank_dropout", "module_dropout", "rank_dropout_scale", "train_norm"),
    ),
}

ELSEWHERE: Mapping[str, str] = {
    "Flux1": "networks.lora_flux",
    "Flux1 OFT": "networks.oft_flux",
    "Lumina": "networks.lora_lumina",
    "Anima": "networks.lora_anima",
    "HunyuanImage-2.1": "networks.lora_hunyuan_image",
}
"""Kinds for families of their own."""

_OTHER_NAMES = {"LyCORIS_preset": "preset", "constrain": "constraint"}
_UNSET = {"factor": -1, "use_tucker": False}
"""What the form doesn't send, where that is neither 0 nor empty."""
_OLD_TYPES = {"LoCon": "LyCORIS/LoCon"}


def kind_of(lora_type: Any) -> FormNetwork | None:
    """The kind that the form calls so, or None."""
    return KINDS.get(_OLD_TYPES.get(str(lora_type), str(lora_type)))


def argument(kind: FormNetwork, key: str) -> str:
    """How a key of the form is called in network_args."""
    if key == "unit":
        return "block_size" if kind.module == "lycoris.kohya" else "unit"
    return _OTHER_NAMES.get(key, key)


def arguments(kind: FormNetwork, data: Mapping[str, Any]) -> dict[str, str]:
    """What the form sends: its key -> the argument, for those keys that are sent."""
    sent = {}
    for key in kind.keys:
        value = data.get(key, NETWORK[key])
        if key in kind.always or not _is_unset(key, value):
            sent[key] = f"{argument(kind, key)}={_written(value)}"
    return sent


def _is_unset(key: str, value: Any) -> bool:
    return (
        value in ("", None, False)
        or str(value) in ("0", "0.0")
        or (key == "factor" and str(value) == "-1")
    )


def _written(value: Any) -> str:
    return "".join(str(value).split()).replace('"', "")


# ---- back ----


def form(module: str, network_args: Iterable[str]) -> dict[str, Any]:
    """The form's keys that come nearest to this network; what they don't say, additional_parameters
    must.
    """
    wanted = dict(arg.partition("=")[::2] for arg in network_args)
    algo = wanted.pop("algo", "locon" if module == "lycoris.kohya" else "")
    names = [name for name, kind in KINDS.items() if kind.module == module and kind.algo == algo]
    if not names:
        return {"LoRA_type": "Standard"}
    name = max(names, key=lambda name: _agreement(KINDS[name], wanted))
    kind = KINDS[name]
    keys = {argument(kind, key): key for key in kind.keys}
    unsaid = {
        key: _UNSET.get(key, 0 if isinstance(NETWORK[key], (int, float)) else "")
        for key in kind.others
    }
    return {
        "LoRA_type": name,
        **unsaid,
        **{keys[a]: _as_form(keys[a], v) for a, v in wanted.items() if a in keys},
    }


def _agreement(kind: FormNetwork, wanted: Mapping[str, str]) -> tuple[int, int]:
    names = {argument(kind, key) for key in kind.keys}
    return len(names & set(wanted)), -len(kind.always)


def _as_form(key: str, text: str) -> Any:
    """``text`` as the type that the form has there."""
    default = NETWORK[key]
    if isinstance(default, bool):
        return text.lower() == "true"
    if isinstance(default, str):
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return default
