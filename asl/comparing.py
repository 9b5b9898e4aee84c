"""Two histories side by side: where the paths differ, and what the states that both went through had differently.

Visits are matched frame by frame and in their order, by the names of the states. Ids, times and the order in which
frames took turns are no differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from asl.drive.book import Book, Visited
from asl.events import ENDS
from asl.jsondiff import MISSING, Difference, Missing, differences
from asl.program import Program
from asl.recorded import Recording, read
from asl.telling import brief, fields, sides, without_ids
from asl.values import to_json


@dataclass(frozen=True)
class Detour:
    """Where the paths differ: in one frame, after a state that both left (None: at its start), `a` or `b`."""

    path: str
    after: str | None
    a: tuple[str, ...]
    b: tuple[str, ...]

    def __str__(self) -> str:
        where = "" if self.path == "/" else f"{self.path}: "
        place = f"after {self.after}" if self.after else "at the start"
        return f"{where}{place}, a {_way(self.a)}, b {_way(self.b)}"


@dataclass(frozen=True)
class Change:
    """What one document of a visit, or of the whole execution (no state), had differently.

    `visit` counts the visits of the state by the frame from 1, and `field` names the document: `input`, `output`,
    `parameters`, `result` (those of a retried task with the number of the try: `result 2`) … What the state before
    handed on, or the state's own input had already, is not told again.
    """

    path: str
    state: str | None
    visit: int
    field: str
    differences: tuple[Difference, ...]

    @property
    def place(self) -> str:
        """The place in words."""
        if self.state is None:
            return f"execution: {self.field}"
        frame = "" if self.path == "/" else f"{self.path}: "
        number = f" (visit {self.visit})" if self.visit > 1 else ""
        return f"{frame}{self.state}{number}: {self.field}"

    def __str__(self) -> str:
        return "\n".join(f"{self.place} {_change(each)}" for each in self.differences)


@dataclass(frozen=True)
class Comparison:
    """What differs: first the paths, then the data."""

    path: tuple[Detour, ...]
    data: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.path and not self.data

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.path, *self.data)))

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return {
            "same": self.same,
            "path": [
                {"frame": each.path, "after": each.after, "a": list(each.a), "b": list(each.b)}
                for each in self.path
            ],
            "data": [
                {
                    "frame": each.path,
                    "state": each.state,
                    "visit": each.visit,
                    "field": each.field,
                    "differences": [
                        {"pointer": one.pointer, **dict(sides(one, "a", "b"))} for one in each.differences
                    ],
                }
                for each in self.data
            ],
        }


def _way(states: tuple[str, ...]) -> str:
    more = f" and {len(states) - _SHOWN} more" if len(states) > _SHOWN else ""
    return f"went through {', '.join(states[:_SHOWN])}{more}" if states else "did not"


_SHOWN = 8
"""States of a way that are named."""


def _change(difference: Difference) -> str:
    pointer = f"{difference.pointer} " if difference.pointer else ""
    return f"{pointer}is {brief(difference.a)} in a, {brief(difference.b)} in b"


def diff(a: Any, b: Any, program: Program | None = None) -> Comparison:
    """Compare two histories, each in any form that `recorded.read` takes.

    With the `program` that both ran, branches are told apart by its states; else those of `b` by the names that they
    have in `a`. Raises `HistoryError` and `OSError` as `recorded.read` does.
    """
    first = read(a, program)
    second = read(b, program, like=first.history)
    books = Book(first.history).follow(), Book(second.history).follow()
    paths = dict.fromkeys(path for book in books for path, _ in book.visits)
    detours: list[Detour] = []
    changes: list[Change] = []
    for path in paths:
        ours, theirs = (_of_frame(book, path) for book in books)
        _compare_frame(path, ours, theirs, detours, changes)
    return Comparison(tuple(detours), (*_compare_whole(first, second), *changes))


def _of_frame(book: Book, path: str) -> list[Visited]:
    """The visits of a frame in their order."""
    found = [visit for (at, _), visits in book.visits.items() if at == path for visit in visits]
    return sorted(found, key=lambda visit: visit.entered.id)


def _compare_frame(
    path: str, a: list[Visited], b: list[Visited], detours: list[Detour], changes: list[Change]
) -> None:
    handed: frozenset[Any] = frozenset()  # what the visit before passed on differently
    for alike, ours, theirs in _matched(a, b):
        if not alike:
            after = a[ours.start - 1].entered.name if ours.start else None
            ways = (tuple(visit.entered.name for visit in side) for side in (a[ours], b[theirs]))
            detours.append(Detour(path, after, *ways))
            handed = frozenset()
            continue
        for x, y in zip(a[ours], b[theirs], strict=True):
            found = list(_compare_visits(path, x, y))
            changes += _news(found, handed)
            handed = next((_seen(change) for change in found if change.field == "output"), frozenset())


def _matched(a: list[Visited], b: list[Visited]) -> Iterator[tuple[bool, slice, slice]]:
    """The stretches of two lists of visits, in their order, and whether they went through the same states."""
    x, y = ([visit.entered.name for visit in side] for side in (a, b))
    shorter = min(len(x), len(y))
    start = next((at for at in range(shorter) if x[at] != y[at]), shorter)
    end = next((at for at in range(shorter - start) if x[-1 - at] != y[-1 - at]), shorter - start)
    if start:
        yield True, slice(0, start), slice(0, start)
    x, y = x[start : len(x) - end], y[start : len(y) - end]
    codes: Any = [("replace", 0, len(x), 0, len(y))]
    if len(x) * len(y) <= _MOST:
        codes = SequenceMatcher(None, x, y, autojunk=False).get_opcodes()
    for kind, a1, a2, b1, b2 in codes:
        yield kind == "equal", slice(start + a1, start + a2), slice(start + b1, start + b2)
    if end:
        yield True, slice(len(a) - end, len(a)), slice(len(b) - end, len(b))


_MOST = 10_000_000
"""Pairs of visits that are tried; two longer stretches that differ are one difference (ten million take a second)."""


def _news(found: list[Change], handed: frozenset[Any]) -> Iterator[Change]:
    """The changes without what the visit before had handed on, or this one only passes through."""
    given = next((_seen(change) for change in found if change.field == "input"), frozenset())
    for change in found:
        known = handed if change.field == "input" else given
        new = tuple(each for each in change.differences if _key(each) not in known)
        if new:
            yield replace(change, differences=new)


def _seen(change: Change) -> frozenset[Any]:
    return frozenset(map(_key, change.differences))


def _key(difference: Difference) -> tuple[str, str, str]:
    sides = (
        repr(side) if isinstance(side, Missing) else to_json(side) for side in (difference.a, difference.b)
    )
    return (difference.pointer, *sides)  # type: ignore[return-value]


def _compare_visits(path: str, a: Visited, b: Visited) -> Iterator[Change]:
    ours, theirs = _documents(a), _documents(b)
    for field in (*ours, *(field for field in theirs if field not in ours)):
        found = list(_differences(ours, theirs, field))
        if found:
            yield Change(path, a.entered.name, a.number + 1, field, tuple(found))


def _differences(a: Mapping[str, Any], b: Mapping[str, Any], field: str) -> Iterator[Difference]:
    x, y = (without_ids(side[field]) if field in side else MISSING for side in (a, b))
    if isinstance(x, Missing) or isinstance(y, Missing):
        yield Difference((), x, y)
    else:
        yield from differences(x, y)


_FIELDS = {"output": "result", "details": "result", "input": "parameters"}
"""What a document of a task's event is called beside those of its state."""

_NAMES = ("resource", "resourceType", "region")
"""What the definition says of a task: no document."""


def _documents(visit: Visited) -> dict[str, Any]:
    """The documents of a visit by what they are called."""
    found: dict[str, Any] = {"input": visit.entered.data}
    for number, tried in enumerate(visit.tries, 1):
        mark = f" {number}" if number > 1 else ""
        for event in (tried.begun, *tried.told, *([tried.ended] if tried.ended else [])):
            if event.type not in ("MapRunStarted", "ActivityStarted"):
                told = "submitted " if event.type == "TaskSubmitted" else ""
                for field, value in fields(event).items():
                    if value is not None and field not in _NAMES:
                        found[f"{told}{_FIELDS.get(field, field)}{mark}"] = value
    if visit.failures:
        found |= fields(visit.failures[-1])
    if visit.exited is not None:
        found |= fields(visit.exited)
    return found


def _compare_whole(a: Recording, b: Recording) -> Iterator[Change]:
    """What differs of the executions themselves: their input, and how they ended."""
    ours, theirs = _whole(a), _whole(b)
    for field in dict.fromkeys((*ours, *theirs)):
        found = list(_differences(ours, theirs, field))
        if found:
            yield Change("/", None, 1, field, tuple(found))


def _whole(recording: Recording) -> dict[str, Any]:
    first, last = recording.history[0], recording.history[-1]
    found = {"input": first.data, "status": ENDS.get(last.type, "RUNNING")}
    ending = fields(last) if last.type in ENDS else {}
    return found | {key: value for key, value in ending.items() if value is not None}
