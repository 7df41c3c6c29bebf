"""One cluster's control plane and simulated kubelet, as processes on loopback."""

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event

import requests
import yaml

from sandbox.paths import private_directory, write_private
from sandbox.sks import components
from sandbox.sks.kubeconfig import kubeconfig
from sandbox.sks.layout import ClusterFiles
from sandbox.sks.processes import Child, Command
from sandbox.sks.spec import SksError

STAGES = Path(__file__).with_name("stages")

_READY_DEADLINE = 90.0
_POLL = 0.1
_ANONYMOUS_PATHS = ("/livez", "/readyz", "/healthz")
_COMPONENT_LIFETIME = timedelta(days=3650)


class ControlPlane:
    """The running processes of a cluster whose files exist."""

    def __init__(self, tools: Path, files: ClusterFiles) -> None:
        self.files = files
        self.record = files.load()
        self._tools = tools
        self._children: list[Child] = []

    @property
    def endpoint(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.record.ports.api}"

    def start(self) -> None:
        """Start everything and block until the API server is ready and its controllers work.

        Raises SksError with the reason, a component's last log lines where there are some; what
        had started is stopped.
        """
        tools, files, record = self._tools, self.files, self.record
        for directory in (files.config, files.logs, files.run):
            private_directory(directory)
        self._write_configuration()
        try:
            self._run(components.etcd(tools, files, record))
            # An API server that finds no etcd waits a second longer each time.
            self._wait("etcd listens", self._etcd_listens)
            self._run(
                components.kube_apiserver(
                    tools, files, record, files.config / "authentication.yaml"
                )
            )
            self._wait("the API server is ready", self._api_server_ready)
            self._run(components.kube_controller_manager(tools, files, record))
            self._run(components.kube_scheduler(tools, files))
            self._run(components.kwok(tools, files, record, files.config / "stages.yaml"))
            self._wait("the controllers work", self._controllers_work)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes, clients before servers."""
        while self._children:
            self._children.pop().stop()

    def failures(self) -> list[str]:
        """Why components are down that should be up; empty while all is well."""
        return [child.failure for child in self._children if child.failure]

    def issue_kubeconfig(self, user: str, groups: Sequence[str], lifetime: timedelta) -> str:
        """A kubeconfig for `user` in `groups`, signed by the cluster, valid for `lifetime`."""
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
        self._children.append(child)

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
        authentication = {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "anonymous": {
                "enabled": True,
                "conditions": [{"path": path} for path in _ANONYMOUS_PATHS],
            },
        }
        write_private(self.files.config / "authentication.yaml", yaml.safe_dump(authentication))
        stages = "---\n".join(path.read_text() for path in sorted(STAGES.glob("*.yaml")))
        write_private(self.files.config / "stages.yaml", stages)

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_DEADLINE
        pause = Event()
        while not condition():
            for failure in self.failures():
                raise SksError(failure)
            if time.monotonic() > deadline:
                logs = "\n".join(f"{c.command.name}: {c.log_tail(2)}" for c in self._children)
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
