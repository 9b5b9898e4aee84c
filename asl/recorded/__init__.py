"""Histories from outside, read into our own form: `read(…)` takes any form that they come in."""

from __future__ import annotations

from typing import Any, NamedTuple

from asl.events import Cells, Event
from asl.history import History
from asl.program import Program
from asl.recorded.details import cells
from asl.recorded.forms import HistoryError, events
from asl.recorded.paths import paths

__all__ = ["HistoryError", "Recording", "read"]


class Recording(NamedTuple):
    """A history that was read.

    `absent` says where it lacks documents: it was taken without its data, or they were too long for a log.
    `arn` is the execution's, where the form has it (log records do, GetExecutionHistory does not).
    """

    history: History
    absent: tuple[str, ...] = ()
    arn: str | None = None


def read(source: Any, program: Program | None = None, like: History | None = None) -> Recording:
    """Read a history: a path, JSON text, bytes, a boto3 answer, a list of events, or a list of pages of these.

    `program` tells the branches of a Parallel apart by the names of their states, or else `like`, another
    history of the same machine; without either they count in the order in which they began. A `History` of our own is
    taken as it is. Raises `HistoryError` for what is no history, and `OSError` where a file cannot be read.
    """
    if isinstance(source, Recording):
        return source
    if isinstance(source, History):
        return Recording(source)
    absent: list[str] = []
    found = events(source)
    rows = [
        Event(raw["id"], raw["type"], raw["timestamp"], raw["previousEventId"], "", *cells(raw, absent))
        for raw in found
    ]
    flat: Cells = []
    for row, path in zip(rows, paths(rows, program, like or ()), strict=True):
        flat += (row.type, row.at, row.previous, path, row.name, row.data, row.more)
    return Recording(History(flat), tuple(absent), found[0].get("execution_arn"))
