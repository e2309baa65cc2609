"""A page over a bridge of its own."""

from tests.support.page import base, context, page, ready

__all__ = ["base", "context", "page", "ready"]
