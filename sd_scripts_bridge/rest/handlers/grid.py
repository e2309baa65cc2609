"""A training's grid of pictures: drawn, stopped, looked at, voted on."""

from __future__ import annotations

import io
import secrets
from typing import Annotated

from starlette.responses import Response

from ...engines.judging import votes
from ...engines.judging.grid import EMBEDDED, WEBUI, Cell, plan_file
from ...engines.judging.plan import GridWish
from ...engines.judging.sheet import sheet
from ...engines.judging.votes import Vote
from ...errors import Conflict, Invalid, NotFound, Problem
from ...page.progress import grid as pages
from ...page.progress.grid import GridView, PairView, ShownView, VotedView
from ..bodies.jobs import GridBody, VoteBody
from ..doors import Call
from ..signature import Media
from ..views import SentenceView
from .jobs import Png
from .jobs import picture as answer

Sheet = Annotated[Response, Media("image/png")]


def show(call: Call, job: int) -> GridView:
    """The grid as far as it is drawn, and what the votes say."""
    bridge = call.context.the_bridge
    trouble = call.context.paint_trouble(plan_file(bridge.folder(job)))
    return pages.grid_view(bridge, job, pages.url(job), trouble)


def draw(call: Call, job: int, body: GridBody) -> GridView:
    """Begin a grid, or go on with it: what is drawn is not drawn again."""
    context = call.context
    by = body.by or (WEBUI if context.paint else EMBEDDED)
    if by == WEBUI and context.paint is None:
        raise Conflict("grid.no_webui", "There is no WebUI here that could draw.")
    wish = GridWish(
        tuple(body.steps) if body.steps else None,
        tuple(body.weights) if body.weights else None,
        body.prompts,
        by,
    )
    context.the_bridge.draw_grid(job, wish)
    if by == WEBUI and context.paint is not None:
        context.paint(plan_file(context.the_bridge.folder(job)))
    return show(call, job)


def stop(call: Call, job: int) -> SentenceView:
    """Draw no more pictures of the grid; those that are drawn stay."""
    return SentenceView(call.context.the_bridge.stop_grid(job))


def picture(call: Call, job: int, number: int) -> Png:
    """A picture of the grid."""
    found = pages.picture(call.context.the_bridge, job, number)
    if found is None:
        text = "Picture {number} of the grid is not drawn yet."
        raise NotFound("grid.no_picture", text, number=number)
    return answer(found)


def whole(call: Call, job: int) -> Sheet:
    """The grid as one picture with captions."""
    bridge, out = call.context.the_bridge, io.BytesIO()
    sheet(bridge.grid(job), bridge.folder(job)).save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png", headers={"Cache-Control": "no-store"})


def pair(call: Call, job: int) -> PairView:
    """Two pictures of the grid to choose from, without saying which is which."""
    bridge = call.context.the_bridge
    grid, folder = bridge.grid(job), bridge.folder(job)
    drawn, cast = pages.drawn(grid, folder), votes.read(folder.votes)
    found = votes.pair(grid, drawn, cast, secrets.randbits(32))
    if found is None:
        raise Conflict("grid.no_pair", "Two pictures of one prompt are needed to compare.")
    cells, address = list(grid.cells), pages.url(job)
    shown = [cells.index(cell) for cell in found]
    urls = [address(number, grid.path(folder, cells[number])) for number in shown]
    return PairView(grid.prompt(found[0]).text, shown, urls)


def vote(call: Call, job: int, body: VoteBody) -> VotedView:
    """Say which of two pictures was better; the answer says which they were."""
    cells = call.context.the_bridge.grid(job).cells
    first, second = (_cell(cells, number) for number in body.numbers)
    if body.better is not None and body.better not in body.numbers:
        raise Invalid(
            [Problem("grid.vote", "better", "is neither of the two", "Give one of the numbers.")]
        )
    better = None if body.better is None else _place(cells[body.better])
    cast = Vote(_place(first), _place(second), better)
    standings = call.context.the_bridge.vote(job, cast)
    shown = [ShownView(cell.step or 0, cell.weight) for cell in (first, second)]
    return VotedView(shown, [pages.standing(one) for one in standings])


def _cell(cells: tuple[Cell, ...], number: int) -> Cell:
    if 0 <= number < len(cells) and cells[number].step is not None:
        return cells[number]
    raise Invalid(
        [
            Problem(
                "grid.no_cell",
                "numbers",
                "{number} is not a picture with the LoRA",
                "Ask for a pair.",
                number=number,
            )
        ]
    )


def _place(cell: Cell) -> tuple[int, float]:
    return cell.step or 0, cell.weight
