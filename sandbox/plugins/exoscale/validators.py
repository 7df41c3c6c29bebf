"""Checks of single values, with the official provider's messages.

Source: hashicorp/terraform-plugin-sdk v2, `helper/validation`; exoscale/terraform-provider-exoscale
0.66.0, `exoscale/validation.go`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.plugins.exoscale.fields import Check


def one_of(*choices: str, ignore_case: bool = False) -> Check:
    def check(name: str, value: Any) -> str | None:
        if value in choices:
            return None
        if ignore_case and value.lower() in {choice.lower() for choice in choices}:
            return None
        listed = " ".join(f'"{choice}"' for choice in choices)
        return f"expected {name} to be one of [{listed}], got {value}"

    return check


def between(low: int, high: int) -> Check:
    def check(name: str, value: Any) -> str | None:
        if low <= value <= high:
            return None
        return f"expected {name} to be in the range ({low} - {high}), got {value}"

    return check


def network(name: str, value: Any) -> str | None:
    """Returns the error unless `value` is a network in CIDR notation without host bits."""
    try:
        if not value.partition("/")[2].isdecimal():
            raise ValueError(value)
        parsed = ipaddress.ip_network(value, strict=False)
    except ValueError:
        reason = f"invalid CIDR address: {value}"
        return f"expected {name} to contain a valid Value, got: {value} with err: {reason}"
    if str(parsed) != value:
        return f"expected {name} to contain a valid network Value, expected {parsed}, got {value}"
    return None


def address(name: str, value: Any) -> str | None:
    """Returns the error unless `value` is an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"expected {name} to contain a valid IP, got: {value}"
    return None


def instance_type(name: str, value: Any) -> str | None:
    if "." in value:
        return None
    return f'invalid value "{value}", expected format "FAMILY.SIZE"'
