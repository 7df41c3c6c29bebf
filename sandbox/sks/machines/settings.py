"""The configuration files of what runs on a machine."""

import json
from ipaddress import ip_network
from pathlib import Path

import yaml

from sandbox.images.images import PAUSE
from sandbox.sks.layout import ClusterFiles, ClusterRecord

CNI_PLUGINS = Path("/usr/lib/cni")
"""Where Debian's package has them."""
RUN = Path("/run")
"""A machine's own, which is empty at its start."""
CONTAINERD_SOCKET = RUN / "containerd" / "containerd.sock"
CSI_SOCKET = Path("/var/lib/kubelet/plugins_registry/csi.exoscale.com.sock")
"""Where kubelet looks for drivers."""
CLUSTER_DOMAIN = "cluster.local"
REGISTRY_PORT = 5000
"""Of a machine's loopback address, where the machine's own registry listens."""
_DNS_INDEX = 10


def cluster_dns(record: ClusterRecord) -> str:
    """The address of the Service `kube-dns`: the tenth of the network of Services."""
    return str(ip_network(record.networking.services.partition(",")[0])[_DNS_INDEX])


def containerd(root: Path, cni: Path, registries: Path) -> str:
    """containerd's configuration (TOML): its data beneath `root`, networks as in the folder `cni`.

    Where images are pulled from is in the folder `registries`. Without CAP_SYS_RESOURCE nobody may
    lower a process' oom_score_adj, so it is restricted.
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
    """Where containerd looks for any image (TOML) before it asks the registry in its name."""
    return f"""\
[host."http://127.0.0.1:{REGISTRY_PORT}"]
  capabilities = ["pull", "resolve"]
"""


def cni(pods: str) -> str:
    """A network of pods with addresses of `pods` (the node's CIDR), each on a link of its own."""
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
    """kubelet's configuration, for any version of control groups and a machine without swap set-up.

    It keeps no resources back and removes no image, for those that are imported can't be pulled.
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
    """kube-proxy's configuration."""
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
