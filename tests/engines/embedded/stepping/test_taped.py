"""A recorded program takes the very steps that Python takes, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop, quiet
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping.graphs import Graphs
from sd_scripts_bridge.engines.embedded.stepping.policy import WARM
from sd_scripts_bridge.engines.embedded.stepping.step import Step, inputs_of
from sd_scripts_bridge.engines.embedded.stepping.tape import Tape

STEPS = 9
KINDS: dict[str, dict[str, Any]] = {
    "text encoder too": {"network_train_unet_only": False, "min_snr_gamma": 5.0},
    "gathered": {"gradient_accumulation_steps": 2, "train_batch_size": 2, "noise_offset": 0.05},
    "bf16, checkpointing": {"gradient_checkpointing": True, "mixed_precision": "bf16"},
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


def training(workshop: Workshop, family: str, **values: Any) -> Any:
    base = workshop.root / f"toy-{family}.safetensors"
    if not base.exists():
        tiny.make(base, family)
    options = {"max_train_steps": 1000, "learning_rate": 1e-3, "network_train_unet_only": True}
    try:
        return workshop.training(family, base, workshop.dataset(), **(options | values))
    except Missing as missing:
        pytest.skip(str(missing))


def after(run: Any) -> tuple[list[Any], dict[str, Any]]:
    """The losses of some steps, and all weights behind them."""
    batches = run._batches()
    with quiet():
        for _ in range(STEPS):
            run._step(next(batches))
    return run.losses.ring.tolist(), run.network.state_dict()


def step(run: Any, *, is_toy: bool) -> Step:
    return Step(run.network, run.objective, run.optimizer, is_toy=is_toy)


@pytest.mark.parametrize(
    ("family", "kind"),
    [("sd1", kind) for kind in KINDS] + [("sdxl", "text encoder too")],
)
def test_recorded_steps_are_those_of_python_to_the_last_bit(
    workshop: Workshop, family: str, kind: str
) -> None:
    recorded, one_by_one = (training(workshop, family, **KINDS[kind]) for _ in range(2))
    one_by_one.take_step = step(one_by_one, is_toy=True)
    losses, weights = after(recorded)
    others, theirs = after(one_by_one)

    assert isinstance(recorded.take_step, Graphs) and STEPS > WARM + 1
    assert recorded.take_step.kept, recorded.take_step.policy.reasons
    assert losses == others
    assert all(torch.equal(one, theirs[name]) for name, one in weights.items())
    assert any(one.any() for name, one in weights.items() if name.endswith("up"))


@pytest.mark.parametrize(
    ("family", "kind"), [("sd1", "gathered"), ("sd1", "text encoder too"), ("sdxl", "gathered")]
)
def test_a_toys_ways_lead_to_the_ordinary_gradients(
    workshop: Workshop, family: str, kind: str
) -> None:
    """Merged LoRAs, remembered attention and products turned over, to rounding."""
    run = training(workshop, family, **KINDS[kind])
    for part in run.network.parts:
        torch.nn.init.normal_(part.up, 0.0, 0.1, generator=torch.Generator().manual_seed(1))
    rows = next(run._batches())
    inputs = [inputs_of(one, run.objective, None, run.dice) for one in rows]
    losses, gradients = [], []
    for is_toy in (True, False):
        losses.append(torch.stack(step(run, is_toy=is_toy).gradients(inputs)))
        gradients.append([weight.grad for weight in run.network.parameters()])
        run.optimizer.break_off()

    torch.testing.assert_close(losses[0], losses[1], rtol=1e-5, atol=0.0)
    for mine, ordinary in zip(*gradients, strict=True):
        assert ordinary.any()
        torch.testing.assert_close(mine, ordinary, rtol=1e-3, atol=1e-4 * float(ordinary.std()))


def test_a_program_follows_what_lies_there_and_writes_into_it() -> None:
    there, rows = torch.ones(2, 3), torch.arange(6.0).view(2, 3)
    with Tape([rows]) as tape:
        there.t()[0].mul_(2.0)
        out = (there[:, :2].sum() * rows).div(float("inf")).add(there).unbind(0)[1]
    run = tape.program([out])
    there.fill_(3.0)
    (again,) = run([torch.cat([rows, rows])[2:]])  # the same, and elsewhere in its memory
    assert there.tolist() == [[6.0, 3.0, 3.0]] * 2
    assert torch.equal(again, there[1])


def test_a_program_writes_into_the_tensors_of_a_list() -> None:
    there, rows = torch.ones(2), torch.ones(2)
    with Tape([rows]) as tape:
        torch._foreach_add_([there, rows + 1], 1.0)
        out = rows * 2
    tape.program([out])([rows])
    assert there.tolist() == [3.0, 3.0]


def test_recording_takes_no_step(workshop: Workshop) -> None:
    run = training(workshop, "sd1")
    batches, before = run._batches(), []
    with quiet():
        for _ in range(WARM):
            run._step(next(batches))
        before = [one.detach().clone() for one in run.optimizer.moved]
        rows = [inputs_of(one, run.objective, None, run.dice) for one in next(batches)]
        run.take_step.recorder.record(rows)
    assert all(map(torch.equal, run.optimizer.moved, before))
    assert len(before) == 2 + 6, "down and up, each with two moments and a count"


def test_a_result_that_nothing_has_made_is_refused() -> None:
    rows = torch.ones(2)
    with Tape([rows]) as tape:
        rows * 2
    with pytest.raises(RuntimeError, match="could not be recorded"):
        tape.program([torch.ones(2)])
