"""What objects say of themselves: conditions, owners, selectors."""

from __future__ import annotations

from typing import Any


def is_owned_by(item: dict[str, Any], owner: dict[str, Any]) -> bool:
    """Whether `owner` is named in the object's owner references. Only direct owners count."""
    references = item["metadata"].get("ownerReferences") or []
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in references)


def label_selector(workload: dict[str, Any]) -> str | None:
    """The equality part of a workload's selector; its pods carry at least these labels."""
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items()) or None


def condition(item: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The object's status condition of this type."""
    for candidate in (item.get("status") or {}).get("conditions") or []:
        if candidate.get("type") == kind:
            return dict(candidate)
    return None
