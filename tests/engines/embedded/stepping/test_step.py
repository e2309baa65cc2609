"""A step can be recorded: it reads nothing back, draws nothing, and is the same operations each
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop, quiet
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping.step import Step, inputs_of
from sd_scripts_bridge.engines.embedded.training.optimizer import Optimizer
from sd_scripts_bridge.options.params import TrainingParams

STEPS = 10
READ_BACK = frozenset(
    ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "masked_select", "_unique2")
)
"""Operations after which Python waits for the device."""
RANDOM = ("rand", "normal", "uniform", "bernoulli", "dropout", "multinomial")


class Watch(TorchDispatchMode):
    """Fails at the first operation that reads back; notes all others with their shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, tuple[int, ...]]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        assert name not in READ_BACK, f"{name} waits for the device"
        shape = tuple(args[0].shape) if args and isinstance(args[0], torch.Tensor) else ()
        self.done.append((name, shape))
        return func(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def training(workshop: Workshop) -> Any:
    base = tiny.make(workshop.root / "toy.safetensors")
    try:
        run = workshop.training(
            "sd1",
            base,
            workshop.dataset(),
            max_train_steps=1000,
            train_batch_size=2,
            gradient_accumulation_steps=2,
            cache_latents=False,
            noise_offset=0.05,
            min_snr_gamma=5.0,
            learning_rate=1e-3,
        )
    except Missing as missing:
        pytest.skip(str(missing))
    run.take_step = Step(run.network, run.objective, run.optimizer)  # unrecorded
    return run


def test_steps_read_nothing_back_and_are_the_same_operations(training: Any) -> None:
    steps = training._batches()
    with quiet():
        training._step(next(steps))  # makes the optimizer's state
    kinds: dict[Any, set[Any]] = {}
    with quiet():
        for _ in range(STEPS):
            batches = next(steps)
            watch: Any = Watch()
            with watch:
                training._step(batches)
            sizes = tuple((rows.shelf.mean.shape[1:], len(rows.pictures)) for rows in batches)
            kinds.setdefault(sizes, set()).add(tuple(watch.done))
    assert all(len(sequences) == 1 for sequences in kinds.values())
    assert training.losses.read() < 2.0


class Shorter(TorchDispatchMode):
    """Fails at the first number of 64 bits with a fraction: a Mac's GPU has none."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves((args, kwargs, made)):
            wide = isinstance(one, torch.Tensor) and one.dtype in (torch.float64, torch.complex128)
            assert not wide, f"{func} computes in 64 bits"
        return made


def test_a_step_needs_no_numbers_that_a_mac_lacks(training: Any) -> None:
    steps, narrow = training._batches(), Shorter()  # type: ignore[no-untyped-call]
    with quiet(), narrow:
        for _ in range(2):
            training._step(next(steps))
    with pytest.raises(AssertionError, match="64 bits"), narrow:
        torch.ones(1).double()


def test_a_step_draws_nothing_and_depends_on_its_inputs_alone(training: Any) -> None:
    rows = next(training._batches())
    inputs = [inputs_of(one, training.objective, 0.05, training.dice) for one in rows]
    weights = {name: value.clone() for name, value in training.network.state_dict().items()}
    saved = training.optimizer.state()
    moments = {
        number: {name: value.clone() for name, value in one.items()}
        for number, one in saved["adamw"]["state"].items()
    }
    found = []
    for _ in range(2):
        training.network.restore(weights)
        for number, one in enumerate(training.optimizer.adamw.state.values()):
            for name, value in one.items():
                value.copy_(moments[number][name])
        watch: Any = Watch()
        with watch:
            losses = training.take_step(inputs)
        assert not [name for name, _ in watch.done if name.startswith(RANDOM)]
        found.append([*losses, *training.network.state_dict().values()])
        found[-1] = [one.clone() for one in found[-1]]
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_an_overflow_in_fp16_costs_the_step_without_reading_back() -> None:
    weights = [torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2))]
    part = _OnePart(*weights)
    optimizer = Optimizer(part.network, TrainingParams(mixed_precision="fp16"), torch.device("cpu"))
    before = float(optimizer.scaler.get_scale())
    for factor in (1.0, float("inf")):
        weights[0].data.fill_(1.0)
        optimizer.set_rates()
        watch: Any = Watch()
        with watch:
            optimizer.backward((weights[0].sum() + weights[1].sum()) * factor)
            optimizer.update()
        assert torch.equal(weights[0].detach(), torch.ones(3)) == (factor != 1.0)
    assert optimizer.scaler.get_scale() == before / 2


class _OnePart:
    """A network of one part: as much of a `LoraNetwork` as an optimizer needs."""

    def __init__(self, down: Any, up: Any) -> None:
        self.down, self.up = down, up
        self.text_encoder, self.unet = None, self

    @property
    def network(self) -> Any:
        return self

    def parameters(self) -> list[Any]:
        return [self.down, self.up]
