"""The LoRAs in the WebUI's folder, to try them."""

from __future__ import annotations

from ...errors import NotFound
from ...models.verifying.verdict import VerifiedView
from ...page import loras
from ...page.context import started
from ...page.finished import card as cards
from ...page.finished.card import CardView
from ...page.loras import LorasView
from ...page.result import ResultView
from ...publishing.card import preview_of
from ...running.asked.lora_work import Destination, LoraRequest
from ..bodies.loras import CardBody, LoraBody, VerifyBody
from ..doors import Call
from ..queries import LoraQuery
from ..views import QueuedView
from .jobs import Png, picture


def show(call: Call) -> LorasView:
    """Every LoRA in the folder, newest first, and which job made it."""
    return loras.listed(call.context)


def result(call: Call, query: LoraQuery) -> ResultView:
    """What a job's result says, for a file that no job made: its prompt, the text for txt2img."""
    return loras.result(call.context, query.file)


def preview_picture(call: Call, query: LoraQuery) -> Png:
    """The picture beside a LoRA."""
    found = preview_of(loras.path(call.context, query.file))
    if found is None:
        raise NotFound("loras.no_picture", "There is no picture beside this LoRA.")
    return picture(found)


def verify(call: Call, query: LoraQuery) -> VerifiedView:
    """What a LoRA in the folder holds, and whether the WebUI can use all of it."""
    return call.context.the_bridge.verify(loras.path(call.context, query.file))


def verify_file(call: Call, body: VerifyBody) -> VerifiedView:
    """The same of any file on this machine."""
    return call.context.the_bridge.verify(body.file)


def work(call: Call, body: LoraBody) -> QueuedView:
    """Resize, merge or extract LoRAs with sd-scripts' own programs, as a job."""
    to = Destination(body.name or None, body.lora_dir or call.context.lora_dir, body.out)
    asked = LoraRequest(
        body.action, tuple(body.files), body.rank, tuple(body.weights), body.into, body.from_, to
    )

    def start() -> tuple[int, int]:
        number = call.context.the_bridge.work_on_loras(asked, body.gpu)
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def card(call: Call, job: int) -> CardView:
    """The card of the LoRA that a job has published."""
    return cards.look(call.context.views, job)


def change_card(call: Call, job: int, body: CardBody) -> CardView:
    """Change the words, the weight, the notes or the picture of a LoRA's card."""
    changes = {name: getattr(body, name) for name in cards.FIELDS}
    return cards.change(call.context.views, job, changes, body.picture)
