"""What the account can't have, refused by a preview before anything that costs is created.

The hooks of what is about to be created, or changed in a way that matters, ask Exoscale once, for
all of them. A preview without such a change asks nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

import pulumi

from ...args.problem import line
from ...lifecycle.before_update import RefusedUpdate
from ..args import SksClusterArgs
from ..nodepools.args import NodePoolArgs
from .account import CLUSTERS, INSTANCES, MORE, Account, read_account

TWICE = "a nodepool that is replaced, as by an upgrade, has its nodes twice meanwhile"


class AccountChecks:
    """The checks of one cluster."""

    def __init__(self, name: str, settings: SksClusterArgs) -> None:
        self._name = name
        self._settings = settings
        self._pools = {f"{name}-{pool.name}": pool for pool in settings.nodepools}
        self._read: asyncio.Task[Account] | None = None
        self._added: dict[str, int] = {}
        """How many instances this run adds, by nodepool."""

    def cluster_hooks(self) -> pulumi.ResourceHookBinding:
        """Hooks for the cluster."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered", self.before_cluster)],
            before_update=[self._hook("offered-update", self.before_upgrade)],
        )

    def group_hooks(self) -> pulumi.ResourceHookBinding:
        """Hooks for what is created beside the cluster, and costs nothing."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered-beside", self.before_group)]
        )

    def nodepool_hooks(self) -> pulumi.ResourceHookBinding:
        """Hooks for the nodepools."""
        return pulumi.ResourceHookBinding(
            before_create=[self._hook("offered-nodepool", self.before_nodepool)],
            before_update=[self._hook("offered-nodepool-update", self.before_nodepool_update)],
        )

    def _hook(
        self, name: str, check: Callable[[pulumi.ResourceHookArgs], Awaitable[None]]
    ) -> pulumi.ResourceHook:
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHook(f"{self._name}-{name}", check, options)

    async def before_cluster(self, args: pulumi.ResourceHookArgs) -> None:
        """Check all that a new cluster needs: its nodepools are new too.

        Raises:
            RefusedUpdate: a line for each reason, as all of these methods.
        """
        account = await self._account()
        self._added = {name: pool.size for name, pool in self._pools.items()}
        _refuse([*self._kinds(account), *self._cluster_quota(account), *self._nodes(account)])

    async def before_group(self, args: pulumi.ResourceHookArgs) -> None:
        """Check what holds whether the cluster is new or not."""
        _refuse(self._kinds(await self._account()))

    async def before_upgrade(self, args: pulumi.ResourceHookArgs) -> None:
        """Check a version that is new, and that there is room for the nodepools' successors."""
        if not is_new(self._settings.version, args):
            return
        account = await self._account()
        replaced = {n: p.size for n, p in self._pools.items() if p.replace_on_upgrade}
        self._added.update(replaced)
        _refuse([*self._version(account), *self._nodes(account)])

    async def before_nodepool(self, args: pulumi.ResourceHookArgs) -> None:
        """Check a nodepool that is new, or whose successor is."""
        account = await self._account()
        pool = self._pools[args.name]
        self._added[args.name] = pool.size
        _refuse([*self._type(account, pool), *self._nodes(account)])

    async def before_nodepool_update(self, args: pulumi.ResourceHookArgs) -> None:
        """Check a nodepool that gets another instance type or more nodes."""
        before, pool = args.old_inputs or {}, self._pools[args.name]
        more = pool.size - int(before["size"])
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

    async def _account(self) -> Account:
        if self._read is None:
            self._read = asyncio.ensure_future(read_account())
        return await self._read

    def _kinds(self, account: Account) -> Iterator[str]:
        """The lines on what there is for anybody: zones, versions, instance types."""
        zone = self._settings.zone
        yield from self._line(("zone",), zone, account.zone(zone))
        yield from self._version(account)
        for pool in self._settings.nodepools:
            yield from self._type(account, pool)

    def _version(self, account: Account) -> Iterator[str]:
        version = self._settings.version
        yield from self._line(("version",), version, account.version(version))

    def _type(self, account: Account, pool: NodePoolArgs) -> Iterator[str]:
        allowed = account.instance_type(pool.instance_type, self._settings.zone)
        yield from self._line((*self._place(pool), "instanceType"), pool.instance_type, allowed)

    def _cluster_quota(self, account: Account) -> Iterator[str]:
        if reason := account.quota(CLUSTERS, 1):
            yield f"{self._name}: {reason}: delete a cluster, or {MORE}"

    def _nodes(self, account: Account) -> Iterator[str]:
        """The line on too many instances: of all nodepools, for they share the quota."""
        reason = account.quota(INSTANCES, sum(self._added.values()))
        if not reason:
            return
        allowed = f"{reason}; {TWICE}: have fewer nodes, or {MORE}"
        pools = [self._pools[name] for name in self._added]
        if len(pools) == 1:
            yield from self._line((*self._place(pools[0]), "size"), pools[0].size, allowed)
        else:
            sizes = {pool.name: pool.size for pool in pools}
            yield from self._line(("nodepools",), sizes, allowed)

    def _place(self, pool: NodePoolArgs) -> tuple[str | int, ...]:
        return ("nodepools", self._settings.nodepools.index(pool))

    def _line(self, place: tuple[str | int, ...], value: object, allowed: str) -> Iterator[str]:
        if allowed:
            yield line((self._name, *place), value, allowed)


def is_new(version: str, args: pulumi.ResourceHookArgs) -> bool:
    """Whether an update's version was neither asked for before nor runs."""
    asked, running = args.old_inputs or {}, args.old_outputs or {}
    return version not in (asked.get("version"), running.get("version"))


def _refuse(reasons: Iterable[str]) -> None:
    found = list(reasons)
    if found:
        raise RefusedUpdate("\n".join(found))
