"""A cluster that is there already: kind, k3d, another stack's, or any other with a kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes

from ..lifecycle.cluster_access import ClusterAccess
from ..manifests.secret_value import secret_value
from .args import ExistingClusterArgs
from .unreachable_cluster import (
    warn_if_unreachable,
    warn_of_lost_cluster,
)

SETTING = "existingCluster.stack"
"""Also the stack reference's name: by that, the engine tells of a stack that is not there."""

KUBECONFIG_SETTING = "existingCluster.kubeconfig"

KUBECONFIG = "kubeconfig"
"""The output that a stack has of this program."""


class ExistingCluster(pulumi.ComponentResource):
    """A cluster that other hands create and remove.

    Example:
        >>> ExistingCluster("kind", ExistingClusterArgs(kubeconfig=SecretStr("kind: Config")))

    Attributes:
        kubeconfig: what was given, or what the other stack has by now. A secret.
        access: the same, with the context to use.
        provider: the Kubernetes provider for what runs on the cluster.
        options: the options of what runs on the cluster, which are those of an `SksCluster` too.
    """

    kubeconfig: pulumi.Output[str]
    access: ClusterAccess
    provider: pulumi_kubernetes.Provider
    options: pulumi.ResourceOptions

    def __init__(
        self,
        name: str,
        settings: ExistingClusterArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("webapp:index:ExistingCluster", name, None, opts)
        if settings.kubeconfig:
            self.kubeconfig = secret_value(settings.kubeconfig)
        else:
            assert settings.stack  # one of the two is there
            self.kubeconfig = _kubeconfig_of(settings.stack, self)
        context, setting = settings.context, SETTING if settings.stack else KUBECONFIG_SETTING
        self.access = ClusterAccess(self.kubeconfig, context)
        warn_if_unreachable(setting, self.kubeconfig, context)
        self.provider = pulumi_kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            context=context,
            opts=pulumi.ResourceOptions(
                parent=self, hooks=warn_of_lost_cluster(name, setting, KUBECONFIG, context)
            ),
        )
        self.options = pulumi.ResourceOptions(provider=self.provider)
        self.register_outputs({"kubeconfig": self.kubeconfig})


def _kubeconfig_of(stack: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """What the stack has as its output, known to a preview too."""
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}"
    name = stack if "/" in stack else f"{own}/{stack}"
    reference = pulumi.StackReference(SETTING, name, pulumi.ResourceOptions(parent=parent))
    found = reference.outputs.apply(lambda outputs: kubeconfig_in(outputs, name))
    return pulumi.Output.secret(found)


def kubeconfig_in(outputs: Mapping[str, Any], stack: str) -> str:
    """The kubeconfig among the stack's outputs.

    Raises:
        pulumi.RunError: there is none. What can't be decrypted, the engine leaves out.
    """
    if kubeconfig := outputs.get(KUBECONFIG):
        return str(kubeconfig)
    raise pulumi.RunError(
        f'{SETTING}: "{stack}": must be a stack that is deployed, whose output {KUBECONFIG} can be '
        "decrypted here, with its passphrase or key"
    )
