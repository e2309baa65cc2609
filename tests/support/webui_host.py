"""The parts of A1111 and Forge that we touch, as small modules, under the hosts' own names."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class Model:
    """A base model of A1111's: ``place`` is where its numbers are."""

    def __init__(self, place: str = "cuda") -> None:
        self.place = place
        self.lowvram = False


class Host:
    """Puts the modules into place; what happens to them is written down in ``done``."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, data: Path, forge: bool = False, **words: Any
    ) -> None:
        self.done: list[Any] = []
        self.callbacks: dict[str, list[Callable[..., Any]]] = {
            "ui_tabs": [],
            "ui_settings": [],
            "app_started": [],
        }
        self.pasted: list[Any] = []
        self.added: dict[str, Any] = {}
        self.options = SimpleNamespace(
            **{"lora_dir": None, "disable_extension_access": False, "api_auth": None, **words}
        )
        self._monkeypatch = monkeypatch
        self.shared = SimpleNamespace(
            opts=SimpleNamespace(data={}, add_option=self.added.__setitem__),
            OptionInfo=OptionInfo,
            interrogator=None,
        )
        self.models = self._forge_models() if forge else self._a1111_models()
        self._put("modules")
        self._put("modules.paths_internal", data_path=str(data), models_path=str(data / "models"))
        self._put("modules.shared_cmd_options", cmd_opts=self.options)
        self._put("modules.shared", **vars(self.shared))
        self._put("modules.call_queue", queue_lock=threading.Lock())
        self._put(
            "modules.devices",
            torch_gc=lambda: self.done.append("gc"),
            device=SimpleNamespace(type="cpu"),
        )
        self._put("modules.sd_models", **vars(self.models))
        self._put(
            "modules.infotext_utils",
            ParamBinding=SimpleNamespace,
            register_paste_params_button=self.pasted.append,
        )
        waiting = {f"callbacks_{name}": callbacks for name, callbacks in self.callbacks.items()}
        self._put("modules.script_callbacks", callback_map=waiting, add_callback=self._add_callback)
        if forge:
            self._put("modules_forge")
            self._put("backend")
            self._put(
                "backend.memory_management",
                unload_all_models=lambda: self.done.append("unload"),
                soft_empty_cache=lambda: self.done.append("empty"),
            )

    def _put(self, name: str, **contents: Any) -> None:
        module = ModuleType(name)
        module.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
        module.__path__ = []
        vars(module).update(contents)
        self._monkeypatch.setitem(sys.modules, name, module)

    def _add_callback(
        self, waiting: list[Any], callback: Any, *, category: str, filename: str
    ) -> None:
        assert Path(filename).is_file()
        waiting.append(callback)

    def _a1111_models(self) -> SimpleNamespace:
        def move(place: str) -> Callable[[Model], None]:
            def moved(model: Model) -> None:
                self.done.append((place, model))
                model.place = place

            return moved

        data = SimpleNamespace(
            sd_model=None,
            loaded_sd_models=[],
            was_loaded_at_least_once=False,
            lock=threading.Lock(),
        )
        return SimpleNamespace(
            model_data=data,
            send_model_to_cpu=move("cpu"),
            send_model_to_device=move("cuda"),
            send_model_to_trash=move("meta"),
            checkpoints_list={
                "a.safetensors [01ab]": SimpleNamespace(
                    name="a.safetensors", filename="/models/a.safetensors"
                )
            },
            get_closet_checkpoint_match=lambda title: SimpleNamespace(title=title),
        )

    def _forge_models(self) -> SimpleNamespace:
        class FakeInitialModel:
            pass

        return SimpleNamespace(
            model_data=SimpleNamespace(sd_model=object(), forge_hash="x"),
            FakeInitialModel=FakeInitialModel,
            checkpoints_list={},
        )


class OptionInfo:
    def __init__(
        self,
        default: Any,
        label: str,
        component: Any,
        component_args: Any = None,
        section: Any = None,
    ) -> None:
        self.default, self.component_args = default, component_args

    def info(self, _text: str) -> OptionInfo:
        return self
