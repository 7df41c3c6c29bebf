"""`exoscale:index:SksNodepool`.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_sks_nodepool.go`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale import validators
from sandbox.plugins.exoscale.api import (
    NotFoundByName,
    ProviderCall,
    V3Client,
    api_errors,
    describe,
    is_not_found,
)
from sandbox.plugins.exoscale.fields import Field, autonamed, given, optional, output
from sandbox.plugins.exoscale.resource import (
    Properties,
    ResourceType,
    settle,
    split_zone,
    timestamp,
)
from sandbox.plugins.rpc import ProviderError

STORAGE_ADDON: Final = "storage-lvm"
GROUPS: Final = {
    "antiAffinityGroupIds": "anti-affinity-groups",
    "privateNetworkIds": "private-networks",
    "securityGroupIds": "security-groups",
}
SCALARS: Final = {
    "description": "description",
    "diskSize": "disk-size",
    "instancePrefix": "instance-prefix",
    "labels": "labels",
    "name": "name",
}
IMAGE_COLLECTION: Final = {
    "minAge": "min-age",
    "lowThreshold": "low-threshold",
    "highThreshold": "high-threshold",
}
KEPT_BY_UPDATE: Final = (
    *GROUPS.values(),
    *SCALARS.values(),
    "deploy-target",
    "instance-type",
    "public-ip-assignment",
    "taints",
)


class SksNodepool(ResourceType):
    token = "exoscale:index/sksNodepool:SksNodepool"
    fields: ClassVar[tuple[Field, ...]] = (
        optional("antiAffinityGroupIds", "set"),
        given("clusterId", force_new=True),
        output("createdAt"),
        optional("deployTargetId"),
        optional("description"),
        optional("diskSize", "integer", default=50),
        output("instancePoolId"),
        optional("instancePrefix", default="pool"),
        given("instanceType", ignore_case=True, check=validators.instance_type),
        optional("ipv6", "boolean", default=False),
        optional(
            "kubeletImageGcs",
            "objects",
            fields=(
                optional("highThreshold", "integer"),
                optional("lowThreshold", "integer"),
                optional("minAge"),
            ),
        ),
        optional("labels", "map"),
        autonamed(),
        optional("privateNetworkIds", "set"),
        optional("securityGroupIds", "set"),
        given("size", "integer"),
        output("state"),
        optional("storageLvm", "boolean", default=False),
        optional("taints", "map"),
        output("templateId"),
        output("version"),
        given("zone", force_new=True),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.v3(inputs["zone"])
        client.get_sks_cluster(id=inputs["clusterId"])
        body = {
            **_words(inputs, {*GROUPS, *SCALARS, "deployTargetId", "taints"}),
            "instance-type": {"id": _instance_type_id(client, inputs["instanceType"])},
            "kubelet-image-gc": _image_collection(inputs.get("kubeletImageGcs") or []),
            "addons": [STORAGE_ADDON] if inputs.get("storageLvm") else [],
            "public-ip-assignment": "dual" if inputs.get("ipv6") else None,
        }
        operation = client.create_sks_nodepool(
            id=inputs["clusterId"], size=inputs["size"], **_arguments(body)
        )
        call.object_id = operation["reference"]["id"]
        call.wait(client, operation, f"creating the nodepool of {inputs['size']}")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the current outputs.

        Raises:
            ProviderError: if its cluster doesn't exist. The official provider fails too, because
                `resourceSKSNodepoolRead` checks for egoscale v2's error, not for that of v3.
        """
        client = call.account.v3(state.get("zone", ""))
        try:
            found = _find(client, state.get("clusterId", ""), object_id)
        except api_errors() as error:
            if isinstance(error, NotFoundByName) or not is_not_found(error):
                raise
            raise ProviderError(describe(error)) from error
        return _outputs(client, found)

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Updates the nodepool.

        Like the official provider, it ignores changes of `kubeletImageGcs` and `storageLvm`, and
        of `ipv6` if nothing else changes. It can't empty properties that an update omits if empty.
        """
        client = call.account.v3(state["zone"])
        settle(call, lambda: _find(client, state["clusterId"], object_id), "nodepool")
        sent = changed & {*GROUPS, *SCALARS, "deployTargetId", "taints"}
        body = _words(news, sent)
        if "deployTargetId" in changed:
            body["deploy-target"] = {"id": news.get("deployTargetId") or ""}
        if "instanceType" in changed:
            body["instance-type"] = {"id": _instance_type_id(client, news["instanceType"])}
        if sent or body:
            found = _find(client, state["clusterId"], object_id)
            kept = {word: found[word] for word in KEPT_BY_UPDATE if word in found}
            emptied = dict.fromkeys(map(_word, sent))
            body = {**kept, **emptied, **body}
            if "ipv6" in changed:
                body["public-ip-assignment"] = "dual" if news.get("ipv6") else "inet4"
            operation = client.update_sks_nodepool(
                id=state["clusterId"], sks_nodepool_id=object_id, **_arguments(body)
            )
            call.wait(client, operation, "updating the nodepool")
        if "size" in changed:
            operation = client.scale_sks_nodepool(
                id=state["clusterId"], sks_nodepool_id=object_id, size=news["size"]
            )
            call.wait(client, operation, f"scaling the nodepool to {news['size']}")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.v3(state["zone"])
        operation = client.delete_sks_nodepool(id=state["clusterId"], sks_nodepool_id=object_id)
        call.wait(client, operation, "deleting the nodepool")

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        path, zone = split_zone(text)
        cluster_id, found, object_id = path.partition("/")
        if not found:
            form = "<CLUSTER-ID>/<NODEPOOL-ID>@<ZONE>"
            raise ProviderError(f'invalid ID "{path}", expected format "{form}"')
        return object_id, {"clusterId": cluster_id, "zone": zone}


def _find(client: V3Client, cluster_id: str, object_id: str) -> dict[str, Any]:
    for pool in client.get_sks_cluster(id=cluster_id).get("nodepools", []):
        if pool["id"] == object_id:
            found: dict[str, Any] = client.get_sks_nodepool(
                id=cluster_id, sks_nodepool_id=object_id
            )
            return found
    raise NotFoundByName(f'SKS Nodepool "{object_id}" not found')


def _instance_type_id(client: V3Client, name: str) -> str:
    family, _, size = name.lower().partition(".")
    for kind in client.list_instance_types()["instance-types"]:
        if (kind["family"], kind["size"]) == (family, size):
            return str(kind["id"])
    raise ProviderError("error retrieving instance type: Not Found")


def _word(name: str) -> str:
    """Returns the API's name of a property that is sent unchanged or as a reference."""
    return {**GROUPS, **SCALARS, "deployTargetId": "deploy-target", "taints": "taints"}[name]


def _words(properties: Properties, names: set[str]) -> dict[str, Any]:
    """Returns the API's names of those properties in `names` that are not empty."""
    words: dict[str, Any] = {}
    for name in names:
        value = properties.get(name)
        if not value:
            continue
        if name in GROUPS:
            words[_word(name)] = [{"id": item} for item in value]
        elif name == "deployTargetId":
            words[_word(name)] = {"id": value}
        elif name == "taints":
            words[_word(name)] = {key: _taint(taint) for key, taint in value.items()}
        else:
            words[_word(name)] = value
    return words


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("-", "_"): value for key, value in body.items() if value}


def _taint(text: str) -> dict[str, str]:
    value, _, effect = text.partition(":")
    if not value or not effect:
        raise ProviderError(f'invalid taint "{text}": expected format VALUE:EFFECT')
    return {"value": value, "effect": effect}


def _image_collection(settings: list[Properties]) -> dict[str, Any]:
    if not settings:
        return {}
    return {
        word: settings[0][name] for name, word in IMAGE_COLLECTION.items() if settings[0].get(name)
    }


def _outputs(client: V3Client, pool: dict[str, Any]) -> dict[str, Any]:
    kind = client.get_instance_type(id=pool["instance-type"]["id"])
    outputs: dict[str, Any] = {
        "createdAt": timestamp(pool["created-at"]),
        "description": pool.get("description", ""),
        "diskSize": pool["disk-size"],
        "instancePrefix": pool.get("instance-prefix", ""),
        "instanceType": f"{kind['family']}.{kind['size']}".lower(),
        "ipv6": pool.get("public-ip-assignment") == "dual",
        "labels": pool.get("labels", {}),
        "name": pool["name"],
        "size": pool["size"],
        "state": pool["state"],
        "version": pool.get("version", ""),
    }
    for name, word in GROUPS.items():
        if word in pool:
            outputs[name] = [item["id"] for item in pool[word]]
    for name, word in (
        ("deployTargetId", "deploy-target"),
        ("instancePoolId", "instance-pool"),
        ("templateId", "template"),
    ):
        if word in pool:
            outputs[name] = pool[word]["id"]
    if "addons" in pool:
        outputs["storageLvm"] = STORAGE_ADDON in pool["addons"]
    if collection := pool.get("kubelet-image-gc"):
        named = {name: collection.get(word) for name, word in IMAGE_COLLECTION.items()}
        outputs["kubeletImageGcs"] = [{name: value for name, value in named.items() if value}]
    if "taints" in pool:
        outputs["taints"] = {
            key: f"{taint['value']}:{taint['effect']}" for key, taint in pool["taints"].items()
        }
    return outputs
