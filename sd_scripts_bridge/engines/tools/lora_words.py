"""The words with which sd-scripts' own programs (0.10.1, ``networks/*.py``) work on LoRAs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESIZE, MERGE, EXTRACT = "resize", "merge", "extract"
ACTIONS = (RESIZE, MERGE, EXTRACT)
TITLES = {RESIZE: "Resize", MERGE: "Merge", EXTRACT: "Extract"}


@dataclass(frozen=True)
class LoraWork:
    """What is done to which files. Paths are absolute text; plain JSON in a `ToolJob`."""

    action: str
    name: str
    """What the result is called."""
    family: str
    files: tuple[str, ...] = ()
    """LoRAs; for extract, the tuned model."""
    weights: tuple[float, ...] = ()
    """One for each LoRA that is merged."""
    rank: int = 0
    base: str | None = None
    """The base that LoRAs are merged into, or that the tuned model came from."""
    v_prediction: bool = False
    lora_dir: str | None = None
    """Where the LoRA is published; None: the home's own folder."""
    out: str | None = None
    """The file that a merged base becomes; None: in the job's folder."""
    spoken: str = ""
    """The words that bring the subjects, for the card."""

    @property
    def makes_a_base(self) -> bool:
        """Whether the result is a checkpoint, not a LoRA."""
        return self.action == MERGE and self.base is not None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "files": list(self.files), "weights": list(self.weights)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LoraWork:
        """What `as_dict` made."""
        lists = {"files": tuple(data["files"]), "weights": tuple(data["weights"])}
        return cls(**{**data, **lists})


def script(work: LoraWork) -> str:
    """The program that does it, below sd-scripts' folder.

    LoRAs are merged with each other by ``svd_merge_lora.py``: the other two add up the factors, not
    the changes that they stand for. (It cuts the largest hundredth of the numbers, so its sum is
    near, not exact.)
    """
    if work.action == RESIZE:
        return "networks/resize_lora.py"
    if work.action == EXTRACT:
        return "networks/extract_lora_from_models.py"
    if not work.makes_a_base:
        return "networks/svd_merge_lora.py"
    xl = work.family == "sdxl"
    return "networks/sdxl_merge_lora.py" if xl else "networks/merge_lora.py"


def words(work: LoraWork, result: Path, device: str) -> list[str]:
    """The program's own words; ``device`` is where it computes, "cpu" or "cuda"."""
    found = ["--save_to", str(result)]
    on_gpu = ["--device", "cuda"] if device == "cuda" else []
    if work.action == RESIZE:
        rank = ["--new_rank", str(work.rank), "--save_precision", "fp16"]
        return ["--model", work.files[0], *rank, *found, *on_gpu]
    if work.action == EXTRACT:
        models = ["--model_org", str(work.base), "--model_tuned", work.files[0]]
        rank = ["--dim", str(work.rank), "--save_precision", "fp16"]
        return [*models, *rank, *found, *_family(work), *on_gpu]
    lists = ["--models", *work.files, "--ratios", *(f"{weight:g}" for weight in work.weights)]
    if work.makes_a_base:
        v2 = ["--v2"] if work.family == "sd2" else []
        return ["--sd_model", str(work.base), *found, "--save_precision", "fp16", *v2, *lists]
    rank = ["--new_rank", str(work.rank), "--save_precision", "fp16"]
    return [*rank, *found, *on_gpu, *lists]


def _family(work: LoraWork) -> list[str]:
    if work.family == "sdxl":
        return ["--sdxl"]
    v = ["--v_parameterization"] if work.v_prediction else []
    return ["--v2", *v] if work.family == "sd2" else v
