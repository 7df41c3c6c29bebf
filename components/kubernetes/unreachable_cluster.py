"""An existing cluster that does not answer, and another one in its place.

The Kubernetes plugin asks a cluster nothing where no object changes, so that the preview is clean.
Where there is another cluster, objects are created on it, and deleted on the one before, which
fails if that one is gone. Source: pulumi-kubernetes 4.25, provider/pkg/provider/provider.go,
`DiffConfig` and `Delete`.
"""

from __future__ import annotations

import pulumi

from components.kubernetes.kubernetes_api import ApiError, in_thread, mapping
from components.last_outputs import last_outputs

SECONDS = 5

FORGET = "PULUMI_K8S_DELETE_UNREACHABLE=true pulumi up --refresh"
"""Without a refresh, Helm releases can't be forgotten, nor anything after an `up` that failed."""


async def unreachable(kubeconfig: str, context: str | None) -> str:
    """Returns why the API server can't be asked; nothing if it answers anything at all.

    It is asked without credentials, by the standard library: each preview asks, and the client that
    has credentials takes longer to load than the rest of some previews.
    """
    return await in_thread(_unreachable, kubeconfig, context)


def _unreachable(kubeconfig: str, context: str | None) -> str:
    import ssl
    from urllib.error import HTTPError, URLError
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
        build_opener(anybody).open(f"{server}/version", timeout=SECONDS)
    except HTTPError:
        return ""
    except (URLError, OSError) as error:
        return f"{server} does not answer: {getattr(error, 'reason', error)}"
    return ""


def _server(kubeconfig: str, context: str | None) -> str | None:
    """Returns the API server of the context, or of the current one."""
    document = mapping(kubeconfig)
    named = {
        kind: {each["name"]: each[kind[:-1]] for each in document.get(kind) or ()}
        for kind in ("contexts", "clusters")
    }
    used = named["contexts"].get(context or document.get("current-context"), {})
    server: str | None = named["clusters"].get(used.get("cluster"), {}).get("server")
    return server


def warn_if_unreachable(
    setting: str, kubeconfig: pulumi.Output[str], context: str | None
) -> pulumi.Output[bool]:
    """Warns that a preview shows what the state says, not what is on the cluster.

    Returns whether the cluster can be reached.

    Args:
        setting: the key that says which cluster it is.
    """

    async def is_reached(known: str) -> bool:
        reason = await unreachable(known, context)
        if reason:
            pulumi.warn(
                f"{setting}: the cluster can't be reached, so nothing on it was compared: {reason}"
            )
        return not reason

    reached: pulumi.Output[bool] = kubeconfig.apply(is_reached)
    return reached


def warn_of_lost_cluster(
    name: str, setting: str, output: str, context: str | None
) -> pulumi.ResourceHookBinding:
    """Returns a hook for the provider, which is created for a cluster that is not the one before.

    Args:
        name: distinguishes the hook from others.
        setting: the key that says which cluster it is.
        output: the stack's output that still has the kubeconfig of the cluster before.
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
