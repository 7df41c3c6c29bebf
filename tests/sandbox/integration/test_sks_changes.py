"""What an update or an upgrade of a cluster changes, as its API server says."""

import json
import re
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from exoscale.api.exceptions import ExoscaleAPIClientException
from kubernetes import client

from tests.support.account import OLDER_VERSION, VERSION
from tests.support.https_server import HttpsServer, https_server
from tests.support.polling import eventually
from tests.support.sks_account import SksAccount, account_with_cluster, names

pytestmark = pytest.mark.integration

OLD, NEW = OLDER_VERSION, VERSION
CCM, CSI = "exoscale-cloud-controller", "exoscale-container-storage-interface"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SksAccount]:
    home = tmp_path_factory.mktemp("sks")
    with account_with_cluster(home, nodes=2, version=OLD, addons=[CCM]) as account:
        yield account


def server_version(account: SksAccount) -> str:
    return str(client.VersionApi(account.api_client).get_code().git_version)


def kubelet_versions(account: SksAccount) -> list[str]:
    nodes = account.core.list_node().items
    return sorted(node.status.node_info.kubelet_version for node in nodes)


def update(account: SksAccount, **fields: Any) -> dict[str, Any]:
    return account.exoscale.update_sks_cluster(id=account.cluster_id, **fields)  # type: ignore[no-any-return]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    """A server that the processes that start meanwhile trust."""
    with https_server(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        yield server


def secrets_in(home: Path, secret: str) -> set[tuple[str, int]]:
    """Files that have the secret, with their modes."""
    return {
        (file.name, file.stat().st_mode & 0o777)
        for file in home.rglob("*")
        if file.is_file() and secret.encode() in file.read_bytes()
    }


def test_the_audit_log_goes_to_its_endpoint_with_its_token(
    account: SksAccount, trusted: HttpsServer
) -> None:
    endpoint = f"{trusted.url}/audit"
    audit = {"enabled": True, "endpoint": endpoint, "bearer-token": "s3cret-token"}
    operation = update(account, audit=audit)
    assert account.cluster()["state"] in ("updating", "running")
    account.done(operation)
    assert account.cluster()["audit"] == {
        "enabled": True,
        "endpoint": endpoint,
        "initial-backoff": "10s",
    }
    account.core.create_namespaced_config_map("default", {"metadata": {"name": "audited"}})
    eventually(
        lambda: [
            event
            for events in trusted.posted
            for event in events["items"]
            if event["verb"] == "create" and event["objectRef"].get("name") == "audited"
        ]
    )
    assert trusted.tokens == {"Bearer s3cret-token"}
    assert all(mode == 0o600 for _, mode in secrets_in(account.home, "s3cret-token"))

    account.done(update(account, audit={"enabled": False}))
    assert account.cluster()["audit"]["enabled"] is False
    assert not (
        account.home / "clusters" / account.cluster_id / "config" / "audit-webhook.kubeconfig"
    ).exists()


def signed(key: ec.EllipticCurvePrivateKey, claims: dict[str, Any]) -> str:
    """A JSON web token (RFC 7519) with those claims."""
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "kid": "k"}, claims)]
    text = b".".join(encoded(part) for part in parts)
    r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    signature = encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return b".".join([text, signature]).decode()


def encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def test_people_sign_in_with_tokens_of_the_oidc_issuer(
    account: SksAccount, trusted: HttpsServer
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    x, y = (encoded(n.to_bytes(32, "big")).decode() for n in (point.x, point.y))
    trusted.pages = {
        "/.well-known/openid-configuration": {
            "issuer": trusted.url,
            "jwks_uri": f"{trusted.url}/keys",
            "id_token_signing_alg_values_supported": ["ES256"],
        },
        "/keys": {"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]},
    }
    oidc = {
        "client-id": "kube",
        "issuer-url": trusted.url,
        "groups-claim": "groups",
        "groups-prefix": "oidc:",
        "required-claim": {"team": "web"},
    }
    account.done(update(account, oidc=oidc))
    assert account.cluster()["oidc"] == oidc
    authority = account.runtime.authority_cert(account.cluster_id, "control-plane")
    (ca := trusted.authority.with_name("cluster.pem")).write_text(authority)

    def whoami(**claims: str) -> tuple[int, dict[str, Any]]:
        token = signed(
            key,
            {"iss": trusted.url, "aud": "kube", "sub": "jane", "exp": time.time() + 60}
            | {"groups": ["devs"]}
            | claims,
        )
        answer = requests.post(
            f"{account.cluster()['endpoint']}/apis/authentication.k8s.io/v1/selfsubjectreviews",
            json={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
            headers={"Authorization": f"Bearer {token}"},
            verify=str(ca),
            timeout=10,
        )
        return answer.status_code, answer.json().get("status", {})

    def jane() -> dict[str, Any]:
        status, body = whoami(team="web")
        return dict(body["userInfo"]) if status == 201 else {}

    user = eventually(jane)
    assert user["username"] == f"{trusted.url}#jane"
    assert "oidc:devs" in user["groups"]
    assert whoami(team="other")[0] == 401
    account.done(update(account, oidc=None))
    eventually(lambda: whoami(team="web")[0] == 401)


def test_feature_gates_are_those_of_the_api_server(account: SksAccount) -> None:
    def gates() -> set[str]:
        cluster = account.home / "clusters" / account.cluster_id
        kubectl = Path(sys.executable).with_name("kubectl")
        metrics = subprocess.run(
            [kubectl, "get", "--raw=/metrics", f"--kubeconfig={cluster}/config/admin.kubeconfig"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return set(re.findall(r'kubernetes_feature_enabled{name="(\w+)",stage="ALPHA"} 1', metrics))

    assert "CrossNamespaceVolumeDataSource" not in gates()
    account.done(update(account, feature_gates=["CrossNamespaceVolumeDataSource"]))
    assert account.cluster()["feature-gates"] == ["CrossNamespaceVolumeDataSource"]
    assert "CrossNamespaceVolumeDataSource" in gates()

    refused = account.ended(update(account, feature_gates=["NoSuchGate"]))
    assert (refused["state"], refused["reason"]) == ("failure", "fault")
    assert refused["message"].count("unrecognized feature gate: NoSuchGate") == 1
    assert account.cluster()["state"] == "running"
    assert account.cluster()["feature-gates"] == ["CrossNamespaceVolumeDataSource"]
    assert len(account.core.list_node().items) == 2
    account.done(update(account, feature_gates=[]))


USER_OF_VOLUME = {
    "metadata": {"name": "user"},
    "spec": {
        "containers": [{"name": "c", "image": "i"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    },
}


def _ready(account: SksAccount, pod: str) -> bool:
    statuses = account.core.read_namespaced_pod(pod, "default").status.container_statuses
    return bool(statuses and statuses[0].ready)


def _events(account: SksAccount, name: str) -> str:
    """What controllers say of an object."""
    found = account.core.list_namespaced_event("default").items
    return "; ".join(each.message for each in found if each.involved_object.name == name)


def test_storage_comes_with_its_addon_and_stays(account: SksAccount) -> None:
    storage = client.StorageV1Api(account.api_client)
    assert names(storage.list_storage_class()) == []
    account.done(update(account, addons=[CCM, CSI]))
    (sbs,) = [c for c in storage.list_storage_class().items if c.metadata.name == "exoscale-sbs"]
    assert (sbs.provisioner, sbs.reclaim_policy) == ("csi.exoscale.com", "Delete")
    assert (sbs.volume_binding_mode, sbs.allow_volume_expansion) == ("Immediate", True)
    claim: dict[str, Any] = {
        "metadata": {"name": "data"},
        "spec": {
            "storageClassName": "exoscale-sbs",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }
    account.core.create_namespaced_persistent_volume_claim("default", claim)

    def bound() -> bool:
        found = account.core.read_namespaced_persistent_volume_claim("data", "default")
        return bool(found.status.phase == "Bound")

    eventually(bound)

    def capacities() -> list[str]:
        found = account.core.read_namespaced_persistent_volume_claim("data", "default")
        (volume,) = account.core.list_persistent_volume().items
        return [found.status.capacity["storage"], volume.spec.capacity["storage"]]

    account.core.create_namespaced_pod("default", USER_OF_VOLUME)
    eventually(lambda: _ready(account, "user"))
    more = {"spec": {"resources": {"requests": {"storage": "20Gi"}}}}
    account.core.patch_namespaced_persistent_volume_claim("data", "default", more)
    eventually(lambda: "Volume must be detached before expanding" in _events(account, "data"))
    assert capacities() == ["10Gi", "10Gi"]
    account.core.delete_namespaced_pod("user", "default", grace_period_seconds=0)
    eventually(lambda: capacities() == ["10Gi", "20Gi"])
    account.core.create_namespaced_pod("default", USER_OF_VOLUME)
    eventually(lambda: capacities() == ["20Gi", "20Gi"])

    spec = {**claim["spec"], "resources": {"requests": {"storage": "10G"}}}
    claim = {"metadata": {"name": "odd"}, "spec": spec}
    account.core.create_namespaced_persistent_volume_claim("default", claim)
    eventually(lambda: "cannot be exactly converted to GiB" in _events(account, "odd"))
    odd = account.core.read_namespaced_persistent_volume_claim("odd", "default")
    assert odd.status.phase == "Pending"
    account.core.delete_namespaced_persistent_volume_claim("odd", "default")
    account.core.delete_namespaced_pod("user", "default", grace_period_seconds=0)
    with pytest.raises(ExoscaleAPIClientException, match=rf"400: .*not supported: {CSI}"):
        update(account, addons=[CCM])
    account.core.delete_namespaced_persistent_volume_claim("data", "default")


def test_an_upgrade_reaches_the_control_plane_and_then_new_nodes(account: SksAccount) -> None:
    api = account.exoscale
    assert api.list_sks_cluster_versions()["sks-cluster-versions"][0] == NEW
    assert server_version(account) == f"v{OLD}"
    account.core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
    endpoint = account.cluster()["endpoint"]

    operation = api.upgrade_sks_cluster(id=account.cluster_id, version=NEW)
    assert account.cluster()["state"] in ("upgrading", "running")
    account.done(operation)
    cluster = account.cluster()
    assert (cluster["version"], cluster["endpoint"]) == (NEW, endpoint)
    assert server_version(account) == f"v{NEW}"
    assert "kept" in names(account.core.list_namespaced_config_map("default"))
    assert kubelet_versions(account) == [f"v{OLD}"] * 2

    (pool,) = account.nodepools()
    where = {"id": account.cluster_id, "sks_nodepool_id": pool["id"]}
    assert pool["version"] == NEW
    account.done(api.scale_sks_nodepool(**where, size=4))
    assert kubelet_versions(account) == [f"v{OLD}"] * 2 + [f"v{NEW}"] * 2
    instances = api.list_instances()["instances"]
    old = [i["id"] for i in instances if i["template"] != pool["template"]]
    account.done(api.evict_sks_nodepool_members(**where, instances=old))
    assert kubelet_versions(account) == [f"v{NEW}"] * 2
    with pytest.raises(ExoscaleAPIClientException, match=r"400: .*can't be downgraded"):
        api.upgrade_sks_cluster(id=account.cluster_id, version=OLD)


def test_kube_system_has_what_sks_runs_there(account: SksAccount) -> None:
    apps = client.AppsV1Api(account.api_client)
    daemon_sets = apps.list_namespaced_daemon_set("kube-system").items
    assert {item.metadata.name for item in daemon_sets} == {
        "calico-node",
        "kube-proxy",
        "exoscale-csi-node",
    }
    deployments = names(apps.list_namespaced_deployment("kube-system"))
    assert {"coredns", "calico-kube-controllers", "exoscale-csi-controller"} < set(deployments)
    assert "metrics-server" not in deployments
    account.done(update(account, addons=[CCM, CSI, "metrics-server"]))

    def ready() -> bool:
        found = apps.read_namespaced_deployment("metrics-server", "kube-system")
        sets = apps.list_namespaced_daemon_set("kube-system").items
        return found.status.ready_replicas == 1 and all(s.status.number_ready == 2 for s in sets)

    eventually(ready)


def test_pods_are_scheduled_after_all_of_this(account: SksAccount) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    account.core.create_namespaced_pod("default", pod)

    def running() -> bool:
        return bool(account.core.read_namespaced_pod("p", "default").status.phase == "Running")

    eventually(running)
