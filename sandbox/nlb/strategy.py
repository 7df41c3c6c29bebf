"""Which of the healthy targets a new connection goes to.

With the two hashes, a target that goes changes the target of its own clients alone. They are made
by rendezvous hashing, not by the table of Maglev.
"""

from collections.abc import Sequence
from hashlib import blake2b

from sandbox.nlb.service import Strategy


def choose(strategy: Strategy, targets: Sequence[str], client: tuple[str, int], turn: int) -> str:
    """One of `targets`, which are some.

    Args:
        client: address and port. `source-hash` looks at the address, `maglev-hash` at both, so
            that it spreads the connections of one client too.
        turn: how many connections there were before; `round-robin` looks at nothing else.
    """
    if strategy == "round-robin":
        return targets[turn % len(targets)]
    source = client[0] if strategy == "source-hash" else f"{client[0]}:{client[1]}"
    return max(targets, key=lambda target: blake2b(f"{source} {target}".encode()).digest())
