"""The values that the sandbox's ingress-nginx chart takes, and those that it refuses."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHART = Path(__file__).parents[2] / "sandbox" / "charts" / "ingress-nginx"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(document)
    return document


def test_it_has_the_official_charts_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"], chart["appVersion"]) == (
        "ingress-nginx",
        "4.15.1",
        "1.15.1",
    )


def test_its_defaults_are_valid(schema: dict[str, Any]) -> None:
    jsonschema.validate(yaml.safe_load((CHART / "values.yaml").read_text()), schema)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"tcp": {"22": "a/b:22"}}, "tcp"),
        ({"controller": {"hostNetwork": True}}, "hostNetwork"),
        ({"controller": {"service": {"internal": {}}}}, "internal"),
        ({"controller": {"admissionWebhooks": {"enabled": True}}}, "False was expected"),
        ({"controller": {"kind": "StatefulSet"}}, "StatefulSet"),
    ],
)
def test_what_it_does_not_do_is_refused_by_name(
    schema: dict[str, Any], values: dict[str, Any], named: str
) -> None:
    with pytest.raises(jsonschema.ValidationError, match=named):
        jsonschema.validate(values, schema)
