"""What the verbs are given."""

from tests.support.verbs import base, dataset, photos

__all__ = ["base", "dataset", "photos"]
