"""The account's faults, which are stored until they are cleared."""

from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.fault import ACME, Fault, Limit, NotReady, ReadyAfter
from sandbox.exoscale_api.openapi import Operation
from sandbox.exoscale_api.store import Store

KIND = "fault"


class Faults:
    """The faults. If several faults would act on a request, only the oldest one does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[Fault]:
        """Returns all faults, oldest first."""
        return [Fault.model_validate(body) for body in self._store.list(KIND)]

    def add(self, fault: Fault) -> Fault:
        """Stores the fault and returns it with its ID, a number."""
        with self._store.transaction():
            number = 1 + max((int(other.id) for other in self.list()), default=0)
            added = fault.model_copy(update={"id": str(number), "seen": 0, "acted": 0, "nodes": ()})
            self._put(added)
        return added

    def remove(self, id_: str) -> Fault:
        """Removes a fault and returns it.

        Raises:
            NotFound: if it doesn't exist.
        """
        with self._store.transaction():
            body = self._store.find(KIND, id_)
            if body is None:
                raise NotFound(f"fault {id_} not found")
            self._store.delete(KIND, id_)
        return Fault.model_validate(body)

    def strike(self, operation: Operation, path: str) -> Fault | None:
        """Counts a request and returns the fault that acts on it, None if none does."""
        with self._store.transaction():
            for fault in self.list():
                if not fault.is_spent and fault.is_for(operation, path):
                    acts, after = fault.drawn()
                    self._put(after)
                    if acts:
                        return after
        return None

    def strike_node(self, nodepool: str, instance_id: str) -> None:
        """Applies a fault to a new instance of the nodepool with the name `nodepool`."""
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
        """Returns the IDs of the instances whose nodes must not become Ready."""
        return {
            node
            for fault in self.list()
            if isinstance(fault.effect, NotReady)
            for node in fault.nodes
        }

    def boot_seconds(self) -> dict[str, float]:
        """Returns the delays of faults until nodes are Ready, in seconds, by instance ID."""
        return {
            node: fault.effect.milliseconds / 1000
            for fault in self.list()
            if isinstance(fault.effect, ReadyAfter)
            for node in fault.nodes
        }

    def drops_acme(self) -> bool:
        """Returns whether the ACME server drops connections."""
        return any(fault.target == ACME for fault in self.list())

    def quota(self, resource: str, limit: int) -> int:
        """Returns the effective limit of a quota whose normal limit is `limit`."""
        limits = [
            fault.effect.limit
            for fault in self.list()
            if isinstance(fault.effect, Limit) and fault.effect.resource == resource
        ]
        return min([limit, *limits])

    def _put(self, fault: Fault) -> None:
        self._store.put(KIND, fault.as_json())
