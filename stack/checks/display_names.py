"""Rejects names of the stack that Exoscale or Kubernetes would reject during `pulumi up`.

Source: Exoscale's API (`exoscale` 0.16, the specification in it): the name of a node pool is lower
case, and the name of a database service has at most 63 characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.args.problem import line
from components.args.types import LABEL_VALUE
from components.database.names import database_name

MAX_SERVICE_NAME_LENGTH = 63


def invalid_names(project: str, stack: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each name that Exoscale or Kubernetes would reject.

    Args:
        project: the name of the project.
        stack: the name of the stack.
        values: the stack's configuration, which may be invalid.
    """
    if "cluster" in values and stack != stack.lower():
        yield (
            f"the stack's name: {json.dumps(stack)}: must be in lower case, because Exoscale "
            f"requires it in names of node pools: pulumi stack rename {stack.lower()}"
        )
    if values.get("owner") and not re.fullmatch(LABEL_VALUE.pattern, stack):
        yield (
            f"the stack's name: {json.dumps(stack)}: must be {LABEL_VALUE.words}, because with "
            "an owner it is the label environment: pulumi stack rename"
        )
    apps = values.get("apps")
    for index, app in enumerate(apps if isinstance(apps, list) else ()):
        match app:
            case {"name": str(name), "database": {"kind": "dbaas"}}:
                service = f"{project}-{stack}-{database_name(name)}"
                if len(service) > MAX_SERVICE_NAME_LENGTH:
                    yield line(
                        ("apps", index, "name"),
                        name,
                        f"its database would be {service}, and Exoscale allows "
                        f"{MAX_SERVICE_NAME_LENGTH} characters",
                    )
