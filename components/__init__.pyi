from .args.problem import Problems as Problems
from .args.resources import AmountsArgs as AmountsArgs, ResourcesArgs as ResourcesArgs
from .certificates.args import HttpsArgs as HttpsArgs
from .certificates.cert_manager import CertManager as CertManager
from .certificates.issuer import Issuer as Issuer
from .database.args import BackupArgs as BackupArgs, DatabaseArgs as DatabaseArgs
from .database.database import Database as Database
from .dns.args import DnsArgs as DnsArgs
from .dns.dns import Dns as Dns
from .existing_cluster.args import ExistingClusterArgs as ExistingClusterArgs
from .existing_cluster.existing_cluster import ExistingCluster as ExistingCluster
from .exoscale.load_balancer_args import (
    HealthCheckArgs as HealthCheckArgs,
    LoadBalancerArgs as LoadBalancerArgs,
)
from .exoscale.placement import Placement as Placement
from .ingress_controller.args import (
    ExistingControllerArgs as ExistingControllerArgs,
    IngressControllerArgs as IngressControllerArgs,
)
from .ingress_controller.existing_controller import ExistingController as ExistingController
from .ingress_controller.ingress_controller import IngressController as IngressController
from .namespace.app_namespace import AppNamespace as AppNamespace
from .namespace.args import AppNamespaceArgs as AppNamespaceArgs, QuotaArgs as QuotaArgs
from .sks_cluster.args import (
    AdoptArgs as AdoptArgs,
    AuditArgs as AuditArgs,
    KubeconfigArgs as KubeconfigArgs,
    OidcArgs as OidcArgs,
    ReadOnlyKubeconfigArgs as ReadOnlyKubeconfigArgs,
    SksClusterArgs as SksClusterArgs,
)
from .sks_cluster.autoscaler.args import ClusterAutoscalerArgs as ClusterAutoscalerArgs
from .sks_cluster.firewall.args import FirewallRuleArgs as FirewallRuleArgs
from .sks_cluster.nodepools.args import (
    AutoscaleArgs as AutoscaleArgs,
    ImageGarbageCollectionArgs as ImageGarbageCollectionArgs,
    NodePoolArgs as NodePoolArgs,
)
from .sks_cluster.placement import placement as placement
from .sks_cluster.sks_cluster import SksCluster as SksCluster
from .web_app.args import WebAppArgs as WebAppArgs
from .web_app.availability.args import (
    AutoscalerArgs as AutoscalerArgs,
    CustomMetricArgs as CustomMetricArgs,
    DisruptionBudgetArgs as DisruptionBudgetArgs,
)
from .web_app.config.args import (
    ConfigArgs as ConfigArgs,
    PullSecretArgs as PullSecretArgs,
    SecretsArgs as SecretsArgs,
)
from .web_app.ingress.args import (
    AppIngressArgs as AppIngressArgs,
    TimeoutsArgs as TimeoutsArgs,
    TlsArgs as TlsArgs,
)
from .web_app.network_policy.args import (
    EgressArgs as EgressArgs,
    NetworkPolicyArgs as NetworkPolicyArgs,
    PeerArgs as PeerArgs,
)
from .web_app.pod.container_args import (
    AppSecurityArgs as AppSecurityArgs,
    InitContainerArgs as InitContainerArgs,
    MountArgs as MountArgs,
    SecurityArgs as SecurityArgs,
    SidecarArgs as SidecarArgs,
)
from .web_app.pod.probes_args import (
    LivenessProbeArgs as LivenessProbeArgs,
    ProbesArgs as ProbesArgs,
    ReadinessProbeArgs as ReadinessProbeArgs,
    StartupProbeArgs as StartupProbeArgs,
)
from .web_app.pod.tolerations_args import TolerationArgs as TolerationArgs
from .web_app.pod.value_from_args import (
    FieldRefArgs as FieldRefArgs,
    SecretKeyRefArgs as SecretKeyRefArgs,
    ValueFromArgs as ValueFromArgs,
)
from .web_app.rollout.args import BeforeRolloutArgs as BeforeRolloutArgs, RolloutArgs as RolloutArgs
from .web_app.schedules.args import ScheduleArgs as ScheduleArgs
from .web_app.service.args import AppLoadBalancerArgs as AppLoadBalancerArgs, PortArgs as PortArgs
from .web_app.volumes.args import VolumeArgs as VolumeArgs
from .web_app.web_app import WebApp as WebApp
from .web_app.workers.args import WorkerArgs as WorkerArgs
