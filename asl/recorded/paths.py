"""Which frame an event belongs to, recovered from what the service records: the event that it hangs on.

Histories of the service name neither branch nor iteration. Every event hangs on an earlier one, mostly of its own
frame, and the events that open and close the frames of a Parallel or Map hang on events of their children:
so an event's frame is found by going up from there to the frame for which the event makes sense. A branch is
known by the name of its first state; with the definition, by the branch that has this name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from asl.history import Event
from asl.program import Program
from asl.states import Map, Parallel


class Line:
    """A frame as it shows in a history: where it is, and which state it is in."""

    __slots__ = ("children", "cut", "failed", "open", "owner", "parent", "path", "program", "slot", "type")

    def __init__(
        self, path: str, parent: Line | None, owner: str, slot: int, program: Program | None
    ) -> None:
        self.path = path
        self.parent = parent
        self.owner = owner  # the state of the parent that forked this
        self.slot = slot
        self.program = program
        self.open: str | None = None  # the state that was entered and not left
        self.type = ""  # of that state
        self.failed = False  # that state has failed for good
        self.cut: set[str] = set()  # what of it an event says to be aborted: its state, it as an iteration
        self.children: dict[int, Line] = {}

    def up(self) -> Iterator[Line]:
        """The line, its parent, and so on."""
        line: Line | None = self
        while line is not None:
            yield line
            line = line.parent

    def below(self) -> Iterator[Line]:
        """All within the line, in the order of their slots, each after what is within it; then the line itself."""
        for slot in sorted(self.children):
            yield from self.children[slot].below()
        yield self

    def alive(self) -> Iterator[Line]:
        """The same without what is within a state that has failed for good."""
        for slot in () if self.failed else sorted(self.children):
            yield from self.children[slot].alive()
        if not self.failed:
            yield self


def paths(events: Sequence[Event], program: Program | None = None, like: Sequence[Event] = ()) -> list[str]:
    """The frame path of each event, as `asl.frames` has it: `/`, `/Both/0`, `/Each/17`.

    `program` tells which branch a state belongs to, or else `like`, another history of which the paths are known.
    Without either, branches count in the order in which they began, and so do those that these do not know.
    """
    known = {
        (event.path.rpartition("/")[0], event.name): int(event.path.rpartition("/")[2])
        for event in like
        if event.type.endswith("StateEntered") and event.path != "/"
    }
    return _Recovery(events, program, known).run()


class _Recovery:
    def __init__(
        self, events: Sequence[Event], program: Program | None, known: Mapping[tuple[str, str], int]
    ) -> None:
        self.events = events
        self.known = known  # (path without its slot, state) -> slot
        self.root = Line("/", None, "", 0, program)
        self.lines: list[Line] = [self.root]  # by event id; 0 is before all
        self.entries: dict[tuple[str, int], Line] = {}  # (state, previous event of its entry) -> line

    def run(self) -> list[str]:
        for event in self.events:
            self.lines.append(self._line(event))
        return [line.path for line in self.lines[1:]]

    def _line(self, event: Event) -> Line:
        kind, before = event.type, self.lines[event.previous]
        if kind.startswith("Execution"):
            if kind == "ExecutionRedriven":
                for line in self.root.below():
                    line.failed = False
                    line.cut = set()
            return self.root
        if kind.endswith("StateEntered"):
            return self._entered(event, before)
        if kind.endswith("StateExited"):
            line = _nearest(before, lambda line: line.open == event.name)
            line.open = None
            line.children = {}
            return line
        if kind == "EvaluationFailed":
            found = self.entries.get((event.name, event.previous))
            return found or _nearest(before, lambda line: line.open == event.name)
        if kind.endswith("StateAborted"):
            type = kind.removesuffix("StateAborted")
            return _cut(before, lambda line: line.open is not None and line.type == type, type)
        if kind.startswith("MapIteration"):
            return self._iteration(event, before)
        if kind.startswith(("MapState", "MapRun", "ParallelState")):
            return _of_fork(before, kind)
        return before

    def _entered(self, event: Event, before: Line) -> Line:
        line = before
        if event.previous and self.events[event.previous - 1].type == "ParallelStateStarted":
            line = self._branch(event, before)
        line.open, line.type = event.name, event.type.removesuffix("StateEntered")
        line.failed = False
        self.entries[event.name, event.previous] = line
        return line

    def _branch(self, event: Event, parent: Line) -> Line:
        state = parent.program.states.get(parent.open or "") if parent.program else None
        branches = state.branches if isinstance(state, Parallel) else ()
        slot = _slot(branches, event.name, parent.children)
        if not branches:
            stem = f"{parent.path if parent.path != '/' else ''}/{parent.open}"
            known = self.known.get((stem, event.name))
            slot = slot if known is None or known in parent.children else known
        return self._child(parent, slot, branches[slot] if slot < len(branches) else None)

    def _iteration(self, event: Event, before: Line) -> Line:
        name, slot = event.name, event.data
        if event.type == "MapIterationStarted":
            parent = _nearest(before, lambda line: line.open == name and line.type == "Map")
            state = parent.program.states.get(name) if parent.program else None
            return self._child(parent, slot, state.processor if isinstance(state, Map) else None)
        if event.type == "MapIterationAborted":
            return _cut(before, lambda line: line.owner == name and line.slot == slot, "Iteration")
        line = _nearest(before, lambda line: line.owner == name and line.slot == slot)
        line.cut.add("Iteration")
        return line

    def _child(self, parent: Line, slot: int, program: Program | None) -> Line:
        stem = parent.path if parent.path != "/" else ""
        owner = parent.open or ""
        child = Line(f"{stem}/{owner}/{slot}", parent, owner, slot, program)
        parent.children[slot] = child
        return child


def _slot(branches: Sequence[Program], name: str, taken: dict[int, Line]) -> int:
    """The branch whose first state has the name, else one that has such a state, else the next that is free."""
    for has in (lambda branch: branch.start == name, lambda branch: name in branch.states):
        for slot, branch in enumerate(branches):
            if slot not in taken and has(branch):
                return slot
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def _nearest(line: Line, fits: Callable[[Line], bool]) -> Line:
    return next((each for each in line.up() if fits(each)), line)


def _of_fork(before: Line, kind: str) -> Line:
    """The line whose Map or Parallel the event tells of. One that has failed for good is past."""
    wanted = "Parallel" if kind.startswith("Parallel") else "Map"
    line = _nearest(before, lambda line: line.open is not None and line.type == wanted and not line.failed)
    if kind.endswith("Failed"):
        line.failed = line.type == wanted and kind != "MapRunFailed"
    elif kind.endswith("StateStarted"):
        line.children = {}
    return line


def _cut(before: Line, fits: Callable[[Line], bool], what: str) -> Line:
    """One of the lines that were cut: their events hang on the failure for which they were (recorded)."""
    inside = before if before.parent is None or (before.children and not before.failed) else before.parent
    for above in inside.up():
        for line in above.alive():
            if fits(line) and what not in line.cut:
                line.cut.add(what)
                return line
    return before
