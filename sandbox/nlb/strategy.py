"""Selects one of the healthy targets for a new connection.

With the two hashes, the loss of a target changes the target only of that target's clients. They use
rendezvous hashing instead of Maglev's table.
"""

from collections.abc import Sequence
from hashlib import blake2b

from sandbox.nlb.service import Strategy


def choose(strategy: Strategy, targets: Sequence[str], client: tuple[str, int], turn: int) -> str:
    """Returns one of `targets`.

    Args:
        strategy: the strategy of the service.
        targets: at least one target.
        client: the client's address and port. `source-hash` uses the address. `maglev-hash` uses
            both, so that it also distributes the connections of one client.
        turn: the number of the connection, which only `round-robin` uses.
    """
    if strategy == "round-robin":
        return targets[turn % len(targets)]
    source = client[0] if strategy == "source-hash" else f"{client[0]}:{client[1]}"
    return max(targets, key=lambda target: blake2b(f"{source} {target}".encode()).digest())
