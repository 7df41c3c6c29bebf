"""What the objects of one application have in common."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pulumi

from ..manifests.names import name_in_program


class Objects(NamedTuple):
    """Name and namespace of the objects, labels that find the pods, the resources' options, and
    annotations of all objects that have the application's name."""

    name: str
    namespace: str
    pods: Mapping[str, str]
    opts: pulumi.ResourceOptions
    annotations: Mapping[str, str] = MappingProxyType({})

    @property
    def metadata(self) -> dict[str, Any]:
        """Of an object that has the application's name."""
        metadata = {"name": self.name, "namespace": self.namespace}
        return metadata | ({"annotations": self.annotations} if self.annotations else {})

    def in_program(self, name: str) -> str:
        """The name in the program of an object with this name, or with one that begins so."""
        return name_in_program(name, self.namespace)

    def after(self, *resources: pulumi.Resource) -> Objects:
        """The same, declared to come after `resources`."""
        later = pulumi.ResourceOptions(depends_on=[*resources])
        return self._replace(opts=pulumi.ResourceOptions.merge(self.opts, later))
