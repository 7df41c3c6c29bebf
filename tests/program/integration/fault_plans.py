"""Seeded faults: what goes wrong in a run is decided by its seed alone."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Phase = Literal["create", "update", "destroy"]
PHASES: tuple[Phase, ...] = ("create", "create", "create", "update", "destroy")
"""In which part of a stack's life: creation has the most requests."""

_REQUESTS = ("*", "POST *", "PUT *", "DELETE *", "GET *")
_REPEATABLE = ("PUT *", "DELETE *", "GET *", "generate-*")
"""Requests that come to the same when they are done twice."""
_WORK = {
    "create": ("create-*", "create-sks-cluster", "create-sks-nodepool", "add-rule-*", "POST *"),
    "update": ("scale-sks-nodepool", "update-*", "PUT *"),
    "destroy": ("delete-*", "delete-sks-cluster", "delete-sks-nodepool", "DELETE *"),
}


EFFECTS = ("429", "500", "503", "delay", "drop", "lost", "fails", "hangs", "quota", "node")


@dataclass(frozen=True)
class Plan:
    """Faults, by the arguments of `FaultClient.add`, and the phase that they are for."""

    phase: Phase
    faults: tuple[dict[str, Any], ...]


def plan(seed: int) -> Plan:
    """One to three faults of any kind, but for the lost answer to a creation."""
    choice = random.Random(seed)
    phase = PHASES[seed % len(PHASES)]
    return Plan(phase, tuple(_fault(choice, phase) for _ in range(choice.randint(1, 3))))


def covering(seeds: Iterable[int]) -> list[int]:
    """The fewest of these seeds, or nearly, that have each effect in each phase that any has."""
    brings = {seed: _effects(plan(seed)) for seed in seeds}
    missing = set().union(*brings.values())
    chosen: list[int] = []
    while missing:
        chosen.append(max(brings, key=lambda seed: len(brings[seed] & missing)))
        missing -= brings[chosen[-1]]
    return sorted(chosen)


def _effects(of: Plan) -> set[tuple[str, ...]]:
    """What the faults do, when, and to nodes or requests."""
    return {
        (of.phase, each["effect"]["kind"], str(each["effect"].get("status")), _aim(each))
        for each in of.faults
    }


def _aim(fault: Mapping[str, Any]) -> str:
    return "node" if fault["target"] == "node" else "request"


def _fault(choice: random.Random, phase: Phase) -> dict[str, Any]:
    requests, work = choice.choice(_REQUESTS), choice.choice(_WORK[phase])
    repeatable = choice.choice(_REPEATABLE)
    resource = choice.choice(("instance", "sks-cluster"))
    often = {
        "probability": choice.choice((0.2, 0.5, 1.0)),
        "seed": choice.randrange(1000),
        "times": choice.randint(1, 6),
    }

    def fault(target: str, kind: str, **more: Any) -> dict[str, Any]:
        return {"target": target, "effect": {"kind": kind, **more}, **often}

    match choice.choice(EFFECTS):
        case "429":
            return fault(requests, "status", status=429, **{"retry-after": 1})
        case "500":
            return fault(requests, "status", status=500)
        case "503":
            return fault(requests, "status", status=503)
        case "delay":
            return fault(requests, "delay", milliseconds=300)
        case "drop":
            return fault(requests, "drop")
        case "lost":
            return fault(repeatable, "drop-answer")
        case "fails":
            return fault(work, "operation-fails", message="no host has room")
        case "hangs":
            return fault(work, "operation-hangs")
        case "quota":
            effect = {"kind": "quota", "resource": resource, "limit": 0}
            return {"target": "quota", "effect": effect}
        case _:
            return fault("node", "not-ready")
