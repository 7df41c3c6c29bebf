"""Warns about an existing cluster that does not answer, or that another cluster replaced.

If no object changes, the Kubernetes plugin sends no request to the cluster, and the preview shows
no problem. If the cluster was replaced, Pulumi creates the objects on the new cluster and deletes
them on the previous one, which fails if that no longer exists. Source: pulumi-kubernetes 4.25,
provider/pkg/provider/provider.go, `DiffConfig` and `Delete`.
"""

from __future__ import annotations

import pulumi

from ..lifecycle.kubernetes_api import ApiError, in_thread, mapping
from ..lifecycle.last_outputs import last_outputs

SECONDS = 5

FORGET = "PULUMI_K8S_DELETE_UNREACHABLE=true pulumi up --refresh"
"""Command that removes a lost cluster's objects from the state. Helm releases, and all objects
after a failed `up`, need the refresh."""


async def unreachable(kubeconfig: str, context: str | None) -> str:
    """Returns why the API server can't be reached; an empty text if it answers anything.

    The request has no credentials and uses the standard library, because each preview sends it:
    loading the Kubernetes client would take longer than the rest of some previews.
    """
    return await in_thread(_unreachable, kubeconfig, context)


def _unreachable(kubeconfig: str, context: str | None) -> str:
    import ssl
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, build_opener

    try:
        server = _server(kubeconfig, context)
    except ApiError as error:
        return str(error)
    if server is None:
        return "the kubeconfig names no API server"
    # Nothing is sent that another server must not have, and nothing of the answer is used.
    anybody = HTTPSHandler(context=ssl._create_unverified_context())
    try:
        build_opener(anybody).open(f"{server}/version", timeout=SECONDS).close()
    except HTTPError as answer:
        answer.close()
    except (OSError, HTTPException, ValueError) as error:  # the last: it is no URL
        return f"{server} does not answer: {getattr(error, 'reason', error)}"
    return ""


def _server(kubeconfig: str, context: str | None) -> str | None:
    """Returns the API server of the context, or of the current one; None if there is none."""
    document = mapping(kubeconfig)
    try:
        contexts, clusters = (
            {each["name"]: each[kind] for each in document[f"{kind}s"]}
            for kind in ("context", "cluster")
        )
        return str(clusters[contexts[context or document["current-context"]]["cluster"]]["server"])
    except (KeyError, TypeError):  # something on the way is not there, or is another kind
        return None


def warn_if_unreachable(setting: str, kubeconfig: pulumi.Output[str], context: str | None) -> None:
    """Warns, if the cluster can't be reached, that the preview only compares with the state.

    Args:
        setting: the key that names the cluster.
    """

    async def look(known: str) -> None:
        if reason := await unreachable(known, context):
            pulumi.warn(
                f"{setting}: the cluster can't be reached, so nothing on it was compared: {reason}"
            )

    _: pulumi.Output[None] = kubeconfig.apply(look)


def warn_of_lost_cluster(
    name: str, setting: str, output: str, context: str | None
) -> pulumi.ResourceHookBinding:
    """Returns a hook of the provider, which Pulumi creates anew for another cluster.

    Args:
        name: the prefix of the hook's name.
        setting: the key that names the cluster.
        output: the stack's output with the kubeconfig of the previous cluster.
    """

    async def look(args: pulumi.ResourceHookArgs) -> None:
        before = (await last_outputs()).get(output)
        if before and (reason := await unreachable(before, context)):
            pulumi.warn(
                f"{setting}: it is another cluster than before, which can't be reached: {reason}. "
                f"If that one was deleted, run `{FORGET}`, which forgets what was on it"
            )

    hook = pulumi.ResourceHook(f"{name}-lost", look, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook])
