"""The configuration files of the programs on a machine."""

import json
from ipaddress import ip_network
from pathlib import Path

import yaml

from sandbox.images.images import PAUSE
from sandbox.sks.layout import ClusterFiles, ClusterRecord

CNI_PLUGINS = Path("/usr/lib/cni")
"""Folder of the CNI plugins in Debian's package."""
RUN = Path("/run")
"""Each machine has its own, which is empty when it starts."""
CONTAINERD_SOCKET = RUN / "containerd" / "containerd.sock"
CSI_SOCKET = Path("/var/lib/kubelet/plugins_registry/csi.exoscale.com.sock")
"""Socket of the CSI driver, in the folder in which kubelet searches for drivers."""
CLUSTER_DOMAIN = "cluster.local"
REGISTRY_PORT = 5000
"""Port on a machine's loopback address of the machine's registry."""
_DNS_INDEX = 10


def cluster_dns(record: ClusterRecord) -> str:
    """Returns the address of the Service `kube-dns`: the tenth address of the Service network."""
    return str(ip_network(record.networking.services.partition(",")[0])[_DNS_INDEX])


def containerd(root: Path, cni: Path, registries: Path) -> str:
    """Returns containerd's configuration (TOML).

    It sets `restrict_oom_score_adj`, because only a process with CAP_SYS_RESOURCE may lower an
    oom_score_adj.

    Args:
        root: the folder for containerd's data.
        cni: the folder of the network configuration.
        registries: the folder of the registry configuration.
    """
    return f"""\
version = 2
root = "{root}"
state = "{RUN}/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = "runc"
  SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{CNI_PLUGINS}"
  conf_dir = "{cni}"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{registries}"
"""


def registry_hosts() -> str:
    """Returns the configuration (TOML) for all registries: containerd tries the machine's first."""
    return f"""\
[host."http://127.0.0.1:{REGISTRY_PORT}"]
  capabilities = ["pull", "resolve"]
"""


def cni(pods: str) -> str:
    """Returns the CNI configuration (JSON): pods have addresses of `pods`, the node's CIDR."""
    plugin = {
        "type": "ptp",
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(RUN / "cni"),
        },
    }
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin]})


def kubelet(
    files: ClusterFiles, record: ClusterRecord, *, folder: Path, cgroup: str, max_pods: int
) -> str:
    """Returns kubelet's configuration (YAML).

    It supports both versions of control groups and hosts with swap. kubelet reserves no resources.
    It deletes no images, because the imported ones can't be pulled.
    """
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "x509": {"clientCAFile": str(files.pki.certificate("kubelet-ca"))},
            },
            "authorization": {"mode": "Webhook"},
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}",
            "clusterDNS": [cluster_dns(record)],
            "clusterDomain": CLUSTER_DOMAIN,
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "enforceNodeAllocatable": [],
            "evictionHard": {},
            "failCgroupV1": False,
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "localStorageCapacityIsolation": False,
            "maxPods": max_pods,
            "registerNode": False,
            "tlsCertFile": str(folder / "kubelet.pem"),
            "tlsPrivateKeyFile": str(folder / "kubelet-key.pem"),
        }
    )


def kube_proxy(record: ClusterRecord, *, name: str, kubeconfig: Path) -> str:
    """Returns kube-proxy's configuration (YAML)."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": record.networking.pods,
            "conntrack": {"maxPerCore": 0, "min": 0},
            "hostnameOverride": name,
            "mode": "iptables",
        }
    )
