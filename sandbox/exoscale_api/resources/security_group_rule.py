"""Rules of security groups. As at Exoscale, their operations refer to the group."""

from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Conflict, NotFound
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.resources.security_group import KIND, PUBLIC, network
from sandbox.exoscale_api.resources.sks_parts import firewall
from sandbox.exoscale_api.store import Json


def add_rule_to_security_group(call: Call) -> Json:
    with call.store.transaction():
        group = call.require(KIND, call.path["id"])
        rule = _rule(call)
        if any({**other, "id": None} == {**rule, "id": None} for other in group["rules"]):
            raise Conflict("This security group rule already exists")
        group["rules"].append(rule)
        call.store.put(KIND, group)
        firewall.follow(call.organization)
        return call.done(KIND, group["id"])


def delete_rule_from_security_group(call: Call) -> Json:
    with call.store.transaction():
        group = call.require(KIND, call.path["id"])
        rules = [rule for rule in group["rules"] if rule["id"] != call.path["rule-id"]]
        if len(rules) == len(group["rules"]):
            raise NotFound(f"security-group rule {call.path['rule-id']} not found")
        call.store.put(KIND, group | {"rules": rules})
        firewall.follow(call.organization)
        return call.done(KIND, group["id"])


def _rule(call: Call) -> Json:
    body = call.body
    rule: Json = {
        "id": str(uuid4()),
        "flow-direction": body["flow-direction"],
        "protocol": body["protocol"],
        "description": body.get("description", ""),
    }
    if ("network" in body) == ("security-group" in body):
        raise BadRequest("Invalid request: exactly one of network, security-group is required")
    if "network" in body:
        rule["network"] = network(body["network"])
    else:
        rule["security-group"] = _peer(call, body["security-group"])
    if body["protocol"] in ("tcp", "udp"):
        rule |= _ports(body.get("start-port"), body.get("end-port"))
    elif "start-port" in body or "end-port" in body:
        raise BadRequest(f"Invalid request: protocol {body['protocol']} has no ports")
    if body["protocol"] in ("icmp", "icmpv6"):
        icmp = {k: v for k, v in body.get("icmp", {}).items() if v is not None}
        rule["icmp"] = {"type": icmp.get("type", -1), "code": icmp.get("code", -1)}
    elif "icmp" in body:
        raise BadRequest(f"Invalid request: protocol {body['protocol']} has no icmp")
    return rule


def _ports(start: int | None, end: int | None) -> Json:
    if start is None or end is None:
        raise BadRequest("Invalid request: protocols tcp, udp need start-port and end-port")
    if start > end:
        raise BadRequest(f"Invalid request: start-port {start} is above end-port {end}")
    return {"start-port": start, "end-port": end}


def _peer(call: Call, given: Json) -> Json:
    if given.get("visibility") == "public":
        for public in PUBLIC:
            if public["id"] == given.get("id") or public["name"] == given.get("name"):
                return public
        raise NotFound(f"public security-group {given.get('name', given.get('id'))} not found")
    if "id" not in given:
        raise BadRequest("Invalid request: body.security-group: id is missing")
    group = call.require(KIND, given["id"])
    return {"id": group["id"], "name": group["name"], "visibility": "private"}


RESOURCE = Resource(
    "security-group-rule",
    operations={
        "add-rule-to-security-group": add_rule_to_security_group,
        "delete-rule-from-security-group": delete_rule_from_security_group,
    },
)
