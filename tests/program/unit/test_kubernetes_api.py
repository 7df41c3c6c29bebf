"""How the program itself reads kubeconfigs."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from sandbox.sks.pki import Authority, new_authority
from tests.support.kubernetes_api import kubernetes_api

GET = "/api/v1/namespaces/test/pods/web"


def kubeconfig(server: str, user: dict[str, Any], **cluster: Any) -> str:
    """With a second context, whose server does not answer, which is the current one."""
    return json.dumps(
        {
            "current-context": "nobody",
            "contexts": [
                {"name": "nobody", "context": {"cluster": "nobody", "user": "one"}},
                {"name": "test", "context": {"cluster": "test", "user": "one"}},
            ],
            "clusters": [
                {"name": "nobody", "cluster": {"server": "http://127.0.0.1:1"}},
                {"name": "test", "cluster": {"server": server, **cluster}},
            ],
            "users": [{"name": "one", "user": user}],
        }
    )


def got(text: str, context: str | None = None) -> dict[str, Any]:
    """What the server answers to GET."""

    async def get() -> dict[str, Any]:
        return await (await KubernetesApi.from_kubeconfig(text, context)).get(GET)

    return asyncio.run(get())


def test_a_context_can_be_chosen_and_a_token_or_program_gives_credentials() -> None:
    status = {"token": "from-a-program"}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    program = {
        "apiVersion": answer["apiVersion"],
        "command": "echo",
        "args": [json.dumps(answer | {"status": status})],
        "interactiveMode": "Never",
    }
    seen: list[str | None] = []
    with kubernetes_api({GET: {"kind": "Pod"}}, seen) as client:
        for user in ({"token": "known"}, {"exec": program}):
            text = kubeconfig(client.configuration.host, user)
            assert got(text, "test") == {"kind": "Pod"}
            with pytest.raises(ApiError, match=r"http://127\.0\.0\.1:1 does not answer"):
                got(text)
    assert seen == ["Bearer known", "Bearer from-a-program"]


@pytest.mark.parametrize(
    ("text", "context", "told"),
    [
        ("", None, "kubeconfig can't be used"),
        ("{}", None, "kubeconfig can't be used.*current-context"),
        ("a: [hush}", None, "kubeconfig can't be used: line 1, column 9: expected ',' or ']'"),
        ("hush", None, "kubeconfig can't be used"),
        (kubeconfig("https://127.0.0.1:1", {}), "other", "kubeconfig can't be used.*other"),
        (
            kubeconfig("https://127.0.0.1:1", {}, **{"certificate-authority": "/no/file"}),
            "test",
            "kubeconfig can't be used.*/no/file",
        ),
    ],
)
def test_one_that_can_not_be_used_is_told(text: str, context: str | None, told: str) -> None:
    with pytest.raises(ApiError, match=told):
        asyncio.run(KubernetesApi.from_kubeconfig(text, context))


def test_no_key_stays_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    user = {"client-certificate-data": "bm90aGluZw==", "client-key-data": "bm90aGluZw=="}
    with pytest.raises(ApiError, match="kubeconfig can't be used"):
        asyncio.run(KubernetesApi.from_kubeconfig(kubeconfig("https://127.0.0.1:1", user), "test"))
    assert list(tmp_path.iterdir()) == []


def test_proxies_are_used_but_where_they_are_not_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment, as kubectl does."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with kubernetes_api({GET: {"kind": "Pod"}}) as client:
        text = kubeconfig(client.configuration.host, {})
        with pytest.raises(ApiError, match=r"does not answer: .*proxy"):
            got(text, "test")
        monkeypatch.setenv("no_proxy", "127.0.0.0/8")
        assert got(text, "test") == {"kind": "Pod"}


def test_it_does_not_wait_for_others_threads() -> None:
    """Registrations take all of asyncio's own, in a stack of many resources, and wait for hooks."""
    over = threading.Event()

    async def get(text: str) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        loop.run_in_executor(None, over.wait)
        try:
            async with asyncio.timeout(10):
                return await (await KubernetesApi.from_kubeconfig(text, "test")).get(GET)
        finally:
            over.set()

    with kubernetes_api({GET: {"kind": "Pod"}}) as client:
        text = kubeconfig(client.configuration.host, {})
        assert asyncio.run(get(text)) == {"kind": "Pod"}


def test_many_at_once_read_theirs() -> None:
    """The client's files are those of all threads."""
    certificate = Authority(new_authority("test-ca")).certificate
    authority = base64.b64encode(certificate).decode()
    text = kubeconfig("https://127.0.0.1:1", {}, **{"certificate-authority-data": authority})

    async def read() -> None:
        await asyncio.gather(*(KubernetesApi.from_kubeconfig(text, "test") for _ in range(50)))

    asyncio.run(read())


@pytest.mark.parametrize("text", ["", "5", "[]", "hidden"])
def test_a_kubeconfig_that_is_no_mapping_is_not_shown(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        got(text)
    assert str(caught.value) == "the kubeconfig can't be used: it is not a mapping in YAML"
