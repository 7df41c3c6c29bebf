"""The faults of a running sandbox, through its daemon."""

from typing import Any

import requests
from exoscale_auth import ExoscaleV2Auth

from sandbox.account import Account
from sandbox.errors import SandboxError
from sandbox.exoscale_api.fault import Fault
from sandbox.exoscale_api.fault_routes import PATH

_SECONDS = 30


class FaultClient:
    """Each method raises SandboxError if the daemon refuses, in its words, or does not answer."""

    def __init__(self, account: Account) -> None:
        self._url = account.base_url + PATH
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = ExoscaleV2Auth(account.api_key, account.api_secret)

    def listed(self) -> list[Fault]:
        """All faults, oldest first."""
        return [Fault.model_validate(found) for found in self._request("GET")["faults"]]

    def add(self, target: str, effect: dict[str, Any], **often: float | None) -> Fault:
        """Add a fault; `often` are its times, probability and seed."""
        given = {name: value for name, value in often.items() if value is not None}
        answer = self._request("POST", json={"target": target, "effect": effect, **given})
        return Fault.model_validate(answer)

    def clear(self, id_: str | None = None) -> list[Fault]:
        """Remove the fault, or all; what they held back goes on."""
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
