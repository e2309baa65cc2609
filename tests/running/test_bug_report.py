"""job_report: what is pasted into a public thread says what went wrong, and of whom and where
nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sd_scripts_bridge import __version__
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.jobs.store import JobRow
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.running import bug_report, explain
from sd_scripts_bridge.running.bug_report import Cleaner
from sd_scripts_bridge.running.log_tail import last_lines

FAILURES = Path(__file__).parents[1] / "recorded" / "failures"
RUNS = sorted({*FAILURES.glob("*.txt")} - {FAILURES / "from-threads.txt"})
HOMES = ("/home/jnunez", r"C:\Users\José Núñez")
CLEAN = Cleaner(["Álvaro Badía", "AlvaroBadia"], ["jnunez", "José Núñez"], ["studio-pc"], HOMES)
KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jnunez")
    monkeypatch.setenv("USERPROFILE", r"C:\Users\José Núñez")
    monkeypatch.setenv("USER", "jnunez")
    monkeypatch.setattr("socket.gethostname", lambda: "studio-pc.lan")


def row(job: Any, sentence: str = "", status: Status = Status.FAILED) -> JobRow:
    return JobRow(
        7,
        job.kind,
        job.title,
        json.dumps(job.as_dict()),
        status,
        2,
        "cuda",
        None,
        None,
        1.0,
        1.0,
        2.0,
        3.0,
        sentence,
    )


def training(**changes: Any) -> TrainingJob:
    values = {
        "name": "AlvaroBadia_v2",
        "subject": "AlvaroBadia",
        "class_token": "man",
        "dataset": "/home/jnunez/lora/img",
        "base": r"C:\Users\José Núñez\models\sd15.safetensors",
        "family": "sd1",
        "engine": "sd-scripts",
    }
    params = TrainingParams(
        training_comment="for Ana's birthday",
        extra={"no_half_vae": True, "wandb_api_key": KEY, "sample_prompts": "/home/jnunez/p.txt"},
    )
    return TrainingJob(**{**values, "params": params, **changes})


# ---- the whole of it ----


def test_the_base_models_name_is_nobodys_business() -> None:
    job = training(base="/models/my-own-secret-mix_v3.safetensors")
    log = [
        "load checkpoint: /models/my-own-secret-mix_v3.safetensors",
        "my-own-secret-mix_v3 is SD 1.5",
    ]
    shown = bug_report.text(
        row(job, "The base my-own-secret-mix_v3.safetensors is odd."), {}, log, []
    )
    assert "secret" not in shown and "<base>" in shown


def test_the_last_losses_are_told_however_long_the_rest_is() -> None:
    steps = [
        f"steps: {n}%|#| {n}/100 [00:01<00:01, 9.00it/s, avr_loss=0.{n}]" for n in range(10, 60)
    ]
    shown = bug_report.text(row(training()), {}, steps + ["a warning"] * 300, [])
    assert "avr_loss=0.59" in shown and "avr_loss=0.57" in shown and "avr_loss=0.50" not in shown
    shown = bug_report.text(row(training()), {}, ["a warning"] * 300 + steps, [])
    assert "Last steps" not in shown and "avr_loss=0.59" in shown, "once is enough"


def test_it_says_what_went_wrong_and_with_what() -> None:
    log = last_lines(FAILURES / "picture-truncated-cache.txt", 200)
    sentence = explain.failure(1, log)
    report = {
        "exit_code": 1,
        "seconds": 12.5,
        "planned_steps": 1500,
        "steps": 0,
        "notes": ["Going on from step 300."],
        "facts": {"images": 10, "captions": 10},
        "proof": None,
    }
    doctor = ["ok  sd-scripts 48d368fa is in /home/jnunez/x."]
    shown = bug_report.text(row(training(), sentence), report, ["old line"] * 90 + log, doctor)
    assert (
        f"LoRA Bridge {__version__}" in shown
        and "Job 7 (train), attempt 2: failed, exit code 1" in shown
    )
    assert (
        "Cause (dataset): The picture <photo> is damaged. Remove it or export it again, then "
        "start again." in shown
    )
    assert (
        "planned_steps 1500" in shown
        and "images 10" in shown
        and "Going on from step 300." in shown
    )
    assert "network_dim=32" in shown and "no_half_vae=True" in shown and "sd15" not in shown
    assert (
        "OSError: image file is truncated (76 bytes not processed)" in shown
        and 'File "train_network.py", line' in shown
    )
    assert "old line" not in shown and shown.count("\n") < 90
    nothing_of = (
        "jnunez",
        "José",
        "AlvaroBadia",
        "/home",
        "/data",
        "C:\\",
        "img2",
        "birthday",
        KEY[:9],
        "studio-pc",
        "p.txt",
    )
    assert [word for word in nothing_of if word in shown] == []


def test_a_setup_job_and_an_unreadable_one_have_a_report_too() -> None:
    log = last_lines(FAILURES / "setup-no-network.txt", 200)
    shown = bug_report.text(row(SetupJob("sd-scripts")), {"exit_code": 1}, log, [])
    assert (
        "Cause (network): Python packages couldn't be downloaded" in shown
        and "einops==0.7.0" in shown
    )
    broken = JobRow(**{**row(training()).__dict__, "spec": "{"})
    assert "AlvaroBadia" not in bug_report.text(broken, None, ["AlvaroBadia_v2 was here"], [])


def test_a_job_that_went_well_has_no_cause() -> None:
    said = "AlvaroBadia_v2.safetensors is in /home/jnunez/webui/models/Lora."
    shown = bug_report.text(
        row(training(), said, Status.SUCCEEDED), {"exit_code": 0}, ["model saved."], []
    )
    assert "Said: <subject>.safetensors is in <path>" in shown and "Cause" not in shown


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_real_logs_keep_their_cause_and_lose_their_places(path: Path) -> None:
    log = last_lines(path, 200)
    shown = bug_report.text(row(training()), {"exit_code": 1}, log, [])
    assert (
        "AlvaroBadia" not in shown
        and "/data/" not in shown
        and not re.search(r"img\d\.(?:png|jpg|txt)", shown)
    )
    said = re.search(
        r"^(?:[\w.]+\.)?\w+Error: (?=[\w ]{12})[\w ]+", "\n".join(log[-60:]), re.MULTILINE
    )
    assert said is None or said[0] in shown


# ---- line by line ----


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("load checkpoint: /home/jnunez/m/sd15.safetensors", "load checkpoint: sd15.safetensors"),
        (
            r"load checkpoint: C:\Users\José Núñez\m\sd 15.safetensors",
            "load checkpoint: sd 15.safetensors",
        ),
        (
            "found directory /data/My photos/3_AlvaroBadia man contains 3 image files",
            "found directory <path>",
        ),
        (
            "failed to get image size: /p/a b/img2.png, error: cannot identify image file '/p/a "
            "b/img2.png'",
            "failed to get image size: <photo>, error: cannot identify image file '<photo>'",
        ),
        (
            "AssertionError: caption file is empty / キャプション: /d/3_AlvaroBadia man/img2.txt",
            "AssertionError: caption file is empty / キャプション: <photo>",
        ),
        (
            '  File "/home/jnunez/sd/library/train_util.py", line 12, in f',
            '  File "train_util.py", line 12, in f',
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\José "
            "Núñez\\\\O'Neil\\\\a.safetensors'",
            "FileNotFoundError: [Errno 2] No such file or directory: 'a.safetensors'",
        ),
        (
            "Loading states from /x/AlvaroBadia-step00000600-state",
            "Loading states from <subject>-step00000600-state",
        ),
        (
            "saving checkpoint: /x/AlvaroBadia-step00000600.safetensors",
            "saving checkpoint: <subject>-step00000600.safetensors",
        ),
        ("    class_tokens: AlvaroBadia man", "    class_tokens: <caption>"),
        ("prompt: a photo of Ana on the beach", "prompt: <caption>"),
        ("prompt: None", "prompt: None"),
        (
            "steps:  33%|##  | 500/1500 [00:02<00:04, 2.1it/s]",
            "steps:  33%|##  | 500/1500 [00:02<00:04, 2.1it/s]",
        ),
        (
            "  num train images * repeats / 学習画像の数: 12",
            "  num train images * repeats / 学習画像の数: 12",
        ),
        (
            "torch 2.6.0+cu124, opencv-python-headless==4.10.0.84",
            "torch 2.6.0+cu124, opencv-python-headless==4.10.0.84",
        ),
        (
            "HTTPSConnectionPool(host='proxy.acme.lan', port=3128)",
            "HTTPSConnectionPool(host='<host>', port=3128)",
        ),
        (
            "HTTPSConnectionPool(host='huggingface.co', port=443)",
            "HTTPSConnectionPool(host='huggingface.co', port=443)",
        ),
        (
            "https://jn:pw@pypi.acme.lan/simple/x and https://huggingface.co/jnunez/x",
            "<address> and huggingface.co",
        ),
        (
            "address 192.168.1.7, jose@acme.es on studio-pc",
            "address <host>, <user>@<host> on <host>",
        ),
        ("HF_TOKEN=hf_abcdefghijklmnop", "HF_TOKEN=<key>"),
        ("token hf_abcdefghijklmnop", "token <key>"),
        (f"--wandb_api_key '{KEY}'", "--wandb_api_key '<key>'"),
        ("Authorization: Bearer abc.def-ghi_123", "Authorization: <key> <key>"),
        ("{'password': 'hunter2', 'keep_tokens': 1}", "{'password': '<key>', 'keep_tokens': 1}"),
        (
            "alvarobadia ALVAROBADIA Álvaro_Badía A\u0301lvaro Badi\u0301a",
            "<subject> <subject> <subject> <subject>",
        ),
        (r"\\nas\jnunez\photos\a.jpg", "<photo>"),
        ("~/lora/My Pictures", "<path>"),
        ("file:///home/jnunez/a/IMG_2001.HEIC", "<address>"),
        ("img 7.JPG was skipped", "img <photo> was skipped"),
    ],
)
def test_a_line(line: str, shown: str) -> None:
    assert CLEAN(line) == shown


def test_a_short_name_leaves_longer_words_alone() -> None:
    assert (
        Cleaner(["Ana"], [], [], [])("Ana_v2: a banana for ANA")
        == "<subject>_v2: a banana for <subject>"
    )


# ---- whatever they are called ----

letters = st.characters(codec="utf-8", categories=("Lu", "Ll", "Lt", "Lo", "Mn", "Nd"))
word = st.text(letters, min_size=4, max_size=12).filter(
    lambda text: text.isidentifier() or text.isalnum()
)
name = st.lists(word, min_size=1, max_size=3).map(" ".join)
part = st.tuples(
    word, st.sampled_from(["", " ", "'s ", ".", "-", "_", ", ", " (", " [", "; ", " & "]), word
).map("".join)
ending = st.sampled_from(["", ".png", ".JPG", ".txt", ".webp", ".npz"])
roots = st.sampled_from(
    [
        "/",
        "/home/",
        "/mnt/d/",
        "C:\\",
        "C:\\Users\\",
        "D:/",
        "\\\\nas\\",
        "~/",
        "C:\\\\Users\\\\",
        "/Users/",
        "//nas/",
    ]
)
frames = st.sampled_from(
    [
        "{}",
        "found directory {}",
        "found directory {} contains 3 image files",
        "load checkpoint: {}",
        "'{}'",
        "x='{}',",
        'File "{}", line 3, in f',
        "OSError: No such file or directory: '{}'",
        "failed to get image size: {}, error: no",
        "caption file is empty / 空です: {}",
        "saving sample image: {}",
        "--train_data_dir={}",
        '    image_dir: "{}"',
        "[{}]",
        "WARNING   {}  train_util.py:12",
        "argv: ['python', '{}', '--seed']",
        "The picture {} is damaged.",
        "steps:  0%|     | 0/3 [00:00<?, ?it/s]Error loading file: {}",
    ]
)
MARKS = (
    "<home>",
    "<user>",
    "<host>",
    "<subject>",
    "<path>",
    "<photo>",
    "<key>",
    "<caption>",
    "<address>",
)


def bare(shown: str) -> str:
    """What is left of the text itself, for looking for names in it: without the marks."""
    for mark in MARKS:
        shown = shown.replace(mark, " ")
    return shown.casefold()


@given(roots, st.lists(part, min_size=1, max_size=4), ending, frames)
@example("/home/", ["jose's pictures", "wedding, Ana & Eva"], ".png", "'{}'")
@example(
    "C:\\Users\\", ["Ana Núñez", "my.txt backup"], ".jpg", "failed to get image size: {}, error: no"
)
def test_no_part_of_a_path_survives(root: str, parts: list[str], end: str, frame: str) -> None:
    frame_words = set(re.findall(r"\w+", frame.casefold()))
    words = {found for each in parts for found in re.findall(r"\w{4,}", each.casefold())}
    assume(words and not words & frame_words)
    slash = "\\\\" if "\\\\" in root[2:] else "\\" if "\\" in root else "/"
    shown = CLEAN(frame.format(root + slash.join(parts) + end))
    assert not {
        found for found in words if re.search(rf"(?<!\w){re.escape(found)}(?!\w)", bare(shown))
    }, shown


ways = st.sampled_from(
    [
        "{}",
        "C:\\Users\\{}\\x",
        "/home/{}/x y",
        "user {}!",
        "'{}'",
        "a_{}_b",
        '"{}"',
        "{}-step00000600.safetensors",
    ]
)


@given(name, name, ways)
def test_no_name_survives(subject: str, user: str, frame: str) -> None:
    clean = Cleaner([subject], [user], [], [f"/home/{user}", f"C:\\Users\\{user}"])
    for secret in (subject, user):
        for form in (
            secret,
            secret.replace(" ", "_"),
            secret.replace(" ", ""),
            ascii(secret)[1:-1],
            json.dumps(secret)[1:-1],
        ):
            shown = bare(clean(frame.format(form)))
            assert form.casefold() not in shown and secret.casefold() not in shown


@given(name, name, st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_no_name_survives_in_a_report(
    subject: str, user: str, sentence: str, lines: list[str]
) -> None:
    job = training(name=subject, subject=subject, dataset=f"C:\\Users\\{user}\\{subject}")
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setenv("USER", user)
        log = [f"{line} {subject} of {user}" for line in lines] + [f"/home/{user}/{subject}/1.png"]
        report = {"notes": [f"{user} {subject}"]}
        shown = bare(
            bug_report.text(row(job, f"{sentence} {subject}"), report, log, [f"home: /home/{user}"])
        )
    body = shown.split("cause (", 1)[1]
    ours = bare(bug_report.text(row(training(name="", subject="")), {}, [], []))
    for secret in (subject.casefold(), user.casefold()):
        assume(secret not in ours and secret not in bug_report._NOBODY)
        assert secret not in body
