"""Refuses settings that the account doesn't allow, before a resource that costs money is created.

Hooks run before creations and relevant changes, also in previews. They read the account's limits
once for all resources. A preview without such a change sends no request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pulumi

from ...args.problem import line
from ...lifecycle.before_update import RefusedUpdate
from ..args import SksClusterArgs
from ..nodepools.args import NodePoolArgs
from .account import CLUSTERS, INSTANCES, QUOTA_HINT, Account, read_account

REPLACEMENT = "during a replacement, such as an upgrade, a nodepool has twice its nodes"


class AccountChecks:
    """The checks for a cluster."""

    def __init__(self, name: str, settings: SksClusterArgs) -> None:
        self._name = name
        self._settings = settings
        self._pools = {f"{name}-{pool.name}": pool for pool in settings.nodepools}
        self._read: asyncio.Task[Account] | None = None
        self._added: dict[str, int] = {}
        """Number of instances that this run or the autoscaler adds, by nodepool."""

    def cluster_hooks(self) -> pulumi.ResourceHookBinding:
        """Returns the hooks for the cluster."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered", self.check_new_cluster)],
            before_update=[self._hook("offered-update", self.check_upgrade)],
        )

    def group_hooks(self) -> pulumi.ResourceHookBinding:
        """Returns the hooks for the security group, which Pulumi creates beside the cluster."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered-beside", self.check_new_group)]
        )

    def nodepool_hooks(self) -> pulumi.ResourceHookBinding:
        """Returns the hooks for the nodepools."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered-nodepool", self.check_new_nodepool)],
            before_update=[self._hook("offered-nodepool-update", self.check_nodepool_update)],
        )

    def _hook(
        self, name: str, check: Callable[[pulumi.ResourceHookArgs], Awaitable[None]]
    ) -> pulumi.ResourceHook:
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHook(f"{self._name}-{name}", check, options)

    async def check_new_cluster(self, args: pulumi.ResourceHookArgs) -> None:
        """Checks everything that a new cluster needs, including its nodepools.

        Raises:
            RefusedUpdate: a line for each reason. The other methods raise it too.
        """
        account = await self._account()
        self._added = {name: pool.max_size for name, pool in self._pools.items()}
        _refuse([*self._kinds(account), *self._cluster_quota(account), *self._nodes(account)])

    async def check_new_group(self, args: pulumi.ResourceHookArgs) -> None:
        """Checks the zone, the version and the instance types, for new and existing clusters."""
        _refuse(self._kinds(await self._account()))

    async def check_upgrade(self, args: pulumi.ResourceHookArgs) -> None:
        """Checks a new version, and the quota for the nodepools that replace the current ones."""
        if not is_new(self._settings.version, args):
            return
        account = await self._account()
        replaced = {n: p.max_size for n, p in self._pools.items() if p.replace_on_upgrade}
        self._added.update(replaced)
        _refuse([*self._version(account), *self._nodes(account)])

    async def check_new_nodepool(self, args: pulumi.ResourceHookArgs) -> None:
        """Checks a new nodepool, or one that replaces another."""
        account = await self._account()
        pool = self._pools[args.name]
        self._added[args.name] = pool.max_size
        _refuse([*self._type(account, pool), *self._nodes(account)])

    async def check_nodepool_update(self, args: pulumi.ResourceHookArgs) -> None:
        """Checks a nodepool whose instance type changes or whose size increases."""
        before, pool = args.old_inputs or {}, self._pools[args.name]
        more = 0 if pool.autoscale else pool.max_size - int(before["size"])
        other = pool.instance_type != str(before["instanceType"]).lower()
        if more <= 0 and not other:
            return
        account = await self._account()
        if more > 0:
            self._added[args.name] = more
        _refuse(
            [
                *(self._type(account, pool) if other else ()),
                *(self._nodes(account) if more > 0 else ()),
            ]
        )

    async def check_more_nodes(self, name: str, more: int) -> None:
        """Checks a higher maximum of a nodepool with an autoscaler.

        Args:
            name: the nodepool's name in the program.
            more: the number of nodes that the autoscaler may add.
        """
        self._added[name] = more
        _refuse(self._nodes(await self._account()))

    async def _account(self) -> Account:
        if self._read is None:
            self._read = asyncio.ensure_future(read_account())
        return await self._read

    def _kinds(self, account: Account) -> Iterator[str]:
        """Yields errors of the zone, the version and the instance types."""
        zone = self._settings.zone
        yield from self._line(("zone",), zone, account.zone_error(zone))
        yield from self._version(account)
        for pool in self._settings.nodepools:
            yield from self._type(account, pool)

    def _version(self, account: Account) -> Iterator[str]:
        version = self._settings.version
        yield from self._line(("version",), version, account.version_error(version))

    def _type(self, account: Account, pool: NodePoolArgs) -> Iterator[str]:
        allowed = account.instance_type_error(pool.instance_type, self._settings.zone)
        yield from self._line((*self._place(pool), "instanceType"), pool.instance_type, allowed)

    def _cluster_quota(self, account: Account) -> Iterator[str]:
        if reason := account.quota_error(CLUSTERS, 1):
            yield f"{self._name}: {reason}: delete a cluster, or {QUOTA_HINT}"

    def _nodes(self, account: Account) -> Iterator[str]:
        """Yields an error if all nodepools together exceed the quota of instances."""
        reason = account.quota_error(INSTANCES, sum(self._added.values()))
        if not reason:
            return
        allowed = f"{reason}; {REPLACEMENT}: use fewer nodes, or {QUOTA_HINT}"
        pools = [self._pools[name] for name in self._added]
        if len(pools) == 1:
            key = ("autoscale", "max") if pools[0].autoscale else ("size",)
            yield from self._line((*self._place(pools[0]), *key), pools[0].max_size, allowed)
        else:
            sizes = {pool.name: pool.max_size for pool in pools}
            yield from self._line(("nodepools",), sizes, allowed)

    def _place(self, pool: NodePoolArgs) -> tuple[str | int, ...]:
        return ("nodepools", self._settings.nodepools.index(pool))

    def _line(self, place: tuple[str | int, ...], value: object, allowed: str) -> Iterator[str]:
        if allowed:
            yield line((self._name, *place), value, allowed)


def is_new(version: str, args: pulumi.ResourceHookArgs) -> bool:
    """Returns whether a version differs from the version of the last run and the running one."""
    before, running = args.old_inputs or {}, args.old_outputs or {}
    return version not in (before.get("version"), running.get("version"))


def _refuse(reasons: Iterable[str]) -> None:
    found = list(reasons)
    if found:
        raise RefusedUpdate("\n".join(found))
