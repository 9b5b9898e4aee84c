"""What runs have covered, found in their histories afterwards: no hook in the machine, and off it costs nothing.

A history is read at the speed of C: what is kept of a run are the pairs of names that follow each other in it, since
the exit of a state and the entry of the next are neighbours. Only runs in which something failed, and Choice states of
which two rules lead to the same state, need a look at what happened (`asl.explain`), and only while they can cover
something new. A run that is looked at is not kept: what it holds is free for the next one, which costs less than the
look does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias, cast

from asl import face
from asl.errors import AslError
from asl.events import DATA, NAME, PREVIOUS, TYPE, WIDTH
from asl.execution import Execution
from asl.face import StateMachine
from asl.history import History
from asl.inspection import Explanation, explain
from asl.program import Program, walk
from asl.states import Choice, Pass, State, Succeed, Wait, Working
from asl.testing.coverage.points import Point, ambiguous, points
from asl.values import to_json

Way: TypeAlias = "tuple[str, str]"
"""A state and `Point.what`."""

_ALONE = (Pass, Choice, Wait, Succeed)
"""States of which a machine records, where nothing fails, nothing but entries and exits that take turns."""

_TROUBLE = ("Failed", "TimedOut", "Aborted", "Redriven")
"""How the types of events end of which a run has none where nothing failed."""


class Covered:
    """What was covered of one machine. `name` and `source` (the file, where it came from one) say which."""

    def __init__(self, name: str, source: str | None, program: Program) -> None:
        self.name = name
        self.source = source
        self.program = program
        self.points = points(program)
        self._states: dict[str, State] = {state.name: state for _, state in walk(program)}
        self._takes_turns = all(isinstance(state, _ALONE) for state in self._states.values())
        self._recovers = any(
            isinstance(state, Working) and (state.retry or state.catch) for state in self._states.values()
        )
        self._lengths = {(each.state, each.what) for each in self.points if each.kind == "map"}
        self._pairs: set[tuple[Any, Any]] = set()
        self._clean: set[tuple[Any, Any]] = set()  # of runs in which nothing failed
        self._exact: set[Way] = set()
        self._harmless: set[str] = set()
        self._names: list[Any] = []  # of the last run, where nothing failed in it
        self._types: list[str] = []
        self._unclear = [state.name for state in self._states.values() if ambiguous(state)]
        self._open = {(each.state, each.what) for each in self.points if self._is_told_by_errors(each)}

    # ------------------------------------------------------------------ collecting

    def add(self, history: History, program: Program | None = None) -> None:
        """Take in what a run has covered. `program` is the part of the machine that ran, where not all of it did."""
        cells = history.cells
        succeeded = cells[TYPE - WIDTH] == "ExecutionSucceeded"
        names = cells[NAME::WIDTH]
        types = cells[TYPE::WIDTH] if self._recovers else []
        if not (succeeded and names == self._names and types == self._types):  # as in the last clean run
            is_clean = succeeded and self._is_harmless(types)
            self._names, self._types = (names, types) if is_clean else ([], [])
            pairs = self._clean if is_clean else self._pairs
            way = names[1::2] if is_clean and self._takes_turns else names
            pairs.update(zip(way, islice(way, 1, None), strict=False))
            if not self._lengths <= self._exact:
                self._add_lengths(cells)
            if not is_clean and self._still_open():
                self._exact |= self._explained(history, program)
                return
        for state in self._unclear:
            if state in names and not self._ways_of(state) <= self._exact:
                self._exact |= self._explained(history, program, state)

    def _is_harmless(self, types: list[str]) -> bool:
        """Whether none of the types of events tells of a failure that a Retrier or Catcher took."""
        kinds = set(types)
        if not kinds <= self._harmless:
            if any(kind.endswith(_TROUBLE) for kind in kinds):
                return False
            self._harmless |= kinds
        return True

    def _is_told_by_errors(self, point: Point) -> bool:
        """Whether the names in a history do not tell it apart from what else happens when something fails."""
        if point.kind == "transition":
            return point.to is None or _catches(self._states[point.state], point.to)
        return point.kind in ("catch", "retry")

    def _still_open(self) -> bool:
        self._open -= self._exact
        if self._open:
            self._open -= {(name, what) for name, _ in self._clean for what in ("Next", "End")}
        return bool(self._open)

    def _add_lengths(self, cells: list[Any]) -> None:
        types, start = cells[TYPE::WIDTH], -1
        while (start := _index(types, "MapStateStarted", start + 1)) >= 0:
            row = start * WIDTH
            before = (cells[row + PREVIOUS] - 1) * WIDTH
            length = cells[row + DATA]
            self._exact.add((cells[before + NAME], "not empty" if length else "empty"))

    def _ways_of(self, state: str) -> set[Way]:
        return {
            (each.state, each.what) for each in self.points if each.state == state and each.kind == "choice"
        }

    def _explained(self, history: History, program: Program | None, state: str | None = None) -> set[Way]:
        """The ways that a run took, by what happened in each visit of its states, or of one of them."""
        whole = self.program
        if program is not None and program is not whole:
            language = cast(Any, whole.definition).get("QueryLanguage", "JSONPath")
            whole = replace(program, definition={"QueryLanguage": language, **cast(Any, program.definition)})
        try:
            explained = explain(history, whole, state)
        except AslError:  # its history is not that of this machine: it was driven in a way of its own
            return set()
        return {(each.state, way) for each in explained for way in _ways(each, self._states[each.state])}

    def merge(self, hits: Iterable[Way]) -> None:
        """Take in what was covered elsewhere."""
        self._exact.update(hits)

    # ------------------------------------------------------------------ what was covered

    def hits(self) -> set[Point]:
        """The points that were covered."""
        pairs = self._pairs | self._clean
        entered = {name for pair in pairs for name in pair if name in self._states}
        finished = {name for pair in self._clean for name in pair if name in self._states}
        ways = set(self._exact)
        ways.update((name, "") for name in entered)
        ways.update((name, "End") for name in finished if self._states[name].next is None)
        for before, after in pairs:
            state = self._states.get(before)
            if state is None or after not in self._states:
                continue
            if isinstance(state, Choice):
                if not ambiguous(state):
                    ways.update(_choice(state, after))
            elif state.next == after and ((before, after) in self._clean or not _catches(state, after)):
                ways.add((before, "Next"))
        return {point for point in self.points if (point.state, point.what) in ways}

    @property
    def percent(self) -> float:
        """How much of it was covered, in percent of its points; 100 where it has none."""
        return percent(len(self.hits()), len(self.points))


def percent(hit: int, all: int) -> float:
    """A share in percent."""
    return 100 * hit / all if all else 100.0


def _index(values: list[Any], value: Any, start: int) -> int:
    try:
        return values.index(value, start)
    except ValueError:
        return -1


def _catches(state: State, name: str) -> bool:
    return isinstance(state, Working) and any(catcher.next == name for catcher in state.catch)


def _choice(state: Choice, after: str) -> Iterator[Way]:
    """The ways of a Choice state that went on to `after`, whose rules lead to different states."""
    ways = [rule.next for rule in (*state.rules, state.default)]
    if after not in ways:
        return
    taken = ways.index(after)
    for index in range(taken):
        yield state.name, f"not Choices[{index}]"
    yield state.name, "Default" if taken == len(state.rules) else f"Choices[{taken}]"


def _ways(visit: Explanation, state: State) -> Iterator[str]:
    """The ways that a visit of a state went."""
    for rule in visit.rules:
        if rule.index is None:
            yield "Default"
        else:
            yield f"Choices[{rule.index}]" if rule.matched else f"not Choices[{rule.index}]"
    for attempt, following in zip_longest(visit.attempts, visit.attempts[1:]):
        if attempt.failed and following is not None and attempt.retry is not None:
            yield f"Retry[{attempt.retry}]"
        if attempt.catch is not None:
            yield f"Catch[{attempt.catch}]"
    if visit.status == "SUCCEEDED" and not isinstance(state, Choice):
        yield "End" if state.next is None else "Next"


class Coverage:
    """What was covered, by machine."""

    def __init__(self) -> None:
        self.machines: dict[str, Covered] = {}
        self._of: dict[int, tuple[Covered, Program]] = {}  # by the id of a program, or of a part of one
        self._programs: list[Program] = []  # keeps the ids
        self._running: list[tuple[Execution, Program]] = []
        self._most = 0  # of them at a time, before those that have ended are looked at

    def machine(self, machine: StateMachine) -> Covered:
        """What was covered of this machine; those of one file are one, and so are those of one definition."""
        found = self._of.get(id(machine.program))
        if found is not None:
            return found[0]
        source = None if machine.source is None else str(Path(machine.source).resolve())
        return self._register(
            source or to_json(machine.program.definition), machine.name, source, machine.program
        )

    def _register(self, key: str, name: str, source: str | None, program: Program) -> Covered:
        if key not in self.machines:
            self.machines[key] = Covered(name, source, program)
        covered = self.machines[key]
        self._programs.append(program)
        self._of.update({id(part): (covered, part) for part in program.parts.values()})
        self._of[id(program)] = (covered, program)
        return covered

    def add(self, program: Program, history: History) -> None:
        """Take in the history of a run of a program, or of a part of one."""
        found = self._of.get(id(program))
        if found is None:
            self._register(to_json(program.definition), "StateMachine", None, program)
            found = self._of[id(program)]
        covered, part = found
        covered.add(history, part)

    def settle(self, *, ended: bool = False) -> None:
        """Take in the executions that were begun since: as they stand, or only those that have `ended`."""
        running, self._running = self._running, []
        for execution, program in running:
            if ended and execution.outcome is None:
                self._running.append((execution, program))
            else:
                self.add(program, execution.history)
        self._most = 2 * len(self._running)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take in every execution that begins in this process. Machines loaded before go by no file."""
        make: Any = StateMachine.__init__
        begin: Any = Execution.__init__
        tell: Any = face.result_of

        def made(machine: StateMachine, *arguments: Any, **options: Any) -> None:
            make(machine, *arguments, **options)
            self.machine(machine)

        def begun(execution: Execution, program: Program, *arguments: Any, **options: Any) -> None:
            if len(self._running) > self._most:
                self.settle(ended=True)
            begin(execution, program, *arguments, **options)
            self._running.append((execution, program))

        def told(*arguments: Any) -> Any:
            self.settle(ended=True)
            return tell(*arguments)

        _patch(made, begun, told)
        try:
            yield
        finally:
            _patch(make, begin, tell)
            self.settle()

    # ------------------------------------------------------------------ between processes

    def to_dict(self) -> dict[str, Any]:
        """It as JSON, for `merge`."""
        return {
            key: {
                "name": covered.name,
                "source": covered.source,
                "definition": covered.program.definition,
                "hits": [[point.state, point.what] for point in covered.hits()],
            }
            for key, covered in self.machines.items()
        }

    def merge(self, given: Mapping[str, Any]) -> None:
        """Take in what was covered in another process."""
        from asl.program import compile

        for key, each in given.items():
            if key not in self.machines:
                self._register(key, each["name"], each["source"], compile(each["definition"]))
            self.machines[key].merge((state, what) for state, what in each["hits"])


def _patch(make: Any, begin: Any, tell: Any) -> None:
    StateMachine.__init__ = make  # type: ignore[method-assign]
    Execution.__init__ = begin  # type: ignore[method-assign]
    face.result_of = tell
