"""Whoever must log in to the WebUI must log in to our routes."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("starlette")

from starlette.exceptions import HTTPException

from sd_scripts_bridge.webui.guard import Guard


def request(cookies: dict[str, str] | None = None, authorization: str | None = None) -> Any:
    return SimpleNamespace(
        cookies=cookies or {}, headers={"Authorization": authorization} if authorization else {}
    )


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def refused(guard: Guard, asking: Any) -> HTTPException:
    with pytest.raises(HTTPException) as caught:
        guard(asking)
    assert caught.value.status_code == 401
    return caught.value


def test_a_webui_without_a_login_is_open() -> None:
    Guard(SimpleNamespace(auth=None, tokens={}), None)(request())
    Guard(SimpleNamespace(), "")(request())


@pytest.mark.parametrize("cookie_id", [None, "Xy_1"])
@pytest.mark.parametrize("name", ["access-token", "access-token-unsecure"])
def test_gradios_login_under_both_names_old_and_new(name: str, cookie_id: str | None) -> None:
    app = SimpleNamespace(
        auth={"a": "b"}, tokens={"tok": "a"}, **({"cookie_id": cookie_id} if cookie_id else {})
    )
    guard = Guard(app, None)
    full = f"{name}-{cookie_id}" if cookie_id else name
    guard(request({full: "tok"}))
    refused(guard, request({full: "another"}))
    refused(guard, request())
    if cookie_id:
        refused(guard, request({name: "tok"}))


def test_gradios_login_comes_before_the_apis_password() -> None:
    guard = Guard(SimpleNamespace(auth={"a": "b"}, tokens={}), "ann:secret")
    refused(guard, request(authorization=basic("ann:secret")))


def test_the_apis_password() -> None:
    guard = Guard(SimpleNamespace(auth=None), "ann:secret, bob:pa:ss")
    guard(request(authorization=basic("ann:secret")))
    guard(request(authorization="basic " + basic("bob:pa:ss")[6:]))
    both, other_case, no_password = (
        basic("ann:secret, bob:pa:ss"),
        basic("ann:Secret"),
        basic("bob"),
    )
    for wrong in (None, both, other_case, no_password, "Basic %%%", "Basic", "Bearer ann:secret"):
        assert refused(guard, request(authorization=wrong)).headers == {"WWW-Authenticate": "Basic"}
