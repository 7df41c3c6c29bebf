"""Runs the cluster autoscaler for its pods, which are simulated."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import yaml
from kubernetes import client, config

from sandbox.sks.cluster_autoscaler import settings
from sandbox.sks.cluster_autoscaler.autoscaler import Autoscaler
from sandbox.sks.cluster_autoscaler.scheduling import Object
from sandbox.sks.control_plane import ControlPlane
from sandbox.sks.events import EventRecorder
from sandbox.sks.exoscale_client import Client
from sandbox.sks.looking import Looking

_log = logging.getLogger(__name__)

_IMAGE = re.compile(r"(?:^|/)cluster-autoscaler(?:[:@]|$)")
_LIFETIME = timedelta(days=3650)
_REQUIRED = {
    "EXOSCALE_ZONE": "no Exoscale zone specified",
    "EXOSCALE_API_KEY": "no Exoscale API key specified",
    "EXOSCALE_API_SECRET": "no Exoscale API secret specified",
}
"""Variables, in the order in which the program reads them, and its errors without them."""

Connect = Callable[[str, str, str], Client]
"""Returns a client of Exoscale's API for a key, its secret and a zone."""


class _Crash(Exception):
    """The program ends at once: with an exit code and a message."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class _NotCreated(Exception):
    """The container can't be created, because a Secret or a ConfigMap is missing."""


@dataclass
class _Program:
    """A program that runs, or that has ended with an error."""

    pod: Object
    autoscaler: Autoscaler | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class ClusterAutoscalers(Looking):
    """Runs the programs of a cluster: one for each namespace, as its leader.

    Args:
        plane: the cluster's control plane.
        connect: returns a client of Exoscale's API.
    """

    seconds = 2.0  # It reads all pods.

    def __init__(self, plane: ControlPlane, connect: Connect) -> None:
        super().__init__(f"cluster-autoscaler-{plane.record.name}")
        self._plane, self._connect = plane, connect
        self._core = client.CoreV1Api(plane.new_api_client())
        self._events = EventRecorder(self._core, "Pod", "kubelet")
        self._running: dict[str, _Program] = {}
        """By the pods' UIDs."""

    def look(self) -> None:
        """Starts the programs of new pods, and stops those of deleted ones."""
        pods = {pod["metadata"]["uid"]: pod for pod in self._pods()}
        for uid in self._running.keys() - pods.keys():
            self._stop_program(uid)
        led = {program.pod["metadata"]["namespace"] for program in self._running.values()}
        for uid, pod in pods.items():
            if uid not in self._running and pod["metadata"]["namespace"] not in led:
                self._start_program(pod)
                led.add(pod["metadata"]["namespace"])

    def join(self) -> None:
        """Waits for the thread, and stops the programs."""
        super().join()
        for uid in list(self._running):
            self._stop_program(uid)

    def _pods(self) -> list[Object]:
        """Returns the pods with the program that run, or that wait for a Secret."""
        answer = self._core.list_pod_for_all_namespaces(
            field_selector="status.phase=Running", resource_version="0", _preload_content=False
        )
        return [pod for pod in json.loads(answer.data)["items"] if _is_autoscaler(pod)]

    def _start_program(self, pod: Object) -> None:
        uid, container = pod["metadata"]["uid"], pod["spec"]["containers"][0]
        try:
            environment = self._environment(pod, container)
        except _NotCreated as error:
            self._wait(pod, "CreateContainerConfigError", str(error))
            return
        program = self._running[uid] = _Program(pod, environment=environment)
        try:
            program.autoscaler = self._autoscaler(pod, container, environment)
        except _Crash as error:
            _log.error("%s: %s", pod["metadata"]["name"], error)
            name = container["name"]
            text = f"back-off 10s restarting failed container={name}: {error}"
            ended = {"exitCode": error.code, "reason": "Error", "message": str(error)}
            self._wait(pod, "CrashLoopBackOff", text, ended)
            return
        if not _is_ready(pod):
            self._run_again(pod)
        program.autoscaler.start()

    def _stop_program(self, uid: str) -> None:
        autoscaler = self._running.pop(uid).autoscaler
        if autoscaler is not None:
            autoscaler.stop()
            autoscaler.join()

    def _autoscaler(
        self, pod: Object, container: Object, environment: Mapping[str, str]
    ) -> Autoscaler:
        """
        Raises:
            _Crash: if an argument is not simulated, or if a variable is missing.
        """
        arguments = [*(container.get("command") or ()), *(container.get("args") or ())]
        try:
            chosen = settings.read(arguments[1:])
        except settings.NotSimulated as error:
            raise _Crash(2, str(error)) from error
        for name, problem in _REQUIRED.items():
            if not environment.get(name):
                text = f"exoscale-provider: failed to initialize manager: {problem}"
                raise _Crash(255, text)
        connect = partial(
            self._connect,
            environment["EXOSCALE_API_KEY"],
            environment["EXOSCALE_API_SECRET"],
            environment["EXOSCALE_ZONE"],
        )
        return Autoscaler(pod, chosen, self._account(pod), connect)

    def _account(self, pod: Object) -> client.ApiClient:
        """Returns a client of the API server as the pod's service account."""
        namespace, name = pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"]
        user = f"system:serviceaccount:{namespace}:{name}"
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
        kubeconfig = self._plane.issue_kubeconfig(user, groups, _LIFETIME)
        return config.new_client_from_config_dict(yaml.safe_load(kubeconfig))

    def _environment(self, pod: Object, container: Object) -> dict[str, str]:
        """Returns the container's variables; those of the pod's own fields are left out.

        Raises:
            _NotCreated: if an object or a key does not exist.
        """
        namespace = pod["metadata"]["namespace"]
        found: dict[str, str] = {}
        for source in container.get("envFrom") or ():
            prefix = source.get("prefix") or ""
            for kind in ("configMap", "secret"):
                if reference := source.get(f"{kind}Ref"):
                    data = self._data(kind, namespace, reference)
                    found |= {prefix + name: value for name, value in data.items()}
        for variable in container.get("env") or ():
            origin = variable.get("valueFrom")
            if origin is None:
                found[variable["name"]] = variable.get("value") or ""
                continue
            for kind in ("configMap", "secret"):
                if reference := origin.get(f"{kind}KeyRef"):
                    data = self._data(kind, namespace, reference)
                    if reference["key"] in data:
                        found[variable["name"]] = data[reference["key"]]
                    elif not reference.get("optional"):
                        where = f"{kind.capitalize()} {namespace}/{reference['name']}"
                        raise _NotCreated(f"couldn't find key {reference['key']} in {where}")
        return found

    def _data(self, kind: str, namespace: str, reference: Object) -> dict[str, str]:
        name = reference["name"]
        try:
            if kind == "configMap":
                return dict(self._core.read_namespaced_config_map(name, namespace).data or {})
            data = self._core.read_namespaced_secret(name, namespace).data or {}
        except client.ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            if reference.get("optional"):
                return {}
            raise _NotCreated(f'{kind.lower()} "{name}" not found') from error
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def _wait(
        self, pod: Object, reason: str, text: str, ended: dict[str, Any] | None = None
    ) -> None:
        """Writes to the pod's status that its container waits, and an Event."""
        status = {
            "state": {"waiting": {"reason": reason, "message": text}},
            "ready": False,
            "started": False,
            **({"lastState": {"terminated": ended}, "restartCount": 1} if ended else {}),
        }
        if _waiting(pod) != reason:
            self._set_status(pod, status, ready=False)
            self._events.warning(dict(pod), "BackOff" if ended else "Failed", text)

    def _run_again(self, pod: Object) -> None:
        self._set_status(
            pod, {"state": {"running": {}}, "ready": True, "started": True}, ready=True
        )

    def _set_status(self, pod: Object, status: Mapping[str, Any], *, ready: bool) -> None:
        before = pod["status"]["containerStatuses"][0]
        kept = {key: before[key] for key in ("name", "image", "imageID", "restartCount")}
        condition = {"status": str(ready), "reason": None if ready else "ContainersNotReady"}
        change = {
            "conditions": [{"type": t, **condition} for t in ("ContainersReady", "Ready")],
            "containerStatuses": [{**kept, **status}],
        }
        metadata = pod["metadata"]
        self._core.patch_namespaced_pod_status(
            metadata["name"], metadata["namespace"], {"status": change}
        )


def _is_autoscaler(pod: Object) -> bool:
    return (
        "deletionTimestamp" not in pod["metadata"]
        and _IMAGE.search(pod["spec"]["containers"][0]["image"]) is not None
        and (_is_ready(pod) or _waiting(pod) in ("CreateContainerConfigError", "CrashLoopBackOff"))
    )


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _waiting(pod: Object) -> str | None:
    """Returns why the pod's container waits, None if it doesn't."""
    statuses = pod["status"].get("containerStatuses") or [{}]
    waiting = statuses[0].get("state", {}).get("waiting") or {}
    reason = waiting.get("reason")
    return None if reason is None else str(reason)
