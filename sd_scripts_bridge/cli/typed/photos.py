"""The words of the verbs on photos and captions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ...captioning.captioner import ASPECTS, KEY_VARIABLE
from ...datasets.caption_tokens import CHUNK
from ...photos.video.request import USUAL
from .. import words
from .masks import add_mask_making
from .subjects import add_subjects

PHOTOS = "photos, folders of photos, or zip files"
A_TABLE = "a .txt (one caption per line), a .csv or a .json"
LONG_ONES = f"those with more CLIP tokens than this ({CHUNK})"

Add = Callable[[str, str], argparse.ArgumentParser]
"""Adds a verb with its help."""


def add_photos(add: Add) -> None:
    """The verbs on photos and captions."""
    sub = add("check", "report what each photo is good for; changes nothing")
    sub.add_argument("photos", nargs="+", type=Path, help=PHOTOS)
    sub.add_argument(
        "--resolution",
        type=words.resolution,
        default="512",
        help="the training's resolution, for the sizes that the trainer will see (512)",
    )
    sub.add_argument(
        "--headers",
        action="store_true",
        help="format, size and orientation only, without decoding: 100,000 photos in seconds",
    )

    sub = add("dataset", "make clean copies with captions, as a kohya folder")
    sub.add_argument("photos", nargs="*", type=Path, help=PHOTOS)
    sub.add_argument("--name", help="the subject's name, as used in prompts")
    sub.add_argument("--class", dest="class_token", help="the class token: man, woman, dog, ...")
    add_subjects(sub)
    sub.add_argument(
        "--steps", type=int, default=1500, help="steps in one epoch at batch size 1 (1500)"
    )
    sub.add_argument("--out", required=True, type=Path, help="the folder to create")
    add_held_out(sub, "none yet: `train` decides")
    add_mask_making(sub)

    _frames(add)

    _caption(add)

    _captions(add)


def _frames(add: Add) -> None:
    sub = add("frames", "take the sharpest, most different frames of a video as photos")
    sub.add_argument("video", type=Path, help="an MP4, a MOV, or a Live Photo's movie")
    sub.add_argument(
        "--count", type=words.count, default=USUAL, metavar="N", help=f"how many frames ({USUAL})"
    )
    sub.add_argument(
        "--out", required=True, type=Path, metavar="FOLDER", help="the folder for them"
    )
    sub.add_argument("--detach", action="store_true", help="start it and return at once")


def _caption(add: Add) -> None:
    sub = add("caption", "write captions with a model that you have")
    sub.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTOS_OR_DATASET", help="photos, or a dataset"
    )
    sub.add_argument(
        "--with",
        dest="with_",
        required=True,
        metavar="WHAT",
        help="template, an address (http://127.0.0.1:11434/v1), a model's folder, or a command",
    )
    sub.add_argument("--model", default="", help="the model that the server should use")
    sub.add_argument(
        "--prompt", type=Path, metavar="FILE", help="a prompt of your own, to ask with"
    )
    sub.add_argument("--name", default="", help="the subject's name, if the folder has none")
    sub.add_argument("--class", dest="class_token", default="", help="the class token")
    sub.add_argument(
        "--again",
        action="store_true",
        help="also rewrite captions that a captioner wrote and nobody has edited",
    )
    for name in ASPECTS:
        sub.add_argument(f"--{name}", default="", metavar="TEXT", help=f"for template: the {name}")
    sub.add_argument(
        "--ask-key",
        action="store_true",
        help=f"ask for the server's key, instead of taking it from ${KEY_VARIABLE}",
    )
    sub.add_argument("--detach", action="store_true", help="start it and return at once")


def _captions(add: Add) -> None:
    sub = add("captions", "list and count a dataset's captions, or edit many at once")
    sub.add_argument("folder", type=Path, help="a folder made by `dataset`")
    change = sub.add_argument_group("changes, one at a time")
    change.add_argument("--add", metavar="TEXT", help="append TEXT to each caption, once")
    change.add_argument("--at-start", action="store_true", help="with --add: right after the name")
    change.add_argument(
        "--remove",
        metavar="TEXT",
        nargs="?",
        const="",
        help="remove TEXT from each caption; with --person, what belongs to the person",
    )
    change.add_argument("--replace", nargs=2, metavar=("OLD", "NEW"), help="replace OLD with NEW")
    change.add_argument("--regex", action="store_true", help="OLD is a regular expression")
    change.add_argument("--front", metavar="TAG", help="move TAG to right after the name")
    change.add_argument("--dedupe", action="store_true", help="keep each tag once")
    change.add_argument("--import", dest="import_", type=Path, metavar="FILE", help=A_TABLE)
    change.add_argument("--undo", action="store_true", help="undo the last change")
    change.add_argument("--redo", action="store_true", help="redo what was undone")
    change.add_argument("--dry-run", action="store_true", help="only show what would change")
    look = sub.add_argument_group("what to show")
    look.add_argument(
        "--person",
        action="store_true",
        help="count what belongs to the person, and what is missing",
    )
    look.add_argument("--tags", action="store_true", help="count the tags")
    look.add_argument("--export", type=Path, metavar="FILE", help=A_TABLE)
    only = sub.add_argument_group("only these captions")
    only.add_argument("--search", default="", metavar="WORDS", help="those with all these words")
    only.add_argument("--tag", default="", help="those with this tag")
    only.add_argument("--without-words", action="store_true", help="those that say only the name")
    only.add_argument(
        "--over", type=words.count, nargs="?", const=CHUNK, metavar="TOKENS", help=LONG_ONES
    )
    only.add_argument("--alike", action="store_true", help="those that say the same as another")


def add_set(sub: argparse.ArgumentParser) -> None:
    """Options of a training, as sd-scripts calls them."""
    sub.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="options, under sd-scripts' names",
    )


def add_held_out(sub: argparse.ArgumentParser, usual: str) -> None:
    """Which photos are held out; ``usual`` where nobody says."""
    sub.add_argument(
        "--held-out",
        nargs="+",
        metavar="PHOTO",
        help=f"photos to measure the result on, never trained: names, auto or none ({usual})",
    )
