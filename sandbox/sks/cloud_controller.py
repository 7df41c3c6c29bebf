"""A cluster's cloud controller: manages load balancers for Services of type LoadBalancer.

It behaves like exoscale-cloud-controller-manager with the service controller of
k8s.io/cloud-provider: it adds the finalizer before it creates the load balancer, writes the address
to the Service's status, and writes the same Events. It retries after 5 s, then after twice the
time, up to 5 minutes.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from exoscale.api.exceptions import ExoscaleAPIException
from kubernetes import client, watch

from sandbox.sks.events import EventRecorder
from sandbox.sks.exoscale_client import Client, message
from sandbox.sks.load_balancer_spec import Service, annotations
from sandbox.sks.load_balancers import LoadBalancers
from sandbox.sks.spec import CloudError

_log = logging.getLogger(__name__)

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"

EXCLUDED_NODE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"

_STRATEGIC_MERGE = "application/strategic-merge-patch+json"
_FIRST_RETRY = 5.0
_LAST_RETRY = 300.0
_WATCH_SECONDS = 240

_Failures = (
    CloudError,
    ExoscaleAPIException,
    requests.RequestException,
    client.ApiException,
    urllib3.exceptions.HTTPError,
)


@dataclass
class _Retry:
    at: float
    delay: float


class CloudController:
    """Watches the Services of a cluster in a separate thread.

    Args:
        cluster: the name of the cluster.
        api_client: a client of the cluster's API server.
        cloud: a function that returns a client of the account. The thread calls it until it
            succeeds.
    """

    def __init__(
        self, cluster: str, api_client: client.ApiClient, cloud: Callable[[], Client]
    ) -> None:
        self._api = client.CoreV1Api(api_client)
        self._cloud = cloud
        self._events = EventRecorder(self._api, "Service", "service-controller")
        self._stream = watch.Watch()
        self._stop = threading.Event()
        self._seen: dict[str, Any] = {}
        self._retries: dict[str, _Retry] = {}
        self._thread = threading.Thread(
            target=self._run, name=f"cloud-controller-{cluster}", daemon=True
        )

    def start(self) -> None:
        """Starts the thread, which first handles the existing Services."""
        self._thread.start()

    def stop(self) -> None:
        """Closes the watch and starts no new work; `join` waits for the work in progress."""
        self._stop.set()
        self._stream.stop()

    def join(self) -> None:
        """Waits for the thread. A watch that was being opened ends when the API server ends."""
        self._thread.join()

    def _run(self) -> None:
        delay = 1.0
        while not self._stop.is_set():
            try:
                balancers = LoadBalancers(self._cloud(), self._annotate, self._instances)
                while not self._stop.is_set():
                    self._watch(balancers)
                    delay = 1.0
            except _Failures as error:
                if not self._stop.is_set():
                    _log.warning("%s: %s", self._thread.name, message(error))
            except Exception:
                _log.exception("%s restarts after an unexpected error", self._thread.name)
            self._stop.wait(delay)
            delay = min(2 * delay, 30.0)

    def _watch(self, balancers: LoadBalancers) -> None:
        """Lists the Services and watches them until the next retry is due."""
        listed = _json(self._api.list_service_for_all_namespaces(_preload_content=False))
        present = {service["metadata"]["uid"] for service in listed["items"]}
        for uid in self._seen.keys() - present:
            self._forget(uid)
        for service in listed["items"]:
            self._look_at(balancers, service)
        for event in self._stream.stream(
            self._api.list_service_for_all_namespaces,
            resource_version=listed["metadata"]["resourceVersion"],
            timeout_seconds=self._seconds_to_retry(),
        ):
            if self._stop.is_set():
                return
            if event["type"] == "DELETED":
                self._forget(event["raw_object"]["metadata"]["uid"])
            else:
                self._look_at(balancers, event["raw_object"])
            if self._retries:
                return  # the next watch ends when the first retry is due

    def _seconds_to_retry(self) -> int:
        due = [retry.at - time.monotonic() for retry in self._retries.values()]
        return max(1, int(min([*due, _WATCH_SECONDS])))

    def _look_at(self, balancers: LoadBalancers, found: Service) -> None:
        """Handles the current state of the Service; `found` may be outdated."""
        if not self._is_due(found):
            return
        service = self._read(found)
        if service is None or not self._is_due(service):
            return
        uid = service["metadata"]["uid"]
        retry = self._retries.get(uid)
        try:
            if _wants_load_balancer(service):
                self._ensure(balancers, service)
            elif FINALIZER in service["metadata"].get("finalizers", ()):
                self._clean_up(balancers, service)
        except _Failures as error:
            if self._stop.is_set():
                return
            self._events.warning(service, "SyncLoadBalancerFailed", _failure(error))
            delay = min(retry.delay * 2, _LAST_RETRY) if retry else _FIRST_RETRY
            self._retries[uid] = _Retry(time.monotonic() + delay, delay)
        else:
            self._retries.pop(uid, None)
        self._seen[uid] = _relevant(service)

    def _is_due(self, service: Service) -> bool:
        uid = service["metadata"]["uid"]
        retry = self._retries.get(uid)
        if retry is not None and retry.at <= time.monotonic():
            return True
        return self._seen.get(uid) != _relevant(service)

    def _read(self, service: Service) -> Service | None:
        metadata = service["metadata"]
        try:
            return _json(
                self._api.read_namespaced_service(
                    metadata["name"], metadata["namespace"], _preload_content=False
                )
            )
        except client.ApiException as error:
            if error.status == requests.codes.not_found:
                return None
            raise

    def _ensure(self, balancers: LoadBalancers, service: Service) -> None:
        self._events.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer")
        if FINALIZER not in service["metadata"].get("finalizers", ()):
            self._patch(service, {"finalizers": [FINALIZER]})
        if not self._instances():
            self._events.warning(
                service,
                "UnAvailableLoadBalancer",
                "There are no available nodes for LoadBalancer",
            )
        try:
            address = balancers.ensure(service)
        except _Failures as error:
            raise CloudError(f"failed to ensure load balancer: {message(error)}") from error
        self._events.normal(service, "EnsuredLoadBalancer", "Ensured load balancer")
        self._set_status(service, {"ingress": [{"ip": address}]})

    def _clean_up(self, balancers: LoadBalancers, service: Service) -> None:
        try:
            if balancers.find(service) is not None:
                self._events.normal(service, "DeletingLoadBalancer", "Deleting load balancer")
                balancers.remove(service)
        except _Failures as error:
            raise CloudError(f"failed to delete load balancer: {message(error)}") from error
        self._set_status(service, {})
        self._events.normal(service, "DeletedLoadBalancer", "Deleted load balancer")
        self._patch(service, {"$deleteFromPrimitiveList/finalizers": [FINALIZER]})

    def _set_status(self, service: Service, load_balancer: dict[str, Any]) -> None:
        current = [
            {"ip": entry.get("ip")}
            for entry in service.get("status", {}).get("loadBalancer", {}).get("ingress", ())
        ]
        if current == load_balancer.get("ingress", []):
            return
        metadata = service["metadata"]
        self._api.patch_namespaced_service_status(
            metadata["name"],
            metadata["namespace"],
            {"status": {"loadBalancer": {"ingress": load_balancer.get("ingress")}}},
            _content_type=_STRATEGIC_MERGE,
        )

    def _annotate(self, service: Service, key: str, value: str) -> None:
        if annotations(service).get(key) != value:
            self._patch(service, {"annotations": {key: value}})

    def _patch(self, service: Service, change: dict[str, Any]) -> None:
        """Merges `change` into the Service's metadata, in the cluster and in `service`.

        The patch contains the UID, so that the API server rejects it for a new Service of the name.
        """
        metadata = service["metadata"]
        patched = _json(
            self._api.patch_namespaced_service(
                metadata["name"],
                metadata["namespace"],
                {"metadata": {"uid": metadata["uid"], **change}},
                _content_type=_STRATEGIC_MERGE,
                _preload_content=False,
            )
        )
        service["metadata"] = patched["metadata"]

    def _instances(self) -> list[str]:
        """Returns the UUIDs of the instances of nodes that receive load balancer traffic."""
        nodes = self._api.list_node(label_selector=f"!{EXCLUDED_NODE_LABEL}").items
        return [node.spec.provider_id.removeprefix("exoscale://") for node in nodes]

    def _forget(self, uid: str) -> None:
        self._seen.pop(uid, None)
        self._retries.pop(uid, None)


def _wants_load_balancer(service: Service) -> bool:
    spec = service["spec"]
    return (
        spec["type"] == "LoadBalancer"
        and not spec.get("loadBalancerClass")
        and "deletionTimestamp" not in service["metadata"]
    )


def _relevant(service: Service) -> dict[str, Any]:
    """Returns the parts of a Service that its load balancer depends on."""
    metadata = service["metadata"]
    return {
        "spec": service["spec"],
        "annotations": annotations(service),
        "deleted": "deletionTimestamp" in metadata,
        "finalizer": FINALIZER in metadata.get("finalizers", ()),
    }


def _failure(error: Exception) -> str:
    return f"Error syncing load balancer: {message(error)}"


def _json(response: urllib3.HTTPResponse) -> dict[str, Any]:
    document: dict[str, Any] = response.json()
    return document
