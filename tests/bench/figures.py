"""What was measured, beside what it should be at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `limit` is None for a figure that is shown without a target."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    of: str = ""
    """What a ratio or a difference was taken from."""

    @property
    def missed(self) -> bool:
        """Whether the target is missed."""
        return self.limit is not None and self.value > self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """Name, value, target, and the word on it."""
        limit = "" if self.limit is None else f"{self.limit:g} {self.unit}"
        verdict = "" if self.limit is None else ("MISSED" if self.missed else "met")
        value = f"{self.value:.1f} {self.unit}"
        return self.name, f"{value} ({self.of})" if self.of else value, limit, verdict


def ratio(name: str, times: Mapping[str, float], limit: float | None = None) -> Figure:
    """Return how many times as long the first of two takes as the second."""
    ours, theirs = times.values()
    return Figure(name, ours / theirs, "times", limit, f"{ours:.1f} s, {theirs:.1f} s")


HEADER = ("figure", "measured", "at most", "")


def table(figures: Sequence[Figure], *, markdown: bool) -> str:
    """Return the figures as aligned text, or as a Markdown table."""
    rows = [HEADER, *(figure.cells() for figure in figures)]
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], "|---" * len(HEADER) + "|", *lines[1:]]) + "\n"
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return (
        "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        + "\n"
    )
