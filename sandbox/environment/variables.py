"""The environment variables of commands that run in the sandbox."""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.account import LOOPBACK, Account
from sandbox.paths import TOOLS_BIN, authorities, pulumi_home, temporary_files

FOREIGN = (
    "EXOSCALE_API_ACCOUNT",
    "EXOSCALE_API_ENVIRONMENT",
    "EXOSCALE_CONFIG",
    "EXOSCALE_KEY",
    "EXOSCALE_SECRET",
    "EXOSCALE_SECRET_KEY",
    "EXOSCALE_SOS_ENDPOINT",
    "EXOSCALE_STORAGE_API_ENDPOINT",
    "CLOUDSTACK_API_KEY",
    "CLOUDSTACK_KEY",
    "CLOUDSTACK_SECRET",
    "CLOUDSTACK_SECRET_KEY",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PYTHONHOME",
)
"""Variables that would make a command leave the sandbox; removed from its environment."""

CLOUD_DOMAINS = ("exoscale.com", "exoscale.ch", "exo.io")
"""Exoscale's domains. The proxy rejects their names, except those that the sandbox serves.
"""

AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name the file of trusted authorities: for Go and OpenSSL, for requests, for curl.
"""

PARALLEL = "PULUMI_PARALLEL"
LEAST_PARALLEL = 16
"""Operations that Pulumi runs at once, also on a small machine: most of them wait, a namespace's
deletion for five seconds. Pulumi's own number is four for each core."""

SLOW = ("PYTHONDONTWRITEBYTECODE",)
"""Variables that would make Python compile the program and the plugins at each start; removed too.
"""


def sandbox_variables(
    account: Account,
    home: Path,
    outer: Mapping[str, str] = os.environ,
    plugins: Path | None = None,
) -> dict[str, str]:
    """Returns the variables that the sandbox sets.

    Args:
        account: the sandbox's account.
        home: the sandbox's home.
        outer: the outer environment, whose PATH and NO_PROXY are extended.
        plugins: the folder of provider plugins that `--plugins` names.
    """
    path = [str(TOOLS_BIN), str(Path(sys.executable).parent)]
    path += [
        folder for folder in outer.get("PATH", os.defpath).split(os.pathsep) if folder not in path
    ]
    variables = {
        "PATH": os.pathsep.join(path),
        "SANDBOX_HOME": str(home),
        "TMPDIR": str(temporary_files(home)),
        "PULUMI_HOME": str(pulumi_home(home, plugins)),
        # Without metadata: Pulumi replaces a state atomically, but not the .attrs file beside it.
        # If Pulumi is killed while it writes that file, the next command fails with
        # "failed to load checkpoint: EOF".
        "PULUMI_BACKEND_URL": f"file://{home / 'pulumi-state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": account.passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Pulumi would prefer a provider plugin on PATH to the sandbox's plugin.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        PARALLEL: outer.get(PARALLEL) or str(max(LEAST_PARALLEL, 4 * (os.cpu_count() or 1))),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "EXOSCALE_API_ENDPOINT": account.endpoint,
        "EXOSCALE_API_KEY": account.api_key,
        "EXOSCALE_API_SECRET": account.api_secret,
        "KUBECONFIG": str(home / "kubeconfig"),
    }
    if sys.prefix != sys.base_prefix:
        variables["VIRTUAL_ENV"] = sys.prefix
    for name in AUTHORITIES:
        variables[name] = str(authorities(home))
    for name in ("HTTPS_PROXY", "https_proxy"):
        variables[name] = account.proxy_url
    for name in ("NO_PROXY", "no_proxy"):
        hosts = _without_cloud_domains(outer.get(name, "").split(","))
        variables[name] = ",".join(dict.fromkeys([*hosts, LOOPBACK, "localhost"]))
    return variables


def _without_cloud_domains(hosts: Iterable[str]) -> list[str]:
    """Returns the NO_PROXY entries without those that would bypass the proxy for Exoscale."""
    kept = []
    for host in filter(None, map(str.strip, hosts)):
        suffix = f".{host.lstrip('*.')}"
        covered = any(
            f".{domain}".endswith(suffix) or suffix.endswith(f".{domain}")
            for domain in CLOUD_DOMAINS
        )
        if host != "*" and not covered:
            kept.append(host)
    return kept


def command_environment(
    account: Account,
    home: Path,
    outer: Mapping[str, str] = os.environ,
    plugins: Path | None = None,
) -> dict[str, str]:
    """Returns the whole environment of a command: `outer` with the sandbox's changes."""
    kept = {name: value for name, value in outer.items() if name not in (*FOREIGN, *SLOW)}
    return {**kept, **sandbox_variables(account, home, outer, plugins)}


def export_lines(
    account: Account,
    home: Path,
    outer: Mapping[str, str] = os.environ,
    plugins: Path | None = None,
) -> list[str]:
    """Returns shell lines that change the outer environment into the sandbox's."""
    variables = sandbox_variables(account, home, outer, plugins)
    return [
        *(f"unset {name}" for name in (*FOREIGN, *SLOW) if name in outer),
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
