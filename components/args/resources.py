"""CPU and memory that a container may use on its node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import StrictStr

from .problem import Problem
from .types import NUMBER_TOO, Args, defaults_of, matches

Cpu = Annotated[
    StrictStr, NUMBER_TOO, matches(r"\d+(\.\d{1,3})?|\d+m", "CPU cores", "2", "0.5", "500m")
]
Memory = Annotated[
    StrictStr,
    NUMBER_TOO,
    matches(r"\d+(Ki|Mi|Gi|Ti|k|M|G|T)", "bytes with their unit", "256Mi", "1Gi"),
]

_DECIMAL = {"": "1", "m": "0.001", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12"}
_UNITS = {unit: Decimal(size) for unit, size in _DECIMAL.items()}
_UNITS |= {"Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40)}


def quantity(text: str) -> Decimal:
    """Returns the number of a quantity such as `500m` or `256Mi`."""
    number, unit = re.fullmatch(r"([\d.]+)(\D*)", text).groups()  # type: ignore[union-attr]
    return Decimal(number) * _UNITS[unit]


class AmountsArgs(Args):
    """AmountsArgs of CPU and memory."""

    cpu: Cpu | None = None
    """CPU cores."""
    memory: Memory | None = None
    """Bytes of memory."""

    @property
    def by_kind(self) -> dict[str, str]:
        """Returns the amounts that are set, by Kubernetes' names of resources."""
        amounts = {"cpu": self.cpu, "memory": self.memory}
        return {kind: amount for kind, amount in amounts.items() if amount is not None}


class ResourcesArgs(Args):
    """CPU and memory of a container."""

    requests: AmountsArgs = defaults_of(AmountsArgs)
    """Guaranteed amounts, reserved on the node."""
    limits: AmountsArgs = defaults_of(AmountsArgs)
    """Maximum amounts. A container that needs more CPU is throttled, one that needs more memory is
    killed."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each limit below its request."""
        requests = self.requests.by_kind
        for kind, limit in self.limits.by_kind.items():
            request = requests.get(kind)
            if request and quantity(limit) < quantity(request):
                message = f"must not be below requests: {kind} {limit} < {request}"
                yield Problem(("limits",), self.limits, message)


def resources(*, cpu: str, memory: str, memory_limit: str) -> ResourcesArgs:
    """Returns resources without a CPU limit, which throttles a container even on an idle node."""
    return ResourcesArgs.model_construct(
        requests=AmountsArgs.model_construct(cpu=cpu, memory=memory),
        limits=AmountsArgs.model_construct(memory=memory_limit),
    )
