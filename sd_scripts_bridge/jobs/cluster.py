"""Which cluster, and what lies on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import Invalid, Problem, short

DASHBOARD_PORT = 8265
CLIENT_PORT = 10001
"""Where a Ray Client listens; jobs are given to the dashboard instead."""

_ADDRESS = re.compile(
    r"(?P<scheme>ray|https?)://(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<path>/[^?#\s,]*)?"
)


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster. ``address`` is its dashboard's, as `address` makes it."""

    address: str
    base: str | None = None
    """The base model's path there; None: the base is sent along."""
    home: str | None = None
    """The home folder there in which `setup` was run; None: the one that its user has by default.
    """
    gpus: int | None = None
    """GPUs to ask Ray for; None: one for each process where the cluster has any."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cluster:
        """What `as_dict` made; a newer version's keys are left out.

        Raises `Invalid` for values of another kind.
        """
        names = {spec.name for spec in fields(cls)}
        values: dict[str, Any] = {key: value for key, value in data.items() if key in names}
        wrong = [
            Problem(
                "cluster.job",
                f"on.{key}",
                "{value} is not valid there",
                value=short(value),
            )
            for key, value in values.items()
            if not (value is None or isinstance(value, int if key == "gpus" else str))
        ]
        if wrong:
            raise Invalid(wrong)
        return cls(**{**values, "address": address(values.get("address") or "")})


def address(text: str) -> str:
    """The dashboard's address for ``ray://HOST[:PORT]`` or ``http(s)://HOST[:PORT][/PATH]``.

    ``ray://`` without a port, or with the Ray Client's own (10001), means the dashboard's port
    (8265). Raises `Invalid`.
    """
    match = _ADDRESS.fullmatch(text.strip().rstrip("/"))
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise Invalid(
            [
                Problem(
                    "cluster.address_ray_cluster",
                    "on",
                    "{text_name} is not the address of a Ray cluster",
                    "Write ray://HOST, or http://HOST:8265.",
                    text_name=repr(text),
                )
            ]
        )
    scheme, port = match["scheme"], match["port"]
    if scheme == "ray":
        scheme = "http"
        port = str(DASHBOARD_PORT) if port in (None, str(CLIENT_PORT)) else port
    return f"{scheme}://{match['host']}" + (f":{port}" if port else "") + (match["path"] or "")
