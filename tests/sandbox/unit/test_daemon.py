"""The environment that the daemon works in."""

import urllib.request

import pytest

from sandbox.daemon.__main__ import bypass_proxy_for_loopback


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, []), ({"NO_PROXY": "a.example"}, ["a.example"]), ({"no_proxy": ""}, [])],
)
def test_a_proxy_is_not_asked_for_the_loopback_address(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], kept: list[str]
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")  # restored afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    bypass_proxy_for_loopback()
    for host in (*kept, "127.0.0.1", "localhost"):
        assert urllib.request.proxy_bypass(host)
    assert not urllib.request.proxy_bypass("b.example")
