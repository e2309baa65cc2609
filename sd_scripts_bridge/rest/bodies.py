"""What a POST may say, a frozen dataclass each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from ..engines import ENGINES, PREFERRED
from ..engines.tools.lora_words import ACTIONS
from ..jobs.folder import KEEP
from ..options.params import MOST_STEPS
from ..page.draft.intake import Upload
from ..photos.video.request import MOST_FRAMES, USUAL
from ..shapes.marks import Bounds, Example, FromForm, OneOf

Text = Annotated[str | None, Bounds(0, 1000)]
Values = Annotated[Mapping[str, Any], "options by sd-scripts' names", Example({"network_dim": 32})]
Files = Annotated[Sequence[Upload], FromForm.FILES]
Photos = Annotated[list[Path], Bounds(1, 10_000), "photos or folders"]
Steps = Annotated[int, Bounds(1, MOST_STEPS), Example(1500)]
Private = Annotated[bool, "no caption word, path or name but the LoRA's own in it"]
EngineName = Annotated[str, OneOf(ENGINES)]
HeldOut = Annotated[list[str] | None, Bounds(1, 1000), Example(["auto"])]


@dataclass(frozen=True)
class StopBody:
    """Stop a job after its next save, or now."""

    now: bool = False


@dataclass(frozen=True)
class PauseBody:
    """Leave the GPU free for this long."""

    minutes: Annotated[
        float | None, "null: a minute after the last image in a WebUI, else ten", Example(10)
    ] = None


@dataclass(frozen=True)
class VerifyBody:
    """A LoRA to look at."""

    file: Path


@dataclass(frozen=True)
class LikenessBody:
    """What to measure a training's samples with."""

    with_: Annotated[Path | None, "ArcFace's .onnx, or CLIP's folder; null: what is here"] = None


@dataclass(frozen=True)
class LoraBody:
    """Work on finished LoRAs."""

    action: Annotated[str, OneOf(ACTIONS)]
    files: Annotated[
        list[Path],
        Bounds(1, 50),
        "LoRAs; for extract, the tuned model",
        Example(["/loras/a.safetensors"]),
    ]
    rank: Annotated[int | None, "of the result; null: of merge as high as it takes"] = None
    weights: Annotated[list[float], "of merge, one for each LoRA; none: 1 each"] = field(
        default_factory=list
    )
    into: Annotated[Path | None, "the base model to merge into"] = None
    from_: Annotated[Path | None, "of extract: the base that was tuned"] = None
    name: Text = None
    lora_dir: Path | None = None
    out: Annotated[Path | None, "a merged base's file; null: in the job's folder"] = None
    gpu: int | None = None


@dataclass(frozen=True)
class ResumeBody:
    """Go on with a job."""

    from_: Annotated[
        int | None, Bounds(1, MOST_STEPS), "the step of a saved state; null: the newest one"
    ] = None


@dataclass(frozen=True)
class RetryBody:
    """Start over, or train again as a new job."""

    all_photos: Annotated[bool, "a new job, the held-out photos trained, too"] = False
    steps: Annotated[int | None, Bounds(1, MOST_STEPS), "null: recommended, or as before"] = None


@dataclass(frozen=True)
class LaunchBody:
    """More than one process, in the words of `accelerate launch`."""

    processes: int | None = None
    machines: int | None = None
    machine_rank: Annotated[int | None, "0 is the machine that saves and publishes"] = None
    main_process_ip: str | None = None
    main_process_port: int | None = None
    num_cpu_threads_per_process: int | None = None
    gpus: Annotated[list[int] | None, "one for each process on this machine"] = None


@dataclass(frozen=True)
class ClusterBody:
    """Where a Ray cluster is, and what lies there."""

    address: Annotated[str, "of its dashboard", Example("http://head:8265")]
    base: Annotated[str | None, "the base model there"] = None
    home: Annotated[str | None, "the home folder there"] = None
    gpus: int | None = None


@dataclass(frozen=True)
class TrainBody:
    """A training of a folder or of a config: what `train` does on the command line."""

    dataset: Annotated[
        Path | None, "a kohya folder; needed without a config", Example("/datasets/AlvaroBadia")
    ] = None
    base: Annotated[
        Path | None,
        "a base model; needed without a config",
        Example("/webui/models/Stable-diffusion/sd_xl_base_1.0.safetensors"),
    ] = None
    config: Annotated[Path | None, "a kohya_ss .json, a .toml, a job.json or a LoRA"] = None
    lora_dir: Annotated[Path | None, "null: the WebUI's models/Lora"] = None
    engine: Annotated[EngineName | None, "null: the first that is set up and can train it"] = None
    preset: Text = None
    values: Values | None = None
    name: Annotated[str | None, Bounds(0, 1000), "of the LoRA"] = None
    gpu: Annotated[int | None, Bounds(0, 1023), "counted from 0; null: the first free one"] = None
    held_out: Annotated[
        HeldOut,
        "photos to measure on, never trained: names, auto or none; null: as the dataset says",
    ] = None
    enough: Annotated[bool, "end when the held-out loss no longer gets better"] = False
    launch: LaunchBody | None = None
    on: ClusterBody | None = None


@dataclass(frozen=True)
class UploadBody:
    """Photos, captions (.txt named after a photo) or zips, all or nothing."""

    files: Files


@dataclass(frozen=True)
class FolderBody:
    """A folder of photos, which stay where they are."""

    path: Annotated[Path | None, "null: no folder", Example("/photos")]


@dataclass(frozen=True)
class CleanBody:
    """Free what finished trainings don't need."""

    keep: Annotated[
        Annotated[str, OneOf(tuple(KEEP))] | None,
        "from now on keep this of each of them; null: by the home's rule",
    ] = None
    dry_run: Annotated[bool, "only say how much; nothing is freed or set"] = False


@dataclass(frozen=True)
class PublishJobBody:
    """What a job has saved, as a LoRA in its folder."""

    private: Private = False
    step: Annotated[
        int | None, Bounds(1, MOST_STEPS), "a saved step, under a name of its own; null: the last"
    ] = None


@dataclass(frozen=True)
class CardBody:
    """What to change of a LoRA's card; null stays as it is."""

    activation_text: Annotated[str | None, Bounds(0, 1000)] = None
    weight: Annotated[float | None, "preferred weight"] = None
    negative: Annotated[str | None, Bounds(0, 2000)] = None
    notes: Annotated[str | None, Bounds(0, 10_000)] = None
    picture: Annotated[
        str | None, Bounds(1, 100), "samples/N, grid/N, or photo: the first training photo"
    ] = None


@dataclass(frozen=True)
class PromptsBody:
    """What the sample pictures show from the next sampling on: a prompt a line."""

    text: Annotated[
        str, Bounds(1, 20_000), Example("AlvaroBadia man, at the beach --w 512 --h 512")
    ]


@dataclass(frozen=True)
class GridBody:
    """What to draw side by side; null is chosen by the server."""

    steps: Annotated[list[int] | None, "saved steps"] = None
    weights: Annotated[list[float] | None, "strengths of the LoRA"] = None
    prompts: Annotated[str | None, "a prompt a line, in sd-scripts' words", Bounds(1, 20_000)] = (
        None
    )
    by: Annotated[
        Literal["embedded", "webui"] | None, "null: the WebUI where the page is in one"
    ] = None


@dataclass(frozen=True)
class VoteBody:
    """A blind vote between two pictures of a grid."""

    numbers: Annotated[list[int], Bounds(2, 2)]
    better: Annotated[int | None, "one of the two numbers; null: neither"] = None


@dataclass(frozen=True)
class TemplateBody:
    """What a template says of each photo."""

    distance: Text = None
    pose: Text = None
    clothes: Text = None
    place: Text = None
    light: Text = None

    def said(self) -> dict[str, str]:
        """Those that say something."""
        return {name: text for name, text in asdict(self).items() if text and text.strip()}


With = Annotated[
    str,
    Bounds(1, 4000),
    "template, host, a server's address, a model's folder, or a command",
    Example("http://127.0.0.1:11434/v1"),
]
Prompt = Annotated[str | None, "what a model is asked; null: our own words"]
Key = Annotated[str | None, "a server's; it is held in memory and written nowhere"]
Again = Annotated[bool, "also captions that a captioner wrote and that were not changed since"]


@dataclass(frozen=True)
class CaptionBody:
    """Who writes captions, and for which photos."""

    photos: Photos
    with_: With
    model: Annotated[Text, "which of the server's"] = None
    prompt: Prompt = None
    key: Key = None
    name: Annotated[Text, "the subject's, where the folder has none"] = None
    class_: Text = None
    template: TemplateBody | None = None
    again: Again = False


Selected = Annotated[
    Annotated[list[int], Bounds(0, 100_000)] | None, "numbers of photos; null: all of them"
]


@dataclass(frozen=True)
class DraftCaptionBody:
    """Who writes the draft's captions."""

    with_: With
    model: Annotated[Text, "which of the server's"] = None
    prompt: Prompt = None
    key: Key = None
    template: TemplateBody | None = None
    photos: Selected = None
    again: Again = False


@dataclass(frozen=True)
class CaptionsBody:
    """A change of many captions at once."""

    action: Annotated[
        Literal["draft", "add", "remove", "replace", "front", "dedupe", "person", "undo", "redo"],
        Example("add"),
    ]
    text: Annotated[Text, Example("smiling")] = None
    with_: Annotated[Text, "what `replace` puts in the place of `text`"] = None
    where: Annotated[Literal["start", "end"], "start: right after the name"] = "end"
    regex: Annotated[bool, "replace: `text` is a regular expression"] = False
    words: Annotated[list[str] | None, "person: which of its words go; null: all of them"] = None
    photos: Selected = None


@dataclass(frozen=True)
class CaptionTableBody:
    """Captions from a table."""

    text: Annotated[str, Bounds(0, 20_000_000)]
    form: Annotated[Literal["txt", "csv", "json"], "txt: a caption a line, for `photos` in order"]
    photos: Selected = None


@dataclass(frozen=True)
class StartBody:
    """Start the draft's training."""

    seen: Annotated[
        Mapping[str, Any] | None, "name, class_token and training as this window shows them"
    ] = None


@dataclass(frozen=True)
class ImportBody:
    """A config from elsewhere: its files in a form, or its path where the page is local."""

    files: Files = ()
    path: Path | None = None
    apply: Annotated[bool, "put it into the draft, too"] = False


@dataclass(frozen=True)
class CheckBody:
    """Photos or folders to look at."""

    photos: Photos


@dataclass(frozen=True)
class DatasetBody:
    """A kohya folder to write."""

    photos: Photos
    name: Annotated[str, Bounds(0, 1000), "of the subject", Example("AlvaroBadia")]
    class_: Annotated[str, Bounds(0, 1000), "class token", Example("man")]
    out: Annotated[Path, "where it is written", Example("/datasets/AlvaroBadia")]
    steps: Steps = 1500
    held_out: Annotated[
        HeldOut,
        "photos to measure on, never trained: names, auto or none; null: the training decides",
    ] = None


@dataclass(frozen=True)
class FramesBody:
    """A video to take photos from."""

    video: Annotated[Path, Example("/videos/IMG_0042.MOV")]
    out: Annotated[Path, "the folder they go to", Example("/photos")]
    count: Annotated[int, Bounds(1, MOST_FRAMES), "how many at most"] = USUAL


@dataclass(frozen=True)
class PublishBody:
    """A finished LoRA to publish."""

    file: Annotated[Path, Example("/output/AlvaroBadia.safetensors")]
    lora_dir: Annotated[Path | None, "null: the WebUI's models/Lora"] = None
    name: Annotated[str | None, Bounds(0, 1000), "null: as the file is called"] = None
    private: Private = False


@dataclass(frozen=True)
class BaseBody:
    """A base model to train on, or a folder of them to offer."""

    path: Annotated[Path, Example("/models/sd_xl_base_1.0.safetensors")]


@dataclass(frozen=True)
class PresetCopyBody:
    """A preset to copy into a .toml of your own."""

    name: Annotated[str, Bounds(1, 1000), Example("person-sdxl")]
    to: Annotated[
        Path,
        Example("/home/me/mine.toml"),
        "a .toml, or a folder, below your own folder or the home folder",
    ]


@dataclass(frozen=True)
class SetupBody:
    """The training environment to set up."""

    source: Annotated[
        str | None, "sd-scripts' folder, archive or address; null: the pinned version"
    ] = None
    python: Annotated[Path | None, "the environment of a kohya_ss or sd-scripts"] = None
    engine: EngineName = PREFERRED
