"""Exoscale's OpenAPI document: finds the operation of a request and validates the request.

The document is the file `openapi.json` of the PyPI package `exoscale`. It is OpenAPI 3.0, whose
schemas are JSON Schema draft 4 except for `nullable`, which is translated on loading. `readOnly` is
not enforced, because Exoscale uses it for IDs that its own clients must send (`instance-pool.id`).
"""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT4

from sandbox.exoscale_api.errors import BadRequest, MethodNotAllowed, NotFound

_URI = "urn:exoscale:openapi"
_OPERATION_SCHEMA = "#/components/schemas/operation"
_FORMATS = FormatChecker(formats=("uuid", "ipv4"))


@dataclass(frozen=True)
class Operation:
    """An operation of the document, such as `list-zones`, which is `GET /zone`."""

    id: str
    method: str
    path: str
    """Path with parameters, as in the document: /sks-cluster/{id}."""
    tag: str
    """The service to which the document assigns it."""
    pattern: re.Pattern[str]
    parameters: tuple[Mapping[str, Any], ...]
    body_pointer: str | None
    body_required: bool
    answer_pointer: str
    is_asynchronous: bool
    """Whether it starts work and answers with an operation, whose state `get-operation` returns."""


class Document:
    """The OpenAPI document. Loading it takes about 0.1 s."""

    def __init__(self) -> None:
        package = importlib.util.find_spec("exoscale")
        if package is None or package.origin is None:
            raise ModuleNotFoundError("the package `exoscale`, which has openapi.json, is missing")
        text = (Path(package.origin).parent / "openapi.json").read_text(encoding="utf-8")
        content = json.loads(text, object_hook=_translate_nullable)
        self._registry: Registry[Any] = Registry().with_resource(
            _URI, DRAFT4.create_resource(content)
        )
        self._validators: dict[str, Draft4Validator] = {}
        self.zones: list[str] = content["components"]["schemas"]["zone-name"]["enum"]
        self.operations = sorted(_operations(content["paths"]), key=_parameters_in_path)

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """Returns the operation of a request, and its path parameters by name.

        Args:
            method: the HTTP method.
            path: the decoded path after the `/v2` of the endpoint.

        Raises:
            NotFound: if the document doesn't have the path.
            MethodNotAllowed: if it has the path only for other methods.
        """
        known = False
        for operation in self.operations:
            if found := operation.pattern.fullmatch(path):
                if operation.method == method:
                    return operation, {
                        name.replace("_", "-"): value for name, value in found.groupdict().items()
                    }
                known = True
        raise MethodNotAllowed("Method Not Allowed") if known else NotFound("Not Found")

    def check_request(
        self, operation: Operation, parameters: Mapping[str, str], body: object | None
    ) -> None:
        """Validates a request.

        Raises:
            BadRequest: if it doesn't conform to the document, with the field and the reason.
        """
        for parameter in operation.parameters:
            name = parameter["name"]
            if name in parameters:
                self._check(name, parameter["pointer"], parameters[name])
            elif parameter["required"]:
                raise BadRequest(f"Invalid request: {name} is missing")
        if operation.body_pointer is None:
            return
        if body is None:
            if operation.body_required:
                raise BadRequest("Invalid request: a JSON body is required")
            return
        self._check("body", operation.body_pointer, body)

    def check_answer(self, operation: Operation, answer: object) -> None:
        """Validates an answer.

        Raises:
            ValueError: if it doesn't conform to the document's answer with status 200.
        """
        try:
            self._check("answer", operation.answer_pointer, answer)
        except BadRequest as error:
            raise ValueError(f"{operation.id}: {error}") from error

    def _check(self, what: str, pointer: str, value: object) -> None:
        validator = self._validators.get(pointer)
        if validator is None:
            validator = Draft4Validator(
                {"$ref": f"{_URI}#{pointer}"}, registry=self._registry, format_checker=_FORMATS
            )
            self._validators[pointer] = validator
        if error := best_match(validator.iter_errors(value)):
            place = "".join(f".{step}" for step in error.absolute_path)
            raise BadRequest(f"Invalid request: {what}{place}: {error.message}")


@cache
def document() -> Document:
    """Returns the document, which is loaded once per process."""
    return Document()


def _translate_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("nullable") is not True:
        return schema
    if "$ref" in schema:
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    translated = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        translated["enum"] = [*schema["enum"], None]
    return translated


def _operations(paths: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in paths.items():
        pattern = re.compile(
            re.sub(r"\\{(.+?)\\}", _group, re.escape(path)),
        )
        for method, operation in methods.items():
            pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
            content = "/content/application~1json/schema"
            body = operation.get("requestBody")
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                tag=operation["tags"][0],
                pattern=pattern,
                parameters=tuple(
                    {**parameter, "pointer": f"{pointer}/parameters/{index}/schema"}
                    for index, parameter in enumerate(operation.get("parameters", []))
                ),
                body_pointer=f"{pointer}/requestBody{content}" if body else None,
                body_required=bool(body and body.get("required")),
                answer_pointer=f"{pointer}/responses/200{content}",
                is_asynchronous=method != "get" and _answer_schema(operation) == _OPERATION_SCHEMA,
            )


def _answer_schema(operation: Mapping[str, Any]) -> str:
    content = operation["responses"].get("200", {}).get("content", {})
    return str(content.get("application/json", {}).get("schema", {}).get("$ref", ""))


def _group(match: re.Match[str]) -> str:
    name = match[1].replace("\\-", "_").replace("-", "_")
    return f"(?P<{name}>[^/:]+)"


def _parameters_in_path(operation: Operation) -> int:
    return operation.pattern.groups
