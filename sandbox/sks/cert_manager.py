"""Runs the programs of cert-manager for its pods, which are simulated.

A component's program runs as a process on this machine for one of its ready pods: with the pod's
arguments, and as the pod's service account, so that it has only the chart's permissions. Only ports
and the access to the API server differ. The pod of the chart's startup check succeeds when the real
check does. The program that answers a challenge (`acmesolver`) runs for each pod of a solver.
"""

import logging
import re
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from kubernetes import client

from sandbox.paths import write_private
from sandbox.sks.backends import SOLVERS, is_ready
from sandbox.sks.control_plane import ControlPlane
from sandbox.sks.looking import Looking
from sandbox.sks.ports import free_ports
from sandbox.sks.processes import Child, Command

_log = logging.getLogger(__name__)

_IMAGE = re.compile(
    r"(?:^|/)cert-manager-(controller|webhook|cainjector|startupapicheck|acmesolver)(?:[:@]|$)"
)
_COMPONENTS = "app.kubernetes.io/component in (controller, webhook, cainjector, startupapicheck)"
_API = ("cert-manager.io", "v1")
_CHECK, _SOLVER = "startupapicheck", "acmesolver"
MISSING = "cert-manager does not run in the sandbox: `sandbox tools --acme` installs it"

_LIFETIME = timedelta(days=3650)
_CHECK_SECONDS = 5
_MEMORY = {"GOGC": "75", "GOMEMLIMIT": "96MiB"}


@dataclass(frozen=True)
class _Program:
    """A program to run; it is started again if one of the fields changes."""

    name: str
    component: str
    pod: str
    """UID of the pod."""
    arguments: tuple[str, ...]
    account: tuple[str, str]
    """Namespace and name of the service account."""


class CertManager(Looking):
    """Runs the programs of a cluster.

    Args:
        plane: the cluster's control plane.
        program: the program, which need not exist.
        environment: variables of the programs: trusted authorities and proxies.
    """

    def __init__(self, plane: ControlPlane, program: Path, environment: Mapping[str, str]) -> None:
        super().__init__(f"cert-manager-{plane.record.name}")
        self._plane, self._program, self._environment = plane, program, environment
        self._core = client.CoreV1Api(plane.new_api_client())
        self._running: dict[_Program, Child] = {}
        self._missing_told = False

    def look(self) -> None:
        """Starts the programs of new pods, and stops those of deleted ones."""
        pods = self._pods()
        if pods and not self._program.exists():
            self._tell_missing()
        wanted = self._wanted(pods) if self._program.exists() else {}
        for program in self._running.keys() - wanted.keys():
            self._stop_program(program)
        for program in sorted(wanted.keys() - self._running.keys(), key=_controller_last):
            if program.component == "controller":
                self._forget_registrations()
            self._start_program(program)
        for program, child in list(self._running.items()):
            if child.failure:  # as a container in back-off, it is tried again
                self._stop_program(program)
        for pod in pods:
            if _component(pod) == _CHECK and pod.status.phase == "Running":
                self._check(pod)

    def join(self) -> None:
        """Waits for the thread, and stops the programs."""
        super().join()
        for program in list(self._running):
            self._stop_program(program)

    def _pods(self) -> list[Any]:
        listed = (
            self._core.list_pod_for_all_namespaces(label_selector=selector).items
            for selector in (_COMPONENTS, SOLVERS)
        )
        return [pod for pod in chain.from_iterable(listed) if _component(pod)]

    def _wanted(self, pods: Iterable[Any]) -> dict[_Program, None]:
        """Returns the programs to run: one of each component, preferably one that runs already."""
        found: dict[str, _Program] = {}
        for pod in pods:
            if is_ready(pod) and _component(pod) != _CHECK:
                program = _program(pod)
                if program in self._running or program.name not in found:
                    found[program.name] = program
        return dict.fromkeys(found.values())

    def _forget_registrations(self) -> None:
        """Makes the controller register its ACME accounts, which may be lost with Pebble's process.

        It would trust the status of its issuers. Changes of them need the webhook's consent: until
        it is there, the API server's error is raised, and the controller doesn't start.
        """
        custom = client.CustomObjectsApi(self._core.api_client)
        change = {"status": {"acme": {"lastPrivateKeyHash": ""}}}
        for kind in ("issuers", "clusterissuers"):
            listed = custom.list_cluster_custom_object(*_API, kind)
            for issuer in listed["items"]:
                if issuer.get("status", {}).get("acme", {}).get("lastPrivateKeyHash"):
                    name = issuer["metadata"]["name"]
                    if namespace := issuer["metadata"].get("namespace"):
                        custom.patch_namespaced_custom_object_status(
                            *_API, namespace, kind, name, change
                        )
                    else:
                        custom.patch_cluster_custom_object_status(*_API, kind, name, change)

    def _start_program(self, program: _Program) -> None:
        (port,) = free_ports(1)
        files = self._plane.files
        child = Child(
            Command(
                name=program.name,
                arguments=[program.name, *self._arguments(program, port)],
                executable=self._program,
                directory=files.directory,
                log=files.logs / f"{program.name}.log",
                pid_file=files.run / f"{program.name}.pid",
                environment={**_MEMORY, **self._environment},
            )
        )
        child.start()
        self._running[program] = child
        self._plane.pod_ports[program.pod] = port

    def _stop_program(self, program: _Program) -> None:
        self._plane.pod_ports.pop(program.pod, None)
        self._running.pop(program).stop()

    def _arguments(self, program: _Program, port: int) -> list[str]:
        """Returns the pod's arguments, and after them those that take precedence here."""
        own = [program.component, *program.arguments]
        if program.component == _SOLVER:
            return [*own, f"--listen-port={port}"]
        own.append(f"--kubeconfig={self._kubeconfig(program.component, program.account)}")
        if program.component == "controller":
            return [*own, "--internal-healthz-listen-address=127.0.0.1:0"]
        if program.component == "webhook":
            own += [f"--secure-port={port}", "--healthz-port=0"]
        return [*own, "--metrics-listen-address=0"]

    def _kubeconfig(self, component: str, account: tuple[str, str]) -> Path:
        namespace, name = account
        file = self._plane.files.kubeconfig(f"cert-manager-{component}")
        user = f"system:serviceaccount:{namespace}:{name}"
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
        write_private(file, self._plane.issue_kubeconfig(user, groups, _LIFETIME))
        return file

    def _check(self, pod: Any) -> None:
        """Runs the startup check once, and ends its pod if it succeeds."""
        if not self._program.exists():
            self._end(pod, 1, MISSING)
            return
        kubeconfig = self._kubeconfig(_CHECK, _program(pod).account)
        with suppress(subprocess.TimeoutExpired):
            answer = subprocess.run(
                [self._program, _CHECK, "--wait=0s", f"--kubeconfig={kubeconfig}"],
                env={**self._environment, "POD_NAMESPACE": pod.metadata.namespace},
                capture_output=True,
                timeout=_CHECK_SECONDS,
            )
            if answer.returncode == 0:
                self._end(pod, 0, "")

    def _end(self, pod: Any, code: int, message: str) -> None:
        reason = "Error" if code else "Completed"
        ended = {"exitCode": code, "reason": reason, "message": message}
        container = pod.status.container_statuses[0]
        status = {
            "phase": "Failed" if code else "Succeeded",
            "conditions": [
                {"type": type_, "status": "False", "reason": f"Pod{reason}"}
                for type_ in ("ContainersReady", "Ready")
            ],
            "containerStatuses": [
                {
                    "name": container.name,
                    "image": container.image,
                    "imageID": container.image_id,
                    "ready": False,
                    "restartCount": 0,
                    "state": {"terminated": ended},
                }
            ],
        }
        self._core.patch_namespaced_pod_status(
            pod.metadata.name, pod.metadata.namespace, {"status": status}
        )

    def _tell_missing(self) -> None:
        if not self._missing_told:
            self._missing_told = True
            _log.warning("cluster %s: %s", self._plane.record.name, MISSING)


def _controller_last(program: _Program) -> bool:
    return program.component == "controller"


def _component(pod: Any) -> str | None:
    found = _IMAGE.search(pod.spec.containers[0].image)
    return found and found[1]


def _program(pod: Any) -> _Program:
    component, uid = _component(pod) or "", pod.metadata.uid
    namespace = pod.metadata.namespace
    return _Program(
        name=f"cert-manager-{component}" + (f"-{uid}" if component == _SOLVER else ""),
        component=component,
        pod=uid,
        arguments=tuple(
            argument.replace("$(POD_NAMESPACE)", namespace)
            for argument in pod.spec.containers[0].args or ()
        ),
        account=(namespace, pod.spec.service_account_name),
    )
