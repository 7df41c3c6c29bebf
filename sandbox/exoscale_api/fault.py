"""A fault: its effect, the requests or nodes that it affects, and how often it acts."""

import random
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sandbox.exoscale_api.errors import BadRequest
from sandbox.exoscale_api.openapi import Operation

NODE, QUOTA, ACME = "node", "quota", "acme"
"""Targets that are not requests."""


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=_kebab, populate_by_name=True
    )


class Status(_Model):
    """The request is not processed and is answered with this HTTP status."""

    kind: Literal["status"] = "status"
    status: Annotated[int, Field(ge=400, le=599)]
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """Value of the header Retry-After, in seconds."""

    def __str__(self) -> str:
        after = "" if self.retry_after is None else f", Retry-After {self.retry_after} s"
        return f"status {self.status}{after}"


class Delay(_Model):
    """The request is processed after a delay."""

    kind: Literal["delay"] = "delay"
    milliseconds: Annotated[int, Field(ge=1, le=600_000)]

    def __str__(self) -> str:
        return f"delay {self.milliseconds} ms"


class Drop(_Model):
    """The request is not processed, and the connection is closed without an answer."""

    kind: Literal["drop"] = "drop"

    def __str__(self) -> str:
        return "connection dropped"


class DropAnswer(_Model):
    """The request is processed, but the connection is closed without an answer."""

    kind: Literal["drop-answer"] = "drop-answer"

    def __str__(self) -> str:
        return "answer lost"


class OperationFails(_Model):
    """The operation is accepted and fails without any change."""

    kind: Literal["operation-fails"] = "operation-fails"
    message: Annotated[str, Field(min_length=1)]

    def __str__(self) -> str:
        return f"operation fails: {self.message}"


class OperationHangs(_Model):
    """The operation is accepted and pending until the fault is cleared; then it continues."""

    kind: Literal["operation-hangs"] = "operation-hangs"

    def __str__(self) -> str:
        return "operation hangs"


class NotReady(_Model):
    """New nodes, of `nodepool` or of all, are not Ready until the fault is cleared."""

    kind: Literal["not-ready"] = "not-ready"
    nodepool: str | None = None

    def __str__(self) -> str:
        return f"not Ready (nodepool {self.nodepool})" if self.nodepool else "not Ready"


class ReadyAfter(_Model):
    """New nodes, of `nodepool` or of all, become Ready after a delay."""

    kind: Literal["ready-after"] = "ready-after"
    milliseconds: Annotated[int, Field(ge=0, le=3_600_000)]
    nodepool: str | None = None

    def __str__(self) -> str:
        which = f" (nodepool {self.nodepool})" if self.nodepool else ""
        return f"Ready after {self.milliseconds} ms{which}"


class Limit(_Model):
    """The quota of a resource is limited."""

    kind: Literal["quota"] = "quota"
    resource: str
    limit: Annotated[int, Field(ge=0)]

    def __str__(self) -> str:
        return f"{self.resource} at most {self.limit}"


Effect = Annotated[
    Status
    | Delay
    | Drop
    | DropAnswer
    | OperationFails
    | OperationHangs
    | NotReady
    | ReadyAfter
    | Limit,
    Field(discriminator="kind"),
]
_OF_OPERATIONS = (OperationFails, OperationHangs)
_TARGETS = {NotReady: NODE, ReadyAfter: NODE, Limit: QUOTA}


class Fault(_Model):
    """A fault.

    Attributes:
        target: the ID of an operation (`create-sks-nodepool`), a pattern of IDs (`create-*`), a
            method and a path (`POST /sks-cluster/*`), `*` for all requests, `node`, `quota`, or
            `acme` for the ACME server.
        effect: the effect on the target.
        times: how often the fault acts at most. Default: always.
        probability: the probability with which it acts. Whether it acts on its nth match depends
            only on `seed` and n.
    """

    id: str = ""
    target: str
    effect: Effect
    times: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int = 0
    seen: int = 0
    """Number of matches while it could act."""
    acted: int = 0
    nodes: tuple[str, ...] = ()
    """The instances whose nodes it prevents or delays from becoming Ready."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        only = _TARGETS.get(type(self.effect))
        if only is not None and self.target != only:
            raise ValueError(f"this effect is for the target {only}")
        if only is None and self.target in (NODE, QUOTA):
            raise ValueError(f"the target {self.target} has an effect of its own")
        if self.target == ACME and not isinstance(self.effect, Drop):
            raise ValueError("the effect on the ACME server is drop")
        if self.target in (QUOTA, ACME) and (self.times or self.probability):
            raise ValueError(
                f"the target {self.target} is affected until it is cleared: no times, no "
                "probability"
            )
        return self

    def is_for(self, operation: Operation, path: str) -> bool:
        """Returns whether it affects requests of this operation and path (without `/v2`)."""
        if isinstance(self.effect, _OF_OPERATIONS) and not operation.is_asynchronous:
            return False
        if " " in self.target:
            return fnmatchcase(f"{operation.method} {path}", self.target)
        return fnmatchcase(operation.id, self.target)

    @property
    def is_spent(self) -> bool:
        """Whether it has acted `times` times."""
        return self.times is not None and self.acted >= self.times

    @property
    def when(self) -> str:
        """When it acts, as text."""
        times = "" if self.times is None else "once" if self.times == 1 else f"{self.times} times"
        chance = f"probability {self.probability:g}, seed {self.seed}" if self.probability else ""
        return ", ".join(filter(None, (times, chance))) or "until cleared"

    def drawn(self) -> tuple[bool, "Fault"]:
        """Returns whether it acts on the next match, and the updated fault."""
        chance = random.Random(f"{self.seed}/{self.seen}").random()
        acts = self.probability is None or chance < self.probability
        return acts, self.model_copy(
            update={"seen": self.seen + 1, "acted": self.acted + int(acts)}
        )

    def as_json(self) -> dict[str, Any]:
        """Returns the fault in the format of the API and the store."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def parse(document: object) -> Fault:
    """Returns the fault in the body of a request.

    Raises:
        BadRequest: if it is not valid, with the field and the reason.
    """
    try:
        return Fault.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise BadRequest(f"{place}: {reason}" if place else reason) from error
