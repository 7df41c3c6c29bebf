"""Exoscale's request signature, as Exoscale's own clients make it."""

import time
from urllib.parse import urlsplit

import pytest
import requests
from exoscale_auth import ExoscaleV2Auth

from sandbox.exoscale_api.auth import Credentials, verify
from sandbox.exoscale_api.errors import Forbidden

KEY = Credentials("EXOtest", "a-secret")
URL = "http://127.0.0.1:1/v2/instance?manager-type=instance-pool&ip-address=192.0.2.1"


def signed(credentials: Credentials = KEY, method: str = "POST") -> requests.PreparedRequest:
    auth = ExoscaleV2Auth(credentials.api_key, credentials.api_secret)
    return requests.Request(method, URL, json={"name": "a"}, auth=auth).prepare()


def check(request: requests.PreparedRequest, later: float = 0, **changes: object) -> None:
    assert request.url
    url = urlsplit(request.url)
    given = {
        "method": request.method,
        "path": url.path,
        "query": url.query,
        "body": request.body,
        **changes,
    }
    verify(KEY, request.headers["Authorization"], now=time.time() + later, **given)  # type: ignore[arg-type]


def test_a_signature_of_the_real_client_is_accepted() -> None:
    check(signed())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "PUT"}, "invalid"),
        ({"path": "/v2/instance/x"}, "invalid"),
        ({"body": b'{"name":"b"}'}, "invalid"),
        ({"query": "manager-type=instance-pool&ip-address=192.0.2.2"}, "invalid"),
        ({"query": "manager-type=instance-pool"}, "invalid"),
        ({"query": "manager-type=instance-pool&ip-address=192.0.2.1&x=1"}, "not signed"),
        ({"query": "manager-type=a&manager-type=b&ip-address=192.0.2.1"}, "invalid"),
        ({"later": 900}, "expired"),
    ],
)
def test_a_request_that_is_not_the_signed_one_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(Forbidden, match=reason):
        check(signed(), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other", [Credentials("EXOtest", "another"), Credentials("EXOother", "a-secret")]
)
def test_other_credentials_are_refused(other: Credentials) -> None:
    with pytest.raises(Forbidden):
        check(signed(other))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer a-secret",
        "EXO2-HMAC-SHA256 credential=EXOtest",
        "EXO2-HMAC-SHA256 credential=EXOtest,expires=soon,signature=AAAA",
        "EXO2-HMAC-SHA256 credential=EXOtest,expires=99999999999,signature=\u00e9",
        "EXO2-HMAC-SHA256 credential=EXOtest,expires=99999999999",
        "EXO2-HMAC-SHA256 ,,,=",
    ],
)
def test_a_malformed_header_is_refused(authorization: str) -> None:
    with pytest.raises(Forbidden):
        verify(
            KEY, authorization, method="GET", path="/v2/zone", query="", body=b"", now=time.time()
        )
