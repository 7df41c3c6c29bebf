"""Where a release's chart comes from, as arguments of the helm program.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/helm_release.go`, `getChart`.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from sandbox.plugins.kubernetes.helm_program import Helm, HelmError

_REPOSITORY: Final = "release"
_FILE_FLAGS: Final = {"caFile": "--ca-file", "certFile": "--cert-file", "keyFile": "--key-file"}


@contextlib.contextmanager
def chart_arguments(helm: Helm, inputs: Mapping[str, Any]) -> Iterator[list[str]]:
    """The chart and the flags that find it, good within the `with` block.

    A repository's password is handed over in files of a private directory, which is then removed.

    Args:
        helm: to log in to a registry, to read a repository's index.
        inputs: completed and revealed.

    Raises:
        HelmError: if a chart's path does not exist, or the repository refuses.
    """
    options = inputs.get("repositoryOpts") or {}
    chart, repository = _resolve(inputs["chart"].strip(), options.get("repo", ""))
    local = _local(chart) if not repository else None
    flags = _flags(inputs, options)
    if local:
        yield [local, *flags]
    elif options.get("username") and options.get("password"):
        with tempfile.TemporaryDirectory(prefix="helm-") as directory:
            login = _registry if chart.startswith("oci://") else _repository
            yield [*login(helm, Path(directory), chart, repository, options), *flags]
    else:
        yield [chart, *(["--repo", repository] if repository else []), *flags]


def chart_version(helm: Helm, inputs: Mapping[str, Any]) -> str:
    """The version of the chart that the inputs lead to now, by the chart's own metadata.

    Raises:
        HelmError: if the chart is not there or is not a chart.
    """
    with chart_arguments(helm, inputs) as chart:
        metadata = _folder_metadata(Path(chart[0])) if not inputs["verify"] else None
        if metadata is None:
            metadata = yaml.safe_load(helm.run(["show", "chart", *chart]))
    if metadata.get("type") not in (None, "", "application"):
        raise HelmError(f"{metadata['type']} charts are not installable")
    return str(metadata["version"])


def _folder_metadata(chart: Path) -> dict[str, Any] | None:
    """The metadata of a chart's folder, if it is as it must be; else helm is to say what is not."""
    try:
        found = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    complete = isinstance(found, dict) and {"apiVersion", "name", "version"} <= found.keys()
    return found if complete else None


def _resolve(chart: str, repository: str) -> tuple[str, str]:
    if chart.startswith("oci://"):
        return chart, ""
    if urlsplit(repository).scheme:
        return chart, repository
    if repository and "/" not in chart:
        return f"{repository}/{chart}", ""
    return chart, ""


def _local(chart: str) -> str | None:
    path = Path(chart)
    if path.is_file() or (path / "Chart.yaml").is_file():
        return str(path.absolute())
    if path.is_absolute() or chart.startswith("."):
        raise HelmError(f'path "{chart}" not found')
    return None


def _flags(inputs: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    flags = []
    if inputs["version"].strip():
        flags += ["--version", inputs["version"].strip()]
    elif inputs["devel"]:
        flags += ["--devel"]
    flags += _file_flags(options)
    if inputs["verify"]:
        flags += ["--verify", "--keyring", inputs["keyring"]]
    return flags


def _file_flags(options: Mapping[str, Any]) -> list[str]:
    given = {flag: options.get(key) for key, flag in _FILE_FLAGS.items()}
    return [part for flag, path in given.items() if path for part in (flag, path)]


def _registry(
    helm: Helm, directory: Path, chart: str, repository: str, options: Mapping[str, Any]
) -> list[str]:
    config = ["--registry-config", str(directory / "registry.json")]
    host = urlsplit(chart).netloc
    login = ["registry", "login", host, "--username", options["username"], "--password-stdin"]
    helm.run([*login, *config], stdin=options["password"], secrets=[options["password"]])
    return [chart, *config]


def _repository(
    helm: Helm, directory: Path, chart: str, repository: str, options: Mapping[str, Any]
) -> list[str]:
    if not repository:
        raise HelmError("repositoryOpts.password needs the repository's URL as repositoryOpts.repo")
    config = ["--repository-config", str(directory / "repositories.yaml")]
    config += ["--repository-cache", str(directory / "cache")]
    login = ["repo", "add", _REPOSITORY, repository, "--username", options["username"]]
    helm.run(
        [*login, "--password-stdin", *_file_flags(options), *config],
        stdin=options["password"],
        secrets=[options["password"]],
    )
    return [f"{_REPOSITORY}/{chart}", *config]
