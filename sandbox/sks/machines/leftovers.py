"""What a sandbox that was killed leaves of its machines: namespaces, links, control groups."""

from pathlib import Path

from sandbox.sks.machines import cgroups, network


def remove(home: Path) -> None:
    """Remove all that machines of the sandbox at `home`, which has ended, have left.

    Raises SksError for what does not go.
    """
    cgroups.remove(network.prefix(home))
    network.remove(network.prefix(home))
