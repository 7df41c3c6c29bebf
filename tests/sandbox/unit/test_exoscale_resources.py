"""A resource of the sandbox's Exoscale API is one file."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.daemon.status import status
from sandbox.exoscale_api import resources
from sandbox.exoscale_api.discovery import find_resources
from tests.support.exoscale_account import BASE_URL, Account

FAULTS = f"{BASE_URL}/sandbox/faults"
MODULE = "elastic_ip"
ELASTIC_IP = '''
"""Elastic IPs."""

from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.jobs import Task
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource

KIND = "elastic-ip"
QUOTA = Quota("elastic-ip", KIND, limit=2)


def create(call):
    with call.store.transaction():
        call.organization.quotas.enforce(QUOTA)
        ip = {"id": str(uuid4()), "description": call.body["description"]}
        call.store.put(KIND, ip, zone=call.zone)
        return call.begin("create-elastic-ip", KIND, ip["id"])


def list_all(call):
    return {"elastic-ips": call.store.list(KIND, zone=call.zone)}


def assign(organization, arguments):
    organization.store.update(KIND, arguments["id"], ip="203.0.113.9")


RESOURCE = Resource(
    KIND,
    operations={"create-elastic-ip": create, "list-elastic-ips": list_all},
    tasks={"create-elastic-ip": Task(assign, assign)},
    quota=QUOTA,
    status=Listing(
        "elastic-ips",
        fields=("id", "ip", "description", "zone"),
        columns={"elastic IP": "ip", "zone": "zone", "what for": "description"},
    ),
)
'''


@pytest.fixture
def _one_more_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text(ELASTIC_IP)
    with monkeypatch.context() as patch:
        patch.setattr(resources, "__path__", [*resources.__path__, str(folder)])
        importlib.invalidate_caches()
        yield
    del sys.modules[f"{resources.__name__}.{MODULE}"]
    delattr(resources, MODULE)


@pytest.mark.usefixtures("_one_more_file")
def test_a_new_resource_is_one_file(tmp_path: Path) -> None:
    before = Account(tmp_path / "api")
    hang = {"target": "create-elastic-ip", "effect": {"kind": "operation-hangs"}, "times": 1}
    assert before.api.http_client.post(FAULTS, json=hang).ok
    held = before.api.create_elastic_ip(description="mail")
    before.done(before.api.create_elastic_ip(description="web"))

    account = Account(tmp_path / "api")
    account.app.state.resume()
    assert account.api.http_client.delete(FAULTS).ok
    account.done(held)
    ips = account.api.list_elastic_ips()["elastic-ips"]
    assert [(ip["ip"], ip["description"]) for ip in ips] == [
        ("203.0.113.9", "mail"),
        ("203.0.113.9", "web"),
    ]
    quota = account.api.get_quota(entity="elastic-ip")
    assert quota == {"resource": "elastic-ip", "usage": 2, "limit": 2}
    with pytest.raises(Exception, match=r"403: .*Quota exceeded: 2 of 2 elastic-ip"):
        account.api.create_elastic_ip(description="one more")
    assert status(tmp_path, as_json=False).split("\n\n")[1] == (
        "ELASTIC IP    ZONE       WHAT FOR\n"
        "203.0.113.9   ch-gva-2   mail\n"
        "203.0.113.9   ch-gva-2   web\n"
    )
    shown = json.loads(status(tmp_path, as_json=True))["elastic-ips"]
    assert [set(ip) for ip in shown] == [{"id", "ip", "description", "zone"}] * 2


def test_names_that_are_stored_stay(tmp_path: Path) -> None:
    """What accounts hold is found by these: they outlive a newer sandbox."""
    Account(tmp_path)
    assert (tmp_path / "account.sqlite").exists()
    found = find_resources()
    assert {task for resource in found for task in resource.tasks} == {
        "create-sks-cluster",
        "change-sks-cluster",
        "delete-sks-cluster",
        "set-sks-nodepool",
        "delete-sks-nodepool",
    }
    assert {resource.quota.kind for resource in found if resource.quota} == {
        "dns-domain",
        "instance",
        "load-balancer",
        "private-network",
        "sks-cluster",
    }
