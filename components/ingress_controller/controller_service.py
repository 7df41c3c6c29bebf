"""Reads the Service of an ingress controller, which has the address."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Service, ServiceInitArgs

from ..manifests.labels import SKIP_AWAIT

OF_RELEASE = "meta.helm.sh/release-name"
"""Annotation with which Helm marks its objects."""


def controller_service(
    name: str,
    namespace: pulumi.Input[str],
    service: str,
    parent: pulumi.Resource,
    release: str | None = None,
) -> Service:
    """Reads the Service `service`, which this program does not manage.

    The inputs include the Service's name: `Service.get` sets no inputs, so every refresh would show
    them as an update. The annotations disable Pulumi's wait. Helm already waits for all pods except
    those that may be unavailable during an update. If Pulumi waited too, `pulumi up` would fail
    because of these pods.

    A refresh keeps the inputs that the live Service has. Of the annotations, it keeps Helm's.
    Without it, the first refresh would leave `annotations: {}`, and the second one would show its
    removal.

    Args:
        name: the resource name.
        namespace: the namespace of the Service.
        service: the name of the Service.
        parent: the component.
        release: the Helm release of the Service, if it is known.
    """
    annotations = {**SKIP_AWAIT, **({OF_RELEASE: release} if release else {})}
    metadata = {"name": service, "namespace": namespace, "annotations": annotations}
    arguments = ServiceInitArgs(api_version="v1", kind="Service", metadata=metadata)
    arguments.__dict__["status"] = None  # an output of the class that its arguments lack
    identity = pulumi.Output.concat(namespace, "/", service)
    options = pulumi.ResourceOptions(parent=parent, id=identity)
    return Service(name, opts=options, __props__=arguments)
