"""Where two histories of one execution part: frame by frame, whatever the order in which frames took turns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from asl.drive.book import Book
from asl.drive.reasons import reason
from asl.events import ENDS, FORKS
from asl.history import Event, History
from asl.jsondiff import Difference, differences
from asl.program import Program
from asl.telling import ENDED, change, shown, sides, unlike

Strand: TypeAlias = "tuple[str, tuple[int, ...]]"
"""One frame: its path, and of each fork on the way there the how-manyeth it is (a retried Map forks anew)."""


@dataclass(frozen=True)
class Divergence:
    """The first place where a replay parts from its recording.

    `kind` is `path` (another event than the recorded one), `data` (the same event with other documents) or
    `status` (the execution ends in another way). `event` is the id of the recorded event, `path` the frame's;
    `recorded` and `now` are the two events, None where there is none. `differences` are those of a `data`
    divergence, `reason` says why, as far as that can be told.
    """

    kind: str
    event: int | None
    path: str
    recorded: Event | None
    now: Event | None
    field: str | None = None
    differences: tuple[Difference, ...] = ()
    reason: str | None = None

    def __str__(self) -> str:
        where = "" if self.path == "/" else f" in {self.path}"
        place = f"event {self.event}{where}" if self.event else f"after the last event{where}"
        if self.kind == "data":
            assert self.recorded is not None
            other = "other" if self.field in _PLURAL else "another"
            text = f"{place}: {shown(self.recorded)} has {other} {self.field}: "
            text += "; ".join(change(each) for each in self.differences[:_SHOWN])
            if len(self.differences) > _SHOWN:
                text += f"; and {len(self.differences) - _SHOWN} more differences"
        else:
            text = f"{place}: recorded {shown(self.recorded)}, now {shown(self.now)}"
        return f"{text}, because {self.reason}" if self.reason else text

    def to_dict(self) -> dict[str, Any]:
        """The divergence as JSON, with the events in the shape of GetExecutionHistory."""
        return {
            "kind": self.kind,
            "event": self.event,
            "path": self.path,
            "recorded": self.recorded and self.recorded.to_dict(),
            "now": self.now and self.now.to_dict(),
            "field": self.field,
            "differences": [
                {"pointer": each.pointer, **dict(sides(each, "recorded", "now"))} for each in self.differences
            ],
            "reason": self.reason,
            "message": str(self),
        }


_SHOWN = 3
"""Differences that the message shows."""

_PLURAL = ("parameters", "assignedVariables", "taskCredentials")


# ---------------------------------------------------------------------- strands

_UNTOLD = frozenset(
    f"{kind}{what}"
    for kind, what in (
        ("TaskState", "Aborted"), ("WaitState", "Aborted"), ("MapState", "Aborted"), ("ParallelState", "Aborted"),
        ("MapIteration", "Aborted"), ("Task", "Started"), ("LambdaFunction", "Started"),
    )
)  # fmt: skip
"""Events that say nothing that others do not say, and whose number depends on how far a cut frame had come."""

_NOT_BEGUN = re.compile(r"(Schedule|Start|Submit)Failed$")


class Strands:
    """The events of each frame. `complete` are the forks whose children all came to their end."""

    def __init__(self, history: History) -> None:
        self.events: dict[Strand, list[Event]] = {}
        self.complete: set[tuple[str, int]] = set()
        self.status = ENDS.get(history[-1].type, "RUNNING")
        self._forks: dict[str, int] = {}  # the prefix of the children's paths -> how many forks there were
        self._in: dict[str, str] = {}  # path -> the state that the frame is in
        for event in history:
            self._add(event)

    def _add(self, event: Event) -> None:
        kind, path = event.type, event.path
        if kind.endswith("StateEntered"):
            self._in[path] = event.name
        elif kind in FORKS:
            prefix = self._prefix(path)
            self._forks[prefix] = self._forks.get(prefix, 0) + 1
        elif kind in ("MapStateSucceeded", "ParallelStateSucceeded"):
            prefix = self._prefix(path)
            self.complete.add((prefix, self._forks.get(prefix, 0)))
        if kind not in _UNTOLD:
            strand = (path, tuple(count for _, count in self._above(path)))
            self.events.setdefault(strand, []).append(event)

    def _prefix(self, path: str) -> str:
        return f"{path if path != '/' else ''}/{self._in.get(path, '')}/"

    def _above(self, path: str) -> Iterator[tuple[str, int]]:
        """The forks on the way to the path, outermost first."""
        end = path.find("/", 1)
        while end > 0:
            prefix = path[: end + 1]
            if prefix in self._forks:
                yield prefix, self._forks[prefix]
            end = path.find("/", end + 1)

    def is_whole(self, strand: Strand) -> bool:
        """Whether the frame came to its own end: it was not cut because of a sibling, or from outside."""
        path, counts = strand
        if not counts:
            return self.status in ("SUCCEEDED", "FAILED")
        prefix = path[: path.rfind("/") + 1]
        return (prefix, counts[-1]) in self.complete


# ---------------------------------------------------------------------- comparing


class _Mismatch(NamedTuple):
    order: float
    recorded: Event | None
    now: Event | None
    path: str


def part(recorded: Book, now: Book, program: Program, mode: str) -> Divergence | None:
    """The first divergence of `now` from `recorded`; None where they are the same in the sense of the mode."""
    before, after = Strands(recorded.history), Strands(now.history)
    found = [
        mismatch
        for strand, events in before.events.items()
        for mismatch in _compare(
            events, after.events.get(strand, []), before.is_whole(strand), strand[0], mode
        )
    ]
    found += [
        _Mismatch(len(recorded.history) + 0.5, None, events[0], strand[0])
        for strand, events in after.events.items()
        if strand not in before.events and mode == "strict" and before.is_whole(strand)
    ]
    if found:
        first = min(found, key=lambda mismatch: mismatch.order)
        return _divergence(first, recorded, now, program)
    # What was cut short, or stopped, may have come further by itself.
    if before.status != after.status and before.status not in ("RUNNING", "ABORTED"):
        last = now.history[-1] if after.status != "RUNNING" else None
        ended = recorded.history[-1]
        return Divergence(
            "status", ended.id, "/", ended, last, reason=reason(recorded, now, program, "/", ended, last)
        )
    return None


def _compare(
    recorded: list[Event], now: list[Event], whole: bool, path: str, mode: str
) -> Iterator[_Mismatch]:
    """The first mismatch of a strand, if there is one. One that is not whole may go on in only one of them."""
    if mode != "strict":
        recorded = [event for event in recorded if event.type.endswith("StateEntered")]
        now = [event for event in now if event.type.endswith("StateEntered")]
    if not whole:
        recorded, now = ([each for each in side if each.type not in ENDS] for side in (recorded, now))
    index = 0
    for event in recorded:
        while mode == "tolerant" and _is_additional(event, now, index):
            index += 1
        other = now[index] if index < len(now) else None
        if other is None:
            if whole:
                yield _Mismatch(event.id, event, None, path)
            return
        if not (_alike(event, other) if mode == "strict" else event.name == other.name):
            yield _Mismatch(event.id, event, other, path)
            return
        index += 1
    rest = [event for event in now[index:] if mode != "tolerant" or event.type != "PassStateEntered"]
    if rest and whole:
        yield _Mismatch((recorded[-1].id if recorded else 0) + 0.5, None, rest[0], path)


def _is_additional(event: Event, now: list[Event], index: int) -> bool:
    """Whether the present event is the entry of a Pass state where another state was recorded."""
    if index >= len(now):
        return False
    other = now[index]
    return other.type == "PassStateEntered" and other.name != event.name


def _divergence(first: _Mismatch, recorded: Book, now: Book, program: Program) -> Divergence:
    _, event, other, path = first
    if path == "/" and event is None:
        event = recorded.history[-1]
    if path == "/" and other is None and now.history[-1].type in ENDS:
        other = now.history[-1]
    if event is not None and other is not None and _same_event(event, other):
        for field, here, there in unlike(
            event, other
        ):  # by the service's name for the field: the first that differs
            return Divergence("data", event.id, path, event, other, field, tuple(differences(here, there)))
    return Divergence(
        "path",
        event.id if event else None,
        path,
        event,
        other,
        reason=reason(recorded, now, program, path, event, other),
    )


def _same_event(a: Event, b: Event) -> bool:
    if _type(a) != _type(b):
        return False
    if a.type.endswith(("StateEntered", "StateExited")) or a.type == "EvaluationFailed":
        return a.name == b.name  # type: ignore[no-any-return]
    return not a.type.startswith("MapIteration") or a.data == b.data


def _type(event: Event) -> str:
    """The type; that a task failed to be scheduled, started or submitted is a failure of it."""
    return _NOT_BEGUN.sub("Failed", event.type) if event.type in ENDED else event.type


def _alike(a: Event, b: Event) -> bool:
    return _same_event(a, b) and not any(True for _ in unlike(a, b))
