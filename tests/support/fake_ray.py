"""Ray's dashboard as far as our client speaks with it: packages, jobs that really run (as processes
of this machine), logs.

Answers were compared with Ray 2.60's; `tests/real/test_ray.py` asks a real one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import psutil


@dataclass
class FakeRay:
    """A cluster of one machine in ``root``. `close` ends what it runs."""

    root: Path
    gpus: int = 0
    packages: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, tuple[subprocess.Popen[bytes], list[str]]] = field(default_factory=dict)
    uploads: int = 0
    spoil: bool = False
    """Give LoRAs out damaged."""

    def __post_init__(self) -> None:
        (self.root / "logs").mkdir(parents=True)
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        ray = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer("GET", b"")

            def do_PUT(self) -> None:
                self.answer("PUT", self.rfile.read(int(self.headers["Content-Length"])))

            def do_POST(self) -> None:
                self.answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, method: str, body: bytes) -> None:
                code, data = ray.answer(method, self.path, body)
                self.send_response(code)
                self.end_headers()
                self.wfile.write(data if isinstance(data, bytes) else json.dumps(data).encode())

            def log_message(self, *_: Any) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def silence(self) -> None:
        """Stop listening; what runs goes on."""
        self.server.shutdown()
        self.server.server_close()

    def close(self) -> None:
        self.silence()
        for process, _ in self.jobs.values():
            self.end(process)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def statuses(self) -> list[str]:
        """Of every job, oldest first."""
        return [self.status(name) for name in self.jobs]

    # ---- what it answers ----

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        path, query = urlparse(target).path, parse_qs(urlparse(target).query)
        words = path.strip("/").split("/")
        if path == "/api/version":
            return 200, {"ray_version": "0.0"}
        if path == "/api/v0/nodes":
            return 200, {
                "data": {
                    "result": {
                        "result": [{"state": "ALIVE", "resources_total": {"GPU": float(self.gpus)}}]
                    }
                }
            }
        if path == "/api/v0/logs/file":
            data = (self.root / "logs" / query["filename"][0]).read_bytes()
            return 200, data[:-1] if self.spoil else data
        if words[1] == "packages":
            return self.package(method, words[-1], body)
        if method == "POST" and len(words) == 2:
            return self.submit(json.loads(body))
        name = words[2]
        if name not in self.jobs:
            return 404, b"Job does not exist"
        if words[-1] == "logs":
            return 200, {"logs": self.log(name).read_text(encoding="utf-8")}
        if words[-1] == "stop":
            self.jobs[name][1].append("STOPPED")
            self.end(self.jobs[name][0])
            return 200, {"stopped": True}
        return 200, {"status": self.status(name), "message": "", "driver_node_id": "n0"}

    def package(self, method: str, name: str, body: bytes) -> tuple[int, bytes]:
        if method == "PUT":
            self.uploads += 1
            self.packages[name] = body
        return (200, b"") if name in self.packages else (404, b"does not exist")

    def submit(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name, environment = asked["submission_id"], asked["runtime_env"]
        work = self.unpacked(environment["working_dir"])
        path = [str(work), *(str(self.unpacked(module)) for module in environment["py_modules"])]
        argv = [
            sys.executable if word == "python" else word for word in asked["entrypoint"].split()
        ]
        env = {**os.environ, **environment["env_vars"], "PYTHONPATH": os.pathsep.join(path)}
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                argv,
                cwd=work,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.jobs[name] = (process, [])
        return 200, {"submission_id": name}

    def unpacked(self, uri: str) -> Path:
        name = uri.removeprefix("gcs://")
        folder = self.root / "packages" / name.removesuffix(".zip")
        if not folder.exists():
            with zipfile.ZipFile(BytesIO(self.packages[name])) as parcel:
                parcel.extractall(folder)
        return folder

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"job-driver-{name}.log"

    def status(self, name: str) -> str:
        process, said = self.jobs[name]
        code = process.poll()
        return said[0] if said else "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """As Ray does: SIGTERM for the whole tree, and SIGKILL three seconds later."""
        if process.poll() is not None:
            return
        tree = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for one in tree:
            if one.is_running():
                one.send_signal(signal.SIGTERM)
        for one in psutil.wait_procs(tree, timeout=3)[1]:
            one.kill()
        process.wait()
