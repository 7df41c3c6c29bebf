"""cert-manager, installed with its Helm chart, and the issuer of the stack's certificates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.helm.v3 import Release

from ..exoscale.placement import spread_constraints
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.existing_objects import Creator, refuse_existing
from ..lifecycle.ownership import STACK, create_namespace, this_stack
from ..manifests.helm_chart import chart_arguments, merged_values
from ..manifests.labels import NAME
from ..manifests.resources import resource_requirements
from ..manifests.security import pod_security_labels
from .args import CERT_MANAGER_NAMESPACE, CHART, HttpsArgs
from .issuer import Issuer
from .network_policy import create_network_policy

ADVICE = (
    "to use a cert-manager that is already installed, set `ingress.https.existing` to the name of "
    "its ClusterIssuer"
)


class CertManager(pulumi.ComponentResource):
    """Installs cert-manager and creates a ClusterIssuer that proves hosts by HTTP-01.

    The custom resource definitions stay when the release is deleted: Kubernetes would delete all
    certificates with them, also those of others.

    Example:
        >>> CertManager("cert-manager", HttpsArgs(email="ops@example.com"), class_name="nginx")

    Attributes:
        release: the Helm release.
        issuer: the ClusterIssuer, for applications.
    """

    release: Release
    issuer: Issuer

    def __init__(
        self,
        name: str,
        settings: HttpsArgs,
        *,
        class_name: str,
        ingress_namespace: str,
        replicas: int = 1,
        labels: Mapping[str, pulumi.Input[str]] = {},
        access: ClusterAccess | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Installs cert-manager.

        Args:
            name: the resource name and the name of the Helm release.
            settings: its settings, without `existing`.
            class_name: the Ingress class of the controller that answers challenges.
            ingress_namespace: the namespace of the controller.
            replicas: the number of pods of each of cert-manager's Deployments. Several have a
                disruption budget.
            labels: additional labels of its namespace.
            access: access to the cluster, to check whether cert-manager is already installed.
                Without it, the program takes over an existing namespace and issuer unchecked.
            opts: the resource options.
        """
        super().__init__("webapp:index:CertManager", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            depends_on=opts.depends_on if opts else None,
            hooks=refuse_existing(name, Creator(access), advice=ADVICE),
        )
        namespace_name = CERT_MANAGER_NAMESPACE
        labels = {**labels, **pod_security_labels("restricted")}
        namespace = create_namespace(name, namespace_name, labels, child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        create_network_policy(
            name,
            namespace_name,
            ingress_namespace=ingress_namespace,
            server_port=settings.server_port,
            opts=child,
        )
        self.release = Release(
            name,
            name=name,
            namespace=namespace_name,
            **chart_arguments(settings, CHART),
            values=merged_values(_values(settings, namespace_name, replicas), settings.values),
            atomic=True,
            opts=child,
        )
        issuer = _create_issuer(settings, class_name, child, self.release)
        self.issuer = Issuer(settings.issuer, [issuer])
        self.register_outputs({"issuer": settings.issuer})


def _values(settings: HttpsArgs, namespace: str, replicas: int) -> dict[str, Any]:
    """Returns Helm values for the official chart.

    - A Secret is deleted with its certificate, and the certificate with its Ingress. By default,
      cert-manager leaves Secrets in the cluster.
    - Leases of leader elections are in cert-manager's own namespace. By default, the chart creates
      a role in kube-system for them.
    - The chart's Job `startupapicheck` stays enabled: Helm then waits until the API server can call
      the webhook, which validates the issuer.
    """
    one = {"resources": resource_requirements(settings.resources)}
    return {
        "crds": {"enabled": True, "keep": True},
        "enableCertificateOwnerRef": True,
        "global": {"leaderElection": {"namespace": namespace}},
        "prometheus": {"enabled": False},
        **_deployment("cert-manager", replicas, one),
        "webhook": _deployment("webhook", replicas, one),
        "cainjector": _deployment("cainjector", replicas, one),
        "startupapicheck": one,
    }


def _deployment(name: str, replicas: int, values: Mapping[str, Any]) -> dict[str, Any]:
    if replicas == 1:
        return {**values, "replicaCount": 1}
    return {
        **values,
        "replicaCount": replicas,
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread_constraints({NAME: name}),
    }


def _create_issuer(
    settings: HttpsArgs, class_name: str, opts: pulumi.ResourceOptions, release: Release
) -> CustomResource:
    """Creates the ClusterIssuer. cert-manager creates the account and the Secret with its key.

    A ClusterIssuer has no namespace that names its stack, so an annotation does. Later runs ignore
    it, as that of a namespace.
    """
    acme: dict[str, Any] = {
        "server": settings.directory,
        "email": settings.email,
        "privateKeySecretRef": {"name": f"{settings.issuer}-account"},
        "solvers": [{"http01": {"ingress": {"ingressClassName": class_name}}}],
    }
    if settings.server_ca:
        acme["caBundle"] = base64.b64encode(settings.server_ca.encode()).decode()
    kept = pulumi.ResourceOptions(
        depends_on=[release], ignore_changes=[f'metadata.annotations["{STACK}"]']
    )
    return CustomResource(
        settings.issuer,
        api_version="cert-manager.io/v1",
        kind="ClusterIssuer",
        metadata={"name": settings.issuer, "annotations": {STACK: this_stack()}},
        spec={"acme": acme},
        opts=pulumi.ResourceOptions.merge(opts, kept),
    )
