"""What a terminal shows of a job, drawn into a small one: bar, spinner, table, summary."""

from __future__ import annotations

import io
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.cli import summary
from sd_scripts_bridge.cli.screen import Screen
from sd_scripts_bridge.cli.tables import job_table
from sd_scripts_bridge.cli.terminal import Terminal
from sd_scripts_bridge.jobs.events import (
    Event,
    Finished,
    Measured,
    Phase,
    Progress,
    Published,
    Started,
)
from sd_scripts_bridge.jobs.history.entries import Entry
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.jobs.store import JobRow

CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def wide(columns: int, monkeypatch: pytest.MonkeyPatch, *, colour: bool = True) -> Terminal:
    monkeypatch.setenv("COLUMNS", str(columns))
    return Terminal(Tty(), live=True, colour=colour, blocks=True)


def told(screen: Screen, *events: Event, start: float | None = None) -> str:
    """What is written for these events, one second apart, the last line drawn at the end."""
    began = time.time() - len(events) if start is None else start
    for second, event in enumerate(events):
        screen.show(Entry(second + 1, 1, 1, began + second, event))
    screen.draw()
    return screen.terminal.out.getvalue()  # type: ignore[attr-defined]


def last_line(text: str) -> str:
    return CODES.sub("", re.split(r"[\r\n]", text)[-1])


RUN = (Started(1, 7), Progress(100, 400, 0.2), Progress(200, 400, 0.125))


def test_a_saves_error_is_left_to_the_table_which_knows_all_saves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = told(Screen(wide(100, monkeypatch)), RUN[0], Measured(0, 0.0942, 0.05, 0.0711))
    assert "Held-out loss at step 0: 0.0942; on training photos 0.0711." in said


@pytest.mark.parametrize("columns", [120, 80, 60, 40, 24])
def test_the_bar_is_one_line_however_narrow(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    line = last_line(told(Screen(wide(columns, monkeypatch)), *RUN))
    assert len(line) < columns and "50%" in line and "200/400" in line
    if columns >= 40:
        assert "━" in line and "left" in line
    if columns >= 80:
        assert all(word in line for word in ("elapsed", "2 s left", "100.0 it/s", "loss 0.125"))


def test_what_has_no_number_turns_and_leaves_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(wide(80, monkeypatch, colour=False))
    text = told(screen, Started(1, 7), Phase("caching latents"))
    first = last_line(text)
    screen.draw()
    second = last_line(screen.terminal.out.getvalue())  # type: ignore[attr-defined]
    assert "Caching latents" in first and first[0] != second[0]
    text = told(screen, Progress(1, 400), start=time.time() + 4)
    assert re.search(r"Caching latents: \d s\n", text)


def test_more_of_the_same_phase_is_no_new_line(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = Screen(Terminal(io.StringIO()))
    text = told(piped, Phase("installing torch"), Phase("installing torch: 3 packages"))
    assert text.count("nstalling torch") == 1
    live = Screen(wide(80, monkeypatch))
    text = told(live, Phase("installing torch"), Phase("installing torch: 3 packages"))
    assert "\n" not in text and "3 packages" in last_line(text)


def test_the_end_is_said_once_and_in_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    events = (*RUN, Published("/L/Ada.safetensors", "Ada", "Ada woman"))
    done = Finished("succeeded", "Ada.safetensors is in /L.")
    text = told(Screen(wide(80, monkeypatch)), *events, done)
    assert text.count("Ada.safetensors is in /L.") == 1 and text.endswith("\x1b[0m\n")
    assert "\x1b[1;32mAda.safetensors" in text and "Prompt: Ada woman <lora:Ada:1>" in text
    failed = told(Screen(wide(80, monkeypatch)), *RUN, Finished("failed", "The disk is full."))
    assert "\x1b[1;31mThe disk is full." in failed


def test_piped_output_has_whole_lines_and_no_codes() -> None:
    text = told(Screen(Terminal(io.StringIO())), *RUN, Progress(400, 400, 0.1))
    assert "\x1b" not in text and "\r" not in text
    assert re.search(r"^step 400 of 400 \(100%\), \d s elapsed, .*loss 0\.1$", text, re.MULTILINE)


@pytest.mark.skipif(os.name == "nt", reason="Windows' console has its own way to say it")
def test_no_color_and_dumb_terminals_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Terminal.of(Tty()).colour and Terminal.of(Tty()).live
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal.of(Tty()).colour and Terminal.of(Tty()).live
    monkeypatch.setenv("TERM", "dumb")
    assert not Terminal.of(Tty()).live
    assert not Terminal.of(io.StringIO()).colour


# ---- lists ----


def row(number: int, status: Status, sentence: str = "", title: str = "Ada") -> JobRow:
    times = (1.0, 1.0, 2.0, 65.0)
    return JobRow(number, "train", title, "{}", status, 1, "0", None, None, *times, sentence)


def test_jobs_stand_in_columns_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row(1, Status.SUCCEEDED, "Ada.safetensors is in /L."),
        row(12, Status.FAILED, "The GPU ran out of memory. " + "Close other programs. " * 9),
        row(3, Status.STOPPED, "Stopped.", title="A very long name of somebody or something"),
    ]
    for columns in (100, 80, 40):
        lines = job_table.lines(rows, wide(columns, monkeypatch, colour=False))
        assert max(map(len, lines)) < columns
        states = [line for line in lines if re.match(r" *\d+  ", line)]
        assert [line.split()[0] for line in states] == ["1", "12", "3"]
        assert {line.index(line.split()[1]) for line in states} == {5}
    piped = job_table.lines(rows, Terminal(io.StringIO()))
    assert any("Close other programs. " * 9 in line + " " for line in piped), "nothing is cut"
    assert "1 min 03 s" in piped[1] and "is in /L" not in piped[1]


def test_the_summary_says_what_takes_effect(make_job: object) -> None:
    job = make_job(  # type: ignore[operator]
        learning_rate=1e-3, unet_lr=None, text_encoder_lr=5e-5, train_batch_size=2
    )
    text = "\n".join(summary.lines(job))
    assert "rates      U-Net 0.001, text encoder 5e-05" in text
    assert "pictures   10 x 2 repeats" in text and "512x512: 10" in text
    assert "steps      20, 2 epochs at batch size 2" in text and "rank 32, alpha 16" in text
    assert "schedule   cosine, no warm-up" in text
    torchs = job.evolve(params=replace(job.params, extra={"lr_scheduler_type": "StepLR"}))
    assert "schedule   StepLR" in "\n".join(summary.lines(torchs))
    Path(job.dataset, "2_Ada woman").rename(Path(job.dataset, "1_Ada woman"))
    assert "pictures   10 x 1 repeat\n" in "\n".join(summary.lines(job))
    only = job.evolve(params=job.params.with_values({"network_train_unet_only": True}))
    assert "text encoder" not in "\n".join(summary.lines(only))
