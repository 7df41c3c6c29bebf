"""A cluster that is there already: kind, k3d, or any other with a kubeconfig."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes

from components.secret import secret_output
from settings.checks.check import check
from settings.existing_cluster import ExistingClusterSettings


class ExistingCluster(pulumi.ComponentResource):
    """A cluster that other hands create and remove.

    Example:
        >>> ExistingCluster("kind", ExistingClusterSettings(kubeconfig=SecretStr("kind: Config")))

    Attributes:
        kubeconfig: what was given. A secret.
        provider: the Kubernetes provider for what runs on the cluster.
    """

    kubeconfig: pulumi.Output[str]
    provider: pulumi_kubernetes.Provider

    def __init__(
        self,
        name: str,
        settings: ExistingClusterSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        check(settings)
        super().__init__("webapp:index:ExistingCluster", name, None, opts)
        self.kubeconfig = secret_output(settings.kubeconfig)
        self.provider = pulumi_kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            context=settings.context,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"kubeconfig": self.kubeconfig})
