"""What is asked of SKS, and why it may fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class SksError(Exception):
    """A cluster operation failed; the message is the reason, fit for a user's eyes."""


class CloudError(Exception):
    """What the cloud controller could not do, in the words of its Event."""


@dataclass(frozen=True)
class NodepoolSpec:
    """A nodepool as the Exoscale API knows it; `node_names` has `size` names.

    `instance_ids` and `addresses` are the UUIDs and public IPv4 addresses of the nodes' instances,
    in the order of `node_names`; without `addresses`, nodes have no address. `taints` maps a key
    to "value:Effect", as Exoscale's API has it.
    """

    id: str
    name: str
    size: int
    instance_pool_id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Mapping[str, str] = field(default_factory=dict)
    cpus: int = 2
    memory_bytes: int = 2 * 1024**3
    disk_gib: int = 50
    node_names: Sequence[str] = ()
    instance_ids: Sequence[str] = ()
    addresses: Sequence[str] = ()
    instance_type: str = "standard.small"
