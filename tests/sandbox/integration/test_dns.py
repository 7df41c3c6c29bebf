"""A program's domain and records: the engine creates them, and the DNS server answers for them."""

import json
from collections.abc import Iterator

import pytest
from dns import message, query, rcode

from sandbox.account import LOOPBACK
from sandbox.daemon.status import status
from sandbox.environment.variables import command_environment
from tests.support.account import Sandbox
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

SECONDS = 5
PROGRAM = """
import pulumi
import pulumiverse_exoscale as exoscale

address = pulumi.Config().require("address")
domain = exoscale.Domain("domain", name="engine.example")
balancer = exoscale.Nlb("balancer", zone="ch-gva-2", name="dns")
for name, target in (("", balancer.ip_address), ("shop", address)):
    exoscale.DomainRecord(
        name or "apex",
        domain=domain.id,
        name=name,
        record_type="A",
        content=target,
        ttl=60,
    )
found = exoscale.get_domain_output(name=domain.name)
pulumi.export("domain", found.id.apply(str))
pulumi.export("ip", balancer.ip_address)
"""


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the program above."""
    folder = tmp_path_factory.mktemp("dns")
    (folder / "Pulumi.yaml").write_text("name: dns\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    environment = command_environment(sandbox.credentials, sandbox.home, plugins=sandbox.plugins)
    stack = Stack("dns", folder, environment)
    stack("stack", "init")
    yield stack
    stack("destroy", "--yes", "--skip-preview", "--remove")


def addresses(sandbox: Sandbox, name: str) -> list[str] | rcode.Rcode:
    """The addresses of a name, or the error code."""
    port = sandbox.credentials.dns_port
    answer = query.udp(message.make_query(name, "A"), LOOPBACK, SECONDS, port)
    found = [address.to_text() for each in answer.answer for address in each]
    return found or answer.rcode()


def test_records_of_a_program(sandbox: Sandbox, stack: Stack) -> None:
    stack("config", "set", "address", "192.0.2.1")
    stack.up()
    outputs = json.loads(stack("stack", "output", "--json"))
    (domain,) = sandbox.client.list_dns_domains()["dns-domains"]
    assert outputs["domain"] == domain["id"]
    assert addresses(sandbox, "engine.example") == [outputs["ip"]]
    assert addresses(sandbox, "shop.engine.example") == ["192.0.2.1"]
    assert addresses(sandbox, "absent.engine.example") == rcode.NXDOMAIN
    assert stack.up().keys() == {"same"}

    stack("config", "set", "address", "192.0.2.2")
    assert stack.up()["update"] == 1
    assert addresses(sandbox, "shop.engine.example") == ["192.0.2.2"]


def test_the_address_of_the_server(sandbox: Sandbox) -> None:
    found = json.loads(status(sandbox.home, as_json=True))
    assert found["dns"] == sandbox.credentials.dns_address
