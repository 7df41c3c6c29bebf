"""Clusters that runs of this stack have left in the account, named before there is another one.

A run that is killed while it creates the cluster does not note its ID: the cluster stays, costs,
and is in no state. The next run creates another one.
"""

from __future__ import annotations

import re

import pulumi

from ..exoscale.api import get_if_available
from ..exoscale.display_name import display_name
from ..lifecycle.last_outputs import last_outputs

OUTPUT = "cluster_name"
"""The stack's output with the name of its cluster, which this run may replace."""


def warn_of_orphaned_clusters(
    name: str, zone: str, given: str | None
) -> pulumi.ResourceHookBinding:
    """A hook for the creation of the cluster `name`, run in a preview too.

    Args:
        given: the name that the settings give it where Exoscale shows it.
    """

    async def look(args: pulumi.ResourceHookArgs) -> None:
        pattern = re.escape(given) if given else f"{re.escape(display_name(name))}-[0-9a-f]{{7}}"
        found = orphaned_clusters(zone, pattern)
        deployed = (await last_outputs()).get(OUTPUT) if found else None
        commands = [command for shown, command in found if shown != deployed]
        if commands:
            pulumi.warn(
                "the account has clusters with this stack's name. Unless this run replaces them, "
                "or another stack has them, a run that was killed has left them, and they cost. "
                "To delete one:" + "".join(f"\n  {command}" for command in commands)
            )

    hook = pulumi.ResourceHook(f"{name}-left", look, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook])


def orphaned_clusters(zone: str, pattern: str) -> list[tuple[str, str]]:
    """The clusters in the zone whose name matches all of the pattern: name, and what deletes it.

    Names are as `Pulumi.yaml` has them made. A label would say no more, and stacks that are
    deployed have none.

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
