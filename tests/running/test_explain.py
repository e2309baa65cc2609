"""explain and failures: real output and the texts of public threads give their sentence; a
healthy log gives none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.running import explain
from sd_scripts_bridge.running.failures.known import FailureKind, Known
from sd_scripts_bridge.running.failures.table import TABLE
from sd_scripts_bridge.running.log_tail import last_lines

RECORDED = Path(__file__).parents[1] / "recorded"
FAILURES = RECORDED / "failures"

PICTURES = "/data/jobs/{0}/ds/3_AlvaroBadia man/"

REAL: dict[str, tuple[int, FailureKind, tuple[str, ...]]] = {
    "base-empty": (
        1,
        FailureKind.BASE_MODEL,
        ("/data/jobs/base-empty/base.safetensors", "half downloaded"),
    ),
    "base-half": (
        1,
        FailureKind.BASE_MODEL,
        ("/data/jobs/base-half/base.safetensors", "half downloaded"),
    ),
    "base-is-a-lora": (1, FailureKind.BASE_MODEL, ("may be a LoRA",)),
    "base-missing": (1, FailureKind.BASE_MODEL, ("/data/models/nope.safetensors is gone",)),
    "base-web-page": (
        1,
        FailureKind.BASE_MODEL,
        ("/data/jobs/base-web-page/base.safetensors is damaged",),
    ),
    "bucket-too-large": (1, FailureKind.OPTION, ("min_bucket_reso doesn't fit the resolution",)),
    "cache-half": (
        1,
        FailureKind.CACHE,
        (PICTURES + "img1_0064x0064_sd.npz is damaged", "Delete it"),
    ),
    "cache-with-color-aug": (1, FailureKind.OPTION, ("color_aug", "cache_latents=false")),
    "caption-empty": (
        1,
        FailureKind.DATASET,
        ("The caption file " + PICTURES + "img2.txt is empty",),
    ),
    "caption-not-utf8": (
        1,
        FailureKind.DATASET,
        ("The caption file " + PICTURES + "img2.txt is not UTF-8",),
    ),
    "config-broken": (1, FailureKind.OPTION, ("Reserved escape sequence", "with / instead of \\")),
    "config-missing": (1, FailureKind.OPTION, ("config file is gone",)),
    "dataset-config-invalid": (1, FailureKind.OPTION, ("caption_extention",)),
    "dataset-empty": (0, FailureKind.DATASET, ("no pictures",)),
    "disk-full-cache": (1, FailureKind.DISK, ("The disk is full",)),
    "disk-full-saving": (1, FailureKind.DISK, ("The disk is full",)),
    "disk-full-state": (1, FailureKind.DISK, ("The disk is full",)),
    "fp16-without-gpu": (1, FailureKind.OPTION, ("mixed_precision=bf16 or no",)),
    "fp8-without-precision": (
        1,
        FailureKind.OPTION,
        ("fp8_base", "mixed_precision 'fp16' or 'bf16'"),
    ),
    "host-memory": (1, FailureKind.HOST_MEMORY, ("ran out of memory", "train_batch_size=1")),
    "killed-15": (-15, FailureKind.KILLED, ("SIGTERM", "Resume the job")),
    "killed-2": (-2, FailureKind.KILLED, ("Ctrl-C", "Resume the job")),
    "killed-9": (-9, FailureKind.KILLED, ("SIGKILL", "out of memory")),
    "learning-rate-text": (1, FailureKind.OPTION, ("takes a number",)),
    "loss-nan": (-15, FailureKind.NAN, ("mixed_precision=bf16", "halve the learning_rate")),
    "module-missing": (
        1,
        FailureKind.ENVIRONMENT,
        ("package imagesize is missing", "`sd-scripts-bridge setup`"),
    ),
    "network-module-missing": (
        1,
        FailureKind.ENVIRONMENT,
        ("LyCORIS", "network_module=networks.lora"),
    ),
    "network-module-unknown": (
        1,
        FailureKind.OPTION,
        ("no networks.lora_xyz", "network_module=networks.lora"),
    ),
    "no-bucket": (1, FailureKind.OPTION, ("/data/ds/3_AlvaroBadia man/img", "enable_bucket=true")),
    "optimizer-8bit-missing": (1, FailureKind.OPTION, ("bitsandbytes", "optimizer_type=AdamW")),
    "optimizer-prodigy-missing": (1, FailureKind.OPTION, ("Prodigy", "optimizer_type=AdamW")),
    "optimizer-unknown": (1, FailureKind.OPTION, ("no optimizer named AdamWW",)),
    "option-choice": (2, FailureKind.OPTION, ("mixed_precision", "'fp32'", "'bf16'")),
    "option-unknown": (2, FailureKind.OPTION, ("cache_text_encoder_outputs", "Remove it")),
    "output-is-a-file": (
        1,
        FailureKind.ENVIRONMENT,
        ("'/data/jobs/output-is-a-file/out' is in the way",),
    ),
    "persistent-without-workers": (1, FailureKind.OPTION, ("persistent_data_loader_workers",)),
    "picture-garbage": (
        1,
        FailureKind.DATASET,
        ("The picture " + PICTURES + "img2.png can't be read",),
    ),
    "picture-truncated": (
        1,
        FailureKind.DATASET,
        ("The picture " + PICTURES + "img2.jpg is damaged",),
    ),
    "picture-truncated-cache": (
        1,
        FailureKind.DATASET,
        ("The picture " + PICTURES + "img2.jpg is damaged",),
    ),
    "resume-finished": (1, FailureKind.STATE, ("already at step 2", "max_train_steps")),
    "resume-half": (1, FailureKind.STATE, ("AlvaroBadia-step00000001-state is damaged", "older")),
    "resume-half-model": (
        1,
        FailureKind.STATE,
        ("AlvaroBadia-step00000001-state is damaged", "older"),
    ),
    "resume-missing": (1, FailureKind.STATE, ("AlvaroBadia-step00000300-state is gone",)),
    "resume-other-dim": (1, FailureKind.STATE, ("network_dim",)),
    "scheduler-unknown": (1, FailureKind.OPTION, ("no lr_scheduler named cosinus",)),
    "script-missing": (2, FailureKind.ENVIRONMENT, ("train_network.py is gone", "setup")),
    "sd15-script-sdxl-base": (1, FailureKind.BASE_MODEL, ("not an SD 1.5 or SD 2 model", "SDXL")),
    "sdxl-script-sd15-base": (1, FailureKind.BASE_MODEL, ("not an SDXL model",)),
    "sdxl-te-cache-and-te-training": (1, FailureKind.OPTION, ("network_train_unet_only=true",)),
    "setup-disk-full": (1, FailureKind.DISK, ("The disk is full",)),
    "setup-hash": (1, FailureKind.ENVIRONMENT, ("not the one that was expected",)),
    "setup-no-network": (1, FailureKind.NETWORK, ("couldn't be downloaded", "proxy")),
    "setup-no-version": (1, FailureKind.ENVIRONMENT, ("There is no torch==9.9.9", "--python")),
    "tokenizer-offline": (1, FailureKind.NETWORK, ("tokenizer", "`sd-scripts-bridge setup`")),
    "tokenizer-sd2-offline": (1, FailureKind.NETWORK, ("tokenizer", "`sd-scripts-bridge setup`")),
    "tokenizer-unreachable": (1, FailureKind.NETWORK, ("tokenizer", "`sd-scripts-bridge setup`")),
    "torchvision-mismatch": (
        1,
        FailureKind.ENVIRONMENT,
        ("torch and torchvision", "`sd-scripts-bridge setup`"),
    ),
    "v2-with-sd15": (1, FailureKind.BASE_MODEL, ("SD 1.5 and SD 2 were mixed up",)),
    "vae-missing": (
        1,
        FailureKind.BASE_MODEL,
        ("The VAE /data/jobs/vae-missing/vae.safetensors is gone",),
    ),
    "wandb-missing": (1, FailureKind.OPTION, ("wandb", "Remove log_with")),
    "weights-missing": (1, FailureKind.OPTION, ("nope.safetensors", "is gone")),
    "weights-other-dim": (1, FailureKind.STATE, ("network_dim",)),
    "worker-killed": (1, FailureKind.HOST_MEMORY, ("max_data_loader_n_workers=0",)),
    "xformers-missing": (1, FailureKind.OPTION, ("sdpa=true",)),
}
"""Output of the real sd-scripts and pip: how it ended, the kind, and words of its sentence."""


def from_threads() -> list[tuple[str, str]]:
    """(an entry's name, a text that it must find), as from-threads.txt has them."""
    blocks = re.split(r"^\[([\w-]+)\]\n", THREADS.read_text(encoding="utf-8"), flags=re.MULTILINE)[
        1:
    ]
    return [(name, text.rstrip("\n")) for name, text in zip(blocks[::2], blocks[1::2], strict=True)]


THREADS = FAILURES / "from-threads.txt"
EXAMPLES = from_threads()
TEXT = dict(reversed(EXAMPLES))


TRACEBACK = ("Traceback (most recent call last):", '  File "/data/a.py", line 5, in f')


def of(text: str) -> str | None:
    """The name of the entry that the table finds for ``text``, as `cause` looks at it."""
    found = explain.known("\n".join(explain.lines_of_the_trainer(text.splitlines())))
    return found[0].name if found else None


# ---- real output ----


def test_every_recorded_failure_is_expected() -> None:
    assert {path.stem for path in FAILURES.glob("*.txt")} - {THREADS.stem} == set(REAL) and len(
        REAL
    ) >= 60


@pytest.mark.parametrize("name", REAL)
def test_real_output_gives_its_sentence(name: str) -> None:
    code, kind, words = REAL[name]
    found = explain.cause(code, last_lines(FAILURES / f"{name}.txt", 200))
    assert found.kind is kind, found
    assert all(word.format(name) in found.sentence for word in words), found.sentence
    assert explain.failure(code, last_lines(FAILURES / f"{name}.txt", 200)) == found.sentence


@pytest.mark.parametrize("stream", ["sd15.stdout.txt", "sd15.stderr.txt"])
def test_a_healthy_run_matches_nothing(stream: str) -> None:
    assert of((RECORDED / stream).read_text(encoding="utf-8").replace("\r", "\n")) is None


def test_recordings_name_no_machine() -> None:
    for path in FAILURES.glob("*.txt"):
        assert not re.search(
            r"(?<![\w/.-])/(?:tmp|srv|root|home|work|opt)/", path.read_text(encoding="utf-8")
        ), path.name


# ---- the table ----


def test_the_table_is_long_and_its_names_are_its_own() -> None:
    assert len({entry.name for entry in TABLE}) == len(TABLE) >= 90
    assert {entry.name for entry in TABLE} == set(TEXT)


def test_a_row_says_run_where_a_recorded_run_shows_it_and_only_there() -> None:
    recorded = {
        of((FAILURES / f"{name}.txt").read_text(encoding="utf-8").replace("\r", "\n"))
        for name in REAL
    }
    assert {entry.name for entry in TABLE if entry.was_run} == recorded - {None}
    assert all(entry.source for entry in TABLE)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_no_entry_stands_in_anothers_light(name: str, text: str) -> None:
    assert of(text) == name


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_sentences_are_sentences(entry: Known) -> None:
    found = explain.cause(1, TEXT[entry.name].splitlines())
    assert found.kind is entry.kind is not FailureKind.UNKNOWN
    assert found.sentence.endswith((".", "!")) and not re.search(r"[{}]|  | \.", found.sentence)


def test_options_that_sentences_name_exist() -> None:
    known = set(TrainingParams().as_dict()) | {"no_half_vae", "max_data_loader_n_workers"}
    for entry in TABLE:
        assert (
            set(re.findall(r"\b([a-z]\w+)=\w", entry.sentence)) - {"bucket_reso_steps"} <= known
        ), entry.name


# ---- which of several ----


def test_the_launchers_command_line_is_never_read() -> None:
    launcher = [
        "Traceback (most recent call last):",
        '  File "/data/venv/bin/accelerate", line 8, in <module>',
        "subprocess.CalledProcessError: Command '['python', 'train.py', '--comment=CUDA out of "
        "memory']' returned",
    ]
    lines = [
        "Traceback (most recent call last):",
        '  File "a.py", line 1',
        "ValueError: something new",
        *launcher,
    ]
    assert explain.failure(1, lines) == "The program exited with code 1: ValueError: something new"
    assert "Command" not in explain.failure(1, ["odd words", *launcher])


def test_only_the_newest_attempt_counts() -> None:
    lines = [
        "=== attempt 1 ===",
        TEXT["gpu-memory"],
        "=== attempt 2 ===",
        *TRACEBACK,
        "KeyError: 'x'",
    ]
    assert explain.cause(1, lines) == explain.Cause(
        FailureKind.UNKNOWN, "The program exited with code 1: KeyError: 'x'"
    )
    assert explain.cause(1, lines[:2]).kind is FailureKind.GPU_MEMORY


def test_an_exception_without_words_comes_with_its_code() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "a.py", line 5, in f',
        "    assert size > 0",
        "           ^^^^^^^^",
        "AssertionError",
        "steps:   0%|         | 0/9 [00:00<?, ?it/s]",
    ]
    assert (
        explain.failure(1, lines)
        == "The program exited with code 1: AssertionError (assert size > 0)"
    )


def test_remarks_of_libraries_are_not_the_cause() -> None:
    lines = [
        "A matching Triton is not available, some optimizations will not be enabled",
        "Traceback (most recent call last):",
        "ModuleNotFoundError: No module named 'triton'",
        "FutureWarning: deprecated",
        "Traceback (most recent call last):",
        "KeyError: 'x'",
        "UserWarning: later",
    ]
    assert explain.failure(1, lines).endswith("KeyError: 'x'")


def test_setup_without_a_network_keeps_its_own_remedy() -> None:
    said = (
        "SetupError: sd-scripts can't be downloaded from https://github.com/a/b.git ('git' exited "
        "with code 128: fatal: unable to access: Could not resolve host: github.com). If you have "
        "sd-scripts or kohya_ss already, use that folder: sd-scripts-bridge setup --source DIR."
    )
    found = explain.cause(1, [said])
    assert found.kind is FailureKind.NETWORK and found.sentence.endswith("setup --source DIR.")


def test_our_own_programs_speak_for_themselves() -> None:
    assert explain.failure(
        1, ["...", "Error: base: has no VAE. Choose a checkpoint with the VAE baked in."]
    ) == ("base: has no VAE. Choose a checkpoint with the VAE baked in.")
    crash = ["Error: first", "Traceback (most recent call last):", "KeyError: 'x'"]
    assert explain.failure(1, crash).endswith("KeyError: 'x'")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-9, FailureKind.KILLED),
        (-15, FailureKind.KILLED),
        (-11, FailureKind.ENVIRONMENT),
        (-6, FailureKind.ENVIRONMENT),
        (-250, FailureKind.KILLED),
        (0xC0000005, FailureKind.ENVIRONMENT),
        (0xC000013A, FailureKind.KILLED),
        (0xC000012D, FailureKind.HOST_MEMORY),
        (None, FailureKind.UNKNOWN),
        (7, FailureKind.UNKNOWN),
    ],
)
def test_how_it_ended_counts_where_the_log_is_silent(code: int | None, kind: FailureKind) -> None:
    assert explain.cause(code, ["steps:   7%|7         | 1/15 [00:05<01:36]"]).kind is kind


# ---- what a user writes is no error ----

BEFORE = (
    "prompt: ",
    "  class_tokens: ",
    '    image_dir: "',
    "found directory /data/",
    "/data/",
    "{'",
)


WHEREVER = ("option-file-gone", "script-gone")  # a log's last words, and a path at a line's start


@given(
    st.sampled_from([pair for pair in EXAMPLES if pair[0] not in WHEREVER]),
    st.sampled_from(BEFORE),
    st.text(max_size=8),
)
def test_a_caption_or_path_that_quotes_an_error_is_none(
    known: tuple[str, str], before: str, more: str
) -> None:
    first = known[1].splitlines()[0].strip()
    assert of(f"{before}{first}{more}".replace("\n", " ").replace("\r", " ")) is None


@given(st.lists(st.text(max_size=200), max_size=20), st.one_of(st.none(), st.integers(-300, 2**32)))
def test_any_log_gives_one_sentence(lines: list[str], code: int | None) -> None:
    found = explain.cause(code, lines)
    assert found.sentence and found.sentence == explain.failure(code, lines)


def test_a_huge_log_is_read_quickly() -> None:
    bars = [
        f"steps:  33%|###       | {n}/1500 [00:04<00:04,  2.00it/s, avr_loss=0.1]" + "x" * 3000
        for n in range(200)
    ]
    errors = [
        "Loading states from /data/a",
        "checkpoint: /data/b",
        "in _load_tokenizer",
        "WARNING: Retrying (Retry(",
    ] * 50
    assert explain.cause(3, bars + errors).kind is FailureKind.UNKNOWN
