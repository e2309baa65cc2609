"""The words about masks: which part of a photo is trained."""

from __future__ import annotations

import argparse

from ...photos.masking import Masks
from .. import words


def add_masks(sub: argparse.ArgumentParser) -> None:
    """--masks alone, where the photos' masks were made before."""
    sub.add_argument(
        "--masks",
        action="store_true",
        help="train only what masks show: 1.mask.png beside 1.jpg, mask/1.png, or transparency",
    )


def add_mask_making(sub: argparse.ArgumentParser) -> None:
    """--masks, and how to get some."""
    add_masks(sub)
    sub.add_argument(
        "--face-masks",
        action="store_true",
        help="the same, with a box around the face for photos that have none",
    )
    sub.add_argument(
        "--unmasked-weight",
        type=words.share,
        default=0.0,
        metavar="W",
        help="with masks: the weight of the pixels outside, 0 to 1 (0)",
    )


def masks_of(options: argparse.Namespace) -> Masks:
    """What was typed."""
    wanted = options.masks or options.face_masks
    return Masks(wanted, options.face_masks, options.unmasked_weight)


def settings_of(options: argparse.Namespace) -> dict[str, str]:
    """The options that --masks stands for."""
    return {"alpha_mask": "true"} if options.masks else {}
