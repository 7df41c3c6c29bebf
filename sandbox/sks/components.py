"""The command lines of a control plane's processes."""

from pathlib import Path

from sandbox.sks.layout import ClusterFiles, ClusterRecord
from sandbox.sks.processes import Command

_MEMORY = {"GOGC": "75", "GOMEMLIMIT": "280MiB"}
"""Limits a cluster to well below 700 MB, for a tenth more CPU time (measured)."""

_CONTROLLERS_WITHOUT_USE = (
    "device-taint-eviction-controller",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-expander-controller",
    "resourceclaim-controller",
)


def etcd(tools: Path, files: ClusterFiles, record: ClusterRecord) -> Command:
    """Returns etcd's command; etcd accepts only clients with a certificate of its authority."""
    client = f"https://127.0.0.1:{record.ports.etcd}"
    peer = f"https://127.0.0.1:{record.ports.etcd_peer}"
    pki = files.pki
    return _command(
        files,
        tools / "etcd",
        {
            "name": "default",
            "data-dir": files.etcd_data,
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "client-cert-auth": "true",
            "trusted-ca-file": pki.certificate("etcd-ca"),
            "cert-file": pki.certificate("etcd"),
            "key-file": pki.key("etcd"),
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": pki.certificate("etcd-ca"),
            "peer-cert-file": pki.certificate("etcd"),
            "peer-key-file": pki.key("etcd"),
            "log-level": "warn",
        },
    )


def kube_apiserver(tools: Path, files: ClusterFiles, record: ClusterRecord) -> Command:
    """Returns the command of kube-apiserver, with its default admission plugins."""
    pki = files.pki
    flags: dict[str, str | Path | int] = {
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        # An endpoint of the Service `kubernetes` must not be a loopback address.
        "endpoint-reconciler-type": "none",
        "secure-port": record.ports.api,
        "tls-cert-file": pki.certificate("apiserver"),
        "tls-private-key-file": pki.key("apiserver"),
        "etcd-servers": f"https://127.0.0.1:{record.ports.etcd}",
        "etcd-cafile": pki.certificate("etcd-ca"),
        "etcd-certfile": pki.certificate("etcd-client"),
        "etcd-keyfile": pki.key("etcd-client"),
        "client-ca-file": pki.certificate("control-plane-ca"),
        "egress-selector-config-file": files.egress,
        "authentication-config": files.authentication,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "kubelet-certificate-authority": pki.certificate("kubelet-ca"),
        "kubelet-client-certificate": pki.certificate("kubelet-client"),
        "kubelet-client-key": pki.key("kubelet-client"),
        # Simulated kubelets listen only on the loopback interface, which InternalDNS leads to.
        "kubelet-preferred-address-types": "InternalDNS,InternalIP",
        "requestheader-client-ca-file": pki.certificate("aggregation-ca"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "proxy-client-cert-file": pki.certificate("front-proxy"),
        "proxy-client-key-file": pki.key("front-proxy"),
        "service-account-issuer": f"https://127.0.0.1:{record.ports.api}",
        "service-account-key-file": pki.certificate("service-account"),
        "service-account-signing-key-file": pki.key("service-account"),
        "service-cluster-ip-range": record.networking.services,
        "allow-privileged": "true",
        "profiling": "false",
    }
    if record.audit:
        flags["audit-policy-file"] = files.audit_policy
        flags["audit-webhook-config-file"] = files.audit_webhook
        flags["audit-webhook-initial-backoff"] = record.audit.initial_backoff
        # The default of 30 s is too long for interactive use.
        flags["audit-webhook-batch-max-wait"] = "1s"
    if record.feature_gates:
        flags["feature-gates"] = ",".join(f"{gate}=true" for gate in record.feature_gates)
    return _command(files, tools / "kube-apiserver", flags)


def kube_controller_manager(tools: Path, files: ClusterFiles, record: ClusterRecord) -> Command:
    """Returns the command of kube-controller-manager; each controller has its service account."""
    pki = files.pki
    flags: dict[str, str | Path | int] = {
        "kubeconfig": files.kubeconfig("kube-controller-manager"),
        "secure-port": 0,
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        # With the default of 20 requests per second, its start would be delayed by 5 s.
        "kube-api-qps": 100,
        "kube-api-burst": 200,
        "cluster-name": record.name,
        "controllers": ",".join(["*", *(f"-{name}" for name in _CONTROLLERS_WITHOUT_USE)]),
        "root-ca-file": pki.certificate("control-plane-ca"),
        "service-account-private-key-file": pki.key("service-account"),
        "allocate-node-cidrs": "true",
        "cluster-cidr": record.networking.pods,
        "service-cluster-ip-range": record.networking.services,
        "profiling": "false",
    }
    if record.networking.node_mask_ipv4:
        flags["node-cidr-mask-size-ipv4"] = record.networking.node_mask_ipv4
    if record.networking.node_mask_ipv6:
        flags["node-cidr-mask-size-ipv6"] = record.networking.node_mask_ipv6
    for signer in ("kube-apiserver-client", "kubelet-client", "legacy-unknown"):
        flags[f"cluster-signing-{signer}-cert-file"] = pki.certificate("control-plane-ca")
        flags[f"cluster-signing-{signer}-key-file"] = pki.key("control-plane-ca")
    flags["cluster-signing-kubelet-serving-cert-file"] = pki.certificate("kubelet-ca")
    flags["cluster-signing-kubelet-serving-key-file"] = pki.key("kubelet-ca")
    return _command(files, tools / "kube-controller-manager", flags)


def kube_scheduler(tools: Path, files: ClusterFiles) -> Command:
    """Returns the command of kube-scheduler, with the default profile."""
    return _command(
        files,
        tools / "kube-scheduler",
        {
            "kubeconfig": files.kubeconfig("kube-scheduler"),
            "secure-port": 0,
            "leader-elect": "false",
            "profiling": "false",
        },
    )


def kwok(tools: Path, files: ClusterFiles, record: ClusterRecord) -> Command:
    """Returns the command of kwok, which simulates the kubelets of annotated nodes."""
    return _command(
        files,
        tools / "kwok",
        {
            "kubeconfig": files.kubeconfig("kwok"),
            "config": files.stages,
            "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
            "cidr": record.networking.pods.partition(",")[0],
            "node-port": record.ports.kubelet,
            "server-address": f"127.0.0.1:{record.ports.kubelet}",
            "tls-cert-file": files.pki.certificate("kubelet"),
            "tls-private-key-file": files.pki.key("kubelet"),
            "node-lease-duration-seconds": 40,
            "v": "WARN",
        },
    )


def _command(files: ClusterFiles, program: Path, flags: dict[str, str | Path | int]) -> Command:
    return Command(
        name=program.name,
        arguments=[str(program), *(f"--{flag}={value}" for flag, value in flags.items())],
        directory=files.directory,
        log=files.logs / f"{program.name}.log",
        pid_file=files.run / f"{program.name}.pid",
        environment=_MEMORY,
    )
