"""Removes what a killed sandbox leaves of its machines: namespaces, links and control groups."""

from pathlib import Path

from sandbox.sks.machines import cgroups, network


def remove(home: Path) -> None:
    """Removes the leftovers of machines of the sandbox at `home`, which must have ended.

    Raises:
        SksError: if a control group, a namespace or a link can't be removed.
    """
    cgroups.remove(network.prefix(home))
    network.remove(network.prefix(home))
    network.remove_public_network(home)
