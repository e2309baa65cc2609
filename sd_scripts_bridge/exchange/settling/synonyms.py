"""Options that other programs, or other families of models, have another word for."""

from __future__ import annotations

from ...engines import sample_prompts as prompt_file
from ...messages import Message
from ...options.kinds import is_off
from .work import Given, Settling, number


def attention(work: Settling, item: Given) -> None:
    """Each of them computes the same; PyTorch's own needs no further package."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
        return
    work.values["sdpa"] = True
    work.ledger.changed(
        item.key,
        item.value,
        "sdpa=True",
        Message(
            "synonyms.pytorchs_own_fused_attention",
            "PyTorch's own fused attention: the same numbers, no package",
        ),
    )


def sample_prompts(work: Settling, item: Given) -> None:
    """A prompt file that an export of ours wrote is written anew with each job, from the subject's
    own words.
    """
    found = work.here.existing(item.value, work.path.parent)
    if found is not None and found.is_file() and prompt_file.is_ours(found):
        work.taken(item, Message("synonyms.subjects_own_prompt", "the subject's own prompt"))
    else:
        work.other(item)


OPTIMIZERS = {
    "use_8bit_adam": "AdamW8bit",
    "use_lion_optimizer": "Lion",
    "use_dadaptation": "DAdaptation",
    "use_dadaptation_optimizer": "DAdaptation",
}
"""Switches of old versions, before --optimizer_type."""


def switched_optimizer(work: Settling, item: Given) -> None:
    """One of `OPTIMIZERS`."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    elif "optimizer_type" in work.keys:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "synonyms.says_optimizer",
                "{key} says which optimizer",
                key=work.keys["optimizer_type"].key,
            ),
        )
    else:
        named = OPTIMIZERS[item.option]
        work.known(item._replace(option="optimizer_type", value=named))


def v_parameterization(work: Settling, item: Given) -> None:
    """The base model's own file has the last word; most say nothing, and then this holds."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
        return
    work.v_parameterization = True
    work.taken(
        item,
        Message(
            "synonyms.v_unless", "v-prediction, unless the base model's own file says otherwise"
        ),
    )


def v2(work: Settling, item: Given) -> None:
    work.taken(item, Message("synonyms.base_model_itself_says", "the base model itself says this"))


def no_half_vae(work: Settling, item: Given) -> None:
    if work.family == "sdxl" and item.value:
        work.taken(item, Message("synonyms.always_sdxl", "always so for SDXL"))
    else:
        work.other(item)


def clip_skip(work: Settling, item: Given) -> None:
    if work.family == "sdxl" and number(item.value):
        work.values["clip_skip"] = None
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "synonyms.sdxl_always_reads_layer", "SDXL always reads the layer before the last"
            ),
        )
    else:
        work.known(item)


def cached_captions(work: Settling, item: Given) -> None:
    if work.family in ("sd1", "sd2") and not is_off(item.value):
        work.ledger.ignored(
            item.key,
            item.value,
            Message("synonyms.sd_sd_script_doesnt", "SD 1.5's and SD 2's script doesn't know it"),
        )
    else:
        work.known(item)


def lasting_workers(work: Settling, item: Given) -> None:
    count = work.keys.get("max_data_loader_n_workers")
    if not is_off(item.value) and (count is None or not number(count.value)):
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "synonyms.workers_keep_alive_max",
                "there are no workers to keep alive (max_data_loader_n_workers is 0)",
            ),
        )
    else:
        work.other(item)
