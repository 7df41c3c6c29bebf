"""The account's faults, kept in its store until they are cleared."""

from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.fault import Fault, Limit, NotReady, ReadyAfter
from sandbox.exoscale_api.openapi import Operation
from sandbox.exoscale_api.store import Store

KIND = "fault"


class Faults:
    """Of the faults that match a request, the oldest one that acts is the one that acts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[Fault]:
        """All faults, oldest first."""
        return [Fault.model_validate(body) for body in self._store.list(KIND)]

    def add(self, fault: Fault) -> Fault:
        """Keep the fault; return it with its id, a number."""
        with self._store.transaction():
            number = 1 + max((int(other.id) for other in self.list()), default=0)
            added = fault.model_copy(update={"id": str(number), "seen": 0, "acted": 0, "nodes": ()})
            self._put(added)
        return added

    def remove(self, id_: str) -> Fault:
        """Take a fault away and return it; raises NotFound."""
        with self._store.transaction():
            body = self._store.find(KIND, id_)
            if body is None:
                raise NotFound(f"fault {id_} not found")
            self._store.delete(KIND, id_)
        return Fault.model_validate(body)

    def strike(self, operation: Operation, path: str) -> Fault | None:
        """The fault that acts on this request, counted."""
        with self._store.transaction():
            for fault in self.list():
                if not fault.is_spent and fault.is_for(operation, path):
                    acts, after = fault.drawn()
                    self._put(after)
                    if acts:
                        return after
        return None

    def strike_node(self, nodepool: str, instance_id: str) -> None:
        """Let a fault act on this new instance of the nodepool of that name."""
        with self._store.transaction():
            for fault in self.list():
                effect = fault.effect
                if not isinstance(effect, NotReady | ReadyAfter) or fault.is_spent:
                    continue
                if effect.nodepool in (None, nodepool):
                    acts, after = fault.drawn()
                    nodes = (*after.nodes, instance_id) if acts else after.nodes
                    self._put(after.model_copy(update={"nodes": nodes}))
                    if acts:
                        return

    def unready(self) -> set[str]:
        """The ids of the instances whose nodes must not become Ready."""
        return {
            node
            for fault in self.list()
            if isinstance(fault.effect, NotReady)
            for node in fault.nodes
        }

    def boot_seconds(self) -> dict[str, float]:
        """How long the nodes of instances take to become Ready, where a fault says it."""
        return {
            node: fault.effect.milliseconds / 1000
            for fault in self.list()
            if isinstance(fault.effect, ReadyAfter)
            for node in fault.nodes
        }

    def quota(self, resource: str, limit: int) -> int:
        """The limit that counts where the account's own is `limit`."""
        limits = [
            fault.effect.limit
            for fault in self.list()
            if isinstance(fault.effect, Limit) and fault.effect.resource == resource
        ]
        return min([limit, *limits])

    def _put(self, fault: Fault) -> None:
        self._store.put(KIND, fault.as_json())
