"""What the objects of one application share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pulumi

from ..manifests.labels import common_labels
from ..manifests.names import name_in_program


class Objects(NamedTuple):
    """The name and namespace of the objects, the labels that select the pods, the resource options,
    the annotations of all objects with the application's name, and, if the objects are those of a
    part of the application, such as a worker, the application's name."""

    name: str
    namespace: str
    pods: Mapping[str, str]
    opts: pulumi.ResourceOptions
    annotations: Mapping[str, str] = MappingProxyType({})
    part_of: str | None = None

    @property
    def application(self) -> str:
        """The application's name."""
        return self.part_of or self.name

    @property
    def labels(self) -> dict[str, str]:
        """The labels that Kubernetes recommends."""
        return common_labels(self.application, self.name)

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of an object with the application's name."""
        metadata = {"name": self.name, "namespace": self.namespace}
        return metadata | ({"annotations": self.annotations} if self.annotations else {})

    def in_program(self, name: str) -> str:
        """Returns the resource name of an object with this name, or with a generated name that
        begins with it."""
        return name_in_program(name, self.namespace)

    def after(self, *resources: pulumi.Resource) -> Objects:
        """Returns a copy whose resources depend on `resources`."""
        later = pulumi.ResourceOptions(depends_on=[*resources])
        return self._replace(opts=pulumi.ResourceOptions.merge(self.opts, later))
