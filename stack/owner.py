"""Labels that name the owner of a stack, on its cluster and its namespaces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.args.types import LabelValue

OWNER = "owner"
ENVIRONMENT = "environment"

Owner = Annotated[LabelValue, Field(examples=["web-team"])]
