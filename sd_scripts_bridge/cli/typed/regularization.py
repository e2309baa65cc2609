"""The words of `regularization`."""

from __future__ import annotations

from pathlib import Path

from ...engines.regularizing.class_pictures import MOST, USUAL
from .. import words
from .photos import Add


def add_regularization(add: Add) -> None:
    """Add the verb."""
    sub = add("regularization", "draw regularization pictures from the class word")
    sub.add_argument("class_token", metavar="CLASS", help="the class token: man, woman, dog, ...")
    sub.add_argument("--base", required=True, type=Path, help="the base model that will be trained")
    sub.add_argument(
        "--count",
        type=words.count,
        metavar="N",
        help=f"how many, at most {MOST:,} (images x repeats of the dataset, at most {USUAL})",
    )
    sub.add_argument(
        "--out",
        type=Path,
        metavar="DATASET",
        help="the dataset whose reg folder gets them (the home's regularization folder)",
    )
    sub.add_argument("--prompt", default="", metavar="TEXT", help="the prompt (the class word)")
    sub.add_argument(
        "--resolution", type=words.count, metavar="N", help="the side of a picture (the family's)"
    )
    sub.add_argument("--detach", action="store_true", help="start it and return at once")
