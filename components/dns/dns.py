"""A DNS zone at Exoscale, with a record for each host in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any

import pulumi
from pulumiverse_exoscale import Domain, DomainRecord

from ..args.inputs import Input, is_known
from ..args.problem import line
from ..lifecycle.kubernetes_api import in_thread
from .args import DnsArgs, record_name
from .existing_records import refuse_existing, remove_leftover
from .zone import zone_identity, zone_records


class Dns(pulumi.ComponentResource):
    """A DNS zone at Exoscale. Records that the program did not create are never changed.

    Example:
        >>> Dns("dns", DnsArgs(zone="example.com", create=True))

    Attributes:
        zone: the zone, if the settings create it.
        zone_id: the ID of the zone.
        name_servers: the name servers of a zone that the settings create, for the registrar.
        records: the records, by host. A host that is an output has a number instead.
    """

    zone: Domain | None = None
    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[Sequence[str]] | None = None
    records: dict[str, DomainRecord]

    def __init__(
        self, name: str, settings: DnsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Looks the zone up or creates it.

        Raises:
            pulumi.RunError: the zone does not exist, or the environment has no API key.
        """
        super().__init__("webapp:index:Dns", name, None, opts)
        self._settings = settings
        self.records = {}
        if not is_known(settings.zone):
            self.zone_id = pulumi.Output.from_input(settings.zone).apply(_zone_id)
            self.register_outputs({"zone_id": self.zone_id})
            return
        existing = zone_identity(settings.zone, create=settings.create)
        if settings.create:
            # A zone that exists is imported, and stays when the stack is destroyed: it may contain
            # records of others, which Exoscale would delete with it.
            kept = pulumi.ResourceOptions(parent=self, import_=existing, retain_on_delete=True)
            self.zone = Domain(name, name=settings.zone, opts=kept)
            self.zone_id = self.zone.id
            self.name_servers = self.zone_id.apply(_name_servers)
        else:
            self.zone_id = pulumi.Output.from_input(str(existing))
        self.register_outputs({"zone_id": self.zone_id})

    def point(
        self,
        host: Input[str],
        address: pulumi.Input[str],
        *,
        after: Sequence[pulumi.Resource] = (),
        record_type: str | None = None,
    ) -> None:
        """Creates the record of a host. If the zone does not contain the host, logs what to set.

        The resource is named after the host, so that the record stays if the host moves to another
        application. A host must be in the zone if it or the zone's name is an output.

        Args:
            host: a host name, which may be a wildcard.
            address: the IP address or host name that the host leads to.
            after: resources that serve the host. The record follows a new address after them.
            record_type: the record's type, if it is known without the address, so that previews
                know it too. Default: A or AAAA for IP addresses; for host names CNAME, or ALIAS
                for the zone itself, which can't have a CNAME.
        """
        settings, target = self._settings, pulumi.Output.from_input(address)
        zone = settings.zone
        if is_known(host) and is_known(zone) and record_name(host, zone) is None:
            _ = target.apply(partial(_tell, host, zone))
            return
        key = host if is_known(host) else f"host-{len(self.records)}"
        name = pulumi.Output.all(host, zone).apply(_record_name)
        claim = pulumi.Stash(
            key,
            input=zone,
            opts=pulumi.ResourceOptions(
                parent=self, hooks=refuse_existing(key, zone, self.zone_id, name)
            ),
        )
        self.records[key] = DomainRecord(
            key,
            domain=self.zone_id,
            name=name,
            record_type=record_type or pulumi.Output.all(name, target).apply(_type),
            content=target.apply(partial(_content, key)),
            ttl=settings.ttl,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[claim, *after],
                # Exoscale rejects a CNAME beside another record
                delete_before_replace=True,
                hooks=remove_leftover(key, zone),
            ),
        )


async def _zone_id(zone: str) -> Any:
    """Returns the ID of a zone. In a preview, it is unknown if the zone is still to be created."""
    preview = pulumi.runtime.is_dry_run()
    return await in_thread(partial(zone_identity, zone, create=preview)) or pulumi.UNKNOWN


def _record_name(host_and_zone: Sequence[str]) -> str:
    host, zone = host_and_zone
    name = record_name(host, zone)
    if name is None:
        raise pulumi.RunError(line((), host, f"must be in the DNS zone {zone}"))
    return name


def _type(name_and_address: Sequence[str]) -> str:
    name, address = name_and_address
    try:
        return "A" if ip_address(address).version == 4 else "AAAA"
    except ValueError:
        return "CNAME" if name else "ALIAS"


def _content(host: str, address: str) -> str:
    """Returns the address.

    Raises:
        pulumi.RunError: the load balancer has none yet.
    """
    if address:
        return address
    raise pulumi.RunError(
        f"{host}: what serves it has no address yet: wait until its load balancer has one, and run"
        " it again"
    )


def _tell(host: str, zone: str, address: str) -> None:
    if address:
        pulumi.info(f"{host} is not in the DNS zone {zone}: point {host} at {address}")


async def _name_servers(zone: str) -> Sequence[str]:
    records = await in_thread(zone_records, zone)
    return sorted(each["content"] for each in records if (each["type"], each["name"]) == ("NS", ""))
