"""Homes as people have them: odd, long, unwritable, full, used twice at once, and with a clock that
runs backwards.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.errors import BridgeError, NotFound
from sd_scripts_bridge.jobs.events import Note, Progress
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.paths import PACKAGE_PARENT, Home
from sd_scripts_bridge.running import silence, supervisor
from sd_scripts_bridge.system import files
from sd_scripts_bridge.webui.standalone import Options, serve
from tests.support import messy, verbs
from tests.support.page import describe, uploaded
from tests.support.patience import SECONDS
from tests.support.supervisor import submit, wait_over

MakeJob = Callable[..., TrainingJob]
FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"


def run(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return verbs.said(["--home", str(home), *map(str, words)])


def sentence(home: Path, *words: object) -> str:
    """What a verb says that can't be done; one line."""
    done = run(home, *words)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stdout == "", (
        done.stderr
    )
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr.strip()


# ---- odd and long ----


@pytest.mark.skipif(os.name == "nt", reason="Windows takes 260 characters for the whole path")
def test_a_home_with_a_long_odd_path_trains(tmp_path: Path, make_job: MakeJob) -> None:
    root = tmp_path
    while len(os.fsencode(root)) < 360:
        root /= "Müllers 'Größe' $x %TEMP% 日本 & co"
    bridge = Bridge(Home(root))
    installation.write(bridge.home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    assert wait_over(bridge, submit(bridge, make_job())).status is Status.SUCCEEDED


def test_a_home_whose_path_is_too_long_says_so(tmp_path: Path) -> None:
    root = tmp_path.joinpath(*["a folder with a long name"] * 20)
    said = sentence(root, "jobs")
    assert "SQLite takes no more than 450. Choose a shorter one with --home" in said
    assert [*tmp_path.glob("a folder*")] == []


# ---- not writable ----


def test_a_home_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "file", tmp_path / "file" / "home"):
        said = sentence(root, "jobs")
        assert (
            f"{str(root)!r} (--home) can't be used:" in said
            and "Choose another with --home" in said
        )


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A home with a job, on a file system that nobody may write to."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a file system read-only needs Linux and root")
    folder = tmp_path / "read-only"
    Bridge(Home(folder))
    if subprocess.run(
        ["mount", "--bind", str(folder), str(folder)], check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine doesn't let us mount")
    try:
        subprocess.run(
            ["mount", "-o", "remount,ro,bind", str(folder)], check=True, capture_output=True
        )
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_home_that_nobody_may_write_to_gets_sentences(read_only: Path, tmp_path: Path) -> None:
    said = sentence(read_only, "jobs")
    assert str(read_only) in said and (
        "readonly" in said or "Read-only" in said or "unable to open" in said
    )
    assert "choose another home folder" in said or "Choose another with --home" in said
    draft = Draft(Home(read_only))
    with pytest.raises((BridgeError, OSError)) as caught:
        describe(draft, {"name": "Ada"})
    assert "Read-only" in str(caught.value)
    (tmp_path / "photo.jpg").write_bytes(messy.jpeg(messy.photo(1)))
    assert run(tmp_path / "other", "check", tmp_path / "photo.jpg").returncode == 0


# ---- full ----


def test_a_home_on_a_full_disk_gets_sentences_and_loses_nothing(
    small_disk: Path, make_job: MakeJob
) -> None:
    bridge = Bridge(Home(small_disk))
    job_id = bridge._store.add(make_job())
    bridge._store.move(job_id, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    draft = Draft(bridge.home)
    describe(draft, {"name": "Ada"})
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 512)
    with pytest.raises(BridgeError, match="No space left"):
        describe(draft, {"name": "Eve"})
    with pytest.raises(BridgeError, match="No space left"):
        draft.upload([uploaded("1.jpg", messy.jpeg(messy.photo(1)))])
    with pytest.raises(BridgeError, match=r"Its disk is full \(\d kB are free\): make some room"):
        for _ in range(50):
            bridge._store.add(make_job())
    assert "Its disk is full" in sentence(small_disk, "jobs")
    assert Draft(bridge.home).state.name == "Ada" and Draft(bridge.home).state.items == ()
    filler.unlink()
    assert (
        bridge._store.get(job_id).status is Status.STOPPED
        and "stopped" in run(small_disk, "jobs").stdout
    )
    draft.upload([uploaded("1.jpg", messy.jpeg(messy.photo(1)))])
    assert len(Draft(bridge.home).state.items) == 1 and bridge._store.add(make_job()) > job_id
    assert draft.check.wait()


# ---- used twice at once ----


def test_rm_while_others_read(bridge: Bridge, make_job: MakeJob) -> None:
    ids = [bridge._store.add(make_job()) for _ in range(4)]
    for job_id in ids:
        bridge._store.move(job_id, Status.STOPPED, of=[Status.QUEUED], attempt=0)
        bridge.folder(job_id).create().log.write_text("line\n" * 1000)
        for step in range(15):
            bridge._store.append(job_id, 0, Progress(step, 50, 0.1))
    wrong, over = [], threading.Event()

    def read() -> None:
        views = JobViews(bridge)
        while not over.is_set():
            try:
                for row in bridge.jobs():
                    views.view(row)
                    views.status(row.id, 0)
                    bridge.log(row.id)
                time.sleep(0.01)
            except NotFound:
                continue  # it went between two looks, and that is said
            except Exception as error:  # noqa: BLE001  # any other is what this test is about
                wrong.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for job_id in ids:
        assert "gone" in bridge.remove(job_id)
        time.sleep(0.05)
    over.set()
    for reader in readers:
        reader.join()
    assert wrong == [] and bridge._store.jobs() == [] and [*bridge.home.jobs.iterdir()] == []


def test_rm_says_what_it_could_not_delete(
    bridge: Bridge, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = bridge._store.add(make_job())
    bridge._store.move(job_id, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    bridge.folder(job_id).create()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as where Windows holds a file
    assert "could not be deleted: a program has it open" in bridge.remove(job_id)


def test_two_pages_on_one_home_see_the_same(bridge: Bridge, tmp_path: Path) -> None:
    """Each `ui` is a process; both change the draft and the queue, and nothing that one did is
    lost.
    """
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from sd_scripts_bridge.page.draft.draft import Draft; from "
        "sd_scripts_bridge.paths import Home\n"
        "from sd_scripts_bridge.page.draft.choices import DraftChange, TrainingChange\n"
        "from sd_scripts_bridge.jobs.job import SetupJob; from sd_scripts_bridge.jobs.store "
        "import Store\n"
        "home = Home(Path(sys.argv[2])); draft, store = Draft(home), Store(home.database)\n"
        "for n in range(25):\n"
        "    "
        "draft.describe(DraftChange(training=TrainingChange(values={sys.argv[3] + str(n): n}))); "
        "store.add(SetupJob('sd-scripts', source=sys.argv[3]))\n"
    )
    argv = [sys.executable, "-c", code, str(PACKAGE_PARENT), str(bridge.home.root)]
    pages = [subprocess.Popen([*argv, name]) for name in ("one", "two")]
    assert [page.wait(SECONDS) for page in pages] == [0, 0]
    values = Draft(bridge.home).state.training.values
    assert {f"{name}{number}" for name in ("one", "two") for number in range(25)} == set(values)
    assert len(bridge._store.jobs()) == 50


def test_a_page_that_cant_be_served_says_why(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for place, said in (
            (Options(home, port=99999), "127.0.0.1:99999 can't be used: "),
            (Options(home, port=port), f"127.0.0.1:{port} can't be used: "),
            (Options(home, host="nowhere.invalid"), "nowhere.invalid:7862 can't be used: "),
            (Options(home, models=[home.root / "none"]), "is not a folder. Check how it is spelt."),
        ):
            with pytest.raises(BridgeError, match=re.escape(said)):
                serve(place, print)


# ---- time ----


def test_a_clock_that_runs_backwards_makes_no_negative_time(
    bridge: Bridge, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    job_id = bridge._store.add(make_job())
    row = bridge._store.claim()
    assert row
    bridge._store.note_process(job_id, 1, {"pid": 1, "started": 0, "boot": "x", "cookie": "none"})
    bridge._store.append(job_id, 1, Progress(5, 20, 0.1))
    monkeypatch.setattr(time, "time", lambda: now - 7200)
    bridge._store.append(job_id, 1, Progress(9, 20, 0.1))
    bridge._store.append(job_id, 1, Note("later"))
    views = JobViews(bridge)
    monkeypatch.setattr(supervisor, "reconcile", lambda *_: None)  # nobody runs it
    shown = views.status(job_id, 0).job
    assert shown and shown.step == 9 and shown.silent is None
    assert all(value is None or value >= 0 for value in (shown.rate, shown.left))
    assert silence.seconds(bridge._store.get(job_id), bridge.folder(job_id).log) is None
    bridge._store.move(job_id, Status.FAILED, of=[Status.RUNNING], attempt=1, sentence="because")
    shown_row = run(bridge.home.root, "jobs").stdout.split("Ada")[1].split("because")[0]
    assert not re.search(r"-\d+ ?(s|min|h)\b", shown_row), shown_row


# ---- Windows (F26) ----


def test_a_file_that_a_scanner_holds_is_replaced_a_little_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.replace, [3]

    def held(source: Any, target: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            error = PermissionError(13, "Access is denied")
            error.winerror = 5  # type: ignore[attr-defined,unused-ignore]
            raise error
        real(source, target)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(files, "HELD_SECONDS", SECONDS)
    files.write_json(tmp_path / "job.json", {"n": 1})
    left[0] = 1000
    monkeypatch.setattr(files, "HELD_SECONDS", 0.6)
    with pytest.raises(PermissionError):
        files.write_json(tmp_path / "job.json", {"n": 2})
    assert (tmp_path / "job.json").read_text() == '{\n "n": 1\n}\n', "the file before is whole"
