"""Ray's Jobs REST API, as far as it is needed:
https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html

Plain HTTP from the standard library. Ray's own client would do the same, and bring a package of 70
MB that has to fit Ray's version on the cluster and Python's here; the API has been the same since
Ray 2.2 (tested with 2.60).
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from ..errors import BridgeError
from ..messages import Message

SECONDS = 30.0
UPLOAD_SECONDS = 600.0
ENDED = ("STOPPED", "SUCCEEDED", "FAILED")
HEADERS = "RAY_JOB_HEADERS"
"""Ray's own variable: more headers, as JSON, for clusters behind a login."""


class Unreachable(BridgeError):
    """The cluster didn't answer."""


class RayRefused(BridgeError):
    """The cluster answered no. ``code`` is HTTP's."""

    def __init__(self, sentence: Message, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class JobInfo:
    """What Ray says of a job.

    ``status`` is PENDING, RUNNING or one of `ENDED`; ``node`` is where it runs.
    """

    status: str
    message: str
    node: str


class RayJobs:
    """A cluster's dashboard. Every method raises `Unreachable` or `RayRefused`."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def version(self) -> str:
        """Ray's version there."""
        return str(self._json("GET", "/api/version").get("ray_version", "unknown"))

    def gpus(self) -> int:
        """GPUs that the cluster's living nodes have, busy or not."""
        nodes = self._json("GET", "/api/v0/nodes")["data"]["result"]["result"]
        return int(
            sum(
                node.get("resources_total", {}).get("GPU", 0)
                for node in nodes
                if node.get("state") == "ALIVE"
            )
        )

    def upload(self, package: bytes) -> str:
        """Hand over a zip, unless the cluster has it;
        returns its name for a runtime environment.
        """
        name = f"_ray_pkg_{hashlib.sha256(package).hexdigest()[:32]}.zip"
        try:
            self._ask("GET", f"/api/packages/gcs/{name}").close()
        except RayRefused as error:
            if error.code != 404:
                raise
            self._ask("PUT", f"/api/packages/gcs/{name}", package, UPLOAD_SECONDS).close()
        return f"gcs://{name}"

    def submit(
        self, name: str, entrypoint: str, runtime_env: Mapping[str, Any], gpus: int = 0
    ) -> None:
        """Queue a job under a name of our own."""
        self._json(
            "POST",
            "/api/jobs/",
            {
                "submission_id": name,
                "entrypoint": entrypoint,
                "runtime_env": dict(runtime_env),
                "metadata": {"made_by": "LoRA Bridge"},
                **({"entrypoint_num_gpus": gpus} if gpus else {}),
            },
        )

    def info(self, name: str) -> JobInfo | None:
        """The job, or None where the cluster doesn't know it."""
        try:
            data = self._json("GET", f"/api/jobs/{name}")
        except RayRefused as error:
            if error.code == 404:
                return None
            raise
        return JobInfo(
            str(data.get("status")),
            str(data.get("message") or ""),
            str(data.get("driver_node_id") or ""),
        )

    def log(self, name: str) -> str:
        """All that the job has printed so far."""
        return str(self._json("GET", f"/api/jobs/{name}/logs").get("logs") or "")

    def stop(self, name: str) -> None:
        self._json("POST", f"/api/jobs/{name}/stop", {})

    def file(self, node: str, path: str, out: IO[bytes]) -> None:
        """A file below a node's folder of logs, as it is."""
        query = urllib.parse.urlencode({"node_id": node, "filename": path, "lines": -1})
        with self._ask("GET", f"/api/v0/logs/file?{query}", seconds=UPLOAD_SECONDS) as answer:
            for block in _blocks(answer):
                out.write(block)

    # ---- HTTP ----

    def _json(self, method: str, path: str, data: Any = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        with self._ask(method, path, body) as answer:
            text = _read(answer)
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RayRefused(
                Message(
                    "ray_jobs.answers_but_rays_dashboard",
                    "{address} answers, but not as Ray's dashboard does. Is the port right (8265)?",
                    address=self.address,
                ),
                0,
            )
        return found

    def _ask(
        self, method: str, path: str, body: bytes | None = None, seconds: float = SECONDS
    ) -> Any:
        address = self.address + path
        request = urllib.request.Request(  # noqa: S310
            address, data=body, method=method, headers=_headers(body)
        )
        try:
            return urllib.request.urlopen(request, timeout=seconds)  # noqa: S310
        except urllib.error.HTTPError as error:
            last = error.read().decode("utf-8", "replace").strip().splitlines()[-1:] or [
                error.reason
            ]
            raise RayRefused(
                Message(
                    "ray_jobs.ray_cluster_refused",
                    "The Ray cluster at {address} refused {path} ({code_name}): {last}",
                    address=self.address,
                    path=path.partition("?")[0],
                    code_name=error.code,
                    last=last[0][:300],
                ),
                error.code,
            ) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                Message(
                    "ray_jobs.ray_cluster_answers_check",
                    "No Ray cluster answers at {address}: {reason}. Check the address; it is the "
                    "dashboard's, with port 8265 unless it was started with another.",
                    address=self.address,
                    reason=reason,
                )
            ) from error


def _headers(body: bytes | None) -> dict[str, str]:
    headers = {"User-Agent": "lora-bridge"}
    if body is not None:
        headers["Content-Type"] = (
            "application/json" if body[:1] == b"{" else "application/octet-stream"
        )
    try:
        more = json.loads(os.environ.get(HEADERS) or "{}")
    except ValueError:
        raise BridgeError(
            "ray_jobs.json_object", "${headers} is not a JSON object.", headers=HEADERS
        ) from None
    return {**headers, **{str(name): str(value) for name, value in more.items()}}


def _read(answer: Any) -> str:
    return b"".join(_blocks(answer)).decode("utf-8", "replace")


def _blocks(answer: Any) -> Iterator[bytes]:
    try:
        while block := answer.read(1 << 20):
            yield block
    except (OSError, HTTPException) as error:
        raise Unreachable(
            Message(
                "ray_jobs.ray_cluster_fell_silent",
                "The Ray cluster broke off in the middle of an answer: {error}.",
                error=error,
            )
        ) from error


def sha256(path: Path) -> str:
    """Of a file's content."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
