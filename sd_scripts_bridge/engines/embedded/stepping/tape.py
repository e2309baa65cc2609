"""What a function of tensors dispatches, written down as a TorchScript program: the same kernels in
the same order, so the same numbers, without Python and autograd between them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

optimized: Any = torch.jit.optimized_execution  # type: ignore[attr-defined]
Program = Callable[[list[Tensor]], list[Tensor]]
VIEWS = {torch.ops.aten._unsafe_view.default}
"""Operations that say of themselves that they make no view, and do."""
TENSORS = re.compile(r"\[(?:(?:made|there|input)\d+(?:, )?)+\]")
"""A list of tensors in a line of the program."""


class Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down what is dispatched while it is entered.

    A tensor is one of ``inputs``, or made on the way, or it was there before and stays where it
    is. Of the last kind whatever is only another view is made once, while recording; a view of what
    was made on the way is written where it is first used, and as one, however many led to it.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inputs, self.there, self.lines = list(inputs), list[Tensor](), list[str]()
        self.names = {id(one): f"input{number}" for number, one in enumerate(inputs)}
        self.made = 0
        self.held: list[str] = []
        """The lists whose tensors are written into."""
        self.sizes: dict[tuple[int, ...], str] = {}
        """Lists of numbers, made once and handed over: else each run would make them all."""
        self.roots: dict[int, Tensor] = {}
        """The tensor that each one made on the way is, or is a view of."""
        self.views: dict[str, str] = {}
        """The names of those views, by what they are."""
        self._alive: list[object] = []
        """An id tells a tensor apart for as long as the tensor lives."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given, kwargs = _tensors((args, kwargs)), kwargs or {}
        out = func(*args, **kwargs)
        self._alive += [args, out]
        changes = any(id(one) in self.names for one in given)
        if func.is_view or func in VIEWS:
            if changes:
                self._look(func, args, kwargs, out)
        elif func.namespace != "profiler":
            self._write(func, args, kwargs, out)
            if not func._schema.is_mutable:
                self.roots |= {id(one): one for one in _tensors([out])}
        return out

    def program(self, outputs: Sequence[Tensor]) -> Program:
        """From inputs, in their order, to ``outputs``.

        Raises RuntimeError for an output that nothing has made, or what TorchScript can't say.
        """
        if not all(id(one) in self.names for one in outputs):
            raise RuntimeError("a result was made where it could not be recorded")
        results = self._said(list(outputs))
        lines = (
            "def step(",
            "inputs: List[Tensor], there: List[Tensor], sizes: List[List[int]]",
            ") -> Tuple[List[Tensor], List[List[Tensor]]]:",
            *_taken_apart("input", "inputs", len(self.inputs)),
            *_taken_apart("there", "there", len(self.there)),
            *_taken_apart("sizes", "sizes", len(self.sizes)),
            *self.lines,
            f"return {results}, [{', '.join(self.held) or results}]\n",
        )
        step = torch.jit.CompilationUnit("\n  ".join(lines)).step
        there, sizes = self.there, [list(one) for one in self.sizes]
        self._alive.clear()

        def run(inputs: list[Tensor]) -> list[Tensor]:
            with torch.inference_mode(), optimized(False):
                found: list[Tensor] = step(inputs, there, sizes)[0]
            return found

        return run

    def _write(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        words = [self._said(one) for one in args]
        words += [f"{key}={self._said(value)}" for key, value in kwargs.items()]
        call = f"torch.ops.{func.namespace}.{func.overloadpacket.__name__}({', '.join(words)})"
        if func._schema.is_mutable:  # the result is what was written into, and has its name
            self.lines.append(self._with_lists_held(call))
            return
        several = isinstance(out, (tuple, list))
        results = [self._new(one) for one in (out if several else [out])]
        self.lines.append(f"{', '.join(results)}{',' if several else ''} = {call}")

    def _with_lists_held(self, call: str) -> str:
        """TorchScript leaves out what writes into the tensors of a list, unless the list is one of
        the results.
        """
        for given in dict.fromkeys(TENSORS.findall(call)):
            name = f"held{len(self.held)}"
            self.held.append(name)
            self.lines.append(f"{name} = {given}")
            call = call.replace(given, name)
        return call

    def _look(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """Remember what ``out`` is a view of, or write so where an input is: it lies elsewhere in
        each run.
        """
        root = self.roots.get(id(args[0]))
        if root is None:
            self._write(func, args, kwargs, out)
            return
        for one in _tensors([out]):
            self.names[id(one)], self.roots[id(one)] = "", root

    def _view(self, view: Tensor) -> str:
        """The name of ``view``, written as what it is of its root."""
        root = self.roots[id(view)]
        if _layout(view) == _layout(root):
            return self.names[id(root)]
        given = ", ".join([self.names[id(root)], *map(self._said, _layout(view))])
        if given not in self.views:
            self.views[given] = self._new(view)
            self.lines.append(f"{self.views[given]} = torch.ops.aten.as_strided({given})")
        return self.views[given]

    def _new(self, tensor: Tensor | None) -> str:
        self.made += 1
        if tensor is not None:
            self.names[id(tensor)] = f"made{self.made}"
        return f"made{self.made}"

    def _said(self, value: Any) -> str:
        """An argument as TorchScript writes it."""
        if isinstance(value, Tensor):
            if id(value) not in self.names:
                self.names[id(value)] = f"there{len(self.there)}"
                self.there.append(value)
            self.names[id(value)] = self.names[id(value)] or self._view(value)
            return self.names[id(value)]
        if isinstance(value, (list, tuple)):
            if value and all(type(one) is int for one in value):
                return self.sizes.setdefault(tuple(value), f"sizes{len(self.sizes)}")
            return f"[{', '.join(map(self._said, value))}]"
        if isinstance(value, torch.device):
            return f"torch.device({str(value)!r})"
        if isinstance(value, float) and not math.isfinite(value):
            return f"float({str(value)!r})"
        return repr(value)


def _tensors(value: object) -> list[Tensor]:
    """All in (nested) arguments."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return []
    return [found for one in value for found in _tensors(one)]


def _layout(tensor: Tensor) -> tuple[list[int], list[int], int]:
    return list(tensor.shape), list(tensor.stride()), int(tensor.storage_offset())


def _taken_apart(name: str, tensors: str, count: int) -> list[str]:
    if not count:
        return []
    return [f"{', '.join(f'{name}{number}' for number in range(count))}, = {tensors}"]
