"""Waits until certificates are issued, and reports why one is not.

The pods of an application whose certificate is missing are fine, and the reason is often a DNS
record that is not known everywhere yet. Therefore, a missing certificate is a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..lifecycle.waiting import WaitTimeoutError, wait_until
from .args import CLUSTER_ISSUER
from .missing_certificates import (
    Certificate,
    is_rejected,
    missing_certificates,
    reasons,
    retry,
)

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import Ingress

HINT = (
    "The applications run, but browsers don't trust these hosts yet. The next `pulumi up` looks "
    "again. See docs/troubleshooting.md, HTTPS and certificates"
)


def wait_for_certificates(
    issuer: str, ingresses: Sequence[Ingress], access: ClusterAccess, timeout: int
) -> pulumi.Output[bool]:
    """Waits during an `up` until the issuer has issued the certificates of Ingresses.

    If all are valid, this takes one request. Otherwise, one warning names each missing certificate
    with its reason after `timeout` seconds. A certificate has the name of its Secret (cert-manager,
    pkg/controller/certificate-shim/sync.go, `buildCertificates`).

    Returns:
        True when the wait is over.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(True)

    async def wait(known: list[Any]) -> bool:
        wanted = [
            Certificate(metadata["namespace"], tls["secret_name"], tls["hosts"][0])
            for metadata, spec, _ in known
            if (metadata.get("annotations") or {}).get(CLUSTER_ISSUER) == issuer
            for tls in spec["tls"]
        ]
        if wanted:
            await warn_unless_issued(issuer, wanted, access, timeout)
        return True

    known = (pulumi.Output.all(each.metadata, each.spec, each.id) for each in ingresses)
    done: pulumi.Output[bool] = pulumi.Output.all(*known).apply(wait)
    return done


class Rejected(Exception):
    """The ACME server rejected the last request for each missing certificate."""


async def warn_unless_issued(
    issuer: str, wanted: Sequence[Certificate], access: ClusterAccess, timeout: int
) -> None:
    """Waits until the certificates are issued, and warns if they are not after `timeout` seconds,
    if they are rejected, or if the API server denies access."""
    try:
        api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
        missing = await missing_certificates(api, issuer, wanted)
        if not missing:
            return
        await retry(api, missing)

        async def still_missing() -> str:
            found = await missing_certificates(api, issuer, wanted)
            if not found:
                return ""
            text = "; ".join(await reasons(api, issuer, found))
            if all(map(is_rejected, found.values())):
                raise Rejected(f"certificates: {text}. {HINT}")
            return text

        await wait_until(still_missing, description="certificates", timeout=timeout, hint=HINT)
    except (ApiError, Rejected, WaitTimeoutError) as error:
        pulumi.warn(str(error))
