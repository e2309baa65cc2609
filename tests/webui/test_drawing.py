"""A picture by the WebUI itself: what it is asked for, and that nothing of it stays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.engines.sample_prompts import SamplePrompt
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.webui.painting.drawing import draw
from sd_scripts_bridge.webui.painting.picture import AskedPicture, StepFile
from tests.support.webui_host import Host

PROMPT = SamplePrompt("Ada woman", negative="blurry", width=64, height=96, steps=5, seed=7)
LORA = StepFile("lora-bridge-1-20", Path("/jobs/1/output/Ada-step00000020.safetensors"))
LISTED = Path("/models/a.safetensors")
NETWORKS = (
    "available_networks",
    "available_network_aliases",
    "available_network_hash_lookup",
)
NAMES = ["sd_model", "prompt", "negative_prompt", "seed", "steps", "cfg_scale", "width", "height"]
NAMES += ["do_not_save_samples", "do_not_save_grid", "sampler_name", "override_settings"]


@dataclass
class NetworkOnDisk:
    """As in the Lora extension."""

    name: str
    filename: str


class Drawer:
    """A WebUI that draws grey; what it was asked for, and which LoRAs it knew then."""

    def __init__(self, host: Host, monkeypatch: pytest.MonkeyPatch, new: bool) -> None:
        self.interrupts = self.gives_none = False
        self.asked: list[Any] = []
        self.known: list[dict[str, Any]] = []
        self.networks = SimpleNamespace(**{name: {"theirs": 1} for name in NETWORKS})
        names = [*NAMES, *(["scheduler"] if new else [])]
        kind = make_dataclass(
            "Txt2Img", names, namespace={"close": lambda _: self.closed.append(1)}
        )
        self.closed: list[int] = []
        self.state = SimpleNamespace(interrupted=False, skipped=False, jobs=[])
        self.state.begin = lambda job: self.state.jobs.append(job)
        self.state.end = lambda: self.state.jobs.append("end")
        host._put("modules.shared", state=self.state, sd_model="model")
        host._put(
            "modules.processing",
            StableDiffusionProcessingTxt2Img=kind,
            process_images=self.process,
        )
        for name, contents in (
            ("networks", vars(self.networks)),
            ("network", {"NetworkOnDisk": NetworkOnDisk}),
        ):
            module = ModuleType(name)
            vars(module).update(contents)
            monkeypatch.setitem(sys.modules, name, module)

    def process(self, asked: Any) -> SimpleNamespace:
        assert sys.modules["modules.call_queue"].queue_lock.locked(), "it takes its turn"
        self.asked.append(asked)
        self.known.append(dict(self.networks.available_networks))
        self.state.interrupted = self.interrupts
        return SimpleNamespace(images=[] if self.gives_none else [Image.new("RGB", (64, 96))])

    def lists(self) -> list[dict[str, Any]]:
        return [getattr(self.networks, name) for name in NETWORKS]


@pytest.fixture
def webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Drawer]:
    def make(new: bool = True) -> Drawer:
        return Drawer(Host(monkeypatch, tmp_path), monkeypatch, new)

    return make


@pytest.mark.parametrize(
    ("new", "sampler"),
    [(True, ("DPM++ 2M", "Karras")), (False, ("DPM++ 2M Karras", None))],
    ids=["since 1.9", "before"],
)
def test_it_is_asked_for_the_prompt_with_the_lora_and_saves_nothing(
    webui: Callable[..., Drawer], new: bool, sampler: tuple[str, str | None]
) -> None:
    drawer = webui(new)
    picture = draw(AskedPicture(PROMPT, base=LISTED, lora=LORA, weight=0.8))
    assert picture.size == (64, 96)
    (asked,) = drawer.asked
    assert asked.prompt == "Ada woman <lora:lora-bridge-1-20:0.8>"
    assert (asked.negative_prompt, asked.seed, asked.steps) == ("blurry", 7, 5)
    assert (asked.sampler_name, getattr(asked, "scheduler", None)) == sampler
    assert asked.do_not_save_samples and asked.do_not_save_grid
    assert asked.override_settings == {"sd_model_checkpoint": "a.safetensors"}
    assert drawer.known[0][LORA.name] == NetworkOnDisk(LORA.name, str(LORA.path))
    assert drawer.lists() == [{"theirs": 1}] * 3, "its lists are as before"
    assert drawer.closed and drawer.state.jobs == ["LoRA Bridge", "end"]


def test_without_a_lora_and_a_base_it_draws_with_what_is_loaded(
    webui: Callable[..., Drawer],
) -> None:
    drawer = webui()
    draw(AskedPicture(PROMPT))
    assert drawer.asked[0].prompt == "Ada woman" and drawer.asked[0].override_settings == {}
    draw(AskedPicture(PROMPT, base=Path("/elsewhere/b.safetensors")))
    assert drawer.asked[1].override_settings == {}, "one that it doesn't list, if it needn't be it"
    with pytest.raises(BridgeError, match=r"doesn't list b\.safetensors"):
        draw(AskedPicture(PROMPT, base=Path("/elsewhere/b.safetensors"), must_be_base=True))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [("interrupts", "You interrupted"), ("gives_none", "gave no picture")],
)
def test_trouble_is_said_and_leaves_nothing(
    webui: Callable[..., Drawer], trouble: str, said: str
) -> None:
    drawer = webui()
    setattr(drawer, trouble, True)
    with pytest.raises(BridgeError, match=said):
        draw(AskedPicture(PROMPT, lora=LORA, weight=1))
    assert drawer.lists() == [{"theirs": 1}] * 3 and drawer.state.jobs[-1] == "end"
    assert not sys.modules["modules.call_queue"].queue_lock.locked()


def test_with_the_lora_extension_off_it_says_so(
    webui: Callable[..., Drawer], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer = webui()
    monkeypatch.delitem(sys.modules, "networks")
    with pytest.raises(BridgeError, match="Lora extension is switched off"):
        draw(AskedPicture(PROMPT, lora=LORA, weight=1))
    assert not drawer.asked
