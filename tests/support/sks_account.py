"""An account of the sandbox's Exoscale API with one real cluster, in the test's own process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from exoscale.api.v2 import Client
from kubernetes import client, config

from sandbox.account import Account
from sandbox.daemon.fault_client import FaultClient
from sandbox.exoscale_api import Credentials, create_app
from sandbox.exoscale_api.connection import server
from sandbox.exoscale_api.traffic import Traffic
from sandbox.paths import TOOLS_BIN
from sandbox.sks.load_balancer_spec import PREFIX
from sandbox.sks.runtime import SksRuntime
from tests.support.polling import eventually
from tests.support.security_group_rules import HEALTH_CHECK_SOURCES, ingress

KEY = Credentials("EXOtest", "a-secret")
ZONE = "ch-gva-2"
ADDONS = ["exoscale-cloud-controller", "exoscale-container-storage-interface"]


@dataclass
class SksAccount:
    """An account with one cluster; a nodepool of two nodes, if it was made with one.

    Nodes let in load balancers' health checks, by the security group `group_id`.
    """

    runtime: SksRuntime
    home: Path
    cluster_id: str
    exoscale: Client
    api_client: client.ApiClient
    faults: FaultClient
    group_id: str = ""

    @property
    def core(self) -> client.CoreV1Api:
        """The cluster's API server, as its administrator."""
        return client.CoreV1Api(self.api_client)

    def ended(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation, once it is pending no more."""

        def end() -> dict[str, Any]:
            now: dict[str, Any] = self.exoscale.get_operation(id=operation["id"])
            return {} if now["state"] == "pending" else now

        return eventually(end, within=120)

    def done(self, operation: dict[str, Any]) -> str:
        """The id of what an operation that succeeds refers to."""
        ended = self.ended(operation)
        assert ended["state"] == "success", ended
        return str(ended["reference"]["id"])

    def load_balancers(self) -> list[dict[str, Any]]:
        """The account's load balancers as the API answers them."""
        found: list[dict[str, Any]] = self.exoscale.list_load_balancers()["load-balancers"]
        return found

    def cluster(self) -> dict[str, Any]:
        """The cluster as the API answers it."""
        found: dict[str, Any] = self.exoscale.get_sks_cluster(id=self.cluster_id)
        return found

    def nodepools(self) -> list[dict[str, Any]]:
        """The cluster's nodepools as the API answers them."""
        found: list[dict[str, Any]] = self.cluster()["nodepools"]
        return found

    def add_nodepool(self, name: str, size: int, **arguments: Any) -> str:
        """The id of a new nodepool."""
        types = self.exoscale.list_instance_types()["instance-types"]
        small = next(t for t in types if (t["family"], t["size"]) == ("standard", "small"))
        return self.done(
            self.exoscale.create_sks_nodepool(
                id=self.cluster_id,
                name=name,
                size=size,
                instance_type={"id": small["id"]},
                **{
                    "disk_size": 20,
                    "security_groups": [{"id": self.group_id}],
                    **arguments,
                },
            )
        )

    def open_to_health_checks(self) -> None:
        """Make the nodes' security group."""
        self.group_id = self.done(self.exoscale.create_security_group(name="nodes"))
        rule = ingress("tcp", 30000, 32767, security_group=HEALTH_CHECK_SOURCES)
        self.done(self.exoscale.add_rule_to_security_group(id=self.group_id, **rule))


@contextmanager
def account_with_cluster(
    home: Path, *, nodes: int, traffic: Traffic | None = None, **arguments: Any
) -> Iterator[SksAccount]:
    """A new account in `home` with a cluster made of `arguments`; all of it ends afterwards."""
    runtime = SksRuntime(home, TOOLS_BIN)
    listener = socket.create_server(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    runtime.connect(f"{base_url}/v2", KEY.api_key, KEY.api_secret)
    app = create_app(
        store_dir=home / "api",
        credentials=KEY,
        base_url=base_url,
        runtime=runtime,
        traffic=traffic,
        check_answers=True,
    )
    api = server(app)
    thread = threading.Thread(target=api.run, kwargs={"sockets": [listener]})
    thread.start()
    exoscale = Client(KEY.api_key, KEY.api_secret, url=f"{base_url}/{ZONE}/v2")
    faults = FaultClient(
        Account(KEY.api_key, KEY.api_secret, "a passphrase", listener.getsockname()[1])
    )
    found = SksAccount(runtime, home, "", exoscale, client.ApiClient(), faults)
    defaults = {"name": "web", "level": "starter", "cni": "calico", "addons": ADDONS}
    try:
        found.open_to_health_checks()
        version = {"version": runtime.versions[0]}
        found.cluster_id = found.done(
            exoscale.create_sks_cluster(**{**defaults, **version, **arguments})
        )
        if nodes:
            found.add_nodepool("workers", nodes)
        found.api_client = kubernetes(
            runtime.kubeconfig(found.cluster_id, "admin", ["system:masters"], 3600)
        )
        yield found
    finally:
        api.should_exit = True
        thread.join(timeout=10)
        runtime.stop_all()
    assert processes_of(home) == []


def kubernetes(text: str) -> client.ApiClient:
    """A client of the cluster of a kubeconfig (YAML)."""
    return config.new_client_from_config_dict(yaml.safe_load(text))


def processes_of(home: Path) -> list[int]:
    """Processes whose working directory is in one of the home's clusters."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            directory = (entry / "cwd").readlink() if entry.name.isdigit() else None
        except OSError:
            continue
        if directory and directory.is_relative_to(home / "clusters"):
            found.append(int(entry.name))
    return found


def is_ready(node: Any) -> bool:
    """Whether a node reports itself Ready."""
    conditions = node.status.conditions or ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)


def names(listed: Any) -> list[str]:
    """The names of the objects of a list."""
    return [item.metadata.name for item in listed.items]


def balanced(service: str, *ports: int, **annotations: str) -> dict[str, Any]:
    """A Service of type LoadBalancer, with the cloud controller's annotations."""
    keys = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {"name": service, "annotations": keys},
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": service},
            "ports": [{"name": f"p{port}", "port": port} for port in ports],
        },
    }


def address(account: SksAccount, name: str, namespace: str) -> str | None:
    """The address of a Service's load balancer, None while it has none."""
    status = account.core.read_namespaced_service(name, namespace).status
    entries = status.load_balancer.ingress or []
    return entries[0].ip if entries else None
