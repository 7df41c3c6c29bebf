"""The settings of an application's Ingress."""

from __future__ import annotations

from typing import Annotated

from pydantic import StrictStr

from settings.types import matches

PathPrefix = Annotated[
    StrictStr,
    matches(
        r"(/[A-Za-z0-9._~-]+)+",
        "a path of letters, digits and . _ ~ - that starts with a slash and ends without one,"
        " such as /rickroller",
    ),
]
