"""All rules."""

from __future__ import annotations

from policies import availability, clear_secrets, cluster, containers, https, network
from policies.rule import Rule, StackRule

RULES: tuple[Rule | StackRule, ...] = (
    *network.RULES,
    *containers.RULES,
    *clear_secrets.RULES,
    *availability.RULES,
    *cluster.RULES,
    *https.RULES,
)
