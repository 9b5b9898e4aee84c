"""Tables for people; the only module that knows rich."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

import asl
from asl.values import to_json
from asl.visits import Visit

from .summary import seconds

if TYPE_CHECKING:
    from asl.testing.suite import Outcome

_MOST = 200
"""Rows that are shown of a long table: as many of its beginning as of its end."""

_NARROW = 160
"""Columns where nobody watches, so that a file or a pipe does not get lines folded for a screen."""

_LONGEST = 60
"""Characters that are shown of a document; `--json` shows it whole."""

_T = TypeVar("_T")


def visits(found: Sequence[Visit], start: int, *, stderr: bool = False) -> None:
    """The visits of states. `start` is the time when the execution began, in milliseconds."""

    def row(visit: Visit) -> Iterable[Text | str]:
        left = visit.exited_at is not None
        style = "" if not visit.error else "yellow" if left else "red"
        error = ": ".join(part for part in (visit.error, visit.cause) if part)
        return (
            Text("  " * _depth(visit.path) + visit.state, style=style),
            seconds(visit.entered_at - start),
            "–" if visit.exited_at is None else seconds(visit.exited_at - visit.entered_at),
            str(visit.attempts) if visit.attempts else "",
            Text(error, style=style),
        )

    _show(("state", ">at", ">took", ">tries", "error"), found, row, stderr)


def _depth(path: str) -> int:
    """How many Parallel and Map states are around: `/` has none, `/Each/3` one, `/Each/3/Both/0` two."""
    return path.count("/") // 2 if path != "/" else 0


def events(history: asl.History) -> None:
    """Every event with its time, what it hangs on, and what it says."""
    start = history[0].at

    def row(event: asl.Event) -> Iterable[Text | str]:
        details = {key: value for key, value in event.details().items() if not key.endswith("Details")}
        state = str(details.pop("name", details.pop("state", "")))
        said = ", ".join(f"{key} {_short(value)}" for key, value in details.items())
        numbers = (str(event.id), str(event.previous), seconds(event.at - start))
        return (*numbers, event.type, Text(state), Text(said))

    _show((">id", ">after", ">at", "event", "state", "details"), history, row, stderr=False)


def tests(found: Sequence[Outcome]) -> None:
    """The outcomes of tests."""
    colours = {"passed": "green", "failed": "red", "error": "red"}

    def row(outcome: Outcome) -> Iterable[Text | str]:
        run = outcome.run
        return (
            Text(outcome.result, style=colours[outcome.result]),
            Text(outcome.name),
            "" if run is None else run.status,
            "" if run is None else str(len(run.path)),
            "" if run is None else seconds(round(run.waited * 1000)),
            Text(str(outcome.file)),
        )

    _show(("result", "test", "status", ">states", ">took", "file"), found, row, stderr=False)


def _short(value: asl.Json) -> str:
    text = value if isinstance(value, str) else to_json(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _show(
    columns: Sequence[str], rows: Sequence[_T], row: Callable[[_T], Iterable[Text | str]], stderr: bool
) -> None:
    """A table on the screen; a `>` before a column's name puts it to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        right = name.startswith(">")
        table.add_column(
            name.removeprefix(">"), justify="right" if right else "left", overflow="fold", no_wrap=right
        )
    for item in _ends(rows):
        if item is None:
            table.add_row(f"… {len(rows) - _MOST:,} more …")
        else:
            table.add_row(*row(item))
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _NARROW
    console.print(table)


def _ends(rows: Sequence[_T]) -> Iterable[_T | None]:
    if len(rows) <= _MOST:
        return rows
    half = _MOST // 2
    return [*rows[:half], None, *rows[-half:]]
