"""Files are whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.engines.embedded.training import state  # noqa: E402
from sd_scripts_bridge.errors import Invalid  # noqa: E402
from sd_scripts_bridge.jobs.folder import JobFolder  # noqa: E402


def test_keeps_the_newest_two(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path).create()
    for step in (5, 10, 15, 20):
        state.save_state(folder, "Ada [x]", step, {"epoch": 0, "value": torch.tensor(step)})

    kept = folder.states("Ada [x]")
    assert [path.name for path in kept] == [
        "Ada [x]-step00000015-state",
        "Ada [x]-step00000020-state",
    ]
    assert state.load_state(kept[-1])["value"] == 20
    assert not list(folder.output.glob(".*"))


def test_a_write_that_fails_leaves_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = JobFolder(tmp_path).create()
    state.save_state(folder, "Ada", 5, {"epoch": 0})

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="no space"):
        state.save_state(folder, "Ada", 10, {"epoch": 0})

    assert [path.name for path in folder.states("Ada")] == ["Ada-step00000005-state"]


def test_a_state_of_another_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"holds no training_state\.pt"):
        state.load_state(tmp_path)


def test_a_broken_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "training_state.pt").write_bytes(b"half a fi")
    with pytest.raises(Invalid, match="Resume from an older state"):
        state.load_state(tmp_path)


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return (
        data[:middle]
        + bytes(255 - byte for byte in data[middle : middle + 64])
        + data[middle + 64 :]
    )


@pytest.mark.parametrize("harm", [_cut, _flipped, lambda data: b"", lambda data: bytes(len(data))])
def test_a_damaged_state_is_refused_in_one_sentence(
    tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    folder = JobFolder(tmp_path).create()
    kept = state.save_state(folder, "Ada", 5, {"epoch": 0, "network": torch.rand(100, 100)})
    file = kept / "training_state.pt"
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(Invalid, match="The state Ada-step00000005-state: is cut off or damaged"):
        state.load_state(kept)
