"""Which updates of a cluster would take its OIDC or its feature gates along."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.lifecycle.before_update import RefusedUpdate
from components.sks_cluster.dropped_settings import check_dropped
from tests.program.unit.exoscale_server import exoscale_server

OIDC = {"clientId": "kube", "issuerUrl": "https://login.example"}
LIVE_OIDC = {"client-id": "kube", "issuer-url": "https://login.example"}
GATES = ["B", "A"]
STATE = {
    "name": "shop",
    "description": "",
    "labels": {},
    "autoUpgrade": False,
    "exoscaleCsi": False,
    "featureGates": [],
    "version": "1.36.5",
    "audit": None,
}
CHANGES: dict[str, Any] = {
    "name": "other",
    "description": "sells",
    "labels": {"team": "a"},
    "autoUpgrade": True,
    "exoscaleCsi": True,
    "audit": {"enabled": True, "endpoint": "https://audit.example", "__defaults": []},
}


def check(before: dict[str, Any], after: dict[str, Any], **state: Any) -> None:
    """Check an update from some inputs to others, of a cluster in that state."""
    inputs = {"name": "shop", "version": "1.36.5", "__defaults": []}
    check_dropped(
        pulumi.ResourceHookArgs(
            urn="urn", id="5ae1", name="web", type="type",
            old_inputs=inputs | before,
            new_inputs=inputs | after,
            old_outputs=STATE | before | state,
        ),
        "ch-gva-2",
    )  # fmt: skip


@pytest.mark.parametrize("key", CHANGES)
@pytest.mark.parametrize(
    ("live", "dropped"),
    [
        ({"oidc": LIVE_OIDC}, "oidc"),
        ({"feature-gates": GATES}, "featureGates"),
        ({"oidc": LIVE_OIDC, "feature-gates": GATES}, "oidc and featureGates"),
    ],
)
def test_a_change_that_would_drop_something_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, live: dict[str, Any], dropped: str
) -> None:
    setting = "csi" if key == "exoscaleCsi" else key
    with (
        exoscale_server(monkeypatch, live) as server,
        pytest.raises(RefusedUpdate, match=f"also turn off the cluster's {dropped};") as caught,
    ):
        check({}, {key: CHANGES[key]})
    assert str(caught.value).startswith(f"web: {setting}: can't be changed by Pulumi: ")
    assert [path for path, _ in server.asked] == ["/v2/sks-cluster/5ae1"]


def test_changes_of_a_cluster_with_neither_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with exoscale_server(monkeypatch, {"feature-gates": []}):
        check({}, CHANGES)


def test_feature_gates_are_changed_where_there_is_no_oidc(monkeypatch: pytest.MonkeyPatch) -> None:
    with exoscale_server(monkeypatch, {"feature-gates": GATES}):
        check({"featureGates": GATES}, {"featureGates": ["A"]})
        check({"featureGates": GATES}, {})
    with exoscale_server(monkeypatch, {"oidc": LIVE_OIDC}), pytest.raises(RefusedUpdate):
        check({"oidc": OIDC}, {"oidc": OIDC, "featureGates": ["A"]})


@pytest.mark.parametrize(
    "after",
    [
        {"version": "1.37.0"},  # a request of its own
        {"description": "", "labels": None},  # no difference to the provider
        {"featureGates": ["A", "B"]},  # a set
    ],
)
def test_an_update_that_sends_nothing_asks_nothing(
    monkeypatch: pytest.MonkeyPatch, after: dict[str, Any]
) -> None:
    with exoscale_server(monkeypatch, {"oidc": LIVE_OIDC, "feature-gates": GATES}) as server:
        check({"oidc": OIDC, "featureGates": GATES}, {"oidc": OIDC, "featureGates": GATES} | after)
    assert not server.asked


def test_without_an_answer_the_state_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXOSCALE_API_KEY", raising=False)
    check({}, {"description": "sells"})
    with pytest.raises(RefusedUpdate, match="also turn off the cluster's oidc and featureGates;"):
        check(
            {"oidc": OIDC, "featureGates": GATES},
            {"oidc": OIDC, "featureGates": GATES, "description": "sells"},
        )


def test_oidc_that_the_provider_would_ignore_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replacement trigger is not in the state yet, of an earlier version of the program."""
    with exoscale_server(monkeypatch, {"oidc": LIVE_OIDC}):
        with pytest.raises(RefusedUpdate, match="web: oidc: can't be changed in place"):
            check({"oidc": OIDC}, {})
        with pytest.raises(RefusedUpdate, match="web: oidc: can't be changed in place"):
            check({}, {"oidc": OIDC | {"usernameClaim": "email"}})


def test_the_oidc_of_an_adopted_cluster_is_taken_into_the_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with exoscale_server(monkeypatch, {"oidc": LIVE_OIDC}):
        check({}, {"oidc": OIDC})
        # as a refresh leaves it in the inputs
        check({"oidc": OIDC | {"requiredClaim": {}, "usernameClaim": ""}}, {"oidc": OIDC})
