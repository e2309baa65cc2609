"""Configs into the draft over HTTP, jobs out of it, and the command line's verbs on files of this
machine.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.jobs.launch import Launch
from sd_scripts_bridge.options import presets
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft import imports as draft_imports
from tests.support import model_headers as headers
from tests.support.page import Page, encoded, sentences

KOHYA = {
    "LoRA_type": "Standard",
    "network_dim": 8,
    "network_alpha": 4,
    "epoch": 2,
    "max_train_steps": 0,
    "lr_warmup": 10,
    "optimizer": "AdamW",
    "mixed_precision": "no",
    "max_resolution": "512,512",
    "output_name": "FromKohya",
    "learning_rate": 0.0003,
    "pretrained_model_name_or_path": "D:/models/v1-5-pruned-emaonly.safetensors",
    "train_data_dir": "D:/photos/img",
    "wandb_api_key": "s3cret",
    "train_batch_size": 2,
    "cache_latents_to_disk": True,
    "seed": 7,
}


def file(name: str, content: bytes | str) -> dict[str, str]:
    return {
        "name": name,
        "data": base64.b64encode(
            content.encode() if isinstance(content, str) else content
        ).decode(),
    }


def kohya(**more: Any) -> list[dict[str, str]]:
    return [file("kohya.json", json.dumps({**KOHYA, **more}))]


def fates(answer: Any) -> dict[str, str]:
    return {row["key"]: row["fate"] for row in answer["keys"]}


def test_a_config_is_reported_whole_and_nothing_changes_until_asked(page: Page) -> None:
    before = page.get("draft").json()
    answer = page.post("import", files=kohya()).json()
    assert set(fates(answer)) == set(KOHYA), "every key is accounted for"
    assert answer["counts"]["used"] > 5 and answer["file"] == "kohya.json" and not answer["applied"]
    assert "s3cret" not in json.dumps(answer)
    assert page.get("draft").json() == before


def test_used_it_is_in_the_draft_and_taken_back_it_is_as_before(ready: Page) -> None:
    ready.post("draft", training={"values": {"network_dim": 99}})
    before = ready.get("draft").json()
    answer = ready.post("import", files=kohya(), apply=True).json()
    draft = ready.get("draft").json()
    training = draft["training"]
    assert answer["applied"] and draft["imported"]
    assert (training["preset"], training["base"]) == (presets.IMPORTED, "v1-5 [abc]"), (
        "found by its file's name"
    )
    values = training["values"]
    assert (values["network_dim"], values["learning_rate"], values["seed"]) == (8, 0.0003, 7)
    assert values["cache_latents_to_disk"] is True and "training_comment" not in values
    assert "max_train_steps" not in values and training["steps"] == 30
    assert any(
        "2 epochs of photos that aren't here" in sentence
        for sentence in answer["draft"]["sentences"]
    )
    assert (draft["name"], training["lora_name"]) == ("Ada", "FromKohya"), "what was typed stays"
    plan = ready.get("plan").json()
    assert (
        plan["preset"]["name"] == presets.IMPORTED and plan["batch"] == 2 and plan["problems"] == []
    )
    after = ready.post("import/undo").json()
    assert {key: after[key] for key in ("name", "class_token", "training", "imported")} == {
        key: before[key] for key in ("name", "class_token", "training", "imported")
    }
    assert ready.post("import/undo").json()["training"] == before["training"], "twice does nothing"


def test_several_gpus_come_along_and_count(ready: Page, context: Context) -> None:
    answer = ready.post(
        "import", files=kohya(num_processes=2, multi_gpu=True, gpu_ids="1,3"), apply=True
    ).json()
    assert fates(answer)["num_processes"] == fates(answer)["gpu_ids"] == "used"
    assert any("GPUs: 1,3" in sentence for sentence in answer["draft"]["sentences"])
    plan = ready.get("plan").json()
    assert plan["batch"] == 4 and plan["problems"] == [] and plan["steps"] < 30
    assert any("2 processes" in advice for advice in plan["advice"])
    spec = context.the_bridge._store.get(ready.post("train").json()["job"]).job
    assert (
        isinstance(spec, TrainingJob)
        and spec.launch == Launch(2, gpu_ids=(1, 3))
        and spec.device == "1,3"
    )
    ready.post("draft", training={"gpus": "2"})
    assert ready.get("plan").json()["batch"] == 2
    ready.post("draft", training={"gpus": "first"})
    assert any("not a list of GPUs" in problem for problem in ready.get("plan").json()["problems"])
    answer = ready.post("import", files=kohya(), apply=True).json()
    assert answer["draft"]["training"]["gpus"] == "", "one process, as that file says"


def test_what_was_imported_trains_as_the_file_says(ready: Page, context: Context) -> None:
    ready.post("import", files=kohya(), apply=True)
    job = ready.post("train").json()["job"]
    ready.over(job)
    spec = context.the_bridge._store.get(job).job
    assert isinstance(spec, TrainingJob)
    assert (spec.preset, spec.name, spec.params.network_dim, spec.params.train_batch_size) == (
        "imported",
        "FromKohya",
        8,
        2,
    )
    assert spec.params.min_snr_gamma is None, "that is a preset's, and the file has none"
    assert spec.params.extra == {"cache_latents_to_disk": True}


def test_a_file_that_says_v_prediction_trains_v_prediction(ready: Page, context: Context) -> None:
    """The base has no mark, so only the file can say it."""
    ready.post("import", files=kohya(v_parameterization=True), apply=True)
    assert ready.get("draft").json()["training"]["v_parameterization"] is True
    spec = context.the_bridge._store.get(ready.post("train").json()["job"]).job
    assert isinstance(spec, TrainingJob) and spec.prediction == "v_prediction"


def test_photos_of_this_machine_come_along_into_an_empty_draft(page: Page, tmp_path: Path) -> None:
    from tests.support import messy

    leaf = tmp_path / "set" / "img" / "5_Bob man"
    leaf.mkdir(parents=True)
    (leaf / "1.jpg").write_bytes(messy.jpeg(messy.photo(1)))
    answer = page.post("import", files=kohya(train_data_dir=str(leaf.parent)), apply=True).json()
    assert any(
        "trains 5 (2 epochs of 5 pictures) at batch 2" in sentence
        for sentence in answer["draft"]["sentences"]
    )
    draft = page.seen()
    assert (draft["total"], draft["source"], draft["name"], draft["class_token"]) == (
        1,
        str(leaf.parent),
        "Bob",
        "man",
    )
    assert draft["training"]["steps"] == 10
    assert page.post("import/undo").json()["total"] == 0


def test_a_loras_header_is_enough(page: Page, tmp_path: Path) -> None:
    metadata = {
        "ss_network_dim": "12",
        "ss_network_alpha": "6.0",
        "ss_max_train_steps": "700",
        "ss_v2": "False",
        "ss_seed": "3",
        "ss_base_model_version": "sd_v1",
        "ss_sd_model_name": "gone.safetensors",
    }
    whole = headers.write(tmp_path / "old.safetensors", headers.lora(), metadata).read_bytes()
    front = whole[: 8 + int.from_bytes(whole[:8], "little")]
    answer = page.post("import", files=[file("old.safetensors", front)]).json()
    assert answer["values"]["network_dim"] == 12 and answer["draft"]["training"]["steps"] == 700
    assert "'gone.safetensors' isn't among the models here" in " ".join(
        answer["draft"]["sentences"]
    )
    assert (
        page.post("import", files=[file("old.safetensors", whole)]).json()["values"]
        == answer["values"]
    )
    assert page.post("import", files=[file("old.safetensors", front[:-9])]).status_code == 422


def test_an_exported_job_comes_back_the_same(ready: Page, context: Context, tmp_path: Path) -> None:
    ready.post(
        "draft",
        training={
            "values": {"network_dim": 24, "sample_every_n_steps": 5, "training_comment": None}
        },
    )
    ready.over(ready.post("train").json()["job"])
    made = context.the_bridge._store.get(1).job
    assert isinstance(made, TrainingJob)
    forms = {
        "toml": (["train.toml", "dataset.toml"],),
        "kohya": (["Ada.json"],),
        "sh": (["train.sh"], ["train.bat"]),
    }
    for form, main in ((form, main) for form, several in forms.items() for main in several):
        answer = ready.get(f"jobs/1/export?format={form}")
        assert answer.headers["content-type"] == "application/zip"
        assert f"job-1-{form}.zip" in answer.headers["content-disposition"]
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert "READ ME.txt" in archive.namelist() and set(main) <= set(archive.namelist())
        archive.extractall(tmp_path / form)
        back = ready.post(
            "import", files=[file(name, archive.read(name)) for name in reversed(main)]
        ).json()
        values = back["draft"]["training"]["values"]
        assert (
            values["network_dim"] == 24
            and values["sample_every_n_steps"] == 5
            and "sample_prompts" not in values
        )
        assert back["draft"]["training"]["steps"] == 30 and back["base"] == made.base
        unpacked = imports.read(tmp_path / form / main[0])
        assert unpacked.dataset == Path(made.dataset), "the files name each other wherever they lie"


def test_a_job_that_is_none_and_a_format_that_is_none(ready: Page) -> None:
    assert ready.get("jobs/9/export?format=toml").status_code == 404
    ready.post("train")
    assert ready.get(
        "jobs/1/export?format=yaml"
    ).status_code == 422 and "toml, kohya, sh" in sentences(ready.get("jobs/1/export"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([file("x.json", "{}")], "holds no settings"),
        ([file("x.png", b"\x89PNG")], "ends in '.png'"),
        ([file("x.toml", "= 3")], "is not TOML"),
        ([file("a.json", "{}"), file("b.json", "{}")], "not one training"),
        ([file("n.toml", "network_dim = nan\nday = 2024-01-01")], ""),
        ([file("deep.json", "[" * 100_000)], "is not JSON"),
    ],
)
def test_what_is_no_config_is_a_sentence(page: Page, files: Any, said: str) -> None:
    answer = page.post("import", files=files)
    assert answer.status_code == (422 if said else 200)
    assert not said or said in sentences(answer)


def test_an_import_that_cant_be_written_into_the_draft_is_refused(page: Page) -> None:
    assert page.post("import", files=kohya(), apply="yes").status_code == 422
    assert page.post("import", path="relative.json").status_code == 422


# ---- remote clients ----


def test_for_remote_clients_nothing_is_looked_up_and_foreign_options_are_named(
    page: Page, context: Context, tmp_path: Path
) -> None:
    secret = tmp_path / "img" / "3_Eve woman"
    secret.mkdir(parents=True)
    context.local = False
    answer = page.post(
        "import", files=kohya(train_data_dir=str(secret.parent), masked_loss=True), apply=True
    ).json()
    assert answer["dataset"] is None and answer["draft"]["folder"] is None
    assert (
        page.get("draft")
        .json()["training"]["values"]
        .keys()
        .isdisjoint({"cache_latents_to_disk", "masked_loss"})
    )
    rows = {row["key"]: row for row in answer["keys"]}
    for name in ("cache_latents_to_disk", "masked_loss"):
        assert (rows[name]["fate"], rows[name]["why"]) == ("ignored", draft_imports.REMOTE)
    assert answer["counts"]["ignored"] == sum(row["fate"] == "ignored" for row in answer["keys"])
    assert str(tmp_path) not in json.dumps(page.post("import", files=kohya()).json())
    there = page.post(
        "import", files=kohya(pretrained_model_name_or_path="/etc/hostname", vae="/etc/hostname")
    ).json()
    gone = page.post(
        "import", files=kohya(pretrained_model_name_or_path="/etc/nothing", vae="/etc/nothing")
    ).json()
    assert json.dumps(there).replace("hostname", "nothing") == json.dumps(gone), (
        "it tells nothing of this machine"
    )
    assert page.post("import", path="/etc/hostname").status_code == 403


@pytest.mark.parametrize("path", ["jobs", "check", "dataset", "publish", "presets/copy"])
def test_files_of_this_machine_stay_out_of_reach_of_remote_clients(
    page: Page, context: Context, path: str
) -> None:
    context.local = False
    assert page.post(path).status_code == 403
    assert page.get("jobs/1/export?format=sh").status_code == 403


# ---- the command line's verbs ----


def test_from_a_folder_to_a_published_lora_without_the_draft(
    page: Page, context: Context, base: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        (photos / f"{number}.jpg").write_bytes(base64.b64decode(encoded(number)))
    assert (
        page.post("check", photos=[str(photos)]).json()["summary"] == "3 of 3 photos will be used."
    )
    body = {
        "photos": [str(photos)],
        "name": "Ada",
        "class": "woman",
        "steps": 30,
        "out": str(tmp_path / "set"),
    }
    made = page.post("dataset", **body).json()
    assert (made["repeats"], made["steps"], Path(made["folder"]).name) == (10, 30, "10_Ada woman")
    started = page.post(
        "jobs",
        dataset=made["root"],
        base=str(base),
        values={"network-dim": "6"},
        engine="sd-scripts",
    )
    assert started.status_code == 200, started.text
    assert page.over(started.json()["job"])["job"]["status"] == "succeeded"
    spec = page.get("jobs/1").json()["spec"]
    assert spec["params"]["network_dim"] == 6 and page.get("draft").json()["total"] == 0
    lora = tmp_path / "models" / "Lora" / "Ada.safetensors"
    assert lora.is_file(), "it went where the tab's go"
    again = page.post(
        "publish", file=str(lora), lora_dir=str(tmp_path / "other"), name="Hero"
    ).json()
    assert (again["stem"], Path(again["path"]).is_file()) == ("Hero", True)
    again = page.post("jobs", config=str(lora), dataset=made["root"], base=str(base)).json()
    assert page.get(f"jobs/{again['job']}").json()["spec"]["preset"] == presets.IMPORTED
    page.over(again["job"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs", {}),
        ("jobs", {"dataset": "relative"}),
        ("jobs", {"dataset": 3}),
        ("jobs", {"dataset": "/x", "base": "/y", "gpu": -1}),
        ("jobs", {"launch": 3}),
        ("jobs", {"launch": {"processes": "2"}}),
        ("jobs", {"launch": {"gpus": ["0"]}}),
        ("jobs", {"on": {}}),
        ("jobs", {"on": {"address": "ray://x", "port": 3}}),
        ("jobs", {"dataset": "/x", "base": "/y", "values": [1]}),
        ("check", {"photos": "x"}),
        ("check", {"photos": ["/gone"]}),
        ("dataset", {"photos": ["/gone"], "name": "A", "class": "b", "out": "/x", "steps": 0}),
        ("publish", {"file": "/gone.safetensors", "lora_dir": "/x"}),
        ("presets/copy", {"name": "tiny"}),
        ("publish", {"file": "\0"}),
    ],
)
def test_bodies_that_cant_be_used_are_422_with_a_sentence(
    page: Page, path: str, body: dict[str, Any]
) -> None:
    answer = page.post(path, **body)
    assert answer.status_code == 422 and sentences(answer), answer.text
    assert page.get("jobs").json()["jobs"] == []


def test_more_than_one_process_is_asked_for_in_words(
    page: Page, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.bridge import Bridge
    from sd_scripts_bridge.errors import Conflict
    from sd_scripts_bridge.planning.request import Request

    asked: list[Request] = []

    def submit(_self: Bridge, request: Request, _at: str | None) -> None:
        asked.append(request)
        raise Conflict("test.enough", "Enough is known.")

    monkeypatch.setattr(Bridge, "submit", submit)
    cluster = {"address": "ray://head", "base": "/there/m.safetensors"}
    body = {"launch": {"gpus": [0, 2], "machines": 2, "machine_rank": None}, "on": cluster}
    assert page.post("jobs", dataset=str(base.parent), **body).status_code == 409
    assert asked[0].launch is not None and (asked[0].launch.processes, asked[0].launch.gpu_ids) == (
        4,
        (0, 2),
    )
    assert asked[0].on is not None and asked[0].on.address.endswith("head:8265")
    assert asked[0].base == Path("/there/m.safetensors")


@pytest.mark.parametrize("place", ["outside/mine.toml", "home/mine.sh", "home/link/mine.toml"])
def test_a_preset_is_copied_as_toml_into_ones_own_folder_only(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    for folder in ("home", "outside"):
        (tmp_path / folder).mkdir()
    (tmp_path / "home" / "link").symlink_to(tmp_path / "outside")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    answer = page.post("presets/copy", name="tiny", to=str(tmp_path / place))
    assert answer.status_code == 422 and not [*tmp_path.rglob("mine.*")]
    fine = page.post("presets/copy", name="tiny", to=str(tmp_path / "home" / "mine.toml"))
    assert fine.status_code == 200 and (tmp_path / "home" / "mine.toml").is_file()


SECRET = "hf_AbCdEfGhIjKlMnOpQrStUv"


def test_no_sentence_repeats_a_secret(page: Page) -> None:
    for body in ({"base": f"https://me:{SECRET}@host/x"}, {"dataset": f"x {SECRET}"}):
        answer = page.post("jobs", **body)
        assert answer.status_code == 422 and SECRET not in answer.text


def test_an_import_shows_no_password_of_another_program(page: Page) -> None:
    config = json.dumps({**KOHYA, "hf_token": "abc", "my_password": "xyz"})
    files = [{"name": "a.json", "data": base64.b64encode(config.encode()).decode()}]
    rows = {row["key"]: row["value"] for row in page.post("import", files=files).json()["keys"]}
    assert rows["hf_token"] == rows["my_password"] == "(not shown)"
