"""A history by visits of states: what was recorded of each, in which frame, with which variables."""

from __future__ import annotations

from dataclasses import dataclass, field

from asl.history import Event, History
from asl.program import Program
from asl.recorded import HistoryError
from asl.states import Map, Parallel
from asl.values import Json

BEGINS = frozenset(
    {
        "TaskScheduled",
        "LambdaFunctionScheduled",
        "ActivityScheduled",
        "MapStateStarted",
        "ParallelStateStarted",
    }
)
"""The events that begin an attempt."""

FORKS = ("MapStateStarted", "ParallelStateStarted")


@dataclass(slots=True, eq=False)
class Stay:
    """One visit of a state by a frame, as recorded.

    `address` is that of the frame's machine in the program. `variables` are those at entry. `events` are the
    frame's from the entry to the exit, both included; `next` is the state entered after it in the same frame.
    `outputs` are, for each fork of a Parallel or Map, what its children put out last, by slot.
    """

    path: str
    address: str
    entry: Event
    variables: dict[str, Json]
    events: list[Event] = field(default_factory=list)
    exit: Event | None = None
    next: str | None = None
    outputs: list[dict[int, Json]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the state."""
        name: str = self.entry.name
        return name


def stays(history: History, program: Program) -> list[Stay]:
    """The visits, in the order entered; raises `HistoryError` where the program has not the states visited."""
    found: list[Stay] = []
    latest: dict[str, Stay] = {}
    variables: dict[str, dict[str, Json]] = {}
    for event in history:
        path = event.path
        if event.type.endswith("StateEntered"):
            address = _address(program, event)
            if path not in variables:
                variables[path] = variables.get(parent(path), {})
            stay = Stay(path, address, event, variables[path], [event])
            before = latest.get(path)
            if before is not None and before.exit is not None:
                before.next = stay.name
            latest[path] = stay
            found.append(stay)
            continue
        current = latest.get(path)
        if current is None or event.type.startswith("Execution"):
            continue
        current.events.append(event)
        if event.type in FORKS:
            current.outputs.append({})
            within = f"{path.rstrip('/')}/{current.name}/"
            for each in [each for each in latest if each.startswith(within)]:
                del latest[each], variables[each]  # the children are new frames
        elif event.type.endswith("StateExited"):
            current.exit = event
            if event.more is not None:
                variables[path] = {**variables[path], **event.more}
            owner = latest.get(parent(path)) if path != "/" else None
            if owner is not None and owner.outputs:
                owner.outputs[-1][int(path.rsplit("/", 1)[1])] = event.data
    return found


def parent(path: str) -> str:
    """The path of the frame whose Parallel or Map a frame belongs to."""
    return path.rsplit("/", 2)[0] or "/"


def _address(program: Program, event: Event) -> str:
    """The address of the machine that a frame runs, which must have the state that the event enters."""
    part = program
    steps = event.path.strip("/").split("/") if event.path != "/" else []
    for name, slot in zip(steps[::2], steps[1::2], strict=True):
        state = part.states.get(name)
        if isinstance(state, Map):
            part = state.processor
        elif isinstance(state, Parallel) and int(slot) < len(state.branches):
            part = state.branches[int(slot)]
        else:
            raise HistoryError(f"{_entering(event)} within '{name}', which {_UNLIKE}")
    if event.name not in part.states:
        raise HistoryError(f"{_entering(event)}, which {_UNLIKE}")
    return part.address


def _entering(event: Event) -> str:
    return f"event {event.id} enters the state '{event.name}'"


_UNLIKE = "the definition does not have; is it the one that ran?"
