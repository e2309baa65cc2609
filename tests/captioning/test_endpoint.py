"""An endpoint in every mood: no hand-written caption is lost, each photo ends with a caption or a
reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sd_scripts_bridge.captioning import program
from sd_scripts_bridge.captioning.answers import cleaned, description
from sd_scripts_bridge.captioning.book import read
from sd_scripts_bridge.captioning.captioner import named
from sd_scripts_bridge.captioning.endpoint.exchange import Exchange
from sd_scripts_bridge.captioning.said import CannotGoOn, NoCaption
from sd_scripts_bridge.datasets import caption_text, manifest
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.folder import JobFolder
from tests.captioning.conftest import captions
from tests.support.caption_server import Handler, Moody, answered

Job = Callable[..., JobFolder]
OWN = "AlvaroBadia man, my own words"
KEY = "sk-this-is-a-secret-0123456789"
BLIND_LLAMA_CPP = (
    "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries a moment, not a second."""
    whole = Exchange.__init__
    monkeypatch.setattr(
        Exchange, "__init__", lambda self, *a, **k: whole(self, *a, **{**k, "pause": 0.02})
    )


@pytest.fixture
def server() -> Iterator[Moody]:
    with Moody() as moody:
        yield moody


def run(job: Job, dataset: Path, server: Moody, **more: object) -> JobFolder:
    folder = job(dataset, named(server.address, "qwen3-vl"), **more)
    assert program.main([str(folder.root)]) == 0
    return folder


def reasons(folder: JobFolder) -> dict[str, str]:
    """What the last run gave as reasons, by the photo's number."""
    told = json.loads(folder.result.read_text("utf-8"))["reasons"]
    return {Path(file).stem: reason["text"] for file, reason in told.items()}


def is_broken(folder: JobFolder) -> bool:
    """Whether the run couldn't go on to its end."""
    return bool(json.loads(folder.result.read_text("utf-8"))["broken"])


def test_each_photo_gets_a_caption_and_hand_written_ones_stay(
    server: Moody, dataset: Path, job: Job
) -> None:
    folder = run(job, dataset, server)
    found = captions(dataset)
    assert reasons(folder) == {} and found.pop("2") == OWN
    for text in found.values():
        assert text.startswith("AlvaroBadia man with his arms crossed, head and shoulders")
        assert 25 <= caption_text.words(text) <= 75 and "\n" not in text
    assert len(server.asked) == 4
    content = server.asked[0]["messages"][0]["content"]
    assert "AlvaroBadia man" in content[0]["text"] and server.asked[0]["model"] == "qwen3-vl"
    assert content[1]["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/")


def test_it_is_recorded_who_wrote_each(server: Moody, dataset: Path, job: Job) -> None:
    run(job, dataset, server)
    files = manifest.read(dataset)["files"]
    by = {Path(name).stem: entry.get("by") for name, entry in files.items()}
    assert by == {"1": "qwen3-vl", "2": None, "3": "qwen3-vl", "4": "qwen3-vl", "5": "qwen3-vl"}


@pytest.mark.parametrize(
    ("moods", "left_out", "why"),
    [
        (["slow", "good"], [], ""),
        (["broken", "broken", "good"], [], ""),
        (["busy", "good"], [], ""),
        (["plain_text"], [], ""),
        (["thinking"], [], ""),
        (["empty", "good"], [], ""),
        (["half_json", "good"], [], ""),
        (["gone", "good"], [], ""),
        (["refusal", "good"], ["1"], "the model refused: I'm sorry"),
        (["empty", "empty", "good"], ["1"], "no words"),
        (["only_thinking", "only_thinking", "good"], ["1"], "thought until"),
        (["huge", "good"], ["1"], "larger than 1 MB"),
        (["web_page", "good"], ["1"], "web page"),
        (["half_json"] * 4 + ["good"], ["1"], "not complete JSON"),
        (["broken"] * 4 + ["good"], ["1"], "500: out of memory"),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, list) else None,
)
def test_moods(moods: list[str], left_out: list[str], why: str, dataset: Path, job: Job) -> None:
    with Moody(*moods) as server:
        folder = run(job, dataset, server)
    found = captions(dataset)
    assert found["2"] == OWN and [*reasons(folder)] == left_out
    assert all(why in reason for reason in reasons(folder).values())
    for number in "1345":
        bare = found[number] == "AlvaroBadia man"
        assert bare if number in left_out else "sunny park" in found[number]
        assert "think" not in found[number]


def test_a_server_that_dies_after_three_leaves_a_reason_for_each_that_is_left(
    dataset: Path, job: Job
) -> None:
    with Moody("good", "good", "good", "gone") as server:
        folder = run(job, dataset, server)
    assert [*reasons(folder)] == ["5"] and "doesn't answer" in reasons(folder)["5"]
    assert captions(dataset)["2"] == OWN


def test_a_server_that_is_not_there(dataset: Path, job: Job) -> None:
    with Moody() as server:
        pass
    folder = run(job, dataset, server)
    assert is_broken(folder) and [*reasons(folder)] == ["1", "3", "4", "5"]
    assert captions(dataset) == {**dict.fromkeys("1345", "AlvaroBadia man"), "2": OWN}


def test_it_goes_on_after_a_kill_and_asks_nothing_twice(
    server: Moody, dataset: Path, job: Job
) -> None:
    folder = run(job, dataset, server)
    book = folder.output / "captions.jsonl"
    lines = book.read_bytes().splitlines(keepends=True)
    book.write_bytes(b"".join(lines[:2]) + lines[2][:30])
    assert [said.file.stem for said, _ in read(book)] == ["1", "3"]
    for number in "45":
        next(dataset.rglob(f"{number}.txt")).write_text("AlvaroBadia man\n", "utf-8")
    server.asked.clear()
    assert program.main([str(folder.root)]) == 0 and len(server.asked) == 2
    assert all("sunny park" in captions(dataset)[number] for number in "1345")


def test_words_that_are_written_while_it_runs_stay(dataset: Path, job: Job) -> None:
    def meanwhile(handler: object) -> None:
        next(dataset.rglob("4.txt")).write_text("AlvaroBadia man, written just now", "utf-8")
        handler.good()  # type: ignore[attr-defined]

    with Moody(meanwhile, "good") as server:
        run(job, dataset, server)
    assert captions(dataset)["4"] == "AlvaroBadia man, written just now"


def test_again_replaces_what_a_captioner_wrote_and_nobody_changed(
    server: Moody, dataset: Path, job: Job
) -> None:
    run(job, dataset, server)
    changed = next(dataset.rglob("3.txt"))
    changed.write_text(changed.read_text("utf-8").replace("sunny", "rainy"), "utf-8")
    (job(dataset, named(server.address)).output / "captions.jsonl").unlink()
    with Moody(
        lambda handler: handler.say({"choices": [{"message": {"content": "A new day."}}]})
    ) as other:
        run(job, dataset, other, again=True)
    found = captions(dataset)
    assert "rainy park" in found["3"] and found["2"] == OWN
    assert [found[number] for number in "145"] == ["AlvaroBadia man, a new day."] * 3


def test_the_key_goes_to_the_server_and_nowhere_else(
    server: Moody, dataset: Path, job: Job, monkeypatch: pytest.MonkeyPatch, capfd: object
) -> None:
    monkeypatch.setenv("CAPTION_API_KEY", KEY)
    server.moods = ["good", "wrong_key"]
    folder = run(job, dataset, server)
    assert is_broken(folder) and server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "401" in reasons(folder)["5"] and "<key>" in reasons(folder)["5"]
    written = [
        p.read_bytes() for p in [*folder.root.rglob("*"), *dataset.rglob("*")] if p.is_file()
    ]
    said = capfd.readouterr()  # type: ignore[attr-defined]
    assert not any(KEY.encode() in data for data in written)
    assert KEY not in said.out + said.err


def test_a_redirect_is_refused(server: Moody, dataset: Path, job: Job) -> None:
    server.moods = ["elsewhere"]
    folder = run(job, dataset, server)
    assert is_broken(folder) and "307: it sends on to http" in reasons(folder)["1"]
    assert len(server.asked) == 1


@pytest.mark.parametrize(("models", "ok"), [(["one"], True), ([], False), (["a", "b"], False)])
def test_without_a_model_the_only_one_is_taken(
    models: list[str], ok: bool, dataset: Path, job: Job
) -> None:
    with Moody(models=models) as server:
        folder = job(dataset, named(server.address))
        program.main([str(folder.root)])
    assert is_broken(folder) is not ok
    assert ok or all(name in reasons(folder)["1"] for name in models)


def test_a_stop_leaves_the_rest_for_a_resume(dataset: Path, job: Job) -> None:
    folder = job(dataset, named("http://127.0.0.1:9/v1", "m"))

    def stop(handler: object) -> None:
        folder.stop_request.touch()
        handler.good()  # type: ignore[attr-defined]

    with Moody(stop, "good") as server:
        job(dataset, named(server.address, "m"))
        assert program.main([str(folder.root)]) == 0 and not folder.result.exists()
        assert "sunny" in captions(dataset)["1"] and captions(dataset)["3"] == "AlvaroBadia man"
        folder.stop_request.unlink()
        assert program.main([str(folder.root)]) == 0 and "sunny" in captions(dataset)["5"]


@pytest.mark.parametrize(
    "address",
    ["http://", "http://me:secret@host/v1", "https://host/v1?key=secret", "http://host:99999/v1"],
)
def test_an_address_with_a_secret_or_without_a_place_is_refused(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        named(address)
    assert "me:secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:1234/v1/", "http://127.0.0.1:1234/v1"),
        ("https://a.example/api/v1/chat/completions", "https://a.example/api/v1"),
    ],
)
def test_addresses_as_people_paste_them(given: str, address: str) -> None:
    assert named(given).where == address


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Caption: a man in a park", "a man in a park"),
        ("Here is the caption:\n\n**A man** in a park.", "A man in a park."),
        ('"A man\nin a park"', "A man, in a park"),
        ("I see</think>A man in a park", "A man in a park"),
        ("A man, sorry for himself, in a park", "A man, sorry for himself, in a park"),
        ("**Caption:** *A man* in a `park`", "A man in a park"),
        ("## A man\n- in a park", "A man, in a park"),
        ("Sure! Here it is:\n```text\nA man\nin a park\n```\nLet me know.", "A man, in a park"),
        ("A man in a park.\n\nLet me know if you need more!", "A man in a park."),
        ('{"caption": "A man in a park"}', "A man in a park"),
        ('```json\n{"description": "A man"}\n```', "A man"),
        ("1boy, t_shirt, >_<, o_o, no. #1, *_*", "1boy, t_shirt, >_<, o_o, no. #1, *_*"),
    ],
)
def test_what_is_around_a_caption_goes(text: str, line: str) -> None:
    assert cleaned(text) == line


@pytest.mark.parametrize("text", ["I can’t describe people.", "I'm unable to see it", "  \n", "…"])
def test_what_is_no_caption(text: str) -> None:
    with pytest.raises(NoCaption):
        cleaned(text)


@pytest.mark.parametrize(
    ("status", "said", "key", "why"),
    [
        (429, {}, "", "the server answers 429: Too Many Requests"),
        (
            500,
            {"error": {"message": "out of memory."}},
            "",
            "the server answers 500: out of memory",
        ),
        (401, {}, "", "the server answers 401: Unauthorized; it wants a key, and none was given"),
        (401, {}, KEY, "the server answers 401: Unauthorized; it does not accept this key"),
    ],
)
def test_a_reason_is_a_clause_that_says_something(
    status: int, said: object, key: str, why: str
) -> None:
    refused = pytest.raises((NoCaption, CannotGoOn))
    with Moody(lambda handler: handler.say(said, status)) as server, refused as error:
        Exchange(server.address, key, tries=1).ask("/chat/completions", {})
    assert str(error.value) == why


def test_a_server_that_wants_an_hour_ends_the_run() -> None:
    def hour(handler: object) -> None:
        handler.say({}, 429, Retry_After="3600")  # type: ignore[attr-defined]

    with Moody(hour) as server, pytest.raises(CannotGoOn, match="60 minutes"):
        Exchange(server.address).ask("/chat/completions", {})


# ---- what real servers say, as their documentation and their users tell it ----


OLLAMA_THOUGHT = {
    "id": "chatcmpl-730",
    "object": "chat.completion",
    "model": "qwen3-vl:8b",
    "system_fingerprint": "fp_ollama",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "", "reasoning": "The user wants ..."},
            "finish_reason": "length",
        }
    ],
}
LLAMA_CPP_THOUGHT = {
    "choices": [
        {
            "finish_reason": "length",
            "index": 0,
            "message": {"role": "assistant", "reasoning_content": "Okay, ...", "content": None},
        }
    ],
    "model": "gpt-3.5-turbo",
    "object": "chat.completion",
    "timings": {"predicted_per_second": 62.1},
}


@pytest.mark.parametrize("answer", [OLLAMA_THOUGHT, LLAMA_CPP_THOUGHT], ids=["Ollama", "llama.cpp"])
def test_a_model_that_only_thinks_is_told_apart_from_an_empty_answer(answer: object) -> None:
    with pytest.raises(NoCaption, match="turn its thinking off"):
        description(answer)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, {"code": 500, "message": BLIND_LLAMA_CPP, "type": "server_error"}),
        (500, {"message": "this model is missing data required for image input"}),
        (400, {"message": "m is not a multimodal model", "type": "BadRequestError", "code": 400}),
        (400, "Model does not support images. Please use a model that does."),
    ],
    ids=["llama.cpp", "Ollama", "vLLM", "LM Studio"],
)
def test_a_model_that_sees_no_pictures_is_asked_once(
    status: int, error: object, dataset: Path, job: Job
) -> None:
    with Moody(lambda handler: handler.say({"error": error}, status)) as server:
        folder = run(job, dataset, server)
    assert len(server.asked) == 1 and is_broken(folder)
    assert len(reasons(folder)) == 4 and "choose one that does" in reasons(folder)["5"]


ERROR_IN_200 = {"error": {"message": "this model takes no images", "code": 400}}
FAILED_IN_200 = {"error": {"message": "Failed to load the model", "type": "invalid_request_error"}}


@pytest.mark.parametrize(
    ("answer", "asked", "why"),
    [
        (ERROR_IN_200, 1, "choose one that does"),
        (answered("This model does not support images."), 1, "choose one that does"),
        (answered("As a text-based AI, I can't view images directly."), 3, "choose one that does"),
        (answered("Unfortunately I don't see any image here."), 3, "choose one that does"),
        (FAILED_IN_200, 3, "the server says: Failed to load the model"),
    ],
    ids=["error object", "words", "text model", "no image", "other error"],
)
def test_a_200_that_is_an_error_ends_the_run_once_it_is_sure(
    answer: object, asked: int, why: str, dataset: Path, job: Job
) -> None:
    with Moody(lambda handler: handler.say(answer)) as server:
        folder = run(job, dataset, server)
    assert len(server.asked) == asked and is_broken(folder)
    assert [*reasons(folder)] == ["1", "3", "4", "5"] and why in reasons(folder)["5"]
    assert captions(dataset) == {**dict.fromkeys("1345", "AlvaroBadia man"), "2": OWN}


def test_an_error_that_comes_and_goes_ends_nothing(dataset: Path, job: Job) -> None:
    def error(handler: Handler) -> None:
        handler.say(FAILED_IN_200)

    with Moody(error, error, "good", error) as server:
        folder = run(job, dataset, server)
    assert [*reasons(folder)] == ["1", "3", "5"] and not is_broken(folder)


def test_a_server_that_loads_its_model_is_waited_for(dataset: Path, job: Job) -> None:
    """llama.cpp answers so for as long as it reads the weights."""

    def loading(handler: Handler) -> None:
        error = {"code": 503, "message": "Loading model", "type": "unavailable_error"}
        handler.say({"error": error}, 503)

    with Moody(*[loading] * 12, "good") as server:
        folder = run(job, dataset, server)
    assert reasons(folder) == {} and "sunny park" in captions(dataset)["1"]
