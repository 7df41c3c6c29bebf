"""The coverage table is that of the code."""

from sandbox.exoscale_api.coverage import FILE, coverage
from sandbox.exoscale_api.discovery import find_resources
from sandbox.exoscale_api.openapi import document

SIMULATED = [id_ for resource in find_resources() for id_ in resource.operations]


def test_the_table_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == coverage(), (
        "run `python -m sandbox.exoscale_api.coverage` and commit COVERAGE.md"
    )


def test_every_handler_is_an_operation_of_the_document() -> None:
    assert len(set(SIMULATED)) == len(SIMULATED)
    assert set(SIMULATED) <= {operation.id for operation in document().operations}


def test_every_operation_is_counted_once() -> None:
    text = coverage()
    rows = text.count("| yes |") + text.count("` |  |")
    others = text.partition("nothing is simulated")[2].splitlines()
    counts = [line.split("|")[2].strip() for line in others if line.startswith("| ")]
    unlisted = sum(int(count) for count in counts if count.isdecimal())
    assert rows + unlisted == len(document().operations)
    assert text.count("| yes |") == len(SIMULATED)
