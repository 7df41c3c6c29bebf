"""What a preview finds out about a release: whether it renders, and the cluster would take it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.plugins.kubernetes import helm_commands as commands
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.kubernetes.helm_chart import chart_arguments
from sandbox.plugins.kubernetes.helm_dry_run import refusals
from sandbox.plugins.kubernetes.helm_program import Helm, HelmError, redact, secret_strings
from sandbox.plugins.kubernetes.helm_store import HALF_INSTALLED, HALF_UPGRADED, find
from sandbox.plugins.rpc import Engine
from sandbox.plugins.wire import has_unknown, reveal

UNREACHABLE: Final = "Kubernetes cluster unreachable"


class HelmPreviews:
    """Previews for one cluster; where it can't be asked, charts are rendered only.

    Args:
        helm: for the cluster.
        cluster: the same one.
        engine: takes messages.
        unreachable: why the cluster can't be asked; empty if it can, as far as is known.
    """

    def __init__(self, helm: Helm, cluster: Cluster, engine: Engine, unreachable: str) -> None:
        self._helm = helm
        self._cluster = cluster
        self._engine = engine
        self._unreachable = unreachable

    def run(self, urn: str, inputs: Mapping[str, Any], upgrade: bool) -> None:
        """Preview an installation or an upgrade; nothing is looked at while a value is unknown.

        Raises:
            HelmError: if it would fail.
        """
        if has_unknown(inputs):
            return
        plain = reveal(inputs)
        options: dict[str, Any] = {
            "stdin": commands.values(plain),
            "secrets": secret_strings(inputs),
        }
        with chart_arguments(self._helm, plain) as chart:
            lint(self._helm, plain, chart, secret_strings(inputs))
            if self._unreachable:
                self._helm.run(commands.template(plain, chart, validate=False), **options)
                return
            try:
                release = find(self._helm, inputs)
                if release and release.status in HALF_INSTALLED | HALF_UPGRADED:
                    self._helm.run(commands.template(plain, chart, validate=True), **options)
                    return
                dry_run = commands.upgrade if upgrade else commands.install
                rendered = self._helm.json(dry_run(plain, chart, None, preview=True), **options)
            except HelmError as error:
                if UNREACHABLE not in str(error):
                    raise
                self._engine.warning(urn, "the cluster can't be reached: chart rendered only")
                self._helm.run(commands.template(plain, chart, validate=False), **options)
                return
        if not plain["forceUpdate"]:
            self._dry_run(inputs, rendered["manifest"])

    def _dry_run(self, inputs: Mapping[str, Any], manifest: str) -> None:
        found = refusals(self._cluster.client(), reveal(inputs["namespace"]), manifest)
        if found:
            text = "the API server refuses what the chart renders:\n" + "\n".join(found)
            raise HelmError(redact(text, secret_strings(inputs)))


def lint(helm: Helm, plain: Mapping[str, Any], chart: list[str], secrets: set[str]) -> None:
    """Have helm lint the chart with the values, if that is asked for.

    Raises:
        HelmError: if there is something to complain of.
    """
    if plain["lint"]:
        if not Path(chart[0]).exists():
            raise HelmError("lint is supported by the sandbox for a chart given by path only")
        helm.run(["lint", chart[0], "--values", "-"], stdin=commands.values(plain), secrets=secrets)
