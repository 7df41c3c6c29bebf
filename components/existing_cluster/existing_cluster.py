"""An existing cluster: kind, k3d, one of another stack, or any other with a kubeconfig."""

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

KUBECONFIG = "kubeconfig"
"""Output of stacks of this program."""


class ExistingCluster(pulumi.ComponentResource):
    """A cluster that is created and deleted outside of this stack.

    Example:
        >>> ExistingCluster("kind", ExistingClusterArgs(kubeconfig=SecretStr("kind: Config")))

    Attributes:
        kubeconfig: the kubeconfig in the args, or the output of the other stack. A secret.
        access: the kubeconfig and its context, for requests of the program itself.
        provider: the Kubernetes provider for resources in the cluster.
        options: options for resources in the cluster, as an `SksCluster` has them.
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
        *,
        key: str | None = None,
    ) -> None:
        """Connects to the cluster.

        Args:
            name: the name of the component.
            settings: its args.
            opts: the resource options.
            key: the key of the args in messages. Default: the component's name.
        """
        super().__init__("webapp:index:ExistingCluster", name, None, opts)
        setting = f"{key or name}.{'stack' if settings.stack else 'kubeconfig'}"
        if settings.kubeconfig:
            self.kubeconfig = secret_value(settings.kubeconfig)
        else:
            assert settings.stack  # one of the two is there
            self.kubeconfig = _kubeconfig_of(settings.stack, setting, self)
        context = settings.context
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


def _kubeconfig_of(stack: str, setting: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Returns the output of the stack, which previews know too.

    The stack reference has the name of the setting: Pulumi's error about a missing stack shows it.
    """
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}"
    name = stack if "/" in stack else f"{own}/{stack}"
    reference = pulumi.StackReference(setting, name, pulumi.ResourceOptions(parent=parent))
    found = reference.outputs.apply(lambda outputs: kubeconfig_in(outputs, name, setting))
    return pulumi.Output.secret(found)


def kubeconfig_in(outputs: Mapping[str, Any], stack: str, setting: str) -> str:
    """Returns the kubeconfig in a stack's outputs.

    Raises:
        pulumi.RunError: there is none. The engine omits outputs that it can't decrypt.
    """
    if kubeconfig := outputs.get(KUBECONFIG):
        return str(kubeconfig)
    raise pulumi.RunError(
        f'{setting}: "{stack}": must be a stack that is deployed, whose output {KUBECONFIG} can be '
        "decrypted here, with its passphrase or key"
    )
