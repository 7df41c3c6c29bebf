"""Manages the network load balancers of a cluster's Services with the Exoscale API.

The order of the requests and the error messages are those of exoscale-cloud-controller-manager
(exoscale/loadbalancer.go).
"""

from collections.abc import Callable
from typing import Any

from exoscale.api.exceptions import ExoscaleAPIException

from sandbox.sks import load_balancer_spec as lb
from sandbox.sks.exoscale_client import Client, is_not_found, message, wait
from sandbox.sks.load_balancer_spec import Service
from sandbox.sks.spec import CloudError

Annotate = Callable[[Service, str, str], None]
"""Writes an annotation to the Service in the cluster and to the given object."""


class LoadBalancers:
    """The NLBs of the Services of a cluster.

    Args:
        client: a client of the Exoscale API.
        annotate: a function that writes annotations.
        instances: a function that returns the UUIDs of the instances of the cluster's nodes.
    """

    def __init__(
        self, client: Client, annotate: Annotate, instances: Callable[[], list[str]]
    ) -> None:
        self._client = client
        self._annotate = annotate
        self._instances = instances

    def find(self, service: Service) -> dict[str, Any] | None:
        """Returns the Service's NLB in the format of the API, None if it doesn't exist."""
        identity = lb.annotations(service).get(lb.ID)
        if not identity:
            return None
        try:
            found: dict[str, Any] = self._client.get_load_balancer(id=identity)
        except ExoscaleAPIException as error:
            if is_not_found(error):
                return None
            raise
        return found

    def ensure(self, service: Service) -> str:
        """Creates or updates the Service's NLB and returns its address.

        Raises:
            CloudError: if the Service's annotations are wrong, or an operation fails.
            ExoscaleAPIException: if the API rejects a request.
        """
        if lb.is_external(service):
            self._find_external_by_name(service)
        self._determine_instance_pool(service)
        balancer = self.find(service)
        if balancer is None:
            if lb.is_external(service):
                raise CloudError(
                    "NLB instance marked as external in Service annotations, cannot create"
                )
            balancer = self._create(service)
        self._update(service, balancer)
        return str(balancer["ip"])

    def remove(self, service: Service) -> None:
        """Removes the Service's ports from its NLB, and deletes the NLB if it has no other ports.

        An external NLB is not deleted.
        """
        balancer = self.find(service)
        if balancer is None:
            return
        mine = {
            (port["port"], port.get("protocol", "TCP").lower())
            for port in service["spec"].get("ports") or []
        }
        remaining = len(balancer["services"])
        for balanced in balancer["services"]:
            if _key(balanced) in mine:
                self._delete_service(balancer, balanced)
                remaining -= 1
        if remaining == 0 and not lb.is_external(service):
            self._wait(self._client.delete_load_balancer(id=balancer["id"]))

    def _find_external_by_name(self, service: Service) -> None:
        asked = lb.annotations(service)
        if asked.get(lb.ID):
            return
        name = asked.get(lb.NAME, "")
        if not name:
            raise CloudError(
                "NLB instance marked as external in Service annotations, "
                "but no ID or name specified"
            )
        for balancer in self._client.list_load_balancers()["load-balancers"]:
            if name in (balancer["name"], balancer["id"]):
                self._annotate(service, lb.ID, balancer["id"])
                return
        raise CloudError(
            f'NLB instance is marked external by name "{name}", but no matching NLB was found'
        )

    def _determine_instance_pool(self, service: Service) -> None:
        asked = lb.annotations(service)
        cluster_name = asked.get(lb.SKS_CLUSTER_NAME, "")
        nodepool_name = asked.get(lb.SERVICE_SKS_NODEPOOL_NAME, "")
        if cluster_name:
            if nodepool_name:
                pool = self._pool_by_name(cluster_name, nodepool_name)
                self._annotate(service, lb.SERVICE_INSTANCE_POOL_ID, pool)
        elif nodepool_name:
            raise CloudError("SKS node pool name specified without SKS cluster name")
        elif not asked.get(lb.SERVICE_INSTANCE_POOL_ID):
            self._annotate(service, lb.SERVICE_INSTANCE_POOL_ID, self._pool_of_nodes())

    def _pool_by_name(self, cluster_name: str, nodepool_name: str) -> str:
        clusters = self._client.list_sks_clusters()["sks-clusters"]
        for cluster in clusters:
            if cluster_name in (cluster["name"], cluster["id"]):
                break
        else:
            raise CloudError(f"SKS cluster with name {cluster_name} not found")
        for nodepool in cluster.get("nodepools", ()):
            if nodepool["name"].lower() == nodepool_name.lower() and "instance-pool" in nodepool:
                return str(nodepool["instance-pool"]["id"])
        raise CloudError(f"SKS node pool with name {nodepool_name} not found")

    def _pool_of_nodes(self) -> str:
        pools: set[str] = set()
        for instance_id in self._instances():
            try:
                instance = self._client.get_instance(id=instance_id)
            except ExoscaleAPIException as error:
                raise CloudError(
                    f"error retrieving Compute instance information: {message(error)}"
                ) from error
            manager = instance.get("manager")
            if manager and manager["type"] == "instance-pool":
                pools.add(manager["id"])
        if len(pools) > 1:
            raise CloudError(
                "multiple Instance Pools detected across cluster Nodes, "
                "an Instance Pool ID must be specified in Service manifest annotations"
            )
        if not pools:
            raise CloudError("couldn't infer any Instance Pool from cluster Nodes")
        return pools.pop()

    def _create(self, service: Service) -> dict[str, Any]:
        spec = lb.load_balancer_spec(service)
        operation = self._wait(
            self._client.create_load_balancer(name=spec.name, description=spec.description)
        )
        balancer: dict[str, Any] = self._client.get_load_balancer(id=operation["reference"]["id"])
        self._annotate(service, lb.ID, balancer["id"])
        return balancer

    def _update(self, service: Service, balancer: dict[str, Any]) -> None:
        spec = lb.load_balancer_spec(service)
        now = (balancer["name"], balancer.get("description", ""))
        if now != (spec.name, spec.description) and not lb.is_external(service):
            # The cloud controller sends the current description, so a changed one has no effect.
            self._wait(
                self._client.update_load_balancer(
                    id=balancer["id"], name=spec.name, description=now[1]
                )
            )
        wanted = {_key(item): item for item in spec.services}
        present: dict[tuple[int, str], dict[str, Any]] = {}
        for balanced in balancer["services"]:
            if _key(balanced) in wanted:
                present[_key(balanced)] = balanced
            elif not lb.is_external(service):
                self._delete_service(balancer, balanced)
        for key, item in wanted.items():
            current = present.get(key)
            if current is None:
                self._add_service(balancer, item)
            elif current["instance-pool"]["id"] != item["instance-pool"]["id"]:
                # The API can't change the instance pool of a service.
                self._delete_service(balancer, current)
                self._add_service(balancer, item)
            elif changes := _changes(current, item):
                self._wait(
                    self._client.update_load_balancer_service(
                        id=balancer["id"], service_id=current["id"], **_arguments(changes)
                    )
                )

    def _add_service(self, balancer: dict[str, Any], item: dict[str, Any]) -> None:
        self._wait(self._client.add_service_to_load_balancer(id=balancer["id"], **_arguments(item)))

    def _delete_service(self, balancer: dict[str, Any], balanced: dict[str, Any]) -> None:
        self._wait(
            self._client.delete_load_balancer_service(id=balancer["id"], service_id=balanced["id"])
        )

    def _wait(self, operation: dict[str, Any]) -> dict[str, Any]:
        return wait(self._client, operation)


def _key(item: dict[str, Any]) -> tuple[int, str]:
    return item["port"], item["protocol"]


def _changes(current: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Returns the changed fields of a service, which are sent to the API.

    egoscale omits empty values, so a description can't be emptied.
    """
    return {
        field: value
        for field, value in wanted.items()
        if field != "instance-pool" and value and current.get(field, "") != value
    }


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    """Returns the body's fields as the client's keyword arguments."""
    return {field.replace("-", "_"): value for field, value in body.items()}
