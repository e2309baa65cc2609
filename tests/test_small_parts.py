"""toml_file, log_tail, explain, meter, events, torch_choice, process, paths: the parts that are
pure or nearly so.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_scripts_bridge.errors import CommandFailed
from sd_scripts_bridge.jobs import events
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.meter import Meter, duration, speed
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running import explain
from sd_scripts_bridge.running.log_tail import LONGEST_LINE, LogTail, last_lines
from sd_scripts_bridge.system import process, toml_file
from sd_scripts_bridge.system.locks import hold, is_held
from sd_scripts_bridge.system.peak_memory import gpu_line
from sd_scripts_bridge.system.pytorch.choice import Hardware, choose
from tests.support.patience import SECONDS

# ---- TOML ----

scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1),
        st.one_of(scalars, st.lists(st.text('ab"\\'))),
    )
)
def test_toml_comes_back(values: dict[str, object]) -> None:
    assert toml_file.loads(toml_file.dumps(values)) == values


def test_toml_leaves_none_out() -> None:
    assert toml_file.dumps({"a": None, "b": 1}) == "b = 1\n"


# ---- the log ----


def test_log_lines_end_with_any_ending_and_come_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\rtwo\r\nthree\n\x1b[32mfo")
    tail = LogTail(log)
    assert tail.read() == ["one", "two", "three"]
    with log.open("ab") as file:
        file.write(b"ur\x1b[0m \xff\nfive")
    assert tail.read() == ["four �"]
    assert tail.read(at_end=True) == ["five"]


def test_a_huge_line_without_an_end_does_not_fill_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (8 * 1024 * 1024) + b"\nlast\n")
    lines = LogTail(log).read(at_end=True)
    assert lines[-1] == "last" and max(map(len, lines)) <= LONGEST_LINE
    assert last_lines(log, 1) == ["last"]


def test_no_log_yet(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none", 5) == []
    assert last_lines(tmp_path, 5) == []  # seen, but not to be opened: as where it goes just then


# ---- sentences for failures ----


def test_the_launchers_own_exception_is_not_the_cause() -> None:
    lines = [
        "Traceback (most recent call last):",
        "ValueError: real cause",
        "subprocess.CalledProcessError: Command died",
    ]
    assert "real cause" in explain.failure(1, lines)


def test_an_unknown_end_shows_the_last_line() -> None:
    assert "something odd" in explain.failure(3, ["something odd", "  "])
    assert "printed nothing" in explain.failure(3, [])


# ---- numbers shown ----


def test_speed_and_time_left_are_computed_over_the_last_minute() -> None:
    meter = Meter()
    assert meter.add(0, Progress(0, 1000)).rate is None
    meter.add(10, Progress(10, 1000))
    meter.add(50, Progress(50, 1000))
    reading = meter.add(100, Progress(150, 1000))
    assert reading.rate == pytest.approx(2.0) and reading.left == pytest.approx(425)
    assert meter.add(90, Progress(151, 1000)).rate is None  # a clock set back starts anew


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min 00 s"), (463, "7 min 43 s"), (3725, "1 h 02 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_speeds() -> None:
    assert (speed(1.94), speed(0.4)) == ("1.9 it/s", "2.5 s/it")


# ---- events ----


def test_every_event_comes_back_and_newer_keys_are_dropped() -> None:
    assert len(events.EVENT_TYPES) == 11
    for cls in events.EVENT_TYPES.values():
        event = cls(
            **{
                field.name: {"f": 1} if field.name == "facts" else 1
                for field in dataclasses.fields(cls)
            }
        )
        assert events.from_dict({**events.to_dict(event), "from_the_future": 1}) == event
    with pytest.raises(ValueError, match="unknown event type"):
        events.from_dict({"type": "nonsense"})


# ---- which PyTorch ----


@pytest.mark.parametrize(
    ("machine", "torch", "index_end"),
    [
        (Hardware("linux"), "2.13.0", "cpu"),
        (Hardware("win32"), "2.13.0", None),
        (Hardware("darwin"), "2.6.0", None),
        (Hardware("linux", "RTX 3060", (12, 4), (8, 6)), "2.6.0", None),
        (Hardware("win32", "RTX 3060", (12, 8), (8, 6)), "2.6.0", "cu124"),
        (Hardware("win32", "RTX 5090", (12, 8), (12, 0)), "2.8.0", "cu128"),
        (Hardware("linux", "GTX 1080", (12, 0), (6, 1)), "2.6.0", "cu118"),
        (Hardware("linux", rocm=True), "2.6.0", "rocm6.2.4"),
    ],
)
def test_torch_for_the_gpu(machine: Hardware, torch: str, index_end: str | None) -> None:
    choice = choose(machine)
    assert choice.torch == torch
    assert (choice.index or "").rpartition("/")[2] == (index_end or "")


# ---- processes and locks ----


def test_a_missing_program_is_a_failed_command() -> None:
    with pytest.raises(CommandFailed, match="no-such-program"):
        process.run(["no-such-program-here"])


def test_the_webuis_leftovers_do_not_reach_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/webui")
    monkeypatch.setenv("COMMANDLINE_ARGS", "--listen")
    env = process.child_environment({"NEW": "1", "HOME": None})
    assert not {"PYTHONPATH", "COMMANDLINE_ARGS", "HOME"} & env.keys() and env["NEW"] == "1"


def test_a_foreign_process_is_never_taken_for_ours() -> None:
    me = process.Identity.of(os.getpid())
    assert me and me.is_alive()
    assert not process.Identity(me.pid, me.started - 1, me.boot).is_alive()
    assert not process.Identity(me.pid, me.started, "another boot").is_alive()


def test_commands_can_be_pasted_into_a_shell() -> None:
    text = process.command_text(["python", "a b's.py", "x=ñ"], {"A": "1 2", "B": None})
    if os.name != "nt":
        out = subprocess.run(
            ["sh", "-c", text.replace("python", "echo", 1)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert out.stdout == "a b's.py x=ñ\n"


def test_a_lock_is_free_at_once_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "l.lock"
    code = (
        "import sys, time; from pathlib import Path; from sd_scripts_bridge.system.locks import "
        "hold\n"
        "with hold(Path(sys.argv[1])) as mine: print(mine, flush=True); time.sleep(600)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout and child.stdout.readline() == "True\n"
    assert is_held(lock)
    child.kill()
    child.wait()
    child.stdout.close()
    with hold(lock, wait=SECONDS) as mine:
        assert mine


# ---- the home folder ----


def test_who_chooses_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SD_SCRIPTS_BRIDGE_HOME", str(tmp_path / "env"))
    assert Home.resolve(tmp_path / "arg").source == "--home"
    assert Home.resolve(None, tmp_path).root == tmp_path / "env"
    monkeypatch.delenv("SD_SCRIPTS_BRIDGE_HOME")
    assert Home.resolve(None, tmp_path).root == tmp_path / "lora-bridge"
    assert Home.resolve().source == "the user's data folder"
    assert "LoRA Bridge" in (Home(tmp_path / "new").create().root / "README").read_text()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1234, 5678", (1234, 5678 << 20)),
        ("1234, [N/A]", (0, 0)),
        ("", (0, 0)),
        ("No running processes found", (0, 0)),
    ],
)
def test_a_line_of_the_gpus_memory(line: str, told: tuple[int, int]) -> None:
    assert gpu_line(line) == told
