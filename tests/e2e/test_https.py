"""HTTPS under names, for a browser whose only additional authority is the ACME server's.

The account's DNS server resolves the names. What the browser saw is left in .sandbox/e2e-https.png,
and the certificate's data beside it.
"""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography import x509
from dns import message, query
from playwright.sync_api import Page, sync_playwright

from sandbox.account import LOOPBACK
from sandbox.daemon.certificates import authority
from sandbox.images.images import LOCAL
from sandbox.paths import CERT_MANAGER_CHART, ROOT, acme_root
from tests.e2e.packages import CERTUTIL, CHROMIUM
from tests.e2e.real_nodes import ANSWER_SECONDS, MARKS
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack
from tests.support.traffic import SteadyLoad

pytestmark = MARKS

ZONE = "sandbox.example"
HOST, OTHER = f"shop.{ZONE}", f"www.{ZONE}"
URL = f"https://{HOST}/rickroller/"
PICTURE = ROOT / ".sandbox" / "e2e-https.png"
RATE = 50
ISSUING = {
    "type": "Issuing",
    "status": "True",
    "reason": "ManuallyTriggered",
    "message": "Renewed by the test",
}
"""The condition of a Certificate with which `cmctl renew` requests a renewal."""


@pytest.fixture(scope="module")
def address(stack: Stack, sandbox: Sandbox, kept_settings: None) -> str:
    """The address of the names, after the stack has got them, and HTTPS."""
    document = yaml.safe_load(stack.file.read_text())
    settings = document["config"]
    settings["webapp:dns"] = {"zone": ZONE, "create": True}
    settings["webapp:ingress"]["https"] = {
        "email": "ops@example.com",
        "server": sandbox.credentials.acme_url,
        "serverCa": authority(sandbox.home).certificate.decode(),
        "chart": str(CERT_MANAGER_CHART),
        "values": {"imageRegistry": LOCAL},
    }
    settings["webapp:apps"][0] |= {"host": HOST, "additionalHosts": [OTHER]}
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False))
    stack.up()
    assert stack.outputs()["rickroller_url"] == URL
    resolved = {resolve(sandbox, name) for name in (HOST, OTHER)}
    assert resolved == {stack.outputs()["load_balancer_address"]}
    return resolved.pop()


def resolve(sandbox: Sandbox, name: str) -> str:
    """The address of a name, from the account's DNS server."""
    port = sandbox.credentials.dns_port
    answer = query.udp(message.make_query(name, "A"), LOOPBACK, ANSWER_SECONDS, port)
    (found,) = [each.address for group in answer.answer for each in group]
    return str(found)


@pytest.fixture(scope="module")
def trust(sandbox: Sandbox, address: str) -> ssl.SSLContext:
    """Trust in the ACME server's root, and in nothing else."""
    return ssl.create_default_context(cafile=acme_root(sandbox.home))


def certificate(address: str, host: str, trust: ssl.SSLContext) -> x509.Certificate:
    """The certificate that a host shows."""
    with (
        socket.create_connection((address, 443), ANSWER_SECONDS) as connection,
        trust.wrap_socket(connection, server_hostname=host) as tls,
    ):
        shown = tls.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(found.value.get_values_for_type(x509.DNSName))


@pytest.fixture
def page(sandbox: Sandbox, address: str, tmp_path: Path) -> Iterator[Page]:
    """An empty tab of Chromium, with a home of its own, where NSS keeps what it trusts."""
    database = tmp_path / ".pki" / "nssdb"
    database.mkdir(parents=True)
    certutil = (CERTUTIL, "-d", f"sql:{database}")
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    root = ("-n", "acme", "-t", "C,,", "-i", acme_root(sandbox.home))
    subprocess.run([*certutil, "-A", *root], check=True)
    rules = ",".join(f"MAP {name} {resolve(sandbox, name)}" for name in (HOST, OTHER))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env={"HOME": str(tmp_path)},
            args=[f"--host-resolver-rules={rules}"],
        )
        yield browser.new_page(viewport={"width": 800, "height": 400})
        browser.close()


def test_a_browser_opens_the_names(
    page: Page, address: str, trust: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = page.goto(URL)
    page.screenshot(path=PICTURE)
    assert page.title() == "Sandbox demo"
    assert opened is not None
    seen = opened.security_details()
    assert seen is not None
    assert str(seen["issuer"]).startswith("Pebble Intermediate CA")
    shown = certificate(address, HOST, trust)
    assert names(shown) == {HOST}
    assert names(certificate(address, OTHER, trust)) == {OTHER}
    data: dict[str, Any] = {
        "url": URL,
        "address": opened.server_addr(),
        **seen,
        "names": sorted(names(shown)),
        "valid until": shown.not_valid_after_utc.isoformat(),
    }
    text = json.dumps(data, indent=2)
    PICTURE.with_suffix(".json").write_text(f"{text}\n")
    with capsys.disabled():
        print(f"\n{text}\n{PICTURE.relative_to(ROOT)}")

    page.goto(f"http://{HOST}/rickroller/")  # redirected
    assert page.url == URL
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button").click()
    page.wait_for_url(f"{URL}hello/Ada")
    page.goto(URL.replace(HOST, OTHER))
    assert page.title() == "Sandbox demo"


def test_http_is_redirected(address: str) -> None:
    for host in (HOST, OTHER):
        answer = requests.get(
            f"http://{address}/rickroller/",
            headers={"Host": host},
            allow_redirects=False,
            timeout=ANSWER_SECONDS,
        )
        assert answer.is_permanent_redirect
        assert answer.headers["Location"] == URL.replace(HOST, host)


def test_no_request_fails_while_the_certificate_is_renewed(
    kube: Kube, address: str, trust: ssl.SSLContext
) -> None:
    (name,) = [
        each["metadata"]["name"]
        for each in kube.list("certificates.cert-manager.io", "test")
        if each["spec"]["dnsNames"] == [HOST]
    ]
    first = certificate(address, HOST, trust).serial_number
    patch = json.dumps([{"op": "add", "path": "/status/conditions/-", "value": ISSUING}])
    options = ("--subresource=status", "--type=json", "--patch", patch)
    with SteadyLoad(URL, rate=RATE, address=address, tls=trust) as load:
        kube.run("kubectl", "-n", "test", "patch", "certificate", name, *options)
        eventually(lambda: certificate(address, HOST, trust).serial_number != first, within=60)
        renewed_at = load.figures.requests  # all pods of the controller load it soon after
        eventually(lambda: load.figures.requests > renewed_at + 10 * RATE, within=60)
    print(load.figures)
    assert not load.figures.failures, load.figures
