"""Tables for people who watch a terminal; the only module that knows rich."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from asl.visits import Visit

_MOST = 200
"""Rows that are shown of a long table: as many of its beginning as of its end."""


def visits(found: Sequence[Visit], start: int) -> None:
    """The visits of states on stderr. `start` is the time that the execution began, in milliseconds."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("state", "left"), ("at", "right"), ("took", "right"), ("tries", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("error", overflow="fold")
    for row in _ends(found):
        if row is None:
            table.add_row("…", "", "", "", f"{len(found) - _MOST:,} more")
        else:
            table.add_row(*_row(row, start))
    Console(stderr=True).print(table)


def _ends(rows: Sequence[Visit]) -> list[Visit | None]:
    if len(rows) <= _MOST:
        return list(rows)
    half = _MOST // 2
    return [*rows[:half], None, *rows[-half:]]


def _row(visit: Visit, start: int) -> list[Text]:
    left = visit.exited_at is not None
    took = f"{(visit.exited_at - visit.entered_at) / 1000:g} s" if visit.exited_at is not None else "–"
    error = ": ".join(part for part in (visit.error, visit.cause) if part)
    depth = visit.path.count("/") // 2 if visit.path != "/" else 0
    style = "red" if not left and visit.error else "yellow" if visit.error else ""
    return [
        Text("  " * depth + visit.state, style=style),
        Text(f"{(visit.entered_at - start) / 1000:g} s"),
        Text(took),
        Text(str(visit.attempts) if visit.attempts else ""),
        Text(error, style=style),
    ]
