"""How long a training is, and how often it saves: steps, epochs, warm-up."""

from __future__ import annotations

from ...messages import Message
from ...options.kinds import is_off
from .work import Given, Settling, number

MOST_EPOCHS = 10_000


def warmup(work: Settling, item: Given) -> None:
    """sd-scripts reads a float below 1 as a part of the run."""
    part = number(item.value)
    if isinstance(part, float) and 0 < part < 1:
        work.warmup = part
        work.taken(item, Message("lengths.run", "{part} of the run", part=f"{part:.0%}"))
    else:
        work.known(item._replace(value=item.value if part is not None else 0))


def epochs(work: Settling, item: Given) -> None:
    count = number(item.value)
    if not count:
        work.ledger.used(item.key, item.value)
        return
    if not 1 <= count <= MOST_EPOCHS:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "lengths.number_epochs",
                "not a number of epochs from 1 to {most_epochs}",
                most_epochs=MOST_EPOCHS,
            ),
        )
        return
    work.epochs = int(count)
    work.taken(
        item, Message("lengths.steps_epoch", "{epochs} x the steps of an epoch", epochs=work.epochs)
    )


def steps(work: Settling, item: Given) -> None:
    epochs = work.keys.get("max_train_epochs")
    if epochs is not None and number(epochs.value) and number(item.value):
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "lengths.goes_before_sd_scripts",
                "{key} takes precedence, in sd-scripts too",
                key=epochs.key,
            ),
        )
    elif number(item.value):
        work.known(item)
    else:
        work.taken(item, Message("lengths.counted_photos", "counted from the photos"))


def save_epochs(work: Settling, item: Given) -> None:
    steps = work.keys.get("save_every_n_steps")
    count = number(item.value) or 0
    if count >= 1 and (steps is None or not number(steps.value)):
        work.save_every_epochs = int(count)
        work.taken(
            item,
            Message(
                "lengths.save_every_steps_many", "save_every_n_steps, as many as these epochs have"
            ),
        )
    elif count >= 1:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "lengths.save_every_steps_set",
                "save_every_n_steps is set, too, and LoRA Bridge saves by steps",
            ),
        )
    elif count:
        work.ledger.ignored(
            item.key, item.value, Message("lengths.number_epochs_2", "not a number of epochs")
        )
    else:
        work.ledger.used(item.key, item.value)


def save_ratio(work: Settling, item: Given) -> None:
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    else:
        work.ledger.ignored(
            item.key,
            item.value,
            Message(
                "lengths.lora_bridge_saves_steps", "LoRA Bridge saves by steps (save_every_n_steps)"
            ),
        )


def kept_states(work: Settling, item: Given) -> None:
    """What we send anyway is not worth an option of its own."""
    interval = work.keys.get("save_every_n_steps")
    if interval is not None and number(item.value) == number(interval.value):
        work.ledger.used(item.key, item.value)
    else:
        work.other(item)
