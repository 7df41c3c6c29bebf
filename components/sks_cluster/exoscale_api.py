"""Exoscale's API, asked by the program itself: what its provider has no function for."""

from __future__ import annotations

import os
from typing import Any

SECONDS = 3
"""How long the API is waited for. Without its answer, the program goes on."""


def ask(zone: str, path: str) -> dict[str, Any] | None:
    """What the API of a zone answers; None if it does not, or the key may not ask that.

    The address and the key are found as Exoscale's provider finds them.
    """
    key, secret = os.environ.get("EXOSCALE_API_KEY"), os.environ.get("EXOSCALE_API_SECRET")
    if not (key and secret):
        return None
    # here, so that a preview without a new cluster does not load it
    import requests
    from exoscale_auth import ExoscaleV2Auth

    endpoint = os.environ.get("EXOSCALE_API_ENDPOINT") or f"https://api-{zone}.exoscale.com/v2"
    try:
        answer = requests.get(
            f"{endpoint}/{path}", auth=ExoscaleV2Auth(key, secret), timeout=SECONDS
        )
        answer.raise_for_status()
        found = answer.json()
    except requests.RequestException:
        return None
    return found if isinstance(found, dict) else None
