"""Lets a torchvision without its compiled part be imported. Copied into our training environment as
sitecustomize.py.

The wheel on PyPI is built for CUDA; beside a PyTorch for the CPU its compiled part doesn't load,
and the import ends with "operator torchvision::nms does not exist". sd-scripts uses only
``torchvision.transforms``, so declaring the two operators is enough. Imports nothing by itself, and
does nothing beside a torchvision that is whole.
"""

from __future__ import annotations

import importlib.machinery
import sys
from typing import Any

_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class DeclareMissingOperators:
    """Finds torchvision.extension, the module that loads the compiled part, and looks after it."""

    library: Any = None  # dropping it would undo the declarations

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "torchvision.extension":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_declare(module: Any) -> None:
            load(module)
            if not module._has_ops():
                from torch.library import Library

                cls.library = Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
                for operator in ("nms", "qnms"):
                    cls.library.define(_SCHEMA.format(operator))

        spec.loader.exec_module = load_and_declare  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, DeclareMissingOperators)
