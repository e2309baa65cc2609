"""What is really encoded, and what only remembered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is really encoded: "photo" and "captions"."""
    from sd_scripts_bridge.engines.embedded.data.captions import Captions
    from sd_scripts_bridge.engines.embedded.data.latents import PhotoEncoder

    done: list[str] = []
    photo, captions = PhotoEncoder._encoded, Captions._encoded
    monkeypatch.setattr(
        PhotoEncoder, "_encoded", lambda *given: (done.append("photo"), photo(*given))[1]
    )
    monkeypatch.setattr(
        Captions, "_encoded", lambda *given: (done.append("captions"), captions(*given))[1]
    )
    yield done
