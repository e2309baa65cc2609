"""Killed between any two steps of publishing, and resumed: exactly one LoRA, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Finished, Published
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.jobs.store import JobRow
from sd_scripts_bridge.models import safetensors_file
from sd_scripts_bridge.publishing.record import Record
from sd_scripts_bridge.running import supervisor
from sd_scripts_bridge.running.attempt import Attempt
from tests.support import model_headers as headers
from tests.support.supervisor import MakeJob

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child is killed at each step")

STEPS = frozenset({"open", "os.link", "os.remove", "os.rename", "os.mkdir", "sqlite3.connect"})
"""What Python says before it does it (its audit events), as far as a file or the queue changes."""
KILLED = 77


class Counter:
    """Counts the steps below some folders, and ends the process before step ``last``."""

    def __init__(self, folders: tuple[Path, ...], last: int | None) -> None:
        self.folders, self.last, self.count = tuple(map(str, folders)), last, 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in STEPS or not str(arguments[0]).startswith(self.folders):
            return
        if event == "open" and isinstance(arguments[1], str) and not set(arguments[1]) & set("wxa"):
            return
        self.count += 1
        if self.count == self.last:
            os._exit(KILLED)


def in_child(deed: Callable[[], object], folders: tuple[Path, ...], last: int | None) -> int:
    """Do ``deed`` in a copy of this process that is killed before step ``last``.

    Returns the steps that it has made, or -1 where it was killed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        counter = Counter(folders, last)
        sys.addaudithook(counter)
        try:
            deed()
            os.write(writing, str(counter.count).encode())
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    os.close(writing)
    said = os.read(reading, 20)
    os.close(reading)
    if os.waitstatus_to_exitcode(status) == KILLED:
        return -1
    assert said, "the child failed by itself"
    return int(said)


@pytest.fixture
def trained(bridge: Bridge, make_job: MakeJob) -> int:
    """A job whose training has ended, and whose supervisor was killed before it published."""
    job_id = bridge._store.add(make_job())
    row = bridge._store.claim()
    assert row
    folder = bridge.folder(job_id).create()
    headers.write(folder.final_lora("Ada"), headers.lora(), headers.METADATA)
    Image.new("RGB", (40, 40)).save(folder.sample("Ada", 5, 0))
    supervisor.mark_lost(bridge._store)
    return job_id


def again(bridge: Bridge, job_id: int) -> JobRow:
    """Queue it once more, and take it."""
    supervisor.mark_lost(bridge._store)
    row = bridge._store.get(job_id)
    if not row.status.is_over or row.status is Status.SUCCEEDED:
        return row
    assert bridge._store.move(
        job_id, Status.QUEUED, of=[Status.LOST, Status.FAILED], attempt=row.attempt
    )
    claimed = bridge._store.claim()
    assert claimed
    return claimed


def lora_folder(bridge: Bridge) -> Path:
    return bridge.home.root.parent / "models" / "Lora"


def kill_points(bridge: Bridge, job_id: int, row: JobRow) -> Iterator[int]:
    """Each step in turn, until one run gets through without being killed."""
    home, store = bridge.home, bridge._store
    folders = (lora_folder(bridge), home.root)
    for last in range(1, 400):
        if in_child(Attempt(home, store, row).run, folders, last) != -1:
            return
        yield last
        row = again(bridge, job_id)
    raise AssertionError("it never gets through")


@pytest.mark.parametrize(
    ("before", "links"),
    [
        ("nothing", True),
        ("a card", True),
        ("a broken card", True),
        ("a preview", True),
        ("a card", False),
    ],
)
def test_killed_at_each_step_and_resumed_there_is_one_lora(
    bridge: Bridge,
    trained: int,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    links: bool,
) -> None:
    """Each time from the same beginning; what is left by all of them together is checked, too."""
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    lora_dir = lora_folder(bridge)
    home, store, killed = bridge.home, bridge._store, 0
    folders = (lora_dir, home.root)
    for last in range(1, 400):
        _lay_out(lora_dir, before)
        bridge.folder(trained).published.unlink(missing_ok=True)
        row = _as_lost(bridge, trained)
        steps = in_child(Attempt(home, store, row).run, folders, last)
        if steps != -1:
            break
        killed += 1
        row = again(bridge, trained)
        if row.status is Status.RUNNING:
            Attempt(home, store, row).run()
        _is_whole(bridge, trained, before, f"killed before step {last}")
    assert killed > 25
    _is_whole(bridge, trained, before, "not killed")


def _no_links(*_: object) -> None:
    raise OSError(1, "Operation not permitted")


def _lay_out(lora_dir: Path, before: str) -> None:
    lora_dir.mkdir(parents=True, exist_ok=True)
    for path in lora_dir.iterdir():
        path.unlink()
    if before == "a card":
        (lora_dir / "Ada.json").write_text('{"description": "mine"}')
    elif before == "a broken card":
        (lora_dir / "Ada.json").write_text("[broken")
    elif before == "a preview":
        (lora_dir / "Ada.preview.png").write_bytes(b"mine")


def _as_lost(bridge: Bridge, job_id: int) -> JobRow:
    """The job as at first, in its next attempt."""
    with bridge._store._change() as db:
        db.execute("UPDATE jobs SET status = 'lost' WHERE id = ?", (job_id,))
        db.execute("DELETE FROM events WHERE job = ?", (job_id,))
    return again(bridge, job_id)


def _is_whole(bridge: Bridge, job_id: int, before: str, when: str) -> None:
    row = bridge._store.get(job_id)
    assert row.status is Status.SUCCEEDED, (when, row.sentence)
    lora_dir = lora_folder(bridge)
    expected = {"Ada.json", "Ada.safetensors"}
    expected |= {"Ada.preview.png"} if before == "a preview" else {"Ada.png"}
    expected |= {"Ada.json.broken"} if before == "a broken card" else set()
    assert {path.name for path in lora_dir.iterdir()} == expected, when
    source = bridge.folder(job_id).final_lora("Ada")
    published = lora_dir / "Ada.safetensors"
    assert safetensors_file.model_hash(published) == safetensors_file.model_hash(source)
    assert safetensors_file.read_header(published).metadata["ss_output_name"] == "Ada"
    card = json.loads((lora_dir / "Ada.json").read_text())
    assert card["activation text"] == "Ada woman"
    assert (card["description"] == "mine") == (before == "a card"), when
    if before == "a broken card":
        assert (lora_dir / "Ada.json.broken").read_text() == "[broken"
    events = [entry.event for entry in bridge.events(job_id)]
    assert len({event.path for event in events if isinstance(event, Published)}) == 1
    assert [event.status for event in events if isinstance(event, Finished)][-1] == "succeeded"


def test_killed_again_and_again_it_still_becomes_one_lora(bridge: Bridge, trained: int) -> None:
    """Killed one step further each time it is resumed."""
    row = again(bridge, trained)
    killed = sum(1 for _ in kill_points(bridge, trained, row))
    assert killed > 25
    _is_whole(bridge, trained, "nothing", "at last")


def test_a_job_that_is_forgotten_takes_its_half_published_lora_along(
    bridge: Bridge, trained: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = again(bridge, trained)
    lora_dir = lora_folder(bridge)

    def killed(*_: object) -> None:
        os._exit(KILLED)

    def deed() -> None:
        monkeypatch.setattr("sd_scripts_bridge.publishing.place.Place.put_model", killed)
        Attempt(bridge.home, bridge._store, row).run()

    assert in_child(deed, (), None) == -1
    assert {"Ada.json", ".ada.publishing"} <= {path.name for path in lora_dir.iterdir()}
    supervisor.mark_lost(bridge._store)
    bridge.remove(trained)
    assert list(lora_dir.iterdir()) == []


def test_publishing_by_hand_and_resuming_is_one_lora(bridge: Bridge, trained: int) -> None:
    published = bridge.publish_job(trained)
    Attempt(bridge.home, bridge._store, again(bridge, trained)).run()
    _is_whole(bridge, trained, "nothing", "after publish JOB")
    assert bridge.publish_job(trained) == published, "it is there already"
    assert bridge.publish_job(trained, name="Another").stem == "Another"
    published.path.unlink()
    assert bridge.publish_job(trained).stem == "Ada", "gone, so it is published again"


def test_what_a_user_put_there_meanwhile_is_never_taken_back(
    bridge: Bridge, make_job: MakeJob, trained: int, tmp_path: Path
) -> None:
    """The record names a card that we placed; by now another lies there."""
    lora_dir = lora_folder(bridge)
    lora_dir.mkdir(parents=True)
    folder = bridge.folder(trained)
    record = Record.load(folder.published)
    record.begin(lora_dir, "Ada", "a model that never came")
    record.places(".json", b"ours")
    (lora_dir / ".ada.publishing").write_bytes(record.token.encode())
    (lora_dir / "Ada.json").write_text('{"description": "theirs"}')
    (lora_dir / ".other.publishing").touch()
    Attempt(bridge.home, bridge._store, again(bridge, trained)).run()
    assert json.loads((lora_dir / "Ada.json").read_text())["description"] == "theirs"
    assert (lora_dir / ".other.publishing").exists()


def test_publish_killed_at_each_step_and_typed_again_there_is_one_lora(
    bridge: Bridge, trained: int
) -> None:
    """The verb, for a file that no job keeps a record of."""
    source, lora_dir = bridge.folder(trained).final_lora("Ada"), lora_folder(bridge)
    for last in range(1, 400):
        _lay_out(lora_dir, "a card")
        steps = in_child(
            lambda: bridge.publish(source, lora_dir, "Ada"), (lora_dir, bridge.home.root), last
        )
        if steps != -1 or _is_done(bridge, lora_dir):
            break
        assert bridge.publish(source, lora_dir, "Ada").stem == "Ada", f"killed before step {last}"
        assert {path.name for path in lora_dir.iterdir()} == {"Ada.json", "Ada.safetensors"}, last
        card = json.loads((lora_dir / "Ada.json").read_text())
        assert card["description"] == "mine", f"killed before step {last}"
    assert last > 12
    assert bridge.publish(source, lora_dir, "Ada").stem == "Ada-2", "asked for twice on purpose"


def _is_done(bridge: Bridge, lora_dir: Path) -> bool:
    """Killed when nothing was left to do but to go."""
    return (lora_dir / "Ada.safetensors").exists() and not Record.load(bridge.home.publishing).stem


def test_publish_under_another_name_clears_what_a_killed_one_left(
    bridge: Bridge, trained: int
) -> None:
    source, lora_dir = bridge.folder(trained).final_lora("Ada"), lora_folder(bridge)
    for last in range(1, 400, 3):
        _lay_out(lora_dir, "nothing")
        deed = lambda: bridge.publish(source, lora_dir, "Ada")  # noqa: E731
        if in_child(deed, (lora_dir, bridge.home.root), last) != -1:
            break
        assert bridge.publish(source, lora_dir, "Bea").stem == "Bea"
        names = {path.name for path in lora_dir.iterdir()}
        assert names <= {"Ada.json", "Ada.safetensors", "Bea.json", "Bea.safetensors"}, last
        assert ("Ada.json" in names) == ("Ada.safetensors" in names), f"killed before step {last}"
    assert last > 12
