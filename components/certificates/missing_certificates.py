"""Finds out which certificates are not issued, and why.

For a Certificate, cert-manager creates a CertificateRequest, for the request an Order, and for the
host of the order a Challenge. The last of them that exists says the most.

Source: cert-manager.io/docs/troubleshooting/acme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..lifecycle.kubernetes_api import KubernetesApi

CORE, ACME = "/apis/cert-manager.io/v1", "/apis/acme.cert-manager.io/v1"

CERTIFICATE_NAME = "cert-manager.io/certificate-name"
"""Annotation of requests and orders with the name of their certificate."""

Object = Mapping[str, Any]


class Certificate(NamedTuple):
    """A certificate that cert-manager creates for an Ingress: its place and its host."""

    namespace: str
    name: str
    host: str


async def missing_certificates(
    api: KubernetesApi, issuer: str, wanted: Sequence[Certificate]
) -> dict[Certificate, Object]:
    """Returns the certificates that the issuer has not issued, with their objects on the cluster.

    An object is empty if cert-manager has not created it yet.

    Raises:
        ApiError: the API server fails or does not answer.
    """
    listed = await api.list(f"{CORE}/certificates")
    found = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in listed}
    objects = {each: found.get(each[:2], {}) for each in wanted}
    return {key: each for key, each in objects.items() if not _is_issued(each, issuer)}


async def reasons(
    api: KubernetesApi, issuer: str, missing: Mapping[Certificate, Object]
) -> list[str]:
    """Returns a line for each missing certificate with its host and the reason.

    Raises:
        ApiError: the API server fails or does not answer.
    """
    problem = _not_ready(await api.get(f"{CORE}/clusterissuers/{issuer}"))
    challenges = await api.list(f"{ACME}/challenges")
    orders = await api.list(f"{ACME}/orders")
    requests = await api.list(f"{CORE}/certificaterequests")
    return [
        f"{each.host}: "
        + (
            problem
            or _reason(_newest(each.namespace, challenges, dnsName=each.host))
            or _order_reason(_newest(each.namespace, orders, of=each.name))
            or _not_ready(_newest(each.namespace, requests, of=each.name))
            or _not_ready(found)
            or "cert-manager has not requested the certificate yet"
        )
        for each, found in missing.items()
    ]


def is_rejected(certificate: Object) -> bool:
    """Whether the last request failed. cert-manager then waits an hour or longer."""
    return bool((certificate.get("status") or {}).get("lastFailureTime"))


async def retry(api: KubernetesApi, missing: Mapping[Certificate, Object]) -> None:
    """Makes cert-manager request rejected certificates again immediately.

    Source: cert-manager, pkg/controller/certificates/trigger/trigger_controller.go,
    `shouldBackoffReissuingOnFailure`.

    Raises:
        ApiError: the API server fails or denies it.
    """
    for each, found in missing.items():
        if is_rejected(found):
            path = f"{CORE}/namespaces/{each.namespace}/certificates/{each.name}/status"
            await api.patch(path, {"status": {"lastFailureTime": None}})


def _is_issued(certificate: Object, issuer: str) -> bool:
    """Whether a certificate is valid and from the issuer.

    Shortly after the Ingress names another issuer, the certificate does not.
    """
    if not certificate or certificate["spec"]["issuerRef"]["name"] != issuer:
        return False
    return _condition(certificate, "Ready").get("status") == "True"


def _newest(namespace: str, objects: Iterable[Object], of: str = "", **spec: str) -> Object:
    """Returns the newest object of a certificate or with values in its spec; empty if none is."""
    fitting = [
        each
        for each in objects
        if (metadata := each["metadata"])["namespace"] == namespace
        and (not of or (metadata.get("annotations") or {}).get(CERTIFICATE_NAME) == of)
        and spec.items() <= each["spec"].items()
    ]
    return max(fitting, key=lambda each: str(each["metadata"]["creationTimestamp"]), default={})


def _reason(found: Object) -> str:
    """Returns the reason of the state of an order or a challenge."""
    return str((found.get("status") or {}).get("reason") or "")


def _order_reason(order: Object) -> str:
    """Returns the reason of an order's state. cert-manager only logs that a server is down."""
    if order and not (order.get("status") or {}).get("state"):
        return "the ACME server has not answered yet"
    return _reason(order)


def _not_ready(found: Object) -> str:
    """Returns the message of an object's condition Ready unless it is true."""
    ready = _condition(found, "Ready")
    return "" if ready.get("status") == "True" else str(ready.get("message") or "")


def _condition(found: Object, kind: str) -> Object:
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})
