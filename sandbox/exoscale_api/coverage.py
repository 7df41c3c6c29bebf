"""Writes the coverage table COVERAGE.md: `python -m sandbox.exoscale_api.coverage`."""

from itertools import groupby
from pathlib import Path

from sandbox.exoscale_api.discovery import find_resources
from sandbox.exoscale_api.openapi import Operation, document

FILE = Path(__file__).with_name("COVERAGE.md")

_HEAD = """\
# Operations of Exoscale's API v2

Written by `python -m sandbox.exoscale_api.coverage` from the OpenAPI document of the PyPI package
`exoscale` and from the server's handlers. What is not simulated answers 501 with its name.
"""


def coverage() -> str:
    """Returns the text of COVERAGE.md: the services with simulated operations, then the others."""
    operations = sorted(document().operations, key=lambda o: (o.tag, o.path, o.method))
    simulated = {id_ for resource in find_resources() for id_ in resource.operations}
    services = {tag: list(group) for tag, group in groupby(operations, key=lambda o: o.tag)}
    touched = {tag for tag, group in services.items() if any(o.id in simulated for o in group)}
    lines = [_HEAD, f"{len(simulated)} of {len(operations)} operations are simulated.", ""]
    for tag in sorted(touched):
        lines += [f"## {tag}", "", "| operation | route | simulated |", "|---|---|---|"]
        lines += [_row(operation, operation.id in simulated) for operation in services[tag]] + [""]
    lines += [
        "## Services of which nothing is simulated",
        "",
        "| service | operations |",
        "|---|---|",
    ]
    lines += [f"| {tag} | {len(services[tag])} |" for tag in sorted(services.keys() - touched)]
    return "\n".join(lines) + "\n"


def _row(operation: Operation, is_simulated: bool) -> str:
    simulated = "yes" if is_simulated else ""
    return f"| {operation.id} | `{operation.method} {operation.path}` | {simulated} |"


if __name__ == "__main__":
    FILE.write_text(coverage(), encoding="utf-8")
