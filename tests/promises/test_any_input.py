"""Whatever comes in: the answer or a sentence (`BridgeError`), never another exception. Found by
hypothesis.

More examples: HYPOTHESIS_EXAMPLES=3000 python -m pytest tests/promises/test_any_input.py
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli import main as cli
from sd_scripts_bridge.datasets.caption_text import repair
from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue, installation
from sd_scripts_bridge.errors import BridgeError, Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange.kohya_gui.keys import FORM
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.models import checkpoint, lora
from sd_scripts_bridge.names import name_problems, normal
from sd_scripts_bridge.options.params import fields_of_params
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft import state as draft_state
from sd_scripts_bridge.page.draft.draft import _draft_at
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.photos import files as photo_files
from sd_scripts_bridge.photos import zips as zip_files
from sd_scripts_bridge.rest import app as rest
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX, RULES, Rule
from sd_scripts_bridge.running import supervisor
from tests.support import messy
from tests.support import model_headers as headers

FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"

# ---- what comes in ----

ODD = (
    "",
    ".",
    "..",
    "~",
    "~nobody-here/x",
    "~/x",
    "/",
    "\\",
    "C:\\",
    "c:x",
    "\\\\host\\share",
    "//host/share",
    "CON",
    "nul.txt",
    "a\0b",
    "a\nb",
    "\u202e",
    "\ud800",
    "-x",
    "--set",
    "$(id)",
    "%PATH%",
    "x" * 300,
    "a/" * 3000,
    "é",
    "e\u0301",
    "日本",
    "\U0001f600",
    "null",
    "None",
    "true",
    "1e999",
    "NaN",
    "-0",
    "1_000",
    "٣",
    "9" * 5000,
    "0x10",
    "1,5",
    "{",
    "[1",
    "'",
    '"',
    "\ufeff",
)
texts = (
    st.sampled_from(ODD)
    | st.text(max_size=30)
    | st.text("./\\~:*?\"<>|-=, $%!'`&;()[]{}\n\t\0aZ0", max_size=20)
)
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 10**400, -(10**400), 2**63, 2**64, 1e308, 5e-324])
)
plain = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
options = st.sampled_from([spec.name for spec in fields_of_params()]) | st.sampled_from(
    [
        "vae",
        "network_args",
        "optimizer_args",
        "dataset_class",
        "vae_batch_size",
        "lowram",
        "loss_type",
        "output_dir",
        "no_such",
    ]
)


@contextlib.contextmanager
def only_sentences() -> Iterator[None]:
    """A `BridgeError` with something to read is fine; anything else is a defect."""
    try:
        yield
    except BridgeError as error:
        assert str(error).strip()
        assert not isinstance(error, Invalid) or all(
            str(problem).strip() for problem in error.problems
        )


@pytest.fixture(scope="module", autouse=True)
def nothing_starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Setup, too, is a job that any body may queue; and what is written beside us lies in a folder
    of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "spawn", lambda _home: None)
        patch.chdir(tmp_path_factory.mktemp("here"))
        yield


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Bridge:  # one for all examples
    return Bridge(Home(tmp_path_factory.mktemp("any") / "home"))


# ---- names, captions, paths ----


@given(texts)
def test_names(name: str) -> None:
    if not name_problems(name):
        assert name_problems(normal(name)) == [] and not set(name) & set('/\\:*?"<>|\0\n')


@given(st.binary(max_size=200) | texts, texts, texts)
def test_captions(raw: bytes | str, name: str, fallback: str) -> None:
    named = normal(name) if not name_problems(name) else ""
    assert "\n" not in repair(raw, named, "photo").text and repair(raw, named, fallback).text.count(
        "\n"
    ) <= fallback.count("\n")


@given(texts)
def test_paths(text: str) -> None:
    path = Path(text)
    for read in (
        lambda: photo_files.find([path]),
        lambda: open_dataset(path / "no such folder"),
        lambda: checkpoint.read(path),
        lambda: imports.read(path),
        lambda: lora.inspect(path),
    ):
        with only_sentences():
            read()


# ---- zips ----

SIGNATURES = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")
members = st.dictionaries(
    texts
    | st.sampled_from(
        [
            "../x.jpg",
            "/x.jpg",
            "C:\\x.jpg",
            "a/1.jpg",
            "a\\1.jpg",
            "A/1.JPG",
            "1.jpg",
            "1.jpg ",
            "x.zip",
        ]
    ),
    st.binary(max_size=60) | st.just(bytes(100_000)),
    max_size=5,
)


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """A zip of odd names and modes; then some of its bytes are others, or its end is missing."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, contextlib.suppress(ValueError, UnicodeEncodeError):
        for name, data in draw(members).items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = draw(
                st.sampled_from(
                    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
                )
            )
            info.external_attr = draw(st.sampled_from([0, 0o120777, 0o40755, 0o10644])) << 16
            archive.writestr(info, data)
    raw = bytearray(out.getvalue())
    for _ in range(draw(st.integers(0, 6))):
        near = raw.find(draw(st.sampled_from(SIGNATURES)))
        at = (
            draw(st.integers(0, len(raw) - 1))
            if near < 0
            else min(len(raw) - 1, near + draw(st.integers(0, 45)))
        )
        raw[at] = draw(st.sampled_from([0, 1, 255]) | st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw)


@given(zips(), texts)
def test_zips(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "in")
        into.mkdir()
        with only_sentences():
            for path in zip_files.unpack(
                io.BytesIO(data), name, into, zip_files.Limits(entries=50)
            ):
                assert path.is_file() and path.resolve().is_relative_to(into.resolve())
        assert [*Path(folder).iterdir()] == [into]
        assert sum(file.stat().st_size for file in into.rglob("*") if file.is_file()) < 1_000_000


# ---- configs ----

TOML = (
    "general",
    "datasets",
    "subsets",
    "train_data_dir",
    "resolution",
    "args",
    "network_args",
    "general_args",
    "saved_args",
    "dataset_config",
    "image_dir",
    "num_repeats",
    "caption_extension",
    "keep_tokens",
    "max_train_epochs",
)


@given(
    st.dictionaries(st.sampled_from(sorted(FORM)) | texts, values, max_size=8),
    st.sampled_from(
        [
            str.encode,
            lambda t: t.encode("utf-16"),
            lambda t: t.encode("utf-8-sig"),
            lambda t: t.encode()[:-3],
            lambda t: b"[" * 5000 + t.encode(),
        ]
    ),
)
def test_json_configs(
    bridge: Bridge, data: dict[str, Any], written: Callable[[str], bytes]
) -> None:
    path = bridge.home.root / "any.json"
    path.write_bytes(
        written(json.dumps({"LoRA_type": "Standard", "pretrained_model_name_or_path": "x", **data}))
    )
    with only_sentences():
        bridge.import_file(path).lines()


@given(
    st.dictionaries(st.sampled_from(TOML) | options, values, min_size=1, max_size=6), st.booleans()
)
def test_toml_configs(bridge: Bridge, data: dict[str, Any], whole: bool) -> None:
    lines = [
        f"{key} = {json.dumps(value)}"
        for key, value in data.items()
        if isinstance(value, (str, int, list))
    ]
    text = "\n".join(lines if whole else [*lines, "[[datasets]]", "  [[datasets.subsets]]", *lines])
    path = bridge.home.root / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with only_sentences():
        bridge.import_file(path).lines()


words = (
    texts
    | options.map(lambda name: f"--{name}")
    | st.sampled_from(
        [
            "python",
            "train_network.py",
            "\\\n",
            "^\n",
            "&&",
            "|",
            "#",
            "set x=1",
            "%x%",
            "$x",
            "${x",
            "$(",
            "`",
            "accelerate launch",
        ]
    )
)


@given(st.lists(words, max_size=12), st.sampled_from([".sh", ".bat", ".ps1"]))
def test_scripts(bridge: Bridge, line: list[str], suffix: str) -> None:
    path = bridge.home.root / f"any{suffix}"
    path.write_bytes(" ".join(["python train_network.py", *line]).encode("utf-8", "surrogatepass"))
    with only_sentences():
        bridge.import_file(path).lines()


METADATA = (
    "ss_network_args",
    "ss_learning_rate",
    "ss_resolution",
    "ss_datasets",
    "ss_optimizer",
    "ss_max_train_steps",
    "ss_seed",
    "ss_network_dim",
    "ss_dataset_dirs",
    "ss_tag_frequency",
    "ss_bucket_info",
    "ss_v2",
    "ss_base_model_version",
    "ss_unet_lr",
    "ss_num_train_images",
    "ss_clip_skip",
    "ss_network_module",
    "modelspec.architecture",
    "ss_lr_warmup_steps",
)


@given(
    st.dictionaries(
        st.sampled_from(METADATA),
        (values.map(json.dumps) | texts).filter(lambda t: t.isprintable()),
        max_size=5,
    )
)
def test_a_loras_metadata(bridge: Bridge, metadata: dict[str, str]) -> None:
    path = headers.write(bridge.home.root / "any.safetensors", headers.lora(), metadata)
    with only_sentences():
        bridge.import_file(path).lines()
    with only_sentences():
        bridge.publish(path, bridge.home.root / "Lora", "any")
    for file in (bridge.home.root / "Lora").iterdir():
        file.unlink()


JOB: dict[str, Any] = {
    "kind": "train",
    "name": "A",
    "subject": "A",
    "class_token": "w",
    "dataset": "/x",
    "base": "/y",
    "family": "sd1",
    "engine": "sd-scripts",
    "params": {"max_train_steps": 5, "extra": {}},
    "prediction": "epsilon",
    "lora_dir": None,
    "preset": "",
    "gpu": None,
    "launch": None,
    "on": None,
    "healed": [],
}
LAUNCH = (
    "processes",
    "gpus",
    "machines",
    "machine_rank",
    "main_process_ip",
    "main_process_port",
    "num_cpu_threads_per_process",
)
parts = values | st.dictionaries(
    st.sampled_from([*LAUNCH, "address", "base", "home"]), values | st.integers(0, 3), max_size=4
)


@given(
    st.dictionaries(st.sampled_from([*sorted(JOB), "new in a later version"]), values, max_size=3)
    | st.dictionaries(st.sampled_from(["launch", "on"]), parts, max_size=2),
    st.dictionaries(options | st.just("extra"), values, max_size=3),
    st.booleans(),
)
@example({"kind": []}, {}, False)
def test_jobs_of_another_version(
    bridge: Bridge, changes: dict[str, Any], params: dict[str, Any], instead: bool
) -> None:
    job = copy.deepcopy(JOB) | changes
    if isinstance(job["params"], dict) and not instead:
        job["params"] |= params
    path = bridge.home.root / "job.json"
    path.write_text(json.dumps(job))
    with only_sentences():
        bridge.import_file(path).lines()
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # the same file in a job's folder, after the database was lost
        root = Path(folder)
        (root / "jobs" / "000001").mkdir(parents=True)
        (root / "jobs" / "000001" / "job.json").write_text(json.dumps(job))
        (root / "jobs" / "000001" / "report.json").write_text(json.dumps(params))
        for row in Store(root / "bridge.sqlite3", root / "jobs").jobs():
            with only_sentences():
                assert row.job.title


@given(
    st.dictionaries(
        st.sampled_from(
            ["items", "training", "undo", "name", "revision", "next_id", "source", "new"]
        ),
        values,
        max_size=4,
    )
)
def test_drafts_of_another_version(data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder, only_sentences():
        from sd_scripts_bridge.page.draft.draft import Draft

        draft = Draft(Home(Path(folder)))
        draft.folder.mkdir()
        (draft.folder / "draft.json").write_text(json.dumps(data))
        assert isinstance(draft.state, draft_state.State)


# ---- models ----

WHOLE = {family: headers.checkpoint(family) for family in ("sd1", "sdxl")}
shapes = st.lists(st.integers(0, 5) | st.sampled_from([77, 768, 1 << 40]), max_size=5).map(tuple)


@given(
    st.sampled_from(sorted(WHOLE)),
    st.randoms(use_true_random=False),
    st.lists(shapes, max_size=4),
    st.dictionaries(texts, shapes, max_size=2),
    st.dictionaries(texts, texts, max_size=3),
    st.sampled_from([0, 0, 1, 5000]),
    st.booleans(),
)
def test_checkpoints_with_other_names_and_shapes(
    bridge: Bridge,
    family: str,
    dice: Any,
    changed: list[tuple[int, ...]],
    more: dict[str, tuple[int, ...]],
    metadata: dict[str, str],
    cut: int,
    alone: bool,
) -> None:
    tensors: dict[str, tuple[int, ...]] = {} if alone else dict(WHOLE[family])
    tensors |= {dice.choice(sorted(WHOLE[family])): shape for shape in changed} | more
    for name in dice.sample(sorted(tensors), min(len(changed), len(tensors))):
        del tensors[name]
    place, table = 0, dict[str, Any]()
    for name, shape in tensors.items():
        end = place + 2 * math.prod(shape)
        table[name] = {"dtype": "F16", "shape": shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps({"__metadata__": metadata, **table}).encode()
    path = bridge.home.root / "odd.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(max(0, min(8 + len(text) + place, 1 << 40) - cut))
    for read in (
        (checkpoint.read, lora.inspect)
        if place > 1_000_000
        else (checkpoint.read, lora.inspect, lora.problems)
    ):
        with only_sentences():
            read(path)


# ---- the faces ----


class Client:
    def __init__(self, bridge: Bridge) -> None:
        _draft_at.cache_clear()
        self.context = Context(bridge)
        app = Starlette()
        rest.mount(app, self.context)
        self.client = TestClient(app, raise_server_exceptions=False)

    def ask(self, method: str, path: str, body: Any = None) -> None:
        headers = {NONCE_HEADER: self.context.nonce, "Content-Type": "application/json"}
        content = json.dumps(body).encode() if method == "POST" else None
        answer = self.client.request(method, f"{PREFIX}{path}", content=content, headers=headers)
        assert answer.status_code != 500, (path, body, answer.text[:400])
        if answer.status_code >= 400 and "json" in answer.headers.get(
            "content-type", ""
        ):  # else it is no address of ours
            assert all(answer.json()["error"]["sentences"])


@pytest.fixture(scope="module")
def client(bridge: Bridge) -> Client:
    return Client(bridge)


bodies = st.dictionaries(
    st.sampled_from(
        [
            "name",
            "class_token",
            "training",
            "values",
            "files",
            "path",
            "source",
            "used",
            "caption",
            "action",
            "text",
            "with",
            "where",
            "now",
            *(
                "photos",
                "dataset",
                "base",
                "config",
                "launch",
                "on",
                "gpu",
                "steps",
                "out",
                "to",
                "file",
                "lora_dir",
            ),
            *("minutes", "apply", "format", "class", "engine", "preset"),
        ]
    )
    | texts,
    values,
    max_size=4,
)
choices = st.dictionaries(
    st.sampled_from(["base", "preset", "engine", "lora_name"]), texts, max_size=2
)


@given(st.sampled_from([rule for rule in RULES if rule.method == "POST"]), values | bodies)
def test_every_route_takes_any_body(client: Client, rule: Rule, body: Any) -> None:
    client.ask("POST", rule.path.replace("{job}", "1").replace("{pid}", "1"), body)


@given(st.dictionaries(options | texts, values, max_size=3), choices, texts)
def test_any_choice_leaves_a_draft_and_a_plan_that_can_be_shown(
    client: Client, chosen: dict[str, Any], others: dict[str, str], name: str
) -> None:
    client.ask("POST", "/draft", {"name": name, "training": {**others, "values": chosen}})
    client.ask("GET", "/draft")
    client.ask("GET", "/plan")
    client.ask(
        "POST",
        "/draft",
        {
            "name": "",
            "training": {
                "base": None,
                "preset": None,
                "engine": None,
                "lora_name": "",
                "values": dict.fromkeys(chosen),
            },
        },
    )
    assert client.context.draft.state.training.values == {}


@given(
    st.sampled_from(
        [
            "/options?search=",
            "/status?since=",
            "/status?job=",
            "/jobs/1/log?lines=",
            "/jobs/",
            "/draft/photo/",
            "/jobs/1/export?format=",
        ]
    ),
    texts,
)
def test_every_address_can_be_any(client: Client, path: str, text: str) -> None:
    from urllib.parse import quote

    client.ask("GET", path + quote(text, safe="", errors="surrogatepass"))


@pytest.fixture(scope="module")
def trainable(bridge: Bridge) -> dict[str, str]:
    """A dataset and a base, so that only what else is asked for can be wrong."""
    (bridge.home.root / "one.jpg").write_bytes(messy.jpeg(messy.photo(1)))
    made = bridge.write_dataset(
        [bridge.home.root / "one.jpg"], "Ada", "woman", 5, bridge.home.root / "set"
    )
    base = headers.full_size_sd15(bridge.home.root / "base.safetensors")
    installation.write(bridge.home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    catalogue.write(bridge.home, Path(sys.executable), FAKE_SCRIPTS)
    return {"dataset": str(made.root), "base": str(base)}


@given(
    st.dictionaries(
        st.sampled_from(["engine", "preset", "name", "gpu", "lora_dir"]), values, max_size=2
    ),
    st.dictionaries(options | texts, values, max_size=3),
    parts,
)
def test_any_training_asked_for(
    client: Client,
    trainable: dict[str, str],
    more: dict[str, Any],
    chosen: dict[str, Any],
    launch: Any,
) -> None:
    client.ask("POST", "/jobs", {**trainable, **more, "values": chosen, "launch": launch})
    client.ask("GET", "/jobs")


arguments = st.one_of(
    st.tuples(
        st.just("train"),
        texts,
        st.sampled_from([f"--{name.replace('_', '-')}" for name in LAUNCH]),
        texts,
        st.just("--on"),
        texts,
    ),
    st.tuples(st.just("pause"), texts, st.just("--minutes"), texts),
    st.tuples(st.just("check"), texts),
    st.tuples(st.just("train"), texts, st.just("--base"), texts, st.just("--set"), texts),
    st.tuples(
        st.just("dataset"),
        st.just("/no such"),
        st.just("--class"),
        texts,
        st.just("--name"),
        texts,
        st.just("--out"),
        texts,
        st.just("--steps"),
        texts,
    ),
    st.tuples(st.just("import"), texts),
    st.tuples(st.sampled_from(["watch", "log", "stop", "resume", "retry", "rm", "report"]), texts),
    st.tuples(
        st.just("publish"),
        texts,
        st.just("--lora-dir"),
        st.just("/no such"),
        st.just("--name"),
        texts,
    ),
    st.tuples(st.just("presets"), st.just("show"), texts),
    st.tuples(st.just("export"), texts, st.just("--format"), st.just("toml")),
    st.lists(texts, max_size=4).map(tuple),
)


@given(arguments)
def test_any_command_line(bridge: Bridge, words: tuple[str, ...]) -> None:
    if "ui" in words or "setup" in words:
        return
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = cli.main(["--home", str(bridge.home.root), *words])
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 2
    assert code in (0, 1, 2), said.getvalue()
