"""Warns about clusters that killed runs of this stack have left in the account.

If a run is killed while it creates the cluster, the stack's state does not contain the cluster's
ID. The cluster stays in the account and causes costs, and the next run creates another one.
"""

from __future__ import annotations

import re

import pulumi

from ..exoscale.api import get_if_available
from ..exoscale.display_name import display_name
from ..lifecycle.last_outputs import last_outputs

OUTPUT = "cluster_name"
"""The stack's output that contains the name of its cluster. This run may replace the cluster."""


def warn_of_orphaned_clusters(
    name: str, zone: str, given: str | None
) -> pulumi.ResourceHookBinding:
    """Returns a hook for the creation of the cluster `name`. It also runs in previews.

    Args:
        given: the name at Exoscale that the settings contain. Default: the engine generates it.
    """

    async def warn(args: pulumi.ResourceHookArgs) -> None:
        pattern = re.escape(given) if given else f"{re.escape(display_name(name))}-[0-9a-f]{{7}}"
        found = orphaned_clusters(zone, pattern)
        deployed = (await last_outputs()).get(OUTPUT) if found else None
        commands = [command for shown, command in found if shown != deployed]
        if commands:
            pulumi.warn(
                "the account has clusters with this stack's name. If this run doesn't replace them "
                "and no other stack uses them, a killed run has left them, and they cause costs. "
                "To delete one:" + "".join(f"\n  {command}" for command in commands)
            )

    hook = pulumi.ResourceHook(f"{name}-left", warn, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook])


def orphaned_clusters(zone: str, pattern: str) -> list[tuple[str, str]]:
    """Returns the name and the deletion command of each cluster whose full name matches a pattern.

    The engine generates names as `Pulumi.yaml` defines. A label would give no more information, and
    clusters of deployed stacks have none.

    Source: Exoscale's OpenAPI, `list-sks-clusters`.
    """
    answer = get_if_available(zone, "/sks-cluster") or {}
    return [
        (
            each["name"],
            f"exo compute sks delete {each['id']} --zone {zone} --nodepools"
            f"   # {each['name']}, of {each.get('created-at', 'an unknown time')}",
        )
        for each in answer.get("sks-clusters", ())
        if re.fullmatch(pattern, each.get("name", ""))
    ]
