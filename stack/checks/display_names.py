"""Names that the stack would give and Exoscale or Kubernetes refuses, halfway through an `up`.

Source: Exoscale's API (`exoscale` 0.16, the specification in it): a nodepool's name is lower case
only, and a database service's has 63 characters at most.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.args.problem import line
from components.args.types import LABEL_VALUE
from components.database.names import database_name

LONGEST_SERVICE_NAME = 63


def refused_names(project: str, stack: str, values: Mapping[str, Any]) -> Iterator[str]:
    """One line for each.

    Args:
        values: the stack's file, right or wrong.
    """
    if "cluster" in values and stack != stack.lower():
        yield (
            f"the stack's name: {json.dumps(stack)}: must be in lower case, as Exoscale wants it "
            f"in a nodepool's name: pulumi stack rename {stack.lower()}"
        )
    if values.get("owner") and not re.fullmatch(LABEL_VALUE.pattern, stack):
        yield (
            f"the stack's name: {json.dumps(stack)}: must be {LABEL_VALUE.words}, for with an "
            "owner it is the label environment: pulumi stack rename"
        )
    apps = values.get("apps")
    for index, app in enumerate(apps if isinstance(apps, list) else ()):
        match app:
            case {"name": str(name), "database": {"kind": "dbaas"}}:
                service = f"{project}-{stack}-{database_name(name)}"
                if len(service) > LONGEST_SERVICE_NAME:
                    yield line(
                        ("apps", index, "name"),
                        name,
                        f"its database would be {service}, and Exoscale allows "
                        f"{LONGEST_SERVICE_NAME} characters",
                    )
