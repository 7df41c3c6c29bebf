"""A cluster's control plane and simulated kubelet, as processes on the loopback address."""

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any

import requests
import yaml
from kubernetes import client, config

from sandbox.paths import private_directory, write_private
from sandbox.sks import audit, components, egress
from sandbox.sks.authentication import authentication_configuration
from sandbox.sks.egress import Egress
from sandbox.sks.kubeconfig import kubeconfig
from sandbox.sks.layout import ClusterFiles, ClusterRecord
from sandbox.sks.processes import Child, Command
from sandbox.sks.programs import Programs
from sandbox.sks.spec import SksError
from sandbox.toolchain.tools import CONTROL_PLANE

STAGES = Path(__file__).with_name("stages")

API_SERVER, *CONTROLLERS = CONTROL_PLANE

_API_SERVER_SETTINGS = ("version", "feature_gates", "audit", "oidc")

_READY_DEADLINE = 90.0
_POLL = 0.1
_COMPONENT_LIFETIME = timedelta(days=3650)


class ControlPlane:
    """The running processes of a cluster whose files exist."""

    def __init__(self, programs: Programs, files: ClusterFiles, *, containers: bool) -> None:
        self.files = files
        self.record = files.load()
        self._programs = programs
        self._containers = containers
        self._children: dict[str, Child] = {}
        self._egress: Egress | None = None
        self.pod_ports: dict[str, int] = {}
        """Ports on this machine of programs that run for simulated pods, by the pod's UID."""

    @property
    def endpoint(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.record.ports.api}"

    @cached_property
    def api_client(self) -> client.ApiClient:
        """An administrator's client of the API server, for short requests; thread-safe."""
        return self.new_api_client()

    def new_api_client(self) -> client.ApiClient:
        """Returns a new administrator's client, for a component that watches objects."""
        return config.new_client_from_config(str(self.files.kubeconfig("admin")))

    def start(self) -> None:
        """Starts all processes and waits until the API server is ready and the controllers work.

        If that fails, it stops the started processes.

        Raises:
            SksError: with the reason, and with the last lines of a component's log, if any.
        """
        tools, files, record = self._programs.tools, self.files, self.record
        for directory in (files.config, files.logs, files.run):
            private_directory(directory)
        self._write_configuration()
        try:
            self._egress = Egress(
                record,
                files.egress_socket,
                self.new_api_client(),
                self.pod_ports,
                containers=self._containers,
            )
            self._run(components.etcd(tools, files, record))
            # Without etcd, the API server would retry with increasing delays.
            self._wait("etcd listens", self._etcd_listens)
            self._start_rest()
        except BaseException:
            self.stop()
            raise

    def change(self, record: ClusterRecord) -> None:
        """Changes the settings, with the same ports and data, and waits until they are effective.

        If the API server must be restarted, all processes except etcd are, because clients that
        lose the API server retry with increasing delays. If it doesn't start, the previous
        settings are restored.

        Raises:
            SksError: with the reason, if the API server doesn't start with the new settings.
        """
        before = self.record
        if all(getattr(record, name) == getattr(before, name) for name in _API_SERVER_SETTINGS):
            self.record = record
            self.files.save(record)
            return
        try:
            self._switch(record)
        except BaseException:
            self._switch(before)
            raise

    def _switch(self, record: ClusterRecord) -> None:
        self.record = record
        self._stop("kwok", *CONTROLLERS, API_SERVER)
        self._start_rest()
        self.files.save(record)

    def stop(self) -> None:
        """Stops all processes, clients before servers."""
        self._stop("kwok", *CONTROLLERS, API_SERVER, "etcd")
        if self._egress is not None:
            self._egress.close()
            self._egress = None

    def failures(self) -> list[str]:
        """Returns the errors of components that ended and are not restarted."""
        return [child.failure for child in list(self._children.values()) if child.failure]

    def issue_kubeconfig(self, user: str, groups: Sequence[str], lifetime: timedelta) -> str:
        """Returns a kubeconfig for `user` in `groups`, which is valid for `lifetime`."""
        authority = self.files.pki.authority("control-plane")
        return kubeconfig(
            cluster=self.record.name,
            server=self.endpoint,
            authority=authority.certificate,
            user=user,
            pair=authority.sign_client(user, groups, lifetime),
        )

    def _run(self, command: Command) -> None:
        child = Child(command)
        child.start()
        self._children[command.name] = child

    def _stop(self, *names: str) -> None:
        for name in names:
            if child := self._children.pop(name, None):
                child.stop()

    def _start_rest(self) -> None:
        files, record = self.files, self.record
        _write(files.authentication, authentication_configuration(record.oidc))
        if record.audit:
            _write(files.audit_policy, audit.POLICY)
            _write(files.audit_webhook, audit.webhook(record.audit))
        else:
            files.audit_webhook.unlink(missing_ok=True)
        programs = self._programs.of(record.version)
        self._run(components.kube_apiserver(programs, files, record))
        self._wait("the API server is ready", self._api_server_ready)
        self._run(components.kube_controller_manager(programs, files, record))
        self._run(components.kube_scheduler(programs, files))
        self._run(components.kwok(self._programs.tools, files, record))
        self._wait("the controllers work", self._controllers_work)

    def _write_configuration(self) -> None:
        for component, groups in (
            ("kube-controller-manager", []),
            ("kube-scheduler", []),
            ("kwok", ["system:masters"]),
            ("admin", ["system:masters"]),
        ):
            write_private(
                self.files.kubeconfig(component),
                self.issue_kubeconfig(f"system:{component}", groups, _COMPONENT_LIFETIME),
            )
        socket_name = self.files.egress_socket.relative_to(self.files.directory)
        _write(self.files.egress, egress.configuration(str(socket_name)))
        texts = "---\n".join(path.read_text() for path in sorted(STAGES.glob("*.yaml")))
        write_private(self.files.stages, texts)

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_DEADLINE
        pause = Event()
        while not condition():
            for failure in self.failures():
                raise SksError(failure)
            if time.monotonic() > deadline:
                children = self._children.items()
                logs = "\n".join(f"{name}: {child.log_tail(2)}" for name, child in children)
                raise SksError(f"not within {_READY_DEADLINE:.0f} s: {what}\n{logs}")
            pause.wait(_POLL)

    def _etcd_listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.record.ports.etcd)) == 0

    def _api_server_ready(self) -> bool:
        return self._status("/readyz") == 200

    def _controllers_work(self) -> bool:
        default_account = "/api/v1/namespaces/default/serviceaccounts/default"
        return self._status(default_account) == 200

    def _status(self, path: str) -> int | None:
        pki = self.files.pki
        with suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(
                self.endpoint + path,
                verify=str(pki.certificate("control-plane-ca")),
                cert=(str(pki.certificate("probe")), str(pki.key("probe"))),
                timeout=5,
            ).status_code
        return None


def _write(file: Path, document: dict[str, Any]) -> None:
    write_private(file, yaml.safe_dump(document))
