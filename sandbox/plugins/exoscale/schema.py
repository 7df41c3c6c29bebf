"""The package schema, which the engine needs to generate programs for `pulumi import`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from sandbox.plugins.exoscale.fields import Field
from sandbox.plugins.exoscale.resource import ResourceType

PRIMITIVES: Final = ("string", "integer", "number", "boolean")


def package(name: str, version: str, resources: Iterable[ResourceType]) -> str:
    """Returns the schema of the supported resources (JSON)."""
    types: dict[str, Any] = {}
    return json.dumps(
        {
            "name": name,
            "version": version,
            "resources": {item.token: _resource(item, types) for item in resources},
            "types": types,
            "language": {"python": {"packageName": "pulumiverse_exoscale"}},
        }
    )


def _resource(resource: ResourceType, types: dict[str, Any]) -> dict[str, Any]:
    properties = {field.name: _property(resource, field, types) for field in resource.fields}
    inputs = [field for field in resource.fields if field.configurable]
    return {
        "properties": properties,
        "required": [
            field.name
            for field in resource.fields
            if field.required or field.computed or field.autonamed
        ],
        "inputProperties": {field.name: properties[field.name] for field in inputs},
        "requiredInputs": [field.name for field in inputs if field.required],
    }


def _property(resource: ResourceType, field: Field, types: dict[str, Any]) -> dict[str, Any]:
    described = _type(resource, field, types)
    return {**described, "secret": True} if field.secret else described


def _type(resource: ResourceType, field: Field, types: dict[str, Any]) -> dict[str, Any]:
    if field.type in PRIMITIVES:
        return {"type": field.type}
    if field.type in ("list", "set"):
        return {"type": "array", "items": {"type": "string"}}
    if field.type == "map":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    reference = _object(resource, field, types)
    if field.type == "object map":
        return {"type": "object", "additionalProperties": reference}
    return {"type": "array", "items": reference} if field.type == "objects" else reference


def _object(resource: ResourceType, field: Field, types: dict[str, Any]) -> dict[str, Any]:
    owner = resource.token.rsplit(":", 1)[1]
    member = owner + field.name[0].upper() + field.name[1:].removesuffix("s")
    token = f"exoscale:index/{member}:{member}"
    types[token] = {
        "type": "object",
        "properties": {item.name: _property(resource, item, types) for item in field.fields},
        "required": [item.name for item in field.fields if item.required],
    }
    return {"$ref": f"#/types/{token}"}
