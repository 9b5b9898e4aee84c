"""A history by visits of states: what was recorded of each, in which frame, with which variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asl.events import FORKS
from asl.history import Event, History
from asl.program import Program
from asl.recorded import HistoryError
from asl.states import Map, Parallel
from asl.values import Json


@dataclass(slots=True, eq=False)
class Stay:
    """One visit of a state by a frame, as recorded.

    `address` is that of the frame's machine in the program, `above` the path of the frame whose Parallel or Map it
    belongs to ("" for the execution's own). `variables` are those at entry. `events` are the frame's from the entry
    to the exit, both included; `next` is the state entered after it in the same frame. `outputs` are, for each fork
    of a Parallel or Map, what its children put out last, by slot.
    """

    path: str
    above: str
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
            before = latest.get(path)
            above, address = (before.above, before.address) if before else _frame(program, latest, event)
            if event.name not in program.parts[address].states:
                raise HistoryError(f"{_entering(event)}, which {_UNLIKE}")
            if path not in variables:
                variables[path] = variables.get(above, {})
            stay = Stay(path, above, address, event, variables[path], [event])
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
            owner = latest.get(current.above)
            if owner is not None and owner.outputs:
                owner.outputs[-1][int(path.rsplit("/", 1)[1])] = event.data
    return found


def _frame(program: Program, latest: Mapping[str, Stay], event: Event) -> tuple[str, str]:
    """The path of the frame above that of an event, and the address of the machine that the event's frame runs."""
    path = event.path
    if path == "/":
        return "", program.address
    stem, _, slot = path.rpartition("/")
    above = stem
    while above and above not in latest:  # a state's name may have slashes of its own
        above = above.rpartition("/")[0]
    above = above or "/"
    owner = latest.get(above)
    state = owner and program.parts[owner.address].states.get(owner.name)
    if owner is not None and stem == f"{above.rstrip('/')}/{owner.name}":
        if isinstance(state, Map):
            return above, state.processor.address
        if isinstance(state, Parallel) and int(slot) < len(state.branches):
            return above, state.branches[int(slot)].address
    raise HistoryError(f"{_entering(event)} at {path}, where {_UNLIKE}")


def _entering(event: Event) -> str:
    return f"event {event.id} enters the state '{event.name}'"


_UNLIKE = "the definition does not have; is it the one that ran?"
