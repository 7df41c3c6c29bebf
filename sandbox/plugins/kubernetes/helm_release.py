"""`kubernetes:helm.sh/v3:Release`: Helm releases, made by the helm program.

Behaviour: pulumi/pulumi-kubernetes, `provider/pkg/provider/helm_release.go`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.plugins.kubernetes import helm_commands as commands
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.helm_chart import chart_arguments, chart_version
from sandbox.plugins.kubernetes.helm_diff import FORCE_NEW, diff_release
from sandbox.plugins.kubernetes.helm_inputs import Failure, complete, failures
from sandbox.plugins.kubernetes.helm_outputs import COMPUTED, INPUTS, Release, outputs, previewed
from sandbox.plugins.kubernetes.helm_preview import HelmPreviews, lint
from sandbox.plugins.kubernetes.helm_program import Helm, HelmError, secret_strings
from sandbox.plugins.kubernetes.helm_store import (
    HALF_INSTALLED,
    HALF_UPGRADED,
    INSTALLED,
    OWNER_LABEL,
    find,
    is_own,
    owner,
)
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.property_diff import Kind
from sandbox.plugins.rpc import Cancelled, Engine, InitializationError, ProviderError
from sandbox.plugins.wire import Secret, has_unknown, reveal


class HelmReleases:
    """The operations on Helm releases of one cluster.

    Args:
        kubeconfig: contents; None for the kubeconfig that kubectl would use.
        context: the kubeconfig's context; None for its current one.
        namespace: where a release goes that names no namespace.
        engine: takes messages.
        cancelled: set when the user interrupts.
        unreachable: why the cluster can't be asked; empty if it can. A preview then renders only.
    """

    def __init__(
        self,
        kubeconfig: str | None,
        context: str | None,
        namespace: str,
        engine: Engine,
        cancelled: threading.Event,
        *,
        unreachable: str = "",
    ) -> None:
        self._helm = Helm(kubeconfig, context, cancelled)
        cluster = Cluster(Options(kubeconfig=kubeconfig, context=context))
        self._previews = HelmPreviews(self._helm, cluster, engine, unreachable)
        self._namespace = namespace
        self._engine = engine
        self._unreachable = unreachable

    def check(
        self, urn: str, olds: Mapping[str, Any], news: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[Failure]]:
        """Complete the inputs, and pin the version to that of the chart found now."""
        inputs = complete(urn, olds, news, self._namespace)
        found = failures(inputs)
        if reveal(inputs["allowNullValues"]) is True:
            self._engine.warning(
                urn,
                "`allowNullValues` is deprecated and has no effect; null values in Helm chart "
                "values are preserved by default.",
            )
        if not found and not has_unknown(inputs):
            try:
                inputs["version"] = chart_version(self._helm, reveal(inputs))
            except HelmError as error:
                hint = "check the chart name and repository configuration."
                found.append(("chart", f"{error}; {hint}"))
        return inputs, found

    def diff(
        self,
        urn: str,
        id: str,
        old_inputs: Mapping[str, Any],
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
    ) -> tuple[dict[str, Kind], list[str], bool]:
        """The changes by property path, those that force a replacement, and False: the new
        release is made before the old one goes."""
        state = {
            key: value for key, value in reveal(olds).items() if key not in {*COMPUTED, INPUTS}
        }
        changes = diff_release(reveal(old_inputs), state, reveal(news))
        return changes, [path for path in changes if path in FORCE_NEW], False

    def create(
        self, urn: str, inputs: Mapping[str, Any], timeout: float | None, preview: bool
    ) -> tuple[str, dict[str, Any]]:
        """Install, or in a preview let the chart be rendered and validated.

        Raises:
            InitializationError: the release is there but has failed.
            ProviderError: there is no release.
        """
        if preview:
            self._previews.run(urn, inputs, upgrade=False)
            return "", previewed(inputs)
        self._require_cluster("create")
        identity = _identity(inputs)
        self._clear_remnant(urn, inputs, timeout)
        try:
            self._install(urn, inputs, timeout)
        except (HelmError, Cancelled) as error:
            release = find(self._helm, inputs)
            if (
                release is None
                or release.status in INSTALLED
                or not is_own(self._helm, urn, inputs)
            ):
                raise
            raise _failed(identity, outputs(inputs, release), "was created, but ", error) from error
        return identity, outputs(inputs, self._get(inputs))

    def read(
        self, urn: str, id: str, old_inputs: Mapping[str, Any], olds: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
        """The release as it is: its ID, inputs, outputs; None if there is none.

        With nothing known of it, this is an import: `id` is `namespace/name`, and the inputs are
        taken from the release.
        """
        if olds.get("name"):
            release = find(self._helm, olds)
            if release is None:
                return None
            stored = olds.get(INPUTS) or {}
            inputs = dict(old_inputs or (stored.value if isinstance(stored, Secret) else stored))
            return id, inputs, outputs(inputs, release)
        namespace, _, name = id.rpartition("/")
        known: dict[str, Any] = {"name": name, "namespace": namespace or self._namespace}
        release = find(self._helm, known)
        if release is None:
            return None
        chart = _local_chart(release) or release.chart
        known |= {"chart": chart, "version": release.version, "values": release.values}
        inputs = complete(urn, {}, known, self._namespace)
        return id, inputs, outputs(inputs, release)

    def update(
        self,
        urn: str,
        id: str,
        olds: Mapping[str, Any],
        old_inputs: Mapping[str, Any],
        news: Mapping[str, Any],
        timeout: float | None,
        preview: bool,
    ) -> dict[str, Any]:
        """Upgrade; a release left half done is repaired first.

        Raises:
            InitializationError: the upgrade has failed.
        """
        if preview:
            self._previews.run(urn, news, upgrade=True)
            return previewed(news)
        self._require_cluster("update")
        before = find(self._helm, news)
        if before is None:
            raise ProviderError(
                f"the Helm release {_identity(news)} is gone from the cluster; "
                "run `pulumi refresh` to have it made again"
            )
        try:
            self._upgrade(urn, news, timeout, before)
        except (HelmError, Cancelled) as error:
            release = find(self._helm, news)
            if release is None or release.revision == before.revision:
                raise
            raise _failed(id, outputs(news, release), "", error) from error
        return outputs(news, self._get(news))

    def delete(self, urn: str, id: str, olds: Mapping[str, Any], timeout: float | None) -> None:
        """Uninstall, and wait for it unless told otherwise."""
        self._require_cluster("delete")
        self._run(urn, commands.uninstall(reveal(olds), timeout))

    def _install(self, urn: str, inputs: Mapping[str, Any], timeout: float | None) -> None:
        plain = reveal(inputs)
        label = f"{OWNER_LABEL}={owner(urn)}"
        with chart_arguments(self._helm, plain) as chart:
            lint(self._helm, plain, chart, secret_strings(inputs))
            self._run(
                urn,
                [*commands.install(plain, chart, timeout), "--labels", label],
                stdin=commands.values(plain),
                secrets=secret_strings(inputs),
            )

    def _upgrade(
        self, urn: str, inputs: Mapping[str, Any], timeout: float | None, release: Release
    ) -> None:
        if not self._repair(urn, inputs, timeout, release):
            self._install(urn, inputs, timeout)
            return
        plain = reveal(inputs)
        with chart_arguments(self._helm, plain) as chart:
            lint(self._helm, plain, chart, secret_strings(inputs))
            self._run(
                urn,
                commands.upgrade(plain, chart, timeout),
                stdin=commands.values(plain),
                secrets=secret_strings(inputs),
            )

    def _repair(
        self, urn: str, inputs: Mapping[str, Any], timeout: float | None, release: Release
    ) -> bool:
        """Bring a half done release to where it can be upgraded; False if it must be installed."""
        if release.status in INSTALLED | {"failed"}:
            return True
        plain = reveal(inputs)
        revisions = self._helm.json(commands.history(plain))
        good = [item["revision"] for item in revisions if item["status"] in INSTALLED]
        if release.status in HALF_UPGRADED and good:
            self._engine.warning(urn, f"repairing the release, left in {release.status!r}")
            self._run(urn, commands.rollback(plain, max(good), timeout))
            return True
        self._remove(urn, inputs, timeout, release)
        return False

    def _remove(
        self, urn: str, inputs: Mapping[str, Any], timeout: float | None, release: Release
    ) -> None:
        self._engine.warning(urn, f"removing the release, left in {release.status!r}")
        self._run(urn, commands.uninstall(reveal(inputs), timeout))

    def _clear_remnant(self, urn: str, inputs: Mapping[str, Any], timeout: float | None) -> None:
        release = find(self._helm, inputs)
        if release and release.status in HALF_INSTALLED and is_own(self._helm, urn, inputs):
            self._remove(urn, inputs, timeout, release)

    def _get(self, inputs: Mapping[str, Any]) -> Release:
        release = find(self._helm, inputs)
        if release is None:
            raise ProviderError(f"the Helm release {_identity(inputs)} was removed meanwhile")
        return release

    def _require_cluster(self, verb: str) -> None:
        if self._unreachable:
            raise ProviderError(
                f"can't {verb} Helm Release with unreachable cluster: {self._unreachable}"
            )

    def _run(self, urn: str, command: list[str], **options: Any) -> None:
        self._helm.run(command, progress=partial(self._engine.status, urn), **options)
        self._engine.status(urn, "")


def _identity(inputs: Mapping[str, Any]) -> str:
    plain = reveal(inputs)
    return f"{plain['namespace']}/{plain['name']}"


def _failed(
    identity: str, properties: Mapping[str, Any], verb: str, error: ProviderError
) -> InitializationError:
    reason = (
        f'Helm release "{identity}" {verb}failed to initialize completely. '
        "Use Helm CLI to investigate: failed to become available within allocated timeout. "
        f"Error: Helm Release {identity}: {error}"
    )
    return InitializationError(identity, properties, [reason])


def _local_chart(release: Release) -> str | None:
    """The chart in the program's directory: a folder or an archive, with or without version."""
    for stem in (f"{release.chart}-{release.version}", release.chart):
        if Path(stem, "Chart.yaml").is_file():
            return stem
        if Path(f"{stem}.tgz").is_file():
            return f"{stem}.tgz"
    return None
