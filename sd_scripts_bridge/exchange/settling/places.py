"""Where things are, and under which names they go: base model, folders, the LoRA's name."""

from __future__ import annotations

from ...datasets.kohya_folder import Dataset, open_dataset
from ...errors import BridgeError
from ...messages import Message
from ...names import name_problems
from ...options.kinds import is_off
from .work import Given, Settling

CAPTIONS_READ = (".txt", ".caption", "")


def base(work: Settling, item: Given) -> None:
    work.base_name = str(item.value or "")
    work.base = work.here.find_base(work.base_name, work.path.parent)
    if work.base is not None:
        work.taken(
            item,
            str(work.base),
            ""
            if str(work.base) == work.base_name
            else Message("places.found_under_same_name", "found here under the same name"),
        )
    elif work.base_name:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "places.machine_give_copy_base",
                "it is not on this machine; give your copy with --base",
            ),
        )
    else:
        work.ledger.used(item.key, item.value)


def data_dir(work: Settling, item: Given) -> None:
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
        return
    found = work.here.existing(item.value, work.path.parent)
    if found is None:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "places.folder_authors_machine_give",
                "a folder on the author's machine; give your photos as DATASET",
            ),
        )
        return
    try:
        use_dataset(work, open_dataset(found))
    except BridgeError as error:
        work.ledger.ignored(item.key, item.value, str(error))
        return
    work.taken(item, str(work.dataset))


def use_dataset(work: Settling, data: Dataset) -> None:
    """Train the pictures of ``data``."""
    work.dataset = data.image_dir
    work.trigger = f"{data.subject} {data.class_token}".strip()


def reg_dir(work: Settling, item: Given) -> None:
    found = work.here.existing(item.value, work.path.parent)
    beside = work.dataset.parent / "reg" if work.dataset else None
    if is_off(item.value) or (
        found is not None and beside is not None and beside.exists() and found.samefile(beside)
    ):
        work.ledger.used(item.key, item.value)
    else:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "places.regularisation_pictures_taken_folder",
                "regularisation pictures are taken from the folder 'reg' beside 'img'",
            ),
        )


def output_name(work: Settling, item: Given) -> None:
    problems = name_problems(str(item.value)) if item.value else []
    if problems:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "places.lora_called_subject_name",
                "{what_name}; the LoRA is named after its subject, or as --name says",
                what_name=problems[0].what,
            ),
        )
        return
    work.name = str(item.value) if item.value and item.value != "last" else None
    work.taken(
        item,
        Message("places.loras_name", "the LoRA's name")
        if work.name
        else Message("places.subjects_name", "the subject's name"),
    )


def caption_extension(work: Settling, item: Given) -> None:
    if work.dataset_config is not None:
        work.captions = str(item.value or "")
        work.taken(item, work.captions)
        return
    read = str(item.value or "") in CAPTIONS_READ
    work.taken(
        item,
        ".txt",
        ""
        if read
        else Message(
            "places.training_read_txt_captions",
            "that training read no .txt captions; here .txt and .caption files are read",
        ),
    )


def save_model_as(work: Settling, item: Given) -> None:
    work.taken(
        item,
        "safetensors",
        ""
        if item.value in ("safetensors", "", None)
        else Message("places.webuis_safe_format", "the WebUI's safe format"),
    )


def sending(work: Settling, item: Given) -> None:
    """What sends something out is never switched on by a file; a log on this disk sends nothing."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    elif item.option in ("log_prefix", "log_tracker_name", "log_tracker_config"):
        work.ledger.ignored(
            item.key,
            item.value,
            Message("places.names_log", "it only names a log of another program"),
        )
    else:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "places.send_something_service_switch",
                "it would send something to a service; switch that on yourself with --set",
            ),
        )
