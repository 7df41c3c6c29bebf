"""What the objects of one application have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pulumi


class Objects(NamedTuple):
    """Name and namespace of the objects, labels that find the pods, and the resources' options."""

    name: str
    namespace: str
    pods: Mapping[str, str]
    opts: pulumi.ResourceOptions

    @property
    def metadata(self) -> dict[str, str]:
        """Of an object that has the application's name."""
        return {"name": self.name, "namespace": self.namespace}

    def after(self, *resources: pulumi.Resource) -> Objects:
        """The same, declared to come after `resources`."""
        later = pulumi.ResourceOptions(depends_on=[*resources])
        return self._replace(opts=pulumi.ResourceOptions.merge(self.opts, later))
