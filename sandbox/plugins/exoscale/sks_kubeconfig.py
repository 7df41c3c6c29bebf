"""`exoscale:index:SksKubeconfig`: a client certificate, renewed by replacement.

The API stores nothing: a read returns the state, and a deletion doesn't revoke the certificate.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/resource_exoscale_sks_kubeconfig.go`.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.plugins.exoscale.api import ProviderCall
from sandbox.plugins.exoscale.fields import Field, forcing_replacement, given, optional, output
from sandbox.plugins.exoscale.resource import Properties, ResourceType
from sandbox.plugins.property_diff import Kind
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import Unknown

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

THIRTY_DAYS = 30 * 24 * 3600


class SksKubeconfig(ResourceType):
    token = "exoscale:index/sksKubeconfig:SksKubeconfig"
    fields: ClassVar[tuple[Field, ...]] = (
        *forcing_replacement(
            given("clusterId"),
            given("groups", "set"),
            optional("ttlSeconds", "number", default=THIRTY_DAYS),
            given("user"),
            given("zone"),
        ),
        optional("earlyRenewalSeconds", "integer", default=0),
        output("kubeconfig", secret=True),
        output("readyForRenewal", "boolean"),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        client = call.account.client(inputs["zone"])
        answer = client.generate_sks_cluster_kubeconfig(
            id=inputs["clusterId"],
            user=inputs["user"],
            groups=inputs["groups"],
            ttl=int(inputs["ttlSeconds"]),
        )
        try:
            kubeconfig = base64.b64decode(answer["kubeconfig"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ProviderError(f"error decoding kubeconfig content: {error}") from error
        serials = [str(certificate.serial_number) for certificate in certificates(kubeconfig)]
        call.object_id = ":".join(serials)
        return {"kubeconfig": kubeconfig, "readyForRenewal": False}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        return {}

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Does nothing, because `earlyRenewalSeconds` is only in the state."""

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        """Does nothing, because a certificate is valid until it expires."""

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        raise ProviderError("resource exoscale_sks_kubeconfig doesn't support import")

    def plan(self, state: Properties | None, planned: dict[str, Any]) -> dict[str, Kind]:
        """Plans a replacement if a certificate expires within `earlyRenewalSeconds`."""
        if state is None:
            planned["readyForRenewal"] = True
            return {}
        early = planned.get("earlyRenewalSeconds") or 0
        if isinstance(early, Unknown) or not _ends_within(state.get("kubeconfig", ""), early):
            return {}
        planned["readyForRenewal"] = True
        return {"readyForRenewal": "update"}


def _ends_within(kubeconfig: str, seconds: float) -> bool:
    if not kubeconfig:
        return True
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return any(item.not_valid_after_utc <= moment for item in certificates(kubeconfig))


def certificates(kubeconfig: str) -> list[Certificate]:
    """Returns the certificates of a kubeconfig: first those of authorities, then those of users.

    Raises:
        ProviderError: if a certificate can't be parsed.
    """
    import yaml
    from cryptography import x509

    document = yaml.safe_load(kubeconfig)
    encoded = [
        *(item["cluster"]["certificate-authority-data"] for item in document["clusters"]),
        *(item["user"]["client-certificate-data"] for item in document["users"]),
    ]
    try:
        return [x509.load_pem_x509_certificate(base64.b64decode(data)) for data in encoded]
    except ValueError as error:
        raise ProviderError(f"unable to read a certificate of the kubeconfig: {error}") from error
