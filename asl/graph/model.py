"""What there is to draw of a definition: states, the edges between them, and the machines within them.

Made from the document and not from a compiled `Program`, so that a definition with errors can be drawn too:
what is not as it should be is left out, and an edge to a state that does not exist leads to one of type `?`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from asl.graph import words
from asl.values import Json

Key: TypeAlias = tuple[str, ...]
"""What a mark is laid on: a state, `(address, name)`, or an edge, `(address, name, field)`.

`address` is the machine's, as `Program.address` has it: `/` for the whole, `/Both/0` for the first branch of
the Parallel state Both, `/Each` for the processor of the Map state Each. `field` is where the edge stands in the
state: `Next`, `Default`, `Choices[0]`, `Catch[1]`; and `End` where the state ends its machine. The edge that
leads into a machine is `(address, "", "StartAt")`.
"""


class Edge(NamedTuple):
    """A transition: the field that says it, the name of the state it leads to, and what to write on it."""

    field: str
    target: str
    label: str = ""

    @property
    def catches(self) -> bool:
        """Whether an error leads there."""
        return self.field.startswith("Catch")


class State(NamedTuple):
    """A state: what it does, how it retries, where it leads.

    `parts` are its branches or its item processor; `ends` tells that it may end its machine.
    """

    name: str
    type: str
    does: str = ""
    notes: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    parts: tuple[Machine, ...] = ()
    ends: bool = False

    @property
    def joins(self) -> bool:
        """Whether a machine that ends here goes on around it: not where it fails."""
        return self.ends and self.type != "Fail"

    def title(self, index: int) -> str:
        """What one of its parts is called."""
        return f"Branch {index + 1}" if self.type == "Parallel" else "Each item"


class Machine(NamedTuple):
    """A machine, or one within a state."""

    address: str
    start: str
    states: tuple[State, ...]


def machine(document: Json, address: str = "/") -> Machine:
    """The model of a definition, whether `asl.check` finds errors in it or not."""
    whole = _object(document)
    states = [_state(name, _object(state), address) for name, state in _object(whole.get("States")).items()]
    start = whole.get("StartAt")
    start = start if isinstance(start, str) else ""
    known = {state.name for state in states}
    targets = [start, *(edge.target for state in states for edge in state.edges)]
    missing = [name for name in dict.fromkeys(targets) if name and name not in known]
    return Machine(address, start, (*states, *(State(name, "?", "no such state") for name in missing)))


def walk(whole: Machine) -> Iterator[tuple[Machine, State]]:
    """Every state with its machine, those within a state after it."""
    for state in whole.states:
        yield whole, state
        for part in state.parts:
            yield from walk(part)


def _state(name: str, state: Mapping[str, Any], address: str) -> State:
    kind = state.get("Type")
    kind = kind if isinstance(kind, str) else "?"
    ends = state.get("End") is True or kind in ("Succeed", "Fail")
    below = f"{address.rstrip('/')}/{name}"
    if kind == "Parallel":
        parts = tuple(
            machine(branch, f"{below}/{index}") for index, branch in enumerate(_list(state.get("Branches")))
        )
    elif kind == "Map":
        processors = [state[field] for field in ("ItemProcessor", "Iterator") if field in state]
        parts = tuple(machine(processor, below) for processor in processors[:1])
    else:
        parts = ()
    retries = tuple(words.retries(state))
    return State(name, kind, words.does(kind, state), retries, tuple(_edges(state)), parts, ends)


def _edges(state: Mapping[str, Any]) -> Iterator[Edge]:
    for index, rule in enumerate(map(_object, _list(state.get("Choices")))):
        if isinstance(target := rule.get("Next"), str):
            yield Edge(f"Choices[{index}]", target, words.rule(rule))
    if isinstance(target := state.get("Default"), str):
        yield Edge("Default", target, "Default")
    if isinstance(target := state.get("Next"), str):
        yield Edge("Next", target)
    for index, catcher in enumerate(map(_object, _list(state.get("Catch")))):
        if isinstance(target := catcher.get("Next"), str):
            yield Edge(f"Catch[{index}]", target, f"Catch {words.errors(catcher)}")


def _object(value: Json) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []
