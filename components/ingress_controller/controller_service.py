"""A controller's Service, as it is in the cluster: it has the address."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Service, ServiceInitArgs

from ..manifests.labels import SKIP_AWAIT

OF_RELEASE = "meta.helm.sh/release-name"
"""The annotation by which Helm knows its objects."""


def controller_service(
    name: str,
    namespace: pulumi.Input[str],
    service: str,
    parent: pulumi.Resource,
    release: str | None = None,
) -> Service:
    """Read the Service `service`, which is not this program's.

    It is read with the inputs that name it: after `Service.get`, which gives none, every refresh
    shows them as an update. It is not waited for. Helm has waited, for all pods but those that may
    be unavailable in an update; a Service that is read before these are ready fails the `up`.

    A refresh keeps of the inputs what the live Service has: of the annotations that of Helm. With
    none, the first refresh would leave `annotations: {}`, and the second would show its removal.

    Args:
        release: the Helm release that the Service is of, if it is known.
    """
    annotations = {**SKIP_AWAIT, **({OF_RELEASE: release} if release else {})}
    metadata = {"name": service, "namespace": namespace, "annotations": annotations}
    arguments = ServiceInitArgs(api_version="v1", kind="Service", metadata=metadata)
    arguments.__dict__["status"] = None  # an output that the class knows of and its arguments don't
    identity = pulumi.Output.concat(namespace, "/", service)
    options = pulumi.ResourceOptions(parent=parent, id=identity)
    return Service(name, opts=options, __props__=arguments)
