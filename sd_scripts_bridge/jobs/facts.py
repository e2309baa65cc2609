"""What a finished attempt did, as ``report.json`` says it: every number counted or measured, none
hoped for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .events import Event, Note, Progress, Proof, Result
from .job import Job, Status, TrainingJob
from .meter import duration

if TYPE_CHECKING:
    from ..models.lora import LoraFile


def read(path: Path) -> dict[str, Any]:
    """A report.json; empty where there is none that can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def lines(report: Mapping[str, Any]) -> list[str]:
    """A report in words, one fact a line."""
    facts = report.get("facts") or {}
    told = [
        (
            "steps",
            f"{report.get('steps')} of {report['planned_steps']} planned"
            if report.get("planned_steps")
            else None,
        ),
        ("time", duration(report["seconds"]) if report.get("seconds") else None),
        ("loss", f"{report['loss']:.4g}" if report.get("loss") is not None else None),
        (
            "pictures",
            f"{facts['images']}, {facts.get('captions_used')} with a caption"
            if "images" in facts
            else None,
        ),
        ("modules", f"{facts['modules']}, every number finite" if "modules" in facts else None),
        (
            "memory",
            f"{facts['peak_memory_bytes'] / 1e9:.1f} GB at most"
            if facts.get("peak_memory_bytes")
            else None,
        ),
        *(("healed", sentence) for sentence in report.get("healed") or ()),
        *(("note", sentence) for sentence in report.get("notes") or ()),
    ]
    return [f"  {name:<10} {text}" for name, text in told if text]


@dataclass
class Facts:
    """Gathered from the events of one attempt."""

    started: float = field(default_factory=time.monotonic)
    progress: Progress | None = None
    proof: Proof | None = None
    result: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress = event
        elif isinstance(event, Proof):
            self.proof = event
        elif isinstance(event, Result):
            self.result.update(event.facts)
        elif isinstance(event, Note):
            self.notes.append(event.text)

    def take_memory(self, peak: int | None) -> None:
        """Bytes, as seen from outside; what the trainer itself has measured stands."""
        if peak is not None:
            self.result.setdefault("peak_memory_bytes", peak)

    def take_lora(self, file: LoraFile, job: TrainingJob) -> None:
        """What the published file and its dataset show; what the trainer itself has said stands."""
        folder = Path(job.dataset)
        seen = {
            "images": len(list(folder.glob("*/*.png"))),
            "captions_used": len(list(folder.glob("*/*.txt"))),
        }
        self.result = {
            "modules": file.modules,
            "text_encoder_modules": file.text_encoder_modules,
            "unet_modules": file.unet_modules,
            "finite": True,  # publish refuses anything else
            **({} if job.dataset_config else seen),
            **self.result,
        }

    @property
    def steps(self) -> int:
        return self.progress.step if self.progress else 0

    def report(
        self, job: Job, attempt: int, status: Status, sentence: str, code: int | None
    ) -> dict[str, Any]:
        return {
            "attempt": attempt,
            "status": status.value,
            "sentence": sentence,
            "exit_code": code,
            "seconds": round(time.monotonic() - self.started, 1),
            "planned_steps": job.params.max_train_steps if isinstance(job, TrainingJob) else None,
            "steps": self.steps,
            "loss": self.progress.loss if self.progress else None,
            "proof": asdict(self.proof) if self.proof else None,
            "healed": list(job.healed) if isinstance(job, TrainingJob) else [],
            "notes": self.notes,
            "facts": self.result,
        }
