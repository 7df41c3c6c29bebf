"""The sandbox's demo application, in this process."""

import re
import socket
from http.cookies import SimpleCookie

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.demo.app import create_app

KEY = {"APP_SECRET_KEY": "shared"}
BEHIND_PROXY = {"BEHIND_PROXY": "true"}
PREFIX = {"X-Forwarded-Prefix": "/shop"}


def client(environment: dict[str, str]) -> FlaskClient:
    return create_app(environment).test_client()


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def session(answer: TestResponse) -> str:
    cookie = SimpleCookie(answer.headers["Set-Cookie"])
    return cookie["session"].value


def links(page: str) -> list[str]:
    return re.findall(r'(?:href|action)="([^"]+)"', page)


def test_the_page_says_who_serves_it() -> None:
    answer = client({"APP_VERSION": "1.2.3"}).get("/")
    assert f"demo 1.2.3, served by <code>{socket.gethostname()}</code>" in answer.text
    assert answer.headers["X-Served-By"] == socket.gethostname()
    assert "<title>Sandbox demo</title>" in answer.text


def test_links_carry_the_prefix_of_the_proxy() -> None:
    page = client(BEHIND_PROXY).get("/", headers=PREFIX).text
    assert links(page) == ["/shop/", "/shop/slow?seconds=3"]


def test_without_a_proxy_no_header_is_heeded() -> None:
    assert links(client({}).get("/", headers=PREFIX).text) == ["/", "/slow?seconds=3"]


def test_of_several_prefixes_that_of_the_proxy_counts() -> None:
    forged = {"X-Forwarded-Prefix": "/forged, /shop"}
    assert links(client(BEHIND_PROXY).get("/", headers=forged).text)[0] == "/shop/"


def test_a_form_is_taken_by_any_instance_with_the_key() -> None:
    page = client(KEY | BEHIND_PROXY).get("/", headers=PREFIX)
    form = {"csrf_token": token(page.text), "name": "Ada"}
    another = client(KEY | BEHIND_PROXY)
    another.set_cookie("session", session(page))
    answer = another.post("/", data=form, headers=PREFIX)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/shop/hello/Ada")


def test_a_form_of_an_instance_with_another_key_is_refused() -> None:
    page = client({}).get("/")
    form = {"csrf_token": token(page.text), "name": "Ada"}
    another = client({})
    another.set_cookie("session", session(page))
    assert another.post("/", data=form).status_code == 400


def test_a_form_without_a_token_is_refused() -> None:
    assert client(KEY).post("/", data={"name": "Ada"}).status_code == 400


def test_the_greeting_leads_back() -> None:
    page = client(BEHIND_PROXY).get("/hello/%3Cb%3E", headers=PREFIX).text
    assert "Hello, &lt;b&gt;" in page
    assert links(page) == ["/shop/"]


@pytest.mark.parametrize(("asked", "taken"), [("0", 0.0), ("1e9", 60.0), ("-1", 0.0), ("x", 5.0)])
def test_the_slow_page_has_its_limits(
    asked: str, taken: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    assert f"took {taken:g} s" in client({}).get(f"/slow?seconds={asked}").text
    assert slept == [taken]


def test_it_says_that_it_is_well() -> None:
    assert client({}).get("/healthz").text == "ok\n"
