"""The page without a WebUI, up to the browser: what gradio's answer becomes, whom it answers, what
else it serves.
"""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.paths import PACKAGE_PARENT
from sd_scripts_bridge.system import process

pytest.importorskip("starlette")

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route

from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system import gpu_memory
from sd_scripts_bridge.system.gpu_memory import Memory
from sd_scripts_bridge.webui import page, routes
from sd_scripts_bridge.webui.standalone import Options, _bind, serve

HTML = (
    '<html><head><link rel="preconnect" href="https://fonts.googleapis.com" />'
    '<script src="https://cdnjs.cloudflare.com/x.js" async></script></head><body>y</body></html>'
)


def ask(
    app: Any, path: str, host: str = "127.0.0.1:7862", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request, without a server."""
    sent: list[Any] = []
    asked: list[Any] = []

    async def receive() -> Any:
        if asked:
            await asyncio.sleep(3600)  # the browser stays
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", host.encode()),
            (b"accept-encoding", b"gzip, br"),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 7862),
        "client": ("127.0.0.1", 5),
    }
    asyncio.run(app(scope, receive, send))
    said = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], said, b"".join(message.get("body", b"") for message in sent[1:])


def gradio(request: Any) -> Any:
    assert "accept-encoding" not in request.headers, "what comes packed can't be added to"
    return HTMLResponse(HTML)


@pytest.fixture
def app() -> page.Page:
    inner = Starlette(
        routes=[
            Route("/", gradio),
            Route("/{rest:path}", lambda _: PlainTextResponse("</head>"), methods=["GET", "POST"]),
        ]
    )
    return page.Page(inner, lambda: "<ours>", page.LOCAL_NAMES)


def test_our_tags_go_in_and_foreign_ones_leave(app: page.Page) -> None:
    status, headers, body = ask(app, "/")
    assert (status, body) == (200, b"<html><head><ours></head><body>y</body></html>")
    assert headers["content-length"] == str(len(body)) and headers["cache-control"] == "no-store"
    assert ask(app, "/assets/other.js")[2] == b"</head>"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("POST", "/upload"),
        ("POST", "/assets/x"),
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/file=/etc/passwd"),
        ("GET", "/config"),
    ],
)
def test_gradios_own_api_is_closed(app: page.Page, method: str, path: str) -> None:
    """Its upload takes files from every site, and /config tells the nonce to every local port."""
    assert ask(app, path, method=method)[0] == 404


def test_no_other_site_reads_the_page_or_frames_it(app: page.Page) -> None:
    assert ask(app, "/", origin="http://127.0.0.1:9999")[0] == 403
    assert ask(app, "/", origin="null")[0] == 403
    status, headers, _ = ask(app, "/", origin="http://127.0.0.1:7862")
    assert (status, headers["x-frame-options"]) == (200, "DENY")
    assert headers["content-security-policy"] == "frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:7862", 200),
        ("evil.example:7862", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_a_page_for_this_machine_answers_to_no_other_name(
    app: page.Page, name: str, status: int
) -> None:
    assert ask(app, "/", name)[0] == status


def test_a_page_for_the_network_answers_to_every_name() -> None:
    inner = Starlette(routes=[Route("/", gradio)])
    assert ask(page.Page(inner, str, None), "/", "nas.local")[0] == 200


def test_every_script_is_named_once_and_served() -> None:
    app = Starlette(routes=page.routes())
    tags = page.head()
    names = sorted(path.name for path in (PACKAGE_PARENT / "javascript").glob("*.js"))
    assert len(names) > 5
    for name in names:
        assert tags.count(f"/{name}?") == 1
        assert ask(app, f"{page.FILES}/javascript/{name}")[0] == 200
    assert ask(app, f"{page.FILES}/style.css")[1]["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    "path",
    [
        "/javascript/../install.py",
        "/javascript/%2e%2e/install.py",
        "/install.py",
        "/javascript/",
        "/.git/config",
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    assert ask(Starlette(routes=page.routes()), page.FILES + path)[0] in (404, 405)


def test_the_words_are_those_of_the_localizations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "localizations").mkdir()
    (tmp_path / "localizations" / "es_ES.json").write_text(
        '{"Train": "Entrenar </script>"}', encoding="utf-8"
    )
    monkeypatch.setattr(page, "PACKAGE_PARENT", tmp_path)
    _, headers, body = ask(Starlette(routes=page.routes()), f"{page.FILES}/words.js")
    assert headers["content-type"].startswith("text/javascript")
    name, _, words = body.decode().rstrip(";").partition(" = ")
    assert name == "globalThis.loraBridgeDictionaries" and json.loads(words) == {
        "es": {"Train": "Entrenar </script>"}
    }


# ---- the routes' door ----


def test_the_routes_are_made_once_at_the_first_request() -> None:
    made: list[int] = []

    def build() -> Any:
        made.append(1)
        return Starlette(
            routes=[Route("/lora-bridge/v1/status", lambda _request: PlainTextResponse("ours"))]
        )

    host = Starlette(
        routes=[
            Mount(
                "/",
                app=Starlette(routes=[Route("/x", lambda _request: PlainTextResponse("host's"))]),
            )
        ]
    )
    routes.Routes(build).install(host)
    assert ask(host, "/x")[2] == b"host's" and not made
    assert (
        ask(host, "/lora-bridge/v1/status")[2] == ask(host, "/lora-bridge/v1/status")[2] == b"ours"
    )
    assert ask(host, "/lora-bridge/v1/none")[0] == 404 and made == [1]


def test_waiting_requests_never_starve_ours() -> None:
    """A click on Generate during a training holds a worker thread; there are 40."""
    import anyio
    from anyio import to_thread

    async def tokens() -> tuple[float, float]:
        limiter = to_thread.current_default_thread_limiter()
        before = limiter.total_tokens
        async with anyio.create_task_group() as group:
            for _ in range(int(before)):
                limiter.acquire_on_behalf_of_nowait(object())
            routes._keep_room()
            group.cancel_scope.cancel()
        return before, limiter.total_tokens

    before, after = asyncio.run(tokens())
    assert after >= before + 10


# ---- the place ----


def test_the_place(tmp_path: Path) -> None:
    home, webui, mine = Home(tmp_path / "home"), tmp_path / "webui", tmp_path / "mine"
    for file in (
        webui / "models" / "Stable-diffusion" / "xl" / "a.safetensors",
        mine / "b.safetensors",
        mine / "c.ckpt",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    plain = Options(home)
    assert plain.is_local and plain.bases() == [] and plain.loras == home.root / "models" / "Lora"
    both = Options(home, models=[mine], webui=webui)
    assert [title for title, _ in both.bases()] == ["b.safetensors", "xl/a.safetensors"]
    assert both.loras == webui / "models" / "Lora" and Options(home, lora_dir=mine).loras == mine
    assert not Options(home, host="0.0.0.0").is_local


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BridgeError, match=r"can't be used.*--port"):
            serve(Options(Home(tmp_path), port=taken.getsockname()[1]), print)


def test_answers_leave_at_once(tmp_path: Path) -> None:
    """With Nagle's algorithm each one waits 44 ms for the browser's acknowledgement."""

    async def nagle_is_off() -> bool:
        found = asyncio.get_running_loop().create_future()

        async def met(_reader: Any, writer: Any) -> None:
            door = writer.get_extra_info("socket")
            found.set_result(bool(door.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            writer.close()

        door = _bind(Options(Home(tmp_path), port=0))
        async with await asyncio.start_server(met, sock=door):
            _, writer = await asyncio.open_connection(*door.getsockname())
            writer.close()
            return bool(await found)

    assert asyncio.run(nagle_is_off())


@pytest.mark.parametrize(
    ("table", "memory"),
    [
        (
            "22528, 24576, NVIDIA GeForce RTX 3090\n8, 9, Other\n",
            Memory(22528 << 20, 24576 << 20, "NVIDIA GeForce RTX 3090"),
        ),
        ("nvidia-smi: No such file or directory", None),
        ("[N/A], [N/A], NVIDIA GB10", None),
        ("", None),
    ],
)
def test_the_drivers_answer(table: str, memory: Memory | None) -> None:
    assert gpu_memory.read(table) == memory


def test_the_driver_is_not_asked_at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(process, "run", lambda *words, **_: asked.append(words) or "1, 2, X")
    memory = gpu_memory.GpuMemory()
    assert memory() == memory() == Memory(1 << 20, 2 << 20, "X") and len(asked) == 1
