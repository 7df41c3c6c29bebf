"""`exoscale:index:SksCluster`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_sks_cluster.go`.
"""

from __future__ import annotations

import base64
from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale.api import ProviderCall, V3Client
from sandbox.plugins.exoscale.fields import Field, autonamed, given, optional, output
from sandbox.plugins.exoscale.resource import (
    UNFINISHED,
    Properties,
    ResourceType,
    settle,
    timestamp,
)
from sandbox.plugins.rpc import ProviderError

ADDONS: Final = {
    "exoscaleCcm": "exoscale-cloud-controller",
    "metricsServer": "metrics-server",
    "exoscaleCsi": "exoscale-container-storage-interface",
}
AUTHORITIES: Final = {
    "aggregationCa": "aggregation",
    "controlPlaneCa": "control-plane",
    "kubeletCa": "kubelet",
}
OIDC: Final = {
    "clientId": "client-id",
    "issuerUrl": "issuer-url",
    "groupsClaim": "groups-claim",
    "groupsPrefix": "groups-prefix",
    "requiredClaim": "required-claim",
    "usernameClaim": "username-claim",
    "usernamePrefix": "username-prefix",
}


class SksCluster(ResourceType):
    token = "exoscale:index/sksCluster:SksCluster"
    fields: ClassVar[tuple[Field, ...]] = (
        optional("addons", "set", computed=True),
        output("aggregationCa"),
        optional(
            "audit",
            "object",
            fields=(
                optional("enabled", "boolean"),
                optional("endpoint"),
                optional("initialBackoff", default="10s"),
                optional("bearerToken", secret=True),
            ),
        ),
        optional("autoUpgrade", "boolean"),
        optional("cni", default="calico"),
        output("controlPlaneCa"),
        output("createdAt"),
        optional("description"),
        optional("enableKubeProxy", "boolean", computed=True, force_new=True),
        output("endpoint"),
        optional("exoscaleCcm", "boolean", default=True),
        optional("exoscaleCsi", "boolean", default=False),
        optional("featureGates", "set"),
        output("kubeletCa"),
        optional("labels", "map"),
        optional("metricsServer", "boolean", default=True),
        autonamed(),
        output("nodepools", "set"),
        optional(
            "oidc",
            "object",
            computed=True,
            fields=(
                given("clientId"),
                given("issuerUrl"),
                optional("groupsClaim"),
                optional("groupsPrefix"),
                optional("requiredClaim", "map"),
                optional("usernameClaim"),
                optional("usernamePrefix"),
            ),
        ),
        optional("serviceLevel", default="pro"),
        output("state"),
        optional("version", computed=True),
        given("zone", force_new=True),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.v3(inputs["zone"])
        body: dict[str, Any] = {
            "name": inputs["name"],
            "level": inputs["serviceLevel"],
            "version": inputs.get("version") or _newest_version(client),
            "addons": _addons(inputs),
            "auto_upgrade": inputs.get("autoUpgrade"),
            "feature_gates": inputs.get("featureGates"),
            "cni": inputs.get("cni"),
            "description": inputs.get("description"),
            "labels": inputs.get("labels"),
            "audit": _audit_to_create(inputs.get("audit") or {}),
            "oidc": _oidc(inputs.get("oidc") or {}),
        }
        body = {key: value for key, value in body.items() if value}
        if "enableKubeProxy" in inputs:
            body["enable_kube_proxy"] = inputs["enableKubeProxy"]
        operation = client.create_sks_cluster(**body)
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, "creating the cluster")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        client = call.account.v3(state.get("zone", ""))
        cluster = client.get_sks_cluster(id=object_id)
        outputs = _outputs(cluster)
        if cluster["state"] not in UNFINISHED:
            for name, authority in AUTHORITIES.items():
                outputs[name] = _certificate(client, object_id, authority)
        return outputs

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the cluster.

        Changes of `addons`, `cni`, `exoscaleCcm`, `metricsServer`, `oidc` and `serviceLevel` are
        ignored. Each request contains `oidc` as null, and also `feature-gates` unless they change,
        because egoscale v3.1.27 always sends both.
        """
        client = call.account.v3(state["zone"])
        settle(call, lambda: client.get_sks_cluster(id=object_id), "cluster")
        if "version" in changed:
            operation = client.upgrade_sks_cluster(id=object_id, version=news["version"])
            call.wait(client, operation, f"upgrading the cluster to {news['version']}")
        body: dict[str, Any] = {}
        if "featureGates" in changed:
            body["feature_gates"] = news.get("featureGates") or []
        if "autoUpgrade" in changed:
            body["auto_upgrade"] = bool(news.get("autoUpgrade"))
        if "labels" in changed and news.get("labels"):
            body["labels"] = news["labels"]
        if "name" in changed:
            body["name"] = news["name"]
        if "description" in changed:
            body["description"] = news.get("description") or ""
        if "exoscaleCsi" in changed:
            body.update(_storage_addon(state, news))
        if "audit" in changed:
            body["audit"] = _audit_to_update(news.get("audit") or {})
        if body:
            body = {"oidc": None, "feature_gates": None, **body}
            operation = client.update_sks_cluster(id=object_id, **body)
            call.wait(client, operation, "updating the cluster")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.v3(state["zone"])
        operation = client.delete_sks_cluster(id=object_id)
        call.wait(client, operation, "deleting the cluster")


def _newest_version(client: V3Client) -> str:
    versions: list[str] = client.list_sks_cluster_versions()["sks-cluster-versions"]
    if not versions:
        raise ProviderError("the API lists no SKS version")
    return versions[0]


def _addons(inputs: Properties) -> list[str]:
    wanted = [addon for name, addon in ADDONS.items() if inputs.get(name)]
    return list(dict.fromkeys([*inputs.get("addons", []), *wanted]))


def _storage_addon(state: Properties, news: Properties) -> dict[str, Any]:
    if not news.get("exoscaleCsi"):
        raise ProviderError("disabling the CSI addon is not supported")
    addons = state.get("addons") or []
    addon = ADDONS["exoscaleCsi"]
    return {} if addon in addons else {"addons": [*addons, addon]}


def _audit_to_create(audit: Properties) -> dict[str, Any]:
    if not audit.get("enabled") or not audit.get("endpoint"):
        return {}
    return _audit_target(audit)


def _audit_to_update(audit: Properties) -> dict[str, Any]:
    enabled = bool(audit.get("enabled"))
    if enabled and not audit.get("endpoint"):
        raise ProviderError("cannot enable audit without setting an endpoint")
    return {"enabled": enabled, **_audit_target(audit)}


def _audit_target(audit: Properties) -> dict[str, Any]:
    words = {
        "endpoint": audit.get("endpoint"),
        "bearer-token": audit.get("bearerToken"),
        "initial-backoff": audit.get("initialBackoff"),
    }
    return {key: value for key, value in words.items() if value}


def _oidc(oidc: Properties) -> dict[str, Any]:
    return {word: oidc[name] for name, word in OIDC.items() if oidc.get(name)}


def _certificate(client: V3Client, cluster_id: str, authority: str) -> str:
    answer = client.get_sks_cluster_authority_cert(id=cluster_id, authority=authority)
    return base64.b64decode(answer["cacert"]).decode()


def _outputs(cluster: dict[str, Any]) -> dict[str, Any]:
    outputs = {
        "autoUpgrade": cluster.get("auto-upgrade", False),
        "cni": cluster.get("cni", ""),
        "createdAt": timestamp(cluster["created-at"]),
        "description": cluster.get("description", ""),
        "enableKubeProxy": cluster.get("enable-kube-proxy", True),
        "endpoint": cluster.get("endpoint", ""),
        "featureGates": cluster.get("feature-gates", []),
        "labels": cluster.get("labels", {}),
        "name": cluster["name"],
        "nodepools": [pool["id"] for pool in cluster.get("nodepools", [])],
        "serviceLevel": cluster["level"],
        "state": cluster["state"],
        "version": cluster["version"],
    }
    if addons := cluster.get("addons"):
        outputs["addons"] = addons
        outputs |= {name: addon in addons for name, addon in ADDONS.items()}
    return outputs
