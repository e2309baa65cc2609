"""The help of sd-scripts' options in one language at a time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from sd_scripts_bridge.planning.option_help import Help, language, split

SCRIPTS = os.environ.get("SD_SCRIPTS_DIR")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", sys.executable)  # read before a fixture hides it
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("text", "english", "japanese"),
    [
        (
            "batch size for training / 学習時のバッチサイズ",
            "batch size for training",
            "学習時のバッチサイズ",
        ),
        (
            "do not use fp16/bf16 VAE (use float) / fp16/bf16 VAEを使わない",
            "do not use fp16/bf16 VAE (use float)",
            "fp16/bf16 VAEを使わない",
        ),
        (
            "Encoding / decoding is faster. / エンコード/デコードも速い。",
            "Encoding / decoding is faster.",
            "エンコード/デコードも速い。",
        ),
        (
            "for noise./ input noiseにおいて、使用します。",
            "for noise.",
            "input noiseにおいて、使用します。",
        ),
        ("default is 1.0. /タイムステップ", "default is 1.0.", "タイムステップ"),
        (
            "options are /nvme|/local_nvme. Only ZeRO",
            "options are /nvme|/local_nvme. Only ZeRO",
            "",
        ),
        ("debiased estimation loss / debiased estimation loss", "debiased estimation loss", ""),
        ("学習率", "", "学習率"),
        ("use EMA/学習", "use EMA", "学習"),
        (None, "", ""),
        ("  two\n  lines ", "two lines", ""),
    ],
)
def test_a_help_in_two_languages_is_cut_between_them(
    text: str | None, english: str, japanese: str
) -> None:
    assert split(text) == Help(english, japanese)


def test_each_language_stands_in_for_the_other() -> None:
    both, english, japanese = Help("a", "ア"), Help("a"), Help("", "ア")
    assert (both.in_("ja"), both.in_("es"), english.in_("ja"), japanese.in_("en")) == (
        "ア",
        "a",
        "a",
        "ア",
    )


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LC_ALL": "de_DE", "LANG": "ja_JP"}, "de"),
        ({"LC_ALL": "", "LANG": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "Japanese_Japan.932"}, "ja"),
        ({"LANG": "es"}, "es"),
        ({"LANG": "POSIX"}, "en"),
    ],
)
def test_the_users_language(variables: dict[str, str], found: str) -> None:
    assert language(variables) == found


@pytest.mark.sd_scripts
@pytest.mark.skipif(not SCRIPTS, reason="set SD_SCRIPTS_DIR to a checkout of kohya-ss/sd-scripts")
def test_every_help_of_the_real_scripts_is_cut_cleanly() -> None:
    code = (
        "import json, {0} as m; print('HELP' + json.dumps([a.help for a in "
        "m.setup_parser()._actions if a.help]))"
    )
    both = 0
    for script in ("train_network", "flux_train_network"):
        done = subprocess.run(
            [PYTHON, "-c", code.format(script)],
            cwd=SCRIPTS,
            capture_output=True,
            text=True,
            check=True,
        )
        for text in json.loads(done.stdout.partition("HELP")[2]):
            found = split(text)
            assert not JAPANESE.search(found.english), text
            assert bool(found.japanese) == bool(JAPANESE.search(text)) and (
                found.english or not text.strip()
            ), text
            both += bool(found.japanese)
    assert both > 150
