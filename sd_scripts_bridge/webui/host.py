"""The WebUI that we live in: the only file that reaches into its modules. Imports none of them at load."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLIP_FILE = Path("BLIP") / "model_base_caption_capfilt_large.pth"
FACE_FOLDER = "opencv"

Callback = Callable[..., Any]


@dataclass(frozen=True)
class Base:
    """A base model of the host's own list, under the title that the host shows."""

    title: str
    path: Path


def module(name: str) -> Any:
    """A module of the host. Raises ImportError where this host has none of that name."""
    return importlib.import_module(name)


def probe(*names: str) -> Any:
    """The first of these modules that the host has, or None."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def register(tabs: Callback, settings: Callback, app_started: Callback) -> None:
    """Hand our three callbacks to the host; it forgets them at each Reload UI."""
    events = module("modules.script_callbacks")
    events.on_ui_tabs(tabs)
    events.on_ui_settings(settings)
    events.on_app_started(app_started)


def options() -> Any:
    """What the command line said."""
    return module("modules.shared_cmd_options").cmd_opts


def setting(name: str, default: Any) -> Any:
    """One of the host's settings, also before ours are registered (from its config.json)."""
    value = module("modules.shared").opts.data.get(name, default)
    return default if value is None else value


def name() -> str:
    """Which WebUI this is."""
    if importlib.util.find_spec("modules_forge") is not None:
        classic = probe("backend") is None
        return "Forge Classic or reForge" if classic else "Forge"
    return "A1111"


def data_path() -> Path:
    """Where the host keeps what belongs to the user (``--data-dir``)."""
    return Path(module("modules.paths_internal").data_path)


def models_path() -> Path:
    return Path(module("modules.paths_internal").models_path)


def lora_dir() -> Path:
    """Where the host looks for LoRAs (``--lora-dir``)."""
    given = getattr(options(), "lora_dir", None)
    return Path(given) if given else models_path() / "Lora"


def is_local() -> bool:
    """Whether only this machine's user gets in, or the user has said that everybody may do everything."""
    return not getattr(options(), "disable_extension_access", True)


def api_auth() -> str | None:
    """``--api-auth``: pairs ``user:password`` with commas between them."""
    return getattr(options(), "api_auth", None) or None


def bases() -> list[Base]:
    """The base models that the host lists, in its order."""
    listed = module("modules.sd_models").checkpoints_list
    return [Base(title, Path(info.filename)) for title, info in list(listed.items())]


def current_base() -> str | None:
    """The title of the base model that the host has chosen; loads nothing."""
    chosen = setting("sd_model_checkpoint", None)
    known = module("modules.sd_models").get_closet_checkpoint_match(chosen) if chosen else None
    return str(known.title) if known is not None else None


def face_models() -> list[Path]:
    """YuNet detectors that the host (or an extension of it) has already downloaded."""
    return sorted((models_path() / FACE_FOLDER).glob("*.onnx"))


def refresh_loras() -> None:
    """Make the host see a new LoRA file. Call while nothing is generated: it refills the host's lists."""
    networks = sys.modules.get("networks")
    if hasattr(networks, "list_available_networks"):
        networks.list_available_networks()


def interrogator() -> Callable[[Iterable[Path]], list[str]] | None:
    """Captions by the host's own BLIP, where its model is there already: nothing is ever downloaded. Blocks while
    something is generated."""
    if not (models_path() / BLIP_FILE).is_file():
        return None
    return _captions


def _captions(pictures: Iterable[Path]) -> list[str]:
    from PIL import Image

    models = module("modules.shared").interrogator
    made = []
    with module("modules.call_queue").queue_lock:
        try:
            models.load()
            for picture in pictures:
                with Image.open(picture) as image:
                    made.append(str(models.generate_caption(image.convert("RGB"))))
        finally:
            models.unload()
    return made


def memory() -> dict[str, Any] | None:
    """The card's memory as a training will find it, once the host's own model is out of the way; None without a card."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    device = module("modules.devices").device
    if getattr(device, "type", None) != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    ours = torch.cuda.memory_reserved(device)
    return {"free": free + ours, "total": total, "name": torch.cuda.get_device_name(device)}
