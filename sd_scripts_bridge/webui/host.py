"""The WebUI that we live in: the only file that reaches into its modules.

Imports none of them at load.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

BLIP_FILE = Path("BLIP") / "model_base_caption_capfilt_large.pth"
CLIP_FILE = "ViT-L-14.pt"

Callback = Callable[..., Any]


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


def register(script: str, **callbacks: Callback) -> None:
    """Hand our callbacks to the host, by its own names for them; it forgets them at each Reload UI.

    ``script`` is the file that it loads. Where it isn't told, the host looks for it through all
    loaded modules: 0.1 s each.
    """
    events = module("modules.script_callbacks")
    for category, callback in callbacks.items():
        waiting = getattr(events, "callback_map", {}).get(f"callbacks_{category}")
        try:
            events.add_callback(waiting, callback, category=category, filename=script)
        except (AttributeError, TypeError):
            getattr(events, f"on_{category}")(callback)


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
    """Whether only this machine's user gets in, or the user has said that everybody may do
    everything.
    """
    return not getattr(options(), "disable_extension_access", True)


def api_auth() -> str | None:
    """``--api-auth``: pairs ``user:password`` with commas between them."""
    return getattr(options(), "api_auth", None) or None


def bases() -> list[tuple[str, Path]]:
    """The base models that the host lists, in its order: name and file.

    Not by the titles that it shows: those end in the file's hash once it is known, minutes later
    perhaps.
    """
    listed = module("modules.sd_models").checkpoints_list
    return [
        (getattr(info, "name", title), Path(info.filename)) for title, info in list(listed.items())
    ]


def model_folders() -> list[Path]:
    """Where the host looks for base models (``--ckpt-dir``)."""
    given = getattr(options(), "ckpt_dir", None)
    return [models_path() / "Stable-diffusion", *([Path(given)] if given else [])]


def face_folder() -> Path:
    """Where the host (or an extension of it) keeps face detectors that it has downloaded."""
    return models_path() / "opencv"


def queue_lock() -> Any:
    """Held by whatever uses the GPU in the host."""
    return module("modules.call_queue").queue_lock


def let_close() -> None:
    """Where the host closes its page (Reload UI), have it go on without the clicks on Generate that
    wait: gradio 3 waits for their answers, be it until a training ends. They stay in the queue.
    """
    demo = getattr(sys.modules.get("modules.shared"), "demo", None)
    server: Any = getattr(demo, "server", None)
    if getattr(server, "should_exit", False):
        server.force_exit = True


def gpu() -> str:
    """The number of the GPU that the host was told to use (``--device-id``)."""
    return str(getattr(options(), "device_id", None) or 0)


def postpone_model() -> None:
    """Don't load a model at this start: a training has the GPU.

    The first picture after it loads one.
    """
    options().skip_load_model_at_start = True
    data = module("modules.sd_models").model_data
    if data.sd_model is None and hasattr(data, "was_loaded_at_least_once"):
        data.was_loaded_at_least_once = True


def refresh_loras() -> None:
    """Make the host see a new LoRA file.

    Call while nothing is generated: it refills the host's lists.
    """
    networks: Any = sys.modules.get("networks")
    if hasattr(networks, "list_available_networks"):
        networks.list_available_networks()


def interrogator() -> Callable[[Sequence[Path]], Iterable[str]] | None:
    """The host's own BLIP, where what it loads is there already: nothing is ever downloaded."""
    clip_folder = getattr(options(), "clip_models_path", None) or Path.home() / ".cache" / "clip"
    wanted = (models_path() / BLIP_FILE, Path(clip_folder) / CLIP_FILE)
    return _describe if all(file.is_file() for file in wanted) else None


def _describe(pictures: Sequence[Path]) -> Iterator[str]:
    """Each in words; takes turns with what is generated."""
    from PIL import Image

    models = module("modules.shared").interrogator
    try:
        for picture in pictures:
            with Image.open(picture) as image:
                pixels = image.convert("RGB")
            with queue_lock():
                module("modules.lowvram").send_everything_to_cpu()
                models.load()
                words = str(models.generate_caption(pixels))
            yield words
    finally:
        with queue_lock():
            models.unload()


def memory() -> tuple[int, int, str] | None:
    """The GPU's free bytes as a training will find them, with the host's own model out of the way;
    all its bytes; its name. None without a GPU.
    """
    torch = sys.modules.get("torch")
    device = module("modules.devices").device
    if torch is None or getattr(device, "type", None) != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device), total, torch.cuda.get_device_name(device)
