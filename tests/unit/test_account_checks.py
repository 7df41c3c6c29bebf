"""A version that Exoscale does not offer, asked of an API like Exoscale's."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
import pytest

from components.kubernetes.refused_updates import RefusedUpdate
from components.sks_cluster import offered_versions
from components.sks_cluster.offered_versions import check_offered, is_new
from tests.unit.exoscale_server import ExoscaleServer, exoscale_server

OFFERED = ["1.36.5", "1.35.9"]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExoscaleServer]:
    with exoscale_server(monkeypatch, {"sks-cluster-versions": OFFERED}) as server:
        offered_versions.offered.cache_clear()
        yield server
        offered_versions.offered.cache_clear()


def test_what_is_not_offered_is_refused_with_what_is(api: ExoscaleServer) -> None:
    check_offered("web", "ch-gva-2", "1.36.5")
    with pytest.raises(RefusedUpdate) as caught:
        check_offered("web", "ch-gva-2", "1.36.4")
    assert str(caught.value) == (
        "web: version: 1.36.4: Exoscale does not offer it; allowed are 1.36.5, 1.35.9"
    )


def test_the_api_is_asked_once_with_a_signature(api: ExoscaleServer) -> None:
    for _ in range(2):
        check_offered("web", "ch-gva-2", "1.36.5")
    ((path, authorization),) = api.asked
    assert path == "/v2/sks-cluster-version"
    assert authorization.startswith("EXO2-HMAC-SHA256 credential=EXOkey")
    assert "hidden" not in authorization


@pytest.mark.parametrize(
    ("asked", "running", "new"),
    [("1.34.3", "1.34.2", False), ("1.34.2", "1.34.3", False), ("1.34.2", "1.34.2", True)],
)
def test_an_update_asks_only_for_a_version_that_is_new(asked: str, running: str, new: bool) -> None:
    update = pulumi.ResourceHookArgs(
        urn="urn", id="id", name="web", type="type",
        old_inputs={"version": asked}, old_outputs={"version": running},
    )  # fmt: skip
    assert is_new("1.34.3", update) is new


@pytest.mark.parametrize("trouble", ["status", "key", "address"])
def test_without_an_answer_any_version_is_tried(
    trouble: str, api: ExoscaleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "status":
        api.status = 403
    elif trouble == "key":
        monkeypatch.delenv("EXOSCALE_API_KEY")
    else:
        monkeypatch.setenv("EXOSCALE_API_ENDPOINT", "http://127.0.0.1:1/v2")
    check_offered("web", "ch-gva-2", "1.0.0")
