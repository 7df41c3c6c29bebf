"""Faults on demand: each kind, how often it acts, and what is left when it is cleared."""

import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from exoscale.api.exceptions import ExoscaleAPIClientException, ExoscaleAPIServerException

from tests.support.exoscale_account import BASE_URL, Account, refused

FAULTS = f"{BASE_URL}/sandbox/faults"


class FaultyAccount(Account):
    """An account whose faults are added and cleared as the command line does."""

    def faults(self, method: str, path: str = "", **options: Any) -> requests.Response:
        answer: requests.Response = self.api.http_client.request(method, FAULTS + path, **options)
        return answer

    def add(self, target: str, effect: str, /, **more: Any) -> dict[str, Any]:
        """Add a fault; `more` is of the effect, but for times, probability and seed."""
        body: dict[str, Any] = {"target": target}
        for key in ("times", "probability", "seed"):
            if key in more:
                body[key] = more.pop(key)
        body["effect"] = {"kind": effect, **more}
        answer = self.faults("POST", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def clear(self, id_: str = "") -> list[str]:
        answer = self.faults("DELETE", f"/{id_}" if id_ else "")
        assert answer.status_code == 200, answer.text
        return [fault["id"] for fault in answer.json()["faults"]]

    def listed(self) -> list[dict[str, Any]]:
        return list(self.faults("GET").json()["faults"])

    def create_group(self, name: str = "sks") -> str:
        return self.done(self.api.create_security_group(name=name))

    def groups(self) -> list[str]:
        groups = self.api.list_security_groups()["security-groups"]
        return [group["name"] for group in groups]


@pytest.fixture
def account(tmp_path: Path) -> FaultyAccount:
    return FaultyAccount(tmp_path)


def test_a_status_so_many_times_and_the_request_is_not_done(account: FaultyAccount) -> None:
    account.add("create-security-group", "status", status=429, times=2, **{"retry-after": 7})
    http = account.api.http_client
    answer = http.post(f"{BASE_URL}/v2/security-group", json={"name": "sks"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"message": "Too Many Requests"}
    with refused(429, "Too Many Requests"):
        account.create_group()
    assert account.groups() == []
    account.create_group()
    assert account.groups() == ["sks"]
    (fault,) = account.listed()
    assert (fault["seen"], fault["acted"]) == (2, 2)


@pytest.mark.parametrize(
    ("target", "hit"),
    [
        ("*", True),
        ("create-*", True),
        ("create-security-group", True),
        ("POST *", True),
        ("POST /security-group", True),
        ("* /security-*", True),
        ("delete-*", False),
        ("GET *", False),
        ("POST /sks-cluster", False),
    ],
)
def test_the_target_is_an_operation_or_a_method_and_a_path(
    account: FaultyAccount, target: str, hit: bool
) -> None:
    account.add(target, "status", status=500, times=1)
    if hit:
        with pytest.raises(ExoscaleAPIServerException, match=r"500: .*Internal Server Error"):
            account.create_group()
    account.create_group()


def test_a_path_with_an_id(account: FaultyAccount) -> None:
    one, other = account.create_group("one"), account.create_group("other")
    account.add(f"GET /security-group/{one}", "status", status=403)
    with pytest.raises(Exception, match=r"403: .*Forbidden"):
        account.api.get_security_group(id=one)
    assert account.api.get_security_group(id=other)["name"] == "other"


def outcomes(account: FaultyAccount, requests_: int = 40) -> list[bool]:
    found = []
    for _ in range(requests_):
        try:
            account.api.list_security_groups()
        except ExoscaleAPIServerException:
            found.append(False)
        else:
            found.append(True)
    return found


def test_a_probability_is_decided_by_the_seed(tmp_path: Path) -> None:
    def run(folder: str, seed: int) -> list[bool]:
        account = FaultyAccount(tmp_path / folder)
        account.add("*", "status", status=503, probability=0.3, seed=seed)
        return outcomes(account)

    first = run("a", 7)
    assert first == run("b", 7) != run("c", 8)
    assert 4 < first.count(False) < 20


def test_a_probability_may_be_limited(account: FaultyAccount) -> None:
    account.add("*", "status", status=503, probability=0.5, seed=1, times=3)
    assert outcomes(account).count(False) == 3


def test_the_oldest_fault_that_acts_is_the_one(account: FaultyAccount) -> None:
    account.add("*", "status", status=503, times=1)
    account.add("*", "status", status=500, times=1)
    for status in (503, 500):
        with pytest.raises(ExoscaleAPIServerException, match=f"{status}: "):
            account.groups()
    assert account.groups() == []


def test_a_delay(account: FaultyAccount) -> None:
    account.add("create-security-group", "delay", milliseconds=150, times=1)
    started = time.monotonic()
    account.create_group()
    assert time.monotonic() - started > 0.15
    assert account.groups() == ["sks"]


@pytest.mark.parametrize(("effect", "left"), [("drop", []), ("drop-answer", ["sks"])])
def test_a_dropped_connection(account: FaultyAccount, effect: str, left: list[str]) -> None:
    account.add("create-security-group", effect, times=1)
    with pytest.raises(requests.ConnectionError):
        account.create_group()
    assert account.groups() == left


def test_an_operation_that_fails_leaves_all_as_it_was(account: FaultyAccount) -> None:
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    runtime, held = account.runtime.clusters.copy(), account.api.list_sks_clusters()
    account.add("*", "operation-fails", message="out of stock")
    api = account.api
    for operation in (
        api.create_sks_cluster(name="other", level="starter", version="1.36.5"),
        api.scale_sks_nodepool(id=cluster, sks_nodepool_id=nodepool, size=5),
        api.delete_sks_nodepool(id=cluster, sks_nodepool_id=nodepool),
        api.create_security_group(name="sks"),
    ):
        assert operation["state"] == "pending"
        ended = account.finish(operation)
        assert (ended["state"], ended["reason"]) == ("failure", "fault")
        assert ended["message"] == "out of stock"
    assert account.runtime.clusters == runtime
    assert api.list_sks_clusters() == held
    assert account.groups() == []
    with refused(404, "not found"):  # what is refused at once is refused, not accepted
        api.delete_security_group(id=nodepool)


def test_an_operation_that_hangs_goes_on_when_it_is_cleared(account: FaultyAccount) -> None:
    fault = account.add("create-*", "operation-hangs")
    group = account.api.create_security_group(name="sks")
    cluster = account.api.create_sks_cluster(name="demo", level="starter", version="1.36.5")
    for operation in (group, cluster):
        assert account.api.get_operation(id=operation["id"])["state"] == "pending"
    assert account.runtime.clusters == {}
    assert account.clear(fault["id"]) == [fault["id"]]
    for operation in (group, cluster):
        assert account.finish(operation)["state"] == "success"
    assert list(account.runtime.clusters) == [cluster["reference"]["id"]]


def test_faults_outlive_a_restart(account: FaultyAccount, tmp_path: Path) -> None:
    account.add("create-sks-cluster", "operation-hangs", times=1)
    operation = account.api.create_sks_cluster(name="demo", level="starter", version="1.36.5")
    restarted = FaultyAccount(tmp_path)
    restarted.app.state.resume()
    assert restarted.api.get_operation(id=operation["id"])["state"] == "pending"
    assert restarted.listed() == account.listed() != []
    restarted.clear()
    assert restarted.finish(operation)["state"] == "success"
    assert restarted.listed() == []


def test_a_quota_that_is_exhausted(account: FaultyAccount) -> None:
    account.add("quota", "quota", resource="sks-cluster", limit=0)
    with pytest.raises(Exception, match=r"403: .*Quota exceeded: 0 of 0 sks-cluster"):
        account.cluster()
    assert account.api.get_quota(entity="sks-cluster")["limit"] == 0
    account.clear()
    account.cluster()


def test_the_acme_server_drops_connections_until_it_is_cleared(account: FaultyAccount) -> None:
    faults = account.app.state.organization.faults
    account.add("*", "drop", times=1)
    assert not faults.drops_acme()
    account.clear()
    account.add("acme", "drop")
    assert faults.drops_acme()
    account.cluster()  # requests to the API are not affected
    account.clear()
    assert not faults.drops_acme()


def test_nodes_that_are_not_ready_until_it_is_cleared(account: FaultyAccount) -> None:
    cluster = account.cluster()
    account.add("node", "not-ready", times=1, nodepool="workers")
    other, workers = account.nodepool(cluster, name="other"), account.nodepool(cluster)

    def unready() -> dict[str, int]:
        pools = account.runtime.clusters[cluster]
        return {id_: len(spec.unready & set(spec.instance_ids)) for id_, spec in pools.items()}

    assert unready() == {other: 0, workers: 1}
    account.done(account.api.scale_sks_nodepool(id=cluster, sks_nodepool_id=workers, size=3))
    assert unready() == {other: 0, workers: 1}
    account.clear()
    deadline = time.monotonic() + 5
    while unready() != {other: 0, workers: 0}:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_nodes_that_boot_for_longer(account: FaultyAccount) -> None:
    cluster = account.cluster()
    account.add("node", "ready-after", milliseconds=60_500, times=1, nodepool="workers")
    other, workers = account.nodepool(cluster, name="other"), account.nodepool(cluster)
    pools = account.runtime.clusters[cluster]
    assert [*pools[other].boot_seconds.values()] == []
    assert pools[workers].boot_seconds == {pools[workers].instance_ids[0]: 60.5}
    assert pools[workers].unready == set()
    assert [fault["effect"]["kind"] for fault in account.listed()] == ["ready-after"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"target": "create-sks-clutser"}, "no operation matches create-sks-clutser"),
        ({"target": "POST /sks-clutser"}, "no operation matches POST /sks-clutser"),
        ({"target": "list-dbaas-service-types"}, "no operation matches list-dbaas-service-types"),
        ({"effect": {"kind": "status", "status": 200}}, "status: .*greater than or equal to 400"),
        ({"effect": {"kind": "explosion"}}, "effect: .*explosion"),
        ({"probability": 1.5}, "probability: .*less than or equal to 1"),
        ({"times": 0}, "times: .*greater than or equal to 1"),
        ({"target": "node"}, "the target node has an effect of its own"),
        ({"effect": {"kind": "not-ready"}}, "this effect is for the target node"),
        (
            {"effect": {"kind": "ready-after", "milliseconds": 1}},
            "this effect is for the target node",
        ),
        (
            {"target": "quota", "effect": {"kind": "quota", "resource": "cpu", "limit": 1}},
            "no quota cpu: there are dns-domain, ",
        ),
        ({"target": "acme", "times": 2}, "acme is affected until it is cleared"),
        (
            {"target": "acme", "effect": {"kind": "status", "status": 503}},
            "the effect on the ACME server is drop",
        ),
        (
            {"target": "GET /zone", "effect": {"kind": "operation-fails", "message": "no"}},
            "no operation matches GET /zone",
        ),
    ],
)
def test_what_is_no_fault_is_refused(
    account: FaultyAccount, fault: dict[str, Any], reason: str
) -> None:
    body = {"target": "*", "effect": {"kind": "drop"}, **fault}
    answer = account.faults("POST", json=body)
    assert answer.status_code == 400
    assert re.search(reason, answer.json()["message"]), answer.text
    assert account.listed() == []


def test_clearing_what_is_not_there(account: FaultyAccount) -> None:
    assert account.clear() == []
    assert account.faults("DELETE", "/3").json() == {"message": "fault 3 not found"}


def test_faults_need_the_accounts_key_and_do_not_hit_themselves(account: FaultyAccount) -> None:
    unsigned = account.api.http_client.get(FAULTS, auth=lambda request: request)
    assert unsigned.status_code == 403
    account.add("*", "status", status=500)
    assert len(account.listed()) == 1


def test_the_request_log_names_the_fault_and_no_secret(
    account: FaultyAccount, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = account.cluster()
    account.add("generate-*", "status", status=503, times=1)
    account.add("create-security-group", "drop", times=1)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            try:
                account.api.generate_sks_cluster_kubeconfig(id=cluster, user="me", groups=["g"])
            except ExoscaleAPIServerException:
                continue
        with pytest.raises(requests.ConnectionError):
            account.create_group()
        with pytest.raises(ExoscaleAPIClientException):
            account.api.list_instances(manager_id="not a uuid")
    lines = [record.getMessage().replace(cluster, "ID") for record in caplog.records]
    assert [re.sub(r"\d+ ms", "N ms", line.replace("/ch-gva-2/v2", "")) for line in lines] == [
        "POST /sks-cluster-kubeconfig/ID generate-sks-cluster-kubeconfig 503 N ms fault 1",
        "POST /sks-cluster-kubeconfig/ID generate-sks-cluster-kubeconfig 200 N ms",
        "POST /security-group create-security-group dropped N ms fault 2",
        "GET /instance list-instances 400 N ms",
    ]
