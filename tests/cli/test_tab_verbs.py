"""What the tab does in its second, third and fourth step, on the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.measured import MeasuredStep
from tests.support.verbs import run


def texts(folder: Path) -> list[str]:
    return [file.read_text(encoding="utf-8").strip() for file in sorted(folder.glob("img/*/*.txt"))]


def test_captions_change_all_at_once_and_come_back(bridge: Bridge, dataset: Path) -> None:
    before = texts(dataset)
    assert "1.txt: Ada woman, a walk in the park" in run(bridge, "captions", dataset).stdout
    done = run(bridge, "captions", dataset, "--add", "grey shirt", "--at-start")
    assert "3 of 3 captions changed." in done.stdout, done.stderr
    assert texts(dataset)[0] == "Ada woman, grey shirt, a walk in the park"
    run(bridge, "captions", dataset, "--replace", "the park", "Rome")
    assert run(bridge, "captions", dataset, "--remove", "grey shirt").returncode == 0
    assert texts(dataset) == ["Ada woman, a walk in Rome", "Ada woman", "Ada woman"]
    for _ in range(3):
        assert run(bridge, "captions", dataset, "--undo").returncode == 0
    assert texts(dataset) == before
    done = run(bridge, "captions", dataset, "--undo")
    assert done.returncode == 1 and "nothing to undo" in done.stderr


def test_changed_captions_are_trained_without_another_copy(
    bridge: Bridge, dataset: Path, base: Path
) -> None:
    run(bridge, "captions", dataset, "--add", "in Rome")
    run(bridge, "train", dataset, "--base", base, "--detach")
    assert json.loads(bridge._store.get(1).spec)["dataset"] == str(dataset / "img")


def test_captions_of_ones_own_are_left_alone(bridge: Bridge, photos: Path) -> None:
    before = {path: path.read_bytes() for path in photos.iterdir()}
    done = run(bridge, "captions", photos, "--add", "x")
    assert done.returncode == 1 and "not made by `dataset`" in done.stderr
    assert {path: path.read_bytes() for path in photos.iterdir()} == before
    assert run(bridge, "captions", photos, "--add", "x", "--undo").returncode == 2


def test_a_dry_run_says_it_all_and_starts_nothing(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    done = run(bridge, "train", dataset, "--base", base, "--preset", "person-sd15-8gb", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert (
        "engine     sd-scripts, preset person-sd15-8gb" in done.stdout
        and "steps      15, 1 epoch at batch size" in done.stdout
    )
    assert (
        "nothing comparable has been trained on this machine" in done.stdout
        and "Memory: No measured number" in done.stdout
    )
    assert bridge._store.jobs() == []
    run(
        bridge,
        "train",
        dataset,
        "--base",
        base,
        "--lora-dir",
        tmp_path / "L",
        "--set",
        "training_comment=slow",
    )
    again = json.loads(run(bridge, "train", dataset, "--base", base, "--dry-run", "--json").stdout)
    assert (again["steps"], again["job"]["preset"]) == (30, "person-sd15") and again["seconds"] > 0
    late = run(bridge, "train", dataset, "--base", base, "--dry-run", "--at", "99:99")
    assert (late.returncode, late.stderr.split(":")[0]) == (1, "at")
    refused = run(bridge, "train", dataset, "--base", base, "--dry-run", "--set", "network_dim=0")
    assert (
        refused.returncode == 1
        and "outside 1 to 4096" in refused.stderr
        and len(bridge._store.jobs()) == 1
    )


def test_a_result_is_ready_to_paste(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    assert run(bridge, "result", 1).returncode == 1
    run(bridge, "train", dataset, "--base", base, "--lora-dir", tmp_path / "L")
    done = run(bridge, "result", 1)
    assert (
        "<lora:Ada:1>" in done.stdout
        and "Negative prompt:" in done.stdout
        and "Hires" in done.stdout
    )
    assert json.loads(run(bridge, "result", 1, "--json").stdout)["stem"] == "Ada"
    assert "Best step" not in done.stdout, "nothing was measured"

    for step, loss in ((0, 0.3), (10, 0.1), (20, 0.2), (30, 0.3)):
        held_out = {"a photo": tuple(loss + draw / 10_000 for draw in range(32))}
        measured.write(bridge.folder(1).measured, MeasuredStep(step, held_out, {}))
    said = run(bridge, "result", 1).stdout
    best = json.loads(run(bridge, "result", 1, "--json").stdout)["best"]
    assert best["sure"] and f"Best step: 10, usable 10 to 10, sure. {best['reason']}" in said


def test_what_belongs_to_the_person_is_shown_and_removed(bridge: Bridge, dataset: Path) -> None:
    run(bridge, "captions", dataset, "--add", "brown eyes")
    done = run(bridge, "captions", dataset, "--person")
    assert "3  brown eyes (eyes)" in done.stdout, done.stderr
    done = run(bridge, "captions", dataset, "--person", "--remove", "--dry-run")
    assert "3 of 3 captions would change." in done.stdout
    assert "brown eyes" in run(bridge, "captions", dataset).stdout
    done = run(bridge, "captions", dataset, "--person", "--remove", "--json")
    assert json.loads(done.stdout)["captions"][0]["before"].endswith("brown eyes")
    assert "brown eyes" not in run(bridge, "captions", dataset).stdout
    run(bridge, "captions", dataset, "--undo")
    assert "brown eyes" in run(bridge, "captions", dataset).stdout
    run(bridge, "captions", dataset, "--redo")
    assert "brown eyes" not in run(bridge, "captions", dataset).stdout


def test_captions_leave_as_a_table_and_come_back(
    bridge: Bridge, dataset: Path, tmp_path: Path
) -> None:
    table = tmp_path / "captions.csv"
    done = run(bridge, "captions", dataset, "--export", table)
    assert done.stdout == f"3 captions written to {table}.\n"
    text = table.read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["caption"], row["by"]) for row in rows] == [
        ("Ada woman, a walk in the park", "hand"),
        ("Ada woman", ""),
        ("Ada woman", ""),
    ]
    told = json.loads(
        run(bridge, "captions", dataset, "--search", "park", "--export", table, "--json").stdout
    )
    assert told == {"export": str(table), "form": "csv", "captions": 1}
    assert len(table.read_text("utf-8").splitlines()) == 2
    table.write_text(text.replace("the park", "the woods"), "utf-8")
    done = run(bridge, "captions", dataset, "--import", table)
    assert "1 of 3 captions changed." in done.stdout, done.stderr
    listed = json.loads(run(bridge, "captions", dataset, "--search", "woods", "--json").stdout)
    assert [row["text"] for row in listed["captions"]] == ["Ada woman, a walk in the woods"]
    assert listed["captions"][0]["by"] == "hand"


def test_a_table_of_a_spreadsheet_comes_in(bridge: Bridge, dataset: Path, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_bytes("file;caption\r\n1.png;in a café\r\nx.png;b\r\n".encode("cp1252"))
    done = run(bridge, "captions", dataset, "--import", table)
    assert "1.txt: Ada woman, in a café" in done.stdout, done.stderr
    assert "1 row names no photo here, or several: x.png." in done.stderr
    table.write_text("file\tcaption\n2.png\t山 in a park\n", "utf-16")
    done = run(bridge, "captions", dataset, "--import", table)
    assert "2.txt: Ada woman, 山 in a park" in done.stdout, done.stderr


def test_a_table_that_cannot_be_read_is_named(
    bridge: Bridge, dataset: Path, tmp_path: Path
) -> None:
    table = tmp_path / "captions.json"
    table.write_text("{", "utf-8")
    done = run(bridge, "captions", dataset, "--import", table)
    assert done.returncode == 1 and "captions.json: " in done.stderr


def test_a_jobs_measure_takes_no_photos_of_others(bridge: Bridge, tmp_path: Path) -> None:
    done = run(bridge, "evaluate", "3", "--on", tmp_path)
    assert done.returncode == 2 and "--on and --base are for a FILE" in done.stderr
