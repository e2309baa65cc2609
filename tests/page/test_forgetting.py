"""`forget`: after it, no file of the home shows or describes a photo;
the LoRA is there and listed.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets.looking.same import measured
from sd_scripts_bridge.engines.tools.lora_words import LoraWork
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.jobs.job import Status, ToolJob, TrainingJob
from sd_scripts_bridge.models import safetensors_file
from sd_scripts_bridge.page.finished import forgetting
from sd_scripts_bridge.photos.measures import Measures, measure
from sd_scripts_bridge.planning.preflight import size
from sd_scripts_bridge.publishing.card import preview_bytes
from sd_scripts_bridge.publishing.record import Record, sha256
from sd_scripts_bridge.system.files import write_json
from tests.rest.test_masks import half, paint, png
from tests.support import messy
from tests.support.page import Page, base, context, encoded, page, ready
from tests.support.supervisor import MakeJob, submit, wait_over, wait_step
from tests.support.verbs import run

__all__ = ["base", "context", "page", "ready"]

SECRETS = ("zanahoria", "berenjena", "pimiento")


def the_photos() -> list[Measures]:
    return [measure(messy.photo(seed).convert("RGB")) for seed in range(3)]


def words_left(home: Path, *words: str) -> list[str]:
    """ "word in file" for each word that any file below ``home`` holds, or is named by."""
    found = []
    for path in (path for path in home.rglob("*") if path.is_file()):
        text = path.read_bytes().lower() + str(path.relative_to(home)).lower().encode()
        found += [f"{word} in {path.relative_to(home)}" for word in words if word.encode() in text]
    return found


def photos_left(home: Path) -> list[str]:
    """The files below ``home`` that show one of the photos."""
    known, found = the_photos(), []
    for path in (path for path in home.rglob("*") if path.is_file()):
        try:
            Image.open(path).verify()
        except (UnidentifiedImageError, OSError, SyntaxError):
            continue
        shown = measured(path)
        if shown and any(shown.is_copy_of(photo) for photo in known):
            found.append(str(path.relative_to(home)))
    return found


@pytest.fixture
def trained(ready: Page) -> Page:
    """Job 1, trained from the draft, with everything beside it that a real run leaves."""
    return train(ready)


def train(page: Page) -> Page:
    """As `trained`."""
    for photo, secret in zip(page.seen()["photos"], cycle(SECRETS), strict=False):
        caption = f"Ada woman, {secret}"
        assert page.post(f"draft/photo/{photo['id']}", caption=caption).status_code == 200
        assert page.get(f"draft/photo/{photo['id']}/thumb").status_code == 200
    assert page.post("train").json()["job"] == 1
    assert page.over(1)["job"]["status"] == "succeeded"
    bridge = page.context.the_bridge
    bridge.check([page.context.draft.photos_folder])
    folder, job = bridge.folder(1), bridge.job(1).job
    assert isinstance(job, TrainingJob)
    copies = sorted(Path(job.dataset).glob("*/*.png"))
    np.savez(copies[0].with_suffix(".npz"), np.asarray(Image.open(copies[0])))
    shutil.copyfile(copies[0], folder.samples / "Ada_000010_00_20260101000000_42.png")
    bridge.home.kept.mkdir(parents=True)
    (bridge.home.kept / "0").write_text(SECRETS[0], encoding="utf-8")
    folder.prompts.write_text(f"Ada woman, {SECRETS[0]}\n", encoding="utf-8")
    with folder.log.open("a", encoding="utf-8") as log:
        log.write(f"caption: Ada woman, {SECRETS[1]}\n")
    for lora in (folder.final_lora("Ada"), published(page)):
        whole = lora.with_name("aside")
        said = {**safetensors_file.read_header(lora).metadata, "ss_tag_frequency": SECRETS[2]}
        with whole.open("xb") as out:
            safetensors_file.copy_into(lora, out, said)
        whole.replace(lora)
    return page


def published(page: Page) -> Path:
    return Path(page.get("jobs/1/result").json()["file"])


def test_no_byte_of_the_photos_is_left_and_the_lora_is_listed(trained: Page) -> None:
    home, lora = trained.context.the_bridge.home.root, published(trained)
    step = trained.get("jobs/1/result").json()["saves"][-1]
    for is_average in (False, True):
        done = trained.post("jobs/1/publish", step=step, average=is_average)
        assert done.status_code == 200, done.text
    own = lora.with_name(f"Ada-step{step}-average.safetensors")
    assert words_left(own.parent, *SECRETS) != []
    assert photos_left(home) and len(words_left(home, *SECRETS)) > 5
    before = safetensors_file.model_hash(lora)
    answer = trained.post("jobs/1/forget")
    assert answer.status_code == 200, answer.text
    assert photos_left(home) == []
    assert words_left(home, *SECRETS, "0.jpg", "1.jpg", "datasets/ada") == []
    assert not [*home.rglob("*.npz")]
    assert photos_left(lora.parent) == [] and words_left(lora.parent, *SECRETS) == []
    header = safetensors_file.read_header(lora)
    assert header.metadata["sshs_model_hash"] == before == safetensors_file.model_hash(lora)
    listed = {
        row["file"]: (row["job"], row["step"]) for row in trained.get("loras").json()["loras"]
    }
    assert listed == {
        "Ada.safetensors": (1, None),
        f"Ada-step{step}.safetensors": (1, step),
        own.name: (None, None),
    }
    assert trained.get("draft").json()["photos"] == []
    assert "removed from the draft" in " ".join(answer.json()["notes"])


def sizes(home: Path) -> dict[Path, int]:
    """Of the files in ``home``, but for the database, which keeps its space."""
    return {
        path: path.stat().st_size
        for path in home.rglob("*")
        if path.is_file() and "sqlite3" not in path.name
    }


def test_a_look_says_what_forgetting_frees_and_deletes_nothing(trained: Page) -> None:
    bridge = trained.context.the_bridge
    work_on(bridge, 1)
    assert trained.context.draft.check.wait()
    before = sizes(bridge.home.root)
    answer = trained.get("jobs/1/forget").json()
    assert (answer["dry_run"], sizes(bridge.home.root)) == (True, before)
    told = run(bridge, "forget", 1, "--dry-run", "--json")
    assert json.loads(told.stdout).items() <= {"job": 1, **answer}.items()
    said = run(bridge, "forget", 1, "--dry-run").stdout
    assert f"would free {size(answer['bytes'])}" in said
    assert len(bridge.jobs()) > 1, "a look removes no job"
    done = trained.post("jobs/1/forget").json()
    left = sizes(bridge.home.root)
    assert done["bytes"] == answer["bytes"] == sum(before[path] for path in before.keys() - left)
    assert trained.get("jobs/1/forget").json()["bytes"] == 0


def test_nothing_is_left_of_a_training_that_used_everything(ready: Page) -> None:
    frame = {"name": "remolacha-00m01s040.jpg", "data": encoded(9)}
    ready.post("draft/photos", files=[frame])
    for photo in ready.seen()["photos"][::3]:  # a mask on an upload and on a frame
        said = paint(ready, photo["id"], png(half(640, 560)))
        assert said.status_code == 200, said.text
    ready.post("draft", training={"values": {"alpha_mask": True}})
    bridge = train(ready).context.the_bridge
    work_on(bridge, 1)
    home, drawn = bridge.home.root, bridge.home.regularization / "base" / "1_woman" / "1.png"
    drawn.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(drawn)
    secrets = (*SECRETS, "remolacha", "0.jpg", "datasets/ada")
    assert all(words_left(home, secret) for secret in secrets)
    with closing(sqlite3.connect(bridge.home.database)) as other:  # another program looks, too
        other.execute("SELECT count(*) FROM jobs").fetchone()
        answer = ready.post("jobs/1/forget").json()
        assert words_left(home, *secrets) == []
    assert "no photo, caption or picture of it is left" in answer["sentence"]
    assert photos_left(home) == [] and not [*home.rglob("*-*.png")], "masks, samples, the grid"
    assert [row.id for row in bridge.jobs()] == [1] and drawn.is_file()
    assert published(ready).is_file()


def work_on(bridge: Bridge, number: int) -> None:
    """What jobs that are over leave of job ``number`` and its photos: a grid, votes, captions, a
    video's frames, and what was measured.
    """
    folder, job = bridge.folder(number), bridge.job(number).job
    assert isinstance(job, TrainingJob)
    copy = next(Path(job.dataset).glob("*/*.png"))
    folder.grid.mkdir(exist_ok=True)
    shutil.copyfile(copy, folder.grid / "step00000010-w0.60-0.png")
    folder.votes.write_text(SECRETS[0], encoding="utf-8")
    draft = bridge.home.root / "draft"
    tools = [ToolJob(name, "Ada", {}, about=number) for name in ("judge", "evaluate", "find-step")]
    tools += [
        ToolJob("likeness", f"like {SECRETS[1]}", {}, about=number),
        ToolJob("caption", "captions", {"photos": [str(draft / "photos")]}),
        ToolJob("frames", "1 frame of remolacha.MOV", {"video": str(draft / "remolacha.MOV")}),
    ]
    for tool in tools:
        other = bridge._store.add(tool)
        bridge.stop(other)
        left = bridge.folder(other).create()
        left.log.write_text(str(copy), encoding="utf-8")
        frame = {"file": str(draft / "frames" / "1" / "remolacha-00m01s040.jpg")}
        write_json(left.result, {"frames": [frame] if tool.tool == "frames" else []})


def test_other_trainings_on_the_same_photos_are_named(trained: Page) -> None:
    assert trained.post("train").json()["job"] == 2, "copies of their own"
    trained.over(2)
    answer = trained.post("jobs/1/forget").json()
    assert answer["sentence"].endswith("What other trainings hold of its photos stays: 2.")
    assert any("`forget 2` too" in note for note in answer["notes"])
    assert "no photo" in trained.post("jobs/2/forget").json()["sentence"]
    assert photos_left(trained.context.the_bridge.home.root) == []


def test_the_job_stays_with_its_settings_and_its_curve(trained: Page) -> None:
    before = trained.get("status?job=1").json()
    settings = trained.get("jobs/1").json()["spec"]["params"]
    trained.post("jobs/1/forget")
    after = trained.get("status?job=1").json()
    assert after["curve"] == before["curve"] and after["job"]["status"] == "succeeded"
    now = trained.get("jobs/1").json()
    assert now["spec"]["params"] == {**settings, "training_comment": None}
    assert now["report"]["steps"] == before["job"]["step"]
    result = trained.get("jobs/1/result").json()
    assert (result["stem"], result["samples"]) == ("Ada", [])
    assert trained.post("jobs/1/forget").status_code == 200, "a second time finishes the first"
    assert trained.post("jobs/1/publish").status_code == 200, "the LoRA can still be published"


def test_photos_that_the_job_never_saw_stay_in_the_draft(trained: Page) -> None:
    trained.post("draft/photos", files=[{"name": "new.jpg", "data": encoded(9)}])
    first, *_, new = trained.seen()["photos"]
    for photo in (first, new):
        said = paint(trained, photo["id"], png(half(640, 560)))
        assert said.status_code == 200, said.text
    trained.post("jobs/1/forget")
    assert [photo["file"] for photo in trained.seen()["photos"]] == ["new.jpg"]
    masks = [*(trained.context.the_bridge.home.root / "draft" / "masks").iterdir()]
    assert [mask.name.partition("-")[0] for mask in masks] == [str(new["id"])]


# ---- what is refused ----


def own_copies(bridge: Bridge, job: TrainingJob) -> TrainingJob:
    """The job with its photos copied into the home."""
    root = bridge.home.datasets / "Ada"
    if not root.exists():
        shutil.copytree(job.dataset, root / "img")
    return job.evolve(dataset=str(root / "img"))


def test_it_is_refused_while_the_job_runs(bridge: Bridge, make_job: MakeJob) -> None:
    number = submit(bridge, own_copies(bridge, make_job("hold", max_train_steps=20)))
    wait_step(bridge, number, 5)
    with pytest.raises(Conflict, match=r"Job 1 is running\. Stop it first"):
        forgetting.forget(bridge, number)
    assert [*bridge.home.datasets.rglob("*.png")]
    (bridge.folder(number).output / "go").touch()
    assert wait_over(bridge, number).status is Status.SUCCEEDED


def test_it_is_refused_while_another_trains_the_same_copies(
    bridge: Bridge, make_job: MakeJob
) -> None:
    first = submit(bridge, own_copies(bridge, make_job()))
    wait_over(bridge, first)
    second = submit(bridge, own_copies(bridge, make_job("hold")))
    wait_step(bridge, second, 5)
    with pytest.raises(Conflict, match=r"Job 2 \(Ada\) is running, and needs the same photos"):
        forgetting.forget(bridge, first)
    assert [*bridge.home.datasets.rglob("*.png")]
    (bridge.folder(second).output / "go").touch()
    wait_over(bridge, second)
    notes: Any = forgetting.forget(bridge, first).notes
    assert any("`forget 2` too" in note for note in notes)
    assert not [*bridge.home.datasets.rglob("*.png")]


def test_what_tools_wrote_of_the_photos_goes_too(bridge: Bridge, make_job: MakeJob) -> None:
    job = own_copies(bridge, make_job())
    number = submit(bridge, job)
    wait_over(bridge, number)
    photo = str(next(Path(job.dataset).glob("*/*.png")))
    for tool in (
        ToolJob("caption", "captions", {"photos": [photo]}),
        ToolJob("likeness", "likeness", {}, about=number),
        ToolJob("caption", "others", {"photos": ["/elsewhere/1.png"]}),
    ):
        other = bridge._store.add(tool, time.time() + 3600)  # nobody begins it before the stop
        bridge.stop(other)
        bridge.folder(other).create().log.write_text(photo, encoding="utf-8")
    forgetting.forget(bridge, number)
    assert [row.id for row in bridge.jobs()] == [number, 4]
    assert not bridge.folder(2).root.exists() and bridge.folder(4).root.exists()


def test_captions_go_out_of_loras_that_were_made_of_its_lora(trained: Page) -> None:
    """sd-scripts' programs hand the metadata on; a LoRA of something else is left alone."""
    bridge, first = trained.context.the_bridge, published(trained)
    smaller, merged, other = (made(bridge, file, first) for file in ("s", "m", "o"))
    worked(bridge, "resize", [first], smaller, photo_of(bridge))
    worked(bridge, "merge", [other, smaller], merged)
    worked(bridge, "resize", [other.with_name("elsewhere.safetensors")], other)
    assert len(words_left(smaller.parent, SECRETS[2])) == 3
    before = safetensors_file.model_hash(merged)
    notes = trained.post("jobs/1/forget").json()["notes"]
    assert words_left(smaller.parent, SECRETS[2]) == [f"{SECRETS[2]} in {other.name}"]
    assert safetensors_file.model_hash(merged) == before
    assert "m.safetensors stays; the captions are taken out of it." in notes
    assert "Its card's picture was one of the photos: it is gone, too." in notes
    assert not smaller.with_suffix(".png").exists()


def made(bridge: Bridge, name: str, of: Path) -> Path:
    place = bridge.home.root.parent / "made" / f"{name}.safetensors"
    place.parent.mkdir(exist_ok=True)
    shutil.copyfile(of, place)
    return place


def photo_of(bridge: Bridge) -> Path:
    job = bridge.job(1).job
    assert isinstance(job, TrainingJob)
    return next(Path(job.dataset).rglob("*.png"))


def worked(
    bridge: Bridge, action: str, files: list[Path], gave: Path, shown: Path | None = None
) -> None:
    """A job of sd-scripts' own programs that is over."""
    work = LoraWork(action, gave.stem, "sd1", tuple(map(str, files)))
    number = bridge._store.add(ToolJob("lora", gave.stem, work.as_dict()))
    bridge.stop(number)
    write_json(bridge.folder(number).create().result, {"action": action, "file": str(gave)})
    if shown is not None:
        picture = preview_bytes(shown)
        gave.with_suffix(".png").write_bytes(picture)
        record = Record.load(bridge.folder(number).published)
        record.stem, record.lora_dir = gave.stem, str(gave.parent)
        record.placed = {".png": sha256(picture)}
        record.save()


def test_a_folder_of_the_user_s_own_is_left_alone(bridge: Bridge, make_job: MakeJob) -> None:
    job = make_job("crash:8")
    number = submit(bridge, job)
    wait_over(bridge, number)
    forgetting.forget(bridge, number)
    assert len([*Path(job.dataset).rglob("*.png")]) == 10
    with pytest.raises(Conflict, match="are forgotten"):
        bridge.retry(number)
    with pytest.raises(Conflict, match="are forgotten"):
        bridge.resume(number)
