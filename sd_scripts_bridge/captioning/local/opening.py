"""Loads the model in a folder, with whichever library it needs."""

from __future__ import annotations

from pathlib import Path

from ..captioner import Captioner
from ..prompts import Asks
from ..said import CannotGoOn, Describer
from .folder import kind_of


def opened(captioner: Captioner, asks: Asks) -> Describer:
    """The model in the captioner's folder, loaded. Raises `CannotGoOn` where it can't be."""
    folder = Path(captioner.where)
    try:
        if kind_of(folder) == "tagger":
            from .tagger import Tagger

            return Tagger(folder)
        from .model import Model

        return Model(folder, asks)
    except ImportError as error:
        raise CannotGoOn(
            "caption.library_missing",
            "the training environment has no {name}, which this model needs: install it there",
            name=error.name or str(error),
        ) from error
    except Exception as error:  # a damaged model: libraries raise what they like
        raise CannotGoOn(
            "caption.model_unreadable",
            "the model in {folder} can't be loaded: {error}",
            folder=repr(folder.name),
            error=" ".join(str(error).split())[:300],
        ) from error
