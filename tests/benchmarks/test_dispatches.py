"""A training step's kernels: how many at most, and that every one of them is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks import dispatches
from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.mark.parametrize("case", dispatches.CASES, ids=lambda case: case.title)
def test_a_step_launches_no_more_kernels_than_it_may(
    workshop: Workshop, case: dispatches.Case
) -> None:
    try:
        counted = dispatches.count(case, workshop).kernels
    except Missing as missing:
        pytest.skip(str(missing))
    assert counted.total() <= case.ceiling, counted.most_common()


def test_forward_and_backward_are_counted_and_views_are_not() -> None:
    weight = torch.randn(3, 4, requires_grad=True)
    rows = torch.randn(2, 4)
    counter: Any = dispatches.DispatchCounter()
    with counter:
        torch.mm(rows, weight.t()).relu().sum().backward()
    assert counter.kernels["mm"] == 2
    assert counter.kernels["relu"] == counter.kernels["threshold_backward"] == 1
    assert "t" in counter.dispatched and "t" not in counter.kernels
    assert counter.dispatched.total() > counter.kernels.total()


def layers(shape: Any, family: str) -> set[str]:
    from sd_scripts_bridge.engines.embedded.model import tiny

    names = tiny.sizes(shape, family)
    return {name for name in names if not name.startswith("first_stage_model.")}


def test_every_network_has_all_blocks_of_the_real_one() -> None:
    from benchmarks.workshop import NARROW
    from sd_scripts_bridge.engines.embedded.model import tiny

    for family, narrow in NARROW.items():
        full = tiny.FULL_SIZE[family]
        assert layers(narrow, family) == layers(full, family)
