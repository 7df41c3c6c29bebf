"""A cluster that is there already: kind, k3d, or any other with a kubeconfig."""

from __future__ import annotations

from typing import TypedDict

import pulumi
import pulumi_kubernetes


class ExistingClusterArgs(TypedDict):
    """The kubeconfig's text, and the context in it to use; without one, its current context."""

    kubeconfig: pulumi.Input[str]
    context: str | None


class ExistingCluster(pulumi.ComponentResource):
    """A cluster that other hands create and remove.

    Attributes:
        kubeconfig: what was given. A secret.
        provider: the Kubernetes provider for what runs on the cluster.
    """

    kubeconfig: pulumi.Output[str]
    provider: pulumi_kubernetes.Provider

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("webapp:index:ExistingCluster", name, None, opts)
        self.kubeconfig = pulumi.Output.secret(args["kubeconfig"])
        self.provider = pulumi_kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            context=args["context"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"kubeconfig": self.kubeconfig})
