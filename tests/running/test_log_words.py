"""The log in words."""

from __future__ import annotations

import json

import pytest

from sd_scripts_bridge.jobs.events import (
    Checkpoint,
    Event,
    Measured,
    Phase,
    Progress,
    Proof,
    to_dict,
)
from sd_scripts_bridge.running.log_words import spoken


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Progress(12, 200, 0.08312), "step 12 of 200, loss 0.0831"),
        (Progress(0, 200), "step 0 of 200"),
        (Phase("caching latents"), "caching latents"),
        (Checkpoint("/a/b/Ada-step100.safetensors", 100), "saved at step 100: Ada-step100."),
        (Measured(0, 0.0942, 0.05, 0.0711), "at step 0: 0.0942, on training photos 0.0711"),
        (Proof(1.2875, 0.2998, 50), "1.2875 without the LoRA, 0.2998 with it"),
    ],
)
def test_our_engines_events_are_words(event: Event, words: str) -> None:
    said = spoken(json.dumps(to_dict(event)))
    assert words in said and "{" not in said


@pytest.mark.parametrize("line", ["steps: 5%|", "{not json", '{"type": "new"}', "{}", '{"a": 1}'])
def test_every_other_line_stays_as_it_is(line: str) -> None:
    assert spoken(line) == line
