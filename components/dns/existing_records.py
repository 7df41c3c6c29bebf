"""Refuses to create DNS records that already exist, and removes those of interrupted runs.

A record has no labels that could name its owner. So the stack's state has a claim for each host,
which is created only while no record of that name exists. A record that exists beside a claim, and
that the state does not contain, was created by a run that was killed before it saved the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pulumi

from ..lifecycle.kubernetes_api import in_thread
from ..lifecycle.waiting import wait_until
from .zone import Record, delete_record, zone_records

ADDRESSES = ("A", "AAAA", "ALIAS", "CNAME", "POOL", "URL")
"""Types of records that say where a name leads to."""

DELETION_SECONDS = 60


class ExistingRecord(Exception):
    """A record already exists. The message has its content and a solution."""


def refuse_existing(
    host: str, zone: pulumi.Input[str], identity: pulumi.Output[str], name: pulumi.Input[str]
) -> pulumi.ResourceHookBinding:
    """Returns a hook for the claim of a host. It refuses a record that exists, also in previews.

    Args:
        host: the resource name of the claim.
        zone: the name of the zone.
        identity: the ID of the zone.
        name: the name of the record.
    """

    async def check(args: pulumi.ResourceHookArgs) -> None:
        known = await pulumi.Output.all(identity, name, zone).future(with_unknowns=False)
        if known is None:  # a preview of a new zone, which has no records
            return
        found, label, domain = known
        _refuse(label, await existing_records(found, label), domain)

    hook = pulumi.ResourceHook(
        f"{host}-unclaimed", check, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def remove_leftover(host: str, zone: pulumi.Input[str]) -> pulumi.ResourceHookBinding:
    """Returns a hook for the creation of a claimed record.

    It deletes the same record of an interrupted run. Exoscale rejects a second one. Any other
    record was created since the claim, and is refused.
    """

    async def check(args: pulumi.ResourceHookArgs) -> None:
        new: Any = await pulumi.Output.from_input(dict(args.new_inputs or {})).future()
        identity, name = new["domain"], new["name"]
        found = await existing_records(identity, name)
        own = [each for each in found if _is_same(each, new)]
        domain = await pulumi.Output.from_input(zone).future()
        _refuse(name, [each for each in found if each not in own], str(domain))
        for each in own:
            pulumi.info(f"{host}: the record of an interrupted run is replaced")
            await in_thread(delete_record, identity, each["id"])
        if own:
            await _wait_deleted(host, identity, name)

    hook = pulumi.ResourceHook(f"{host}-leftover", check)
    return pulumi.ResourceHookBinding(before_create=[hook])


async def existing_records(identity: str, name: str) -> list[Record]:
    """Returns the records of a name in a zone that say where it leads to."""
    records: Sequence[Record] = await in_thread(zone_records, identity)
    return [each for each in records if each["name"] == name and each["type"] in ADDRESSES]


def _refuse(name: str, records: Iterable[Record], zone: str) -> None:
    """Refuses records that the stack does not own.

    Raises:
        ExistingRecord: there is one.
    """
    if found := [*records]:
        host = f"{name}.{zone}" if name else zone
        content = ", ".join(f"{each['type']} {each['content']}" for each in found)
        commands = " && ".join(f"exo dns remove {zone} {each['id']}" for each in found)
        raise ExistingRecord(
            f"{host}: a DNS record already exists, which another stack or person created:"
            f" {content}. Remove the host there, or delete the record: {commands}"
        )


async def _wait_deleted(host: str, identity: str, name: str) -> None:
    async def missing() -> str:
        return "the record still exists" if await existing_records(identity, name) else ""

    await wait_until(missing, description=host, timeout=DELETION_SECONDS, hint="Run it again.")


def _is_same(record: Record, new: dict[str, Any]) -> bool:
    return bool(record["type"] == new["recordType"] and _plain(record) == _plain(new))


def _plain(record: Record) -> str:
    """Returns a record's content without the dot with which a full name may end."""
    return str(record["content"]).removesuffix(".")
