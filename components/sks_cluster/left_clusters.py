"""Clusters that runs of this stack have left in the account, named before there is another one.

A run that is killed while it creates the cluster does not note its ID: the cluster stays, costs,
and is in no state. The next run creates another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pulumi

from components.shown_name import shown_name
from components.sks_cluster.exoscale_api import ask


def warn_of_left_clusters(name: str, zone: str, given: str | None) -> pulumi.ResourceHookBinding:
    """A hook for the creation of the cluster `name`, run in a preview too.

    Args:
        given: the name that the settings give it where Exoscale shows it.
    """

    def look(args: pulumi.ResourceHookArgs) -> None:
        pattern = re.escape(given) if given else f"{re.escape(shown_name(name))}-[0-9a-f]{{7}}"
        if found := list(left_clusters(zone, pattern)):
            pulumi.warn(
                "the account has clusters with this stack's name. Unless this run replaces them, "
                "or another stack has them, a run that was killed has left them, and they cost. "
                "To delete one:" + "".join(f"\n  {line}" for line in found)
            )

    hook = pulumi.ResourceHook(f"{name}-left", look, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook])


def left_clusters(zone: str, pattern: str) -> Iterator[str]:
    """A command for each cluster in the zone whose name matches all of the pattern.

    Names are as `Pulumi.yaml` has them made. A label would say no more, and stacks that are
    deployed have none.

    Source: Exoscale's OpenAPI, `list-sks-clusters`.
    """
    answer = ask(zone, "sks-cluster") or {}
    for each in answer.get("sks-clusters", ()):
        if re.fullmatch(pattern, each.get("name", "")):
            command = f"exo compute sks delete {each['id']} --zone {zone} --nodepools"
            yield f"{command}   # {each['name']}, of {each.get('created-at', 'an unknown time')}"
