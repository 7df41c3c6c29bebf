"""The connection to a cluster: made when first needed, shared by all threads."""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.kubernetes import kubeconfig as kubeconfigs
from sandbox.plugins.kubernetes.kubeconfig import Kubeconfig, KubeconfigError
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.rpc import ProviderError

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient

_CONNECTIONS: Final = 64


class Unreachable(ProviderError):
    """The cluster does not answer, or the kubeconfig leads to none."""


class Cluster:
    """The cluster that the provider's options select.

    Attributes:
        namespace: the namespace of objects that name none; `""` if the kubeconfig is unusable.
    """

    def __init__(self, options: Options) -> None:
        self._lock = threading.Lock()
        self._client: DynamicClient | None = None
        self._config: Kubeconfig = {}
        self._unreachable: str | None = None
        self.namespace = options.namespace or ""
        try:
            self._config = _selected(options)
        except KubeconfigError as error:
            self._unreachable = (
                f"failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- {error}"
            )
            return
        context = kubeconfigs.active_context(self._config, None) or {}
        self.namespace = options.namespace or context.get("namespace") or "default"

    def client(self) -> DynamicClient:
        """The client, connected.

        Raises:
            Unreachable: if there is no cluster; the first answer stands for the whole run.
        """
        with self._lock:
            if self._client is None and self._unreachable is None:
                try:
                    self._client = _connect(self._config)
                except Unreachable as error:
                    self._unreachable = str(error)
            if self._client is None:
                raise Unreachable(self._unreachable or "")
            return self._client

    def kubeconfig_text(self) -> str | None:
        """The kubeconfig's contents with the context selected, or `None` if it is unusable."""
        return json.dumps(self._config) if self._config else None

    def unreachable_reason(self) -> str | None:
        """Why the cluster can't be reached, or `None` if it can."""
        try:
            self.client()
        except Unreachable as error:
            return str(error)
        return None


def _selected(options: Options) -> Kubeconfig:
    source = options.kubeconfig or kubeconfigs.ambient()
    if source is None:
        raise KubeconfigError("no kubeconfig is given, and there is none at its usual places")
    return kubeconfigs.select(kubeconfigs.read(source), options.context, options.cluster)


def _connect(config: Kubeconfig) -> DynamicClient:
    from kubernetes import client as api
    from kubernetes.config import ConfigException
    from kubernetes.dynamic import DynamicClient
    from urllib3.exceptions import HTTPError

    from sandbox.plugins.kubernetes.discovery import AggregatedDiscovery

    try:
        return DynamicClient(_api_client(config), discoverer=AggregatedDiscovery)
    except ConfigException as error:
        raise Unreachable(
            "unable to load Kubernetes client configuration from kubeconfig file. Make sure you "
            f"have set up the provider: {error}"
        ) from None
    except (api.ApiException, HTTPError, OSError, RuntimeError) as error:
        raise Unreachable(
            f"unable to load schema information from the API server: {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    status = getattr(error, "status", None)
    if status:
        return f"{status} {getattr(error, 'reason', '')}"
    return str(getattr(error, "reason", None) or error)


def _api_client(config: Kubeconfig) -> Any:
    """A client whose certificate and key were on disk only while they were being read."""
    from kubernetes import client as api
    from kubernetes.config.kube_config import KubeConfigLoader
    from urllib3 import Retry

    configuration = api.Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    configuration.retries = Retry(total=3, connect=1)
    with tempfile.TemporaryDirectory(prefix="pulumi-kubernetes-") as directory:
        KubeConfigLoader(
            config, temp_file_path=directory, config_base_path=str(Path.cwd())
        ).load_and_set(configuration)
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    configuration.ssl_ca_cert = configuration.cert_file = configuration.key_file = None
    client = api.ApiClient(configuration)
    client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return client
