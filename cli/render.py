"""Tables for people; the only module that knows rich."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

import asl
from asl.values import to_json
from asl.visits import Visit

from .summary import depth, seconds

if TYPE_CHECKING:
    from asl.graph import Line
    from asl.testing.suite import Outcome

    from .progress import Standing

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
            Text("  " * depth(visit.path) + visit.state, style=style),
            seconds(visit.entered_at - start),
            "–" if visit.exited_at is None else seconds(visit.exited_at - visit.entered_at),
            str(visit.attempts) if visit.attempts else "",
            Text(error, style=style),
        )

    _show(("state", ">at", ">took", ">tries", "error"), found, row, stderr)


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


def tests(found: Sequence[Outcome], colours: Mapping[str, str]) -> None:
    """The outcomes of tests. `colours` are those of results."""

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


_STYLES = {
    "visited": "green",
    "caught": "yellow",
    "failed": "bold red",
    "stopped": "magenta",
    "missed": "dim",
    "part": "italic cyan",
    "Choice": "yellow",
    "Fail": "red",
    "Succeed": "green",
    "Parallel": "magenta",
    "Map": "magenta",
    "?": "bold red",
}


def tree(title: str, found: Sequence[Line]) -> None:
    """The states of a machine, with where each leads and what is within it."""
    top = Tree(Text(title, style="bold"), guide_style="dim")
    _grow(top, found)
    Console(highlight=False).print(top)


def _grow(above: Tree, found: Sequence[Line]) -> None:
    for line in found:
        text = Text(line.text, style=_STYLES.get(line.style, ""))
        if line.notes:
            text.append(f"  {line.notes}", style="dim")
        _grow(above.add(text), line.below)


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
    if console.is_terminal:
        console.print(table)
        return
    console.width = _NARROW
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():  # without what rich fills lines up with
        console.print(Text(line.rstrip()), soft_wrap=True)


def _ends(rows: Sequence[_T]) -> Iterable[_T | None]:
    if len(rows) <= _MOST:
        return rows
    half = _MOST // 2
    return [*rows[:half], None, *rows[-half:]]


_ROWS = 20
"""Rows of the live display: what runs besides is counted."""


@contextmanager
def live(
    standing: Callable[[asl.Execution, int], list[Standing]],
) -> Iterator[Callable[[asl.Execution], None]]:
    """Show on stderr what an execution waits for, four times a second, until the end of the `with`.

    It is told of the execution by the function that this gives.
    """
    seen: list[asl.Execution] = []

    def table() -> Table:
        rows = standing(seen[-1], time.time_ns() // 1_000_000) if seen else []
        return _waiting(rows)

    console = Console(stderr=True)
    with Live(console=console, get_renderable=table, refresh_per_second=4, transient=True):
        yield lambda execution: seen.__setitem__(slice(None), [execution])


def _waiting(rows: list[Standing]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in rows[:_ROWS]:
        what: ProgressBar | Text = Text(row.what, style="dim")
        count = ""
        if row.total:
            what, count = ProgressBar(row.total, row.done, width=30), f"{row.done}/{row.total}"
        table.add_row(Text("  " * row.depth + row.state), seconds(row.elapsed), what, count)
    if len(rows) > _ROWS:
        table.add_row(Text(f"… and {len(rows) - _ROWS} more", style="dim"))
    return table
