"""The settings of a review stack: the applications of another stack, on the same cluster.

The two stacks share nothing but the cluster and the ingress controller. Namespaces, hosts and paths
have the review stack's name as a prefix. Databases and persistent volumes are new and are deleted
with the stack.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from components.args.errors import problem_lines
from components.args.image import Image
from stack.args import StackArgs
from stack.checks.routes import route_conflicts
from tools.pulumi_command import ToolError

CLUSTER_KEYS = ("cluster", "existingCluster", "ingress", "production")
"""Keys of the other stack on the cluster, the ingress controller and the strictness of checks."""

STACK_ONLY_KEYS = ("adopt", "nodepool", "additionalHosts")
"""Keys of an application that require the cluster's stack, an existing object or a DNS name."""

DATA_KEYS = ("backup", "volume")
"""Keys of a database or a volume that refer to data outside of it."""


def review_settings(
    values: Mapping[str, Any],
    source: str,
    stack: str,
    image: str = "",
    secret: Collection[str] = (),
) -> dict[str, Any]:
    """Returns the settings of the review stack `stack`.

    Args:
        values: the decrypted settings of the stack `source`, without the project's name.
        image: IMAGE, which replaces the applications' images.
        secret: the keys with encrypted values. Messages do not contain values below them.

    Raises:
        ToolError: the settings of `source` or IMAGE are wrong, or the stacks would conflict.
    """
    settings = _parsed(values, source, secret)
    images = _images(image, [app.name for app in settings.apps])
    namespaces = _namespaces(settings, stack)
    existing = values.get("existingCluster") or {}
    review: dict[str, Any] = {"existingCluster": existing_cluster(existing, source)}
    if settings.controller:
        review["ingress"] = {"existing": (values.get("ingress") or {}).get("existing") or {}}
    review |= _without(values, *CLUSTER_KEYS)
    if "namespaces" in values:
        review["namespaces"] = [
            _without(each, "adopt", "existing") | {"name": namespaces[each["name"]]}
            for each in values["namespaces"]
        ]
    if dns := values.get("dns"):
        review["dns"] = _without(dns, "create")
    review["apps"] = [
        _app(app, stack, namespaces, images.get(app["name"])) for app in values.get("apps", ())
    ]
    _check_conflicts(values.get("apps", ()), review["apps"], namespaces, source)
    return review


def existing_cluster(existing: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Returns the setting `existingCluster` of a stack on the cluster of the stack `source`.

    Args:
        existing: the same setting of the stack `source`. Empty if that has the key `cluster`.
    """
    context = {key: value for key, value in existing.items() if key == "context"}
    return {"stack": source} | context


def _parsed(values: Mapping[str, Any], source: str, secret: Collection[str]) -> StackArgs:
    try:
        return StackArgs.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        lines = problem_lines(error, StackArgs, secret)
        raise ToolError(f"wrong settings in Pulumi.{source}.yaml: {'; '.join(lines)}") from None


def _images(text: str, apps: list[str]) -> dict[str, str]:
    """Parses IMAGE: NAME=IMAGE for each application, or an image for the only application.

    Raises:
        ToolError: names what is wrong.
    """
    found: dict[str, str] = {}
    for word in text.split():
        name, named, image = word.rpartition("=")
        if not named and len(apps) == 1:
            (name,) = apps
        if name not in apps:
            allowed = f"must be NAME=IMAGE, with one of the applications {', '.join(apps)}"
            raise ToolError(f"IMAGE: {json.dumps(word)}: {allowed}")
        try:
            found[name] = TypeAdapter(Image).validate_python(image)
        except ValidationError as error:
            allowed = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ToolError(f"IMAGE: {json.dumps(image)}: {allowed}") from None
    return found


def _namespaces(settings: StackArgs, stack: str) -> dict[str, str]:
    """Returns the review stack's namespace for each namespace of the other stack."""
    names = [each.name for each in settings.app_namespaces]
    return {name: stack if len(names) == 1 else f"{stack}-{name}" for name in names}


def _app(
    app: Mapping[str, Any], stack: str, namespaces: Mapping[str, str], image: str | None
) -> dict[str, Any]:
    review = _without(app, *STACK_ONLY_KEYS)
    review["namespace"] = namespaces[app.get("namespace") or app["name"]]
    if image:
        review["image"] = image
    if workers := app.get("workers"):
        review["workers"] = [_without(each, "nodepool") for each in workers]
    review |= _route(app, stack)
    if balancer := app.get("loadBalancer"):
        review["loadBalancer"] = _without(balancer, "existing", "name")
    if policy := app.get("networkPolicy"):
        peers = {key: policy[key] for key in ("from", "egress") if key in policy}
        review["networkPolicy"] = policy | {
            key: [_peer(each, namespaces) for each in listed] for key, listed in peers.items()
        }
    if schedules := app.get("schedules"):
        review["schedules"] = [_schedule(each) for each in schedules]
    if database := app.get("database"):
        kept = {"keepData": False, "allowDataLoss": True}
        review["database"] = _without(database, *DATA_KEYS) | kept
    if volumes := app.get("volumes"):
        review["volumes"] = [_volume(each) for each in volumes]
    return review


def _schedule(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Suspends a schedule, unless it is to run in review stacks too."""
    review = _without(schedule, "nodepool")
    return review | {"suspend": True} if schedule.get("suspendInReviews", True) else review


def _route(app: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """Returns the host, the path or the regular expression of the review application."""
    host, path, ingress = (app.get(key) for key in ("host", "path", "ingress"))
    if host:
        any_host, rest = ("*.", host[2:]) if host.startswith("*.") else ("", host)
        return {"host": f"{any_host}{stack}.{rest}"}
    if path:
        return {"path": f"/{stack}{path.rstrip('/')}"}
    if ingress and ingress.get("regex"):
        return {"ingress": ingress | {"regex": f"/{stack}{ingress['regex']}"}}
    return {}


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a volume of the review application. A persistent one is new, and is not kept."""
    if "size" not in volume:
        return dict(volume)
    return _without(volume, *DATA_KEYS) | {"keep": False, "allowDataLoss": True}


def _peer(peer: Mapping[str, Any], namespaces: Mapping[str, str]) -> dict[str, Any]:
    """Replaces the namespace of a peer by the review stack's. Other peers stay as they are."""
    named = {key: namespaces.get(each, each) for key, each in peer.items() if key == "namespace"}
    return {**peer, **named}


def _without(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def _check_conflicts(apps: Any, review: Any, namespaces: Mapping[str, str], source: str) -> None:
    """Checks that the review stack's namespaces and routes differ from the other stack's.

    Raises:
        ToolError: names a namespace or route that both would use.
    """
    file = f"Pulumi.{source}.yaml"
    for namespace in sorted(namespaces.keys() & set(namespaces.values())):
        raise ToolError(f"{file}: the review stack needs the namespace {namespace}: rename it")
    for app in review:
        for line in route_conflicts([*apps, app], nested=False):
            key, _, reason = line.partition(": ")
            if not key.startswith(f"apps[{len(apps)}]."):
                continue  # a conflict within the other stack
            raise ToolError(f"{file}: conflict with {app['name']} of the review stack: {reason}")
