"""Help as a manual: every verb explained, every example true; and what a shell is told at Tab."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli import completion
from sd_scripts_bridge.cli import main as cli
from sd_scripts_bridge.cli import pages as help_pages
from sd_scripts_bridge.cli.arguments import parser, verbs_of
from sd_scripts_bridge.cli.typed.machine import SHELLS
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.jobs.job import SetupJob
from tests.support.verbs import FAKE_SCRIPTS, run

VERBS = verbs_of(parser())


def test_every_verb_does_something_and_has_a_page() -> None:
    assert set(VERBS) == cli.VERBS.keys() | cli.WITHOUT_HOME.keys()
    assert set(VERBS) == help_pages.PAGES.keys(), "sd_scripts_bridge/cli/pages.py has the pages"


@pytest.mark.parametrize("verb", VERBS)
def test_its_page_says_what_it_does_how_it_ends_and_how_it_is_used(verb: str) -> None:
    page, shown = help_pages.PAGES[verb], VERBS[verb].format_help()
    assert page.text.endswith(".") and page.examples
    assert "examples:" in shown and "exit codes:" in shown
    for action in VERBS[verb]._actions:
        assert action.help and action.help is not argparse.SUPPRESS, (
            f"{verb} {action.dest} says nothing of itself"
        )
    for words, what in page.examples:
        assert parser().parse_args(shlex.split(words)).verb == verb and what


def test_the_programs_page_names_exit_codes_environment_and_files() -> None:
    shown = parser().format_help()
    for word in ("130", "SD_SCRIPTS_BRIDGE_HOME", "bridge.sqlite3", "jobs/000001/", *VERBS):
        assert word in shown


@pytest.mark.parametrize("columns", ["60", "200"])
def test_pages_fit_the_terminal_and_never_grow_too_wide(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    description, _, _ = parser().format_help().partition("options:")
    assert max(map(len, description.splitlines())) <= min(100, int(columns))


def test_help_is_shown_without_a_home(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["--home", str(tmp_path / "none"), "help", "train"]) == 0
    assert "--set takes every option" in capsys.readouterr().out
    assert cli.main(["help", "trian"]) == 1
    assert "Did you mean train?" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


# ---- completion ----


def told(bridge: Bridge, *words: str) -> list[str]:
    found = completion.choices(parser(), ["--home", str(bridge.home.root), *words])
    return [choice.word for choice in found]


def test_what_may_follow(bridge: Bridge) -> None:
    bridge._store.add(SetupJob("sd-scripts"))
    bridge._store.add(SetupJob("sd-scripts"))
    catalogue.write(bridge.home, Path(sys.executable), FAKE_SCRIPTS)
    assert told(bridge, "tr") == ["train"] and "export" in told(bridge, "")
    assert told(bridge, "watch", "") == ["2", "1"]
    assert told(bridge, "export", "2", "--format", "") == ["toml", "kohya", "sh"]
    assert told(bridge, "train", "photos", "--base", "") == [], "a file: the shell knows them"
    assert told(bridge, "train", "photos", "--preset", "person-sdxl-8") == ["person-sdxl-8gb"]
    assert told(bridge, "presets", "show", "ti") == ["tiny"]
    assert told(bridge, "train", "--set", "seed=1", "lowr") == ["lowram="]
    assert told(bridge, "train", "--set", "lr_scheduler=cos") == [
        "lr_scheduler=cosine",
        "lr_scheduler=cosine_with_restarts",
        "lr_scheduler=cosine_with_min_lr",
    ]
    assert told(bridge, "train", "--set", "sdpa=") == ["sdpa=true", "sdpa=false"]
    assert told(bridge, "train", "--det") == ["--detach"]
    assert told(bridge, "nonsense", "") and told(bridge, "stop", "1", "") == []


def test_completing_makes_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.main(["completion", "bash", "--for", "--home", str(tmp_path / "none"), "watch", ""])
        == 0
    )
    assert capsys.readouterr().out == "" and not (tmp_path / "none").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(shell: str) -> None:
    text = completion.script(shell, "sd-scripts-bridge")
    assert f"completion {shell} --for" in text and "PROGRAM" not in text


COMPLETIONS: list[tuple[list[str], list[str]]] = [
    (["watch", ""], ["1"]),
    (["--home", "x", "tra"], ["train"]),
    (["export", "1", "--format", "k"], ["kohya"]),
    (
        ["train", "--set", "lr_scheduler", "=", "cosine_"],
        ["cosine_with_restarts", "cosine_with_min_lr"],
    ),
    (["train", "a b", "--no", ""], []),
]
"""What is typed, and how it may go on."""


@pytest.mark.skipif(os.name == "nt", reason="there is no bash")
def test_a_real_bash_completes(bridge: Bridge, tmp_path: Path) -> None:
    bridge._store.add(SetupJob("sd-scripts"))
    program = tmp_path / "sd-scripts-bridge"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sd_scripts_bridge "$@"\n')
    program.chmod(0o755)
    asks = [f'source <("{program}" completion bash)', "complete -p sd-scripts-bridge >&2"]
    for line, _ in COMPLETIONS:
        words = " ".join(map(shlex.quote, [str(program), *line]))
        asks += [f"COMP_WORDS=({words})", f"COMP_CWORD={len(line)}", "COMPREPLY=()"]
        asks += ["_sd_scripts_bridge 2>/dev/null", 'echo "${COMPREPLY[@]}"']
    environment = {
        **os.environ,
        "SD_SCRIPTS_BRIDGE_HOME": str(bridge.home.root),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        ["bash", "-c", "\n".join(asks)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert "complete -o default -F _sd_scripts_bridge sd-scripts-bridge" in done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    assert said == [wanted for _, wanted in COMPLETIONS], done.stderr


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_a_real_fish_completes(bridge: Bridge, tmp_path: Path) -> None:
    program = tmp_path / "sd-scripts-bridge"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sd_scripts_bridge "$@"\n')
    program.chmod(0o755)
    asks = (
        "sd-scripts-bridge completion fish | source; complete -C 'sd-scripts-bridge presets "
        "show person-sdxl-2'"
    )
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        ["fish", "--no-config", "-c", asks],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.stdout.split() == ["person-sdxl-24gb", "A", "person,", "SDXL,", "24", "GB"], (
        done.stderr
    )


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_reads_its_script(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(completion.script("zsh", "sd-scripts-bridge"))
    asks = (
        f"autoload -U compinit; compinit -D -u; source {tmp_path}/script; print "
        "$_comps[sd-scripts-bridge]"
    )
    done = subprocess.run(["zsh", "-f", "-c", asks], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("_sd_scripts_bridge", "")


# ---- options ----


def test_options_are_listed_with_type_default_choices_and_help(bridge: Bridge) -> None:
    catalogue.write(bridge.home, Path(sys.executable), FAKE_SCRIPTS)
    assert (
        "lr_scheduler  (str; default cosine; one of constant,"
        in run(bridge, "options", "lr_scheduler").stdout
    )
    found = json.loads(run(bridge, "options", "lowram", "--json").stdout)
    assert [(option["name"], option["type"], option["known"]) for option in found] == [
        ("lowram", "bool", False)
    ]
    assert run(bridge, "options", "no such word").returncode == 1
