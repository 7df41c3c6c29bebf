"""Text tables."""

from collections.abc import Iterable, Sequence

_GAP = "   "


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns aligned columns below their titles in capitals; the text ends with a newline."""
    lines = [[title.upper() for title in head], *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )
