"""A client for the faults of a running sandbox."""

from typing import Any

import requests
from exoscale_auth import ExoscaleV2Auth

from sandbox.account import Account
from sandbox.errors import SandboxError
from sandbox.exoscale_api.fault import Fault
from sandbox.exoscale_api.fault_routes import PATH

_SECONDS = 30


class FaultClient:
    """Lists, adds and removes faults with requests to the daemon.

    Raises:
        SandboxError: from each method, if the daemon rejects the request (with the daemon's
            message) or doesn't answer.
    """

    def __init__(self, account: Account) -> None:
        self._url = account.base_url + PATH
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = ExoscaleV2Auth(account.api_key, account.api_secret)

    def all(self) -> list[Fault]:
        """Returns all faults, oldest first."""
        return [Fault.model_validate(found) for found in self._request("GET")["faults"]]

    def add(self, target: str, effect: dict[str, Any], **schedule: float | None) -> Fault:
        """Adds a fault and returns it; `schedule` has its times, probability and seed."""
        given = {name: value for name, value in schedule.items() if value is not None}
        answer = self._request("POST", json={"target": target, "effect": effect, **given})
        return Fault.model_validate(answer)

    def clear(self, id_: str | None = None) -> list[Fault]:
        """Removes the fault `id_`, default all faults, and returns the removed ones.

        Operations and nodes that a removed fault blocked continue.
        """
        removed = self._request("DELETE", f"/{id_}" if id_ else "")["faults"]
        return [Fault.model_validate(found) for found in removed]

    def _request(self, method: str, path: str = "", **options: Any) -> Any:
        try:
            answer = self._session.request(method, self._url + path, timeout=_SECONDS, **options)
        except requests.RequestException as error:
            raise SandboxError("the sandbox does not answer: `sandbox up` starts it") from error
        if not answer.ok:
            raise SandboxError(answer.json()["message"])
        return answer.json()
