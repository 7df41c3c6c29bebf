"""Questions to Exoscale's API that its provider has no function for.

The address and the key are found as Exoscale's provider finds them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

SECONDS = 3
"""How long an answer is waited for."""


def get(zone: str, path: str) -> Mapping[str, Any] | None:
    """Returns the answer to `GET path` in the zone, `None` if there is no answer.

    There is none without a key in the environment, after `SECONDS`, or where the API refuses.
    """
    key, secret = os.environ.get("EXOSCALE_API_KEY"), os.environ.get("EXOSCALE_API_SECRET")
    if not (key and secret):
        return None
    # imported here, so that a preview that asks nothing does not load it
    import requests
    from exoscale_auth import ExoscaleV2Auth

    endpoint = os.environ.get("EXOSCALE_API_ENDPOINT") or f"https://api-{zone}.exoscale.com/v2"
    try:
        answer = requests.get(
            f"{endpoint}{path}", auth=ExoscaleV2Auth(key, secret), timeout=SECONDS
        )
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
    except requests.RequestException:
        return None
    return found
