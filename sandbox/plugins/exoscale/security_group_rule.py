"""`exoscale:index:SecurityGroupRule`, which is created and deleted, but never updated.

Source: exoscale/terraform-provider-exoscale 0.66.0,
`exoscale/resource_exoscale_security_group_rule.go`; exoscale/egoscale v2, `security_group_rule.go`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any, ClassVar

from sandbox.plugins.exoscale import validators
from sandbox.plugins.exoscale.api import NotFoundByName, ProviderCall
from sandbox.plugins.exoscale.fields import Field, forcing_replacement, given, optional
from sandbox.plugins.exoscale.resource import Properties, ResourceType
from sandbox.plugins.exoscale.security_group import find
from sandbox.plugins.rpc import ProviderError

PROTOCOLS = ("AH", "ALL", "ESP", "GRE", "ICMP", "ICMPv6", "IPIP", "TCP", "UDP")
PEERS = ("cidr", "publicSecurityGroup", "userSecurityGroupId", "userSecurityGroup")
PORTS = ("startPort", "endPort")
ICMP = ("icmpCode", "icmpType")


def _peer(name: str, **traits: Any) -> Field:
    return optional(name, conflicts=tuple(peer for peer in PEERS if peer != name), **traits)


def _port(name: str) -> Field:
    return optional(name, "integer", conflicts=ICMP, check=validators.between(1, 65535))


def _icmp(name: str) -> Field:
    return optional(name, "integer", conflicts=PORTS, check=validators.between(-1, 254))


class SecurityGroupRule(ResourceType):
    token = "exoscale:index/securityGroupRule:SecurityGroupRule"
    fields: ClassVar[tuple[Field, ...]] = forcing_replacement(
        _peer("cidr", check=validators.network),
        optional("description"),
        *map(_port, PORTS),
        *map(_icmp, ICMP),
        optional(
            "protocol",
            default="TCP",
            ignore_case=True,
            check=validators.one_of(*PROTOCOLS, ignore_case=True),
        ),
        # Unlike similar properties, it has no list of conflicts.
        optional("publicSecurityGroup", computed=True),
        optional("securityGroup", computed=True, conflicts=("securityGroupId",)),
        optional("securityGroupId", computed=True, conflicts=("securityGroup",)),
        given("type", check=validators.one_of("INGRESS", "EGRESS")),
        _peer("userSecurityGroup", computed=True),
        _peer("userSecurityGroupId"),
    )

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client()
        group = _parent(call, inputs)
        body = _body(call, inputs)
        # The API returns the group's ID, not the rule's. The new rule is the additional one.
        with self._locks[group["id"]]:
            before = {rule["id"] for rule in _rules(client.get_security_group(id=group["id"]))}
            operation = client.add_rule_to_security_group(id=group["id"], **_arguments(body))
            call.wait(client, operation, "creating the security group rule")
            for rule in _rules(client.get_security_group(id=group["id"])):
                if rule["id"] not in before and _matches(rule, body):
                    call.object_id = rule["id"]
                    return {"securityGroupId": group["id"]}
        raise ProviderError("unable to identify the rule created")

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        group = _parent(call, state)
        for rule in _rules(group):
            if rule["id"] == object_id:
                return _outputs(call, group, rule)
        return None

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client()
        group = _parent(call, state)
        operation = client.delete_rule_from_security_group(id=group["id"], rule_id=object_id)
        call.wait(client, operation, "deleting the security group rule")

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        group_id, found, rule_id = text.partition("/")
        if not found:
            form = "<SECURITY-GROUP-ID>/<SECURITY-GROUP-RULE-ID>"
            raise ProviderError(f'invalid ID "{text}", expected format "{form}"')
        return rule_id, {"securityGroupId": group_id}


def _rules(group: dict[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = group.get("rules", [])
    return rules


def _parent(call: ProviderCall, properties: Properties) -> dict[str, Any]:
    wanted = properties.get("securityGroupId") or properties.get("securityGroup")
    if not wanted:
        raise ProviderError("either security_group or security_group_id must be specified")
    return find(call, wanted)


def _body(call: ProviderCall, inputs: Properties) -> dict[str, Any]:
    body: dict[str, Any] = {
        "flow-direction": inputs["type"].lower(),
        "protocol": inputs["protocol"].lower(),
        "description": inputs.get("description"),
        "start-port": inputs.get("startPort"),
        "end-port": inputs.get("endPort"),
    }
    if body["protocol"].startswith("icmp"):
        body["icmp"] = {"code": inputs.get("icmpCode", 0), "type": inputs.get("icmpType", 0)}
    if cidr := inputs.get("cidr"):
        body["network"] = cidr
    elif public := inputs.get("publicSecurityGroup"):
        body["security-group"] = {"name": public, "visibility": "public"}
    elif user := inputs.get("userSecurityGroupId") or inputs.get("userSecurityGroup"):
        try:
            body["security-group"] = {"id": find(call, user)["id"]}
        except NotFoundByName as error:
            raise ProviderError(f"unable to retrieve Security Group: {error}") from error
    else:
        raise ProviderError(
            "either cidr or user_security_group_id or user_security_group or "
            "public_security_group must be specified"
        )
    return {key: value for key, value in body.items() if value}


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("-", "_"): value for key, value in body.items()}


def _matches(rule: dict[str, Any], body: dict[str, Any]) -> bool:
    for key, value in body.items():
        found = rule.get(key, value)
        if isinstance(value, dict):
            if any(found.get(part, value[part]) != value[part] for part in value):
                return False
        elif found != value:
            return False
    return True


def _outputs(call: ProviderCall, group: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    icmp = rule.get("icmp", {})
    outputs = {
        "description": rule.get("description", ""),
        "type": rule["flow-direction"].upper(),
        "protocol": rule["protocol"].upper().replace("V6", "v6"),
        "startPort": rule.get("start-port"),
        "endPort": rule.get("end-port"),
        "icmpCode": icmp.get("code"),
        "icmpType": icmp.get("type"),
        "cidr": rule.get("network"),
        "securityGroupId": group["id"],
        "securityGroup": group["name"],
    }
    peer = rule.get("security-group", {})
    if peer.get("visibility") == "public":
        outputs["publicSecurityGroup"] = peer["name"]
    elif peer:
        found = call.account.client().get_security_group(id=peer["id"])
        outputs["userSecurityGroupId"] = found["id"]
        outputs["userSecurityGroup"] = found["name"]
    return {key: value for key, value in outputs.items() if value is not None}
