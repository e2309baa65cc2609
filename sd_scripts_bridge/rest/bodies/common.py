"""What several bodies say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from ...engines import ENGINES
from ...jobs.job import STEPS
from ...options.params import MOST_STEPS
from ...page.draft.intake import Upload
from ...shapes.marks import Bounds, Example, FromForm, OneOf

Text = Annotated[str | None, Bounds(0, 1000)]
Values = Annotated[Mapping[str, Any], "options by sd-scripts' names", Example({"network_dim": 32})]
Files = Annotated[Sequence[Upload], FromForm.FILES]
Photos = Annotated[list[Path], Bounds(1, 10_000), "photos or folders"]
Steps = Annotated[int, Bounds(1, MOST_STEPS), Example(1500)]
Private = Annotated[bool, "no caption word, path or name but the LoRA's own in it"]
Published = Annotated[
    Annotated[str, OneOf(STEPS)] | None,
    "the saved step to publish at the end; null: as `publish --from-now-on` has set it",
]
EngineName = Annotated[str, OneOf(ENGINES)]
HeldOut = Annotated[list[str] | None, Bounds(1, 1000), Example(["auto"])]
