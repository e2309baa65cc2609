"""A photo that went before Start, the LoRAs that can be tried, and other base models."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.page.context import Context
from tests.support import messy
from tests.support import model_headers as headers
from tests.support.page import Page, sentences


def test_a_photo_that_went_is_named_and_the_sum_made_again(ready: Page, context: Context) -> None:
    assert ready.get("plan").json()["sentence"].startswith("3 photos x 10 repeats")
    gone = context.draft.path(context.draft.state.items[1])
    gone.unlink()
    refused = ready.post("train")
    assert refused.status_code == 409 and gone.name in sentences(refused)
    assert "2 photos are left" in sentences(refused)
    assert ready.get("plan").json()["sentence"].startswith("2 photos x 15 repeats")
    assert ready.post("train").status_code == 200


def test_start_refuses_what_its_window_does_not_show(ready: Page) -> None:
    seen = {key: ready.get("draft").json()[key] for key in ("name", "class_token", "training")}
    ready.post("draft", name="Eve")
    refused = ready.post("train", seen=seen)
    assert refused.status_code == 409 and "name = 'Eve'" in sentences(refused)
    assert ready.post("train", seen={**seen, "name": "Eve"}).status_code == 200


def test_what_another_window_changes_while_the_photos_are_copied_is_not_trained(
    ready: Page, context: Context
) -> None:
    seen = {key: ready.get("draft").json()[key] for key in ("name", "class_token", "training")}

    def meanwhile() -> list[str]:
        ready.post("draft", training={"lora_name": "Other", "private": True})
        return []

    context.before_start = meanwhile
    job = ready.post("train", seen=seen).json()["job"]
    asked = context.the_bridge.job(job).job
    assert isinstance(asked, TrainingJob)
    assert (asked.name, asked.private) == (seen["name"], False)


def test_every_lora_in_the_folder_can_be_tried(page: Page, context: Context) -> None:
    folder = context.lora_dir
    assert folder is not None
    (folder / "people").mkdir(parents=True)
    headers.write(folder / "people" / "Grace.safetensors", headers.lora(), {})
    (folder / "people" / "Grace.json").write_text('{"activation text": "Grace woman"}')
    (folder / "people" / "Grace.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.safetensors").write_bytes(b"")
    (row,) = page.get("loras").json()["loras"]
    assert (row["file"], row["stem"], row["job"]) == ("people/Grace.safetensors", "Grace", None)
    result = page.get("loras/result?file=people/Grace.safetensors").json()
    assert result["prompt"].startswith("Grace woman, ") and "<lora:Grace:1>" in result["infotext"]
    assert page.get(result["preview"]).content == b"\x89PNG"


@pytest.mark.parametrize("name", ["../../x.safetensors", "gone.safetensors", "", "/etc/passwd"])
def test_nothing_outside_of_the_folder_is_shown(page: Page, name: str) -> None:
    assert page.get(f"loras/result?file={name}").status_code == 404
    assert page.get(f"loras/preview?file={name}").status_code == 404


def test_a_folder_of_ones_own_is_offered_from_then_on(page: Page, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    refused = page.post("bases", path=str(other))
    assert refused.status_code == 422 and "no .safetensors file" in sentences(refused)
    headers.write(other / "lora.safetensors", headers.lora(), {})
    refused = page.post("bases", path=str(other))
    assert refused.status_code == 422 and "none of the 1" in sentences(refused)
    headers.full_size_sd15(other / "mine.safetensors")
    answer = page.post("bases", path=str(other)).json()
    assert {one["title"] for one in answer["bases"]} >= {"v1-5 [abc]", "mine.safetensors"}
    assert answer["looked"][-1] == str(other)
    assert page.get("draft").json()["training"]["base"] == "mine.safetensors"
    assert page.get("plan").json()["base"]["family"] == "sd1"


def test_a_file_of_ones_own_is_trained_on(page: Page, context: Context, tmp_path: Path) -> None:
    file = headers.full_size_sd15(tmp_path / "far" / "away.safetensors")
    assert page.post("bases", path=str(file)).status_code == 200
    assert page.get("plan").json()["base"]["title"] == str(file)
    assert page.post("bases", path=str(tmp_path / "nowhere")).status_code == 404
    context.local = False
    assert page.post("bases", path=str(file)).status_code == 403


def test_regularization_pictures_are_not_counted_and_that_is_said(
    page: Page, tmp_path: Path
) -> None:
    root = tmp_path / "set"
    for folder in ("img/10_Ada woman", "reg/1_woman"):
        (root / folder).mkdir(parents=True)
        for number in range(2):
            picture = messy.jpeg(messy.photo(number))
            (root / folder / f"{number}.jpg").write_bytes(picture)
    page.post("draft/folder", path=str(root))
    draft = page.seen()
    assert draft["total"] == 2
    assert any("regularization pictures are not trained" in said for said in draft["advice"])
    config = tmp_path / "train.toml"
    words = f'train_data_dir = "{root.as_posix()}/img"\nreg_data_dir = "{root.as_posix()}/reg"\n'
    config.write_text(words + "max_train_epochs = 3\n")
    told = page.post("import", path=str(config), apply=False).json()["draft"]
    assert told["training"]["steps"] == 2 * 10 * 3
    told_of = [said for said in told["sentences"] if "egularization" in said]
    assert told_of, told["sentences"]
