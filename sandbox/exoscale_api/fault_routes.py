"""The HTTP API of faults, which Exoscale doesn't have: GET, POST and DELETE /sandbox/faults.

Requests must be signed with the account's key. Faults don't affect them.
"""

from collections.abc import Sequence
from typing import Any

from sandbox.exoscale_api.errors import BadRequest, MethodNotAllowed, NotFound
from sandbox.exoscale_api.fault import ACME, NODE, QUOTA, Fault, Limit, parse
from sandbox.exoscale_api.jobs import Jobs
from sandbox.exoscale_api.openapi import Operation
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.resource import Recover

PATH = "/sandbox/faults"


class FaultRoutes:
    """The routes of faults.

    Args:
        organization: the organization.
        jobs: the jobs of the organization.
        operations: the simulated operations, which faults can affect.
        recover: the resources' functions for nodes that a cleared fault kept from being Ready.
    """

    def __init__(
        self,
        organization: Organization,
        jobs: Jobs,
        operations: Sequence[Operation],
        recover: Sequence[Recover],
    ) -> None:
        self._organization = organization
        self._jobs = jobs
        self._operations = operations
        self._recover = recover

    def answer(self, method: str, path: str, body: object) -> Any:
        """Returns the answer to a request.

        Raises:
            ApiError: if the request is rejected.
        """
        id_ = path.removeprefix(PATH).strip("/")
        match method, id_:
            case "GET", "":
                return {"faults": [fault.as_json() for fault in self._organization.faults.list()]}
            case "POST", "":
                return self._organization.faults.add(self._check(parse(body))).as_json()
            case "DELETE", "":
                return {"faults": [self._clear(f.id) for f in self._organization.faults.list()]}
            case "DELETE", _:
                return {"faults": [self._clear(id_)]}
            case _, "":
                raise MethodNotAllowed("Method Not Allowed")
        raise NotFound("Not Found")

    def _check(self, fault: Fault) -> Fault:
        """Checks that the fault can affect something, and returns it.

        Raises:
            BadRequest: if no quota or operation matches.
        """
        if (
            isinstance(fault.effect, Limit)
            and fault.effect.resource not in self._organization.quotas.names
        ):
            known = ", ".join(self._organization.quotas.names)
            raise BadRequest(f"no quota {fault.effect.resource}: there are {known}")
        if fault.target not in (NODE, QUOTA, ACME) and not self._concerns_a_route(fault):
            raise BadRequest(f"no operation matches {fault.target}")
        return fault

    def _concerns_a_route(self, fault: Fault) -> bool:
        path = fault.target.partition(" ")[2]
        return any(
            fault.is_for(operation, operation.path)
            or (operation.pattern.fullmatch(path) and fault.is_for(operation, path))
            for operation in self._operations
        )

    def _clear(self, id_: str) -> dict[str, Any]:
        """Removes a fault; the operations and nodes that it blocked continue."""
        with self._organization.store.transaction():
            fault = self._organization.faults.remove(id_)
            self._jobs.release(id_)
            for recover in self._recover:
                recover(self._organization, self._jobs, fault.nodes)
        return fault.as_json()
