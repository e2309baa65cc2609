"""The page's side of a base that needs other files: what is told, how a path is given, and what
remote clients may not see.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.models.offered import BaseFile
from sd_scripts_bridge.options.families import FAMILIES
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft.draft import _draft_at
from sd_scripts_bridge.publishing import infotext
from tests.support import transformer_headers as made
from tests.support.page import PAIR, Page, encoded

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="files of 10 GB are holes only on other systems"
)


def page_with_flux(bridge: Bridge, models: Path, *, local: bool) -> Page:
    """Three photos, and a FLUX.1 whose T5 is missing."""
    _draft_at.cache_clear()
    base = made.hollow(models / "Stable-diffusion" / "flux1-dev.safetensors", made.flux(1, 1))
    made.hollow(models / "text_encoder" / "clip_l.safetensors", made.clip_text())
    made.hollow(models / "VAE" / "ae.safetensors", made.kl_vae())
    context = Context(
        lambda: bridge,
        bases=lambda: [BaseFile("flux1-dev", base)],
        lora_dir=models / "Lora",
        local=local,
    )
    page = Page(context)
    page.post("draft/photos", files=[{"name": f"{n}.jpg", "data": encoded(n)} for n in range(3)])
    training = {"base": "flux1-dev", "steps": 30, "engine": "sd-scripts"}
    assert page.post("draft", name="Ada", class_token="woman", training=training).status_code == 200
    page.seen()
    return page


def choose(page: Page, **values: Any) -> Any:
    return page.post("draft", training={"values": values})


def test_a_missing_file_is_told_under_the_base_and_its_path_can_be_given(
    bridge: Bridge, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    page = page_with_flux(bridge, models, local=True)
    plan = page.get("plan").json()
    (lacks,) = plan["base"]["lacks"]
    assert plan["base"]["family_name"] == "FLUX.1" and plan["preset"]["name"] == "person-flux1"
    assert "T5-XXL" in lacks and str(models / "text_encoder") in lacks and lacks in plan["problems"]
    assert choose(page, t5xxl=str(models / "VAE" / "ae.safetensors")).status_code == 200
    assert "but a T5-XXL text encoder is needed" in page.get("plan").json()["base"]["lacks"][0]
    mine = made.hollow(tmp_path / "elsewhere" / "t5.safetensors", made.t5())
    choose(page, t5xxl=str(mine))
    plan = page.get("plan").json()
    assert plan["base"]["lacks"] == [] and plan["problems"] == []
    assert any("is taken as FLUX.1's VAE" in note for note in plan["advice"])


def test_advanced_finds_the_options_of_the_bases_own_script(bridge: Bridge, tmp_path: Path) -> None:
    row = {
        "name": "t5xxl",
        "type": "str",
        "flag": False,
        "nargs": None,
        "default": None,
        "choices": None,
        "help": "path to t5xxl",
    }
    file = bridge.home.engines / "catalogue" / "flux_train_network.py.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([row]), encoding="utf-8")
    for local, names in ((True, ["t5xxl"]), (False, [])):
        page = page_with_flux(bridge, tmp_path / str(local) / "models", local=local)
        assert [
            option["name"] for option in page.get("options?search=t5xxl").json()["options"]
        ] == names


def test_a_long_caption_is_no_matter_for_t5(bridge: Bridge, tmp_path: Path) -> None:
    page = page_with_flux(bridge, tmp_path / "models", local=True)
    assert (
        page.post(
            "draft/photo/1", caption="Ada woman, " + "a long walk through the woods, " * 20
        ).status_code
        == 200
    )
    assert not any("tokens" in advice for advice in page.get("plan").json()["caption_advice"])


def test_a_remote_client_sees_and_sends_no_path(bridge: Bridge, tmp_path: Path) -> None:
    page = page_with_flux(bridge, tmp_path / "models", local=False)
    plan = page.get("plan")
    assert "T5-XXL" in plan.json()["base"]["lacks"][0] and str(tmp_path) not in plan.text
    answer = choose(page, t5xxl="/etc/passwd")
    assert (
        answer.status_code == 403
        and "Remote clients can set only the options that LoRA Bridge knows" in answer.text
    )


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.picture])
def test_the_paste_of_a_transformer_reads_as_forge_writes_it(family: str) -> None:
    chosen = FAMILIES[family]
    negative = infotext.negative(chosen)
    text = infotext.infotext(
        infotext.prompt("Ada woman", "Ada"), negative, 1024, infotext.settings(chosen)
    )
    found = dict(PAIR.findall(text.split("\n")[-1]))
    assert (found["Sampler"], found["Schedule type"], found["Size"]) == (
        "Euler",
        "Simple",
        "1024x1024",
    )
    if family.startswith("flux1"):
        assert (found["CFG scale"], found["Distilled CFG Scale"]) == (
            "1",
            "3.5",
        ) and "Negative prompt" not in text
    else:
        assert float(found["CFG scale"]) > 1 and text.split("\n")[1].startswith("Negative prompt: ")
