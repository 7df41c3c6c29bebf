"""An application works if it answers, and leads nowhere but below its prefix."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.program.unit.web_server import Answer, Pages, WebServer, web_server
from tools import smoke

HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(body: str) -> Answer:
    return Answer(body, headers=HTML)


def redirect(to: str, status: int = 302) -> Answer:
    return Answer("", status, {"Location": to})


@pytest.fixture
def pages() -> Pages:
    """What the server answers; each test says what."""
    return {}


@pytest.fixture
def server(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server without a proxy before it, asked again at once."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(smoke, "PAUSE", 0.01)
    with web_server(pages) as server:
        yield server


def run(clone: Path, pulumi: FakePulumi, url: str, timeout: float = 0.05) -> int:
    """The command's exit code for the stack `dev`, whose application `shop` has this URL."""
    pulumi.answers("stack output", {"shop_url": url, "kubeconfig": "[secret]"})
    return smoke.main(["--stack=dev", f"--timeout={timeout}"], clone)


@pytest.mark.parametrize(
    "answers",
    [
        {"/shop/": Answer("plain")},
        {"/shop/": page('<a href="/shop/cart"><img src="a.png"><form action="/shop">')},
        {"/shop/": page('<a href="https://example.com/x"><script src="//cdn.example.com/a.js">')},
        {"/shop/": Answer('<a href="/elsewhere">', headers={"Content-Type": "text/plain"})},
        {"/shop/": redirect("/shop/login"), "/shop/login": Answer("who are you?")},
        {"/shop/": redirect("login"), "/shop/login": Answer("who are you?")},
        {"/shop/": redirect("https://login.example.com/")},
    ],
)
def test_what_works(
    clone: Path, pulumi: FakePulumi, pages: Pages, server: WebServer, answers: dict[str, Answer]
) -> None:
    pages.update({f"GET {path}": answer for path, answer in answers.items()})
    assert run(clone, pulumi, f"{server.address}/shop/") == 0


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "/shop/ responds 404 Not Found: not here"),
        (
            {"/shop/": Answer("\n  upstream is gone\nmore", 502)},
            "/shop/ responds 502 Bad Gateway: upstream is gone",
        ),
        ({"/shop/": Answer("", 500)}, "/shop/ responds 500 Internal Server Error: (nothing)"),
        ({"/shop/": redirect("/login")}, "/login, which is outside of /shop/"),
        ({"/shop/": redirect("/shopping/")}, "/shopping/, which is outside of /shop/"),
        (
            {"/shop/": redirect("/shop/a"), "/shop/a": page('<img src="/logo.png">')},
            "/shop/a responds 200 with a link to /logo.png, which is outside of /shop/",
        ),
        ({"/shop/": page("<a href=/cart>")}, "a link to /cart, which is outside of /shop/"),
        ({"/shop/": page("<form action='/buy'>")}, "a link to /buy, which is outside of /shop/"),
        ({"/shop/": redirect("/shop/")}, "redirects more than 10 times, last to http"),
    ],
)
def test_what_does_not_work_is_told(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    server: WebServer,
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, Answer],
    message: str,
) -> None:
    pages.update({f"GET {path}": answer for path, answer in answers.items()})
    assert run(clone, pulumi, f"{server.address}/shop/") == 1
    told = capsys.readouterr().err
    assert re.match(r"smoke: dev: after 0.05 s: shop: http://127.0.0.1:\d+/", told)
    assert message in told
    assert told.count("\n") == 1


def test_it_is_asked_again_until_it_works(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: float) -> None:
        pages["GET /shop/"] = Answer("now")

    monkeypatch.setattr(time, "sleep", start)
    assert run(clone, pulumi, f"{server.address}/shop/", timeout=60) == 0


def test_who_does_not_answer_is_told(
    clone: Path, pulumi: FakePulumi, server: WebServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert run(clone, pulumi, f"http://127.0.0.1:{port}/") == 1
    assert f"http://127.0.0.1:{port}/ does not respond: " in capsys.readouterr().err


def test_a_proxy_is_gone_through(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By which a server may stand in for an address that leads nowhere."""
    monkeypatch.setenv("http_proxy", server.address)
    pages["GET http://203.0.113.1/shop/"] = Answer("here")
    assert run(clone, pulumi, "http://203.0.113.1/shop/") == 0


def test_what_can_not_be_asked_is_told(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    with (clone / "Pulumi.dev.yaml").open("a") as file:
        file.write("    - {name: api, image: a/b:1, ingress: {regex: '/v[0-9]+'}}\n")
    urls = {"shop_url": "http://shop.shop.svc/", "api_url": "http://203.0.113.1/"}
    pulumi.answers("stack output --json --stack dev", urls)
    assert smoke.main(["--stack=dev"], clone) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "shop            skipped: it is only reachable inside the cluster",
        "api             skipped: its path is a regular expression",
    ]
    pulumi.answers("stack output --json --stack prod", {})
    assert smoke.main(["--stack=prod"], clone) == 1
    assert (
        capsys.readouterr().err == "smoke: prod: shop has no URL, because it is not deployed yet\n"
    )


def test_an_application_without_a_port_is_not_asked(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    file = clone / "Pulumi.dev.yaml"
    file.write_text(file.read_text() + "    - {name: queue, image: a/b:1, port: none}\n")
    pulumi.answers("stack output", {"shop_url": "http://shop.shop.svc/", "queue_namespace": "q"})
    assert smoke.main(["--stack=dev"], clone) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["queue           skipped: it has no port"]


def test_an_application_is_asked_at_each_of_its_hosts(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    with (clone / "Pulumi.dev.yaml").open("a") as file:
        file.write("    - {name: api, image: a/b:1, host: a.example,\n")
        file.write("       additionalHosts: [www.a.example, '*.a.example']}\n")
    urls = {"shop_url": "http://shop.shop.svc/", "api_url": "http://a.example/v1/"}
    pulumi.answers("stack output", urls)
    pages["GET http://a.example/v1/"] = pages["GET http://www.a.example/v1/"] = Answer("here")
    assert smoke.main(["--stack=dev", "--timeout=0.05"], clone) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "api             http://a.example/v1/ works",
        "api             http://www.a.example/v1/ works",
        "api             skipped: http://*.a.example/v1/ is a wildcard host",
    ]
    del pages["GET http://www.a.example/v1/"]
    assert smoke.main(["--stack=dev", "--timeout=0.05"], clone) == 1
    assert "api: http://www.a.example/v1/ responds 404" in capsys.readouterr().err


def test_a_host_may_have_another_address_than_in_dns(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # put back afterwards
    pages["GET /shop/"] = Answer("works")
    url = server.address.replace("127.0.0.1", "shop.example.com") + "/shop/"
    pulumi.answers("stack output", {"shop_url": url, "kubeconfig": "[secret]"})
    command = ["--stack=dev", "--timeout=0.05", "--resolve=shop.example.com=127.0.0.1"]
    assert smoke.main(command, clone) == 0


def test_an_address_belongs_to_a_host(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        smoke.main(["--stack=dev", "--resolve=127.0.0.1"], clone)
    assert "127.0.0.1: must be HOST=ADDRESS" in capsys.readouterr().err
