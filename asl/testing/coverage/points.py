"""What there is to cover in a state machine: every place where a run can go one way or another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from asl.program import Program
from asl.states import Choice, Map, Parallel, State, Working

KINDS = ("state", "transition", "choice", "catch", "retry", "map")
"""The kinds of points, in the order of the reports."""


class Point(NamedTuple):
    """One place to cover.

    `kind` is one of `KINDS`; `what` says which way of the state it is: "" (it is entered), `Next`, `End`,
    `Choices[0]` and `not Choices[0]` (the rule was taken, and was passed over), `Default`, `Catch[0]`, `Retry[0]`,
    `empty`, `not empty`. `to` is the state that the way leads to. `location` is the place in the definition.
    """

    kind: str
    state: str
    what: str
    to: str | None
    location: str

    def __str__(self) -> str:
        """What did not happen, where it is not covered."""
        way = self.kind if self.kind in _TOLD else "not" if self.what.startswith("not Choices") else self.what
        return _TOLD.get(way, _RULE).format(point=self, rule=self.what.removeprefix("not "))


_RULE = "{rule} of {point.state!r} is never taken"
_TOLD = {
    "state": "{point.state!r} is never entered",
    "Next": "{point.state!r} never goes on to {point.to!r}",
    "End": "{point.state!r} never comes to its end",
    "not": "{rule} of {point.state!r} is never passed over",
    "catch": "{rule} of {point.state!r} never catches",
    "retry": "{rule} of {point.state!r} never retries",
    "empty": "{point.state!r} is never without items",
    "not empty": "{point.state!r} never has items",
}


def points(program: Program) -> list[Point]:
    """All points of a machine and of the machines within it, in the order of the definition."""
    return list(_of_machine(program, ""))


def _of_machine(program: Program, location: str) -> Iterator[Point]:
    documents: Any = cast(Any, program.definition)["States"]
    for state in program.states.values():
        place = f"{location}/States/{state.name}"
        yield Point("state", state.name, "", None, place)
        yield from _of_state(state, documents[state.name], place)


def _of_state(state: State, document: dict[str, Any], place: str) -> Iterator[Point]:
    name = state.name
    if isinstance(state, Choice):
        for index, rule in enumerate(state.rules):
            at = f"{place}/Choices[{index}]"
            yield Point("choice", name, f"Choices[{index}]", rule.next, at)
            yield Point("choice", name, f"not Choices[{index}]", None, at)
        if state.default.next is not None:
            yield Point("choice", name, "Default", state.default.next, f"{place}/Default")
    elif state.next is not None:
        yield Point("transition", name, "Next", state.next, f"{place}/Next")
    elif document.get("End"):
        yield Point("transition", name, "End", None, f"{place}/End")
    if isinstance(state, Working):
        for index, retrier in enumerate(state.retry):
            if retrier.max_attempts:
                yield Point("retry", name, f"Retry[{index}]", name, f"{place}/Retry[{index}]")
        for index, catcher in enumerate(state.catch):
            yield Point("catch", name, f"Catch[{index}]", catcher.next, f"{place}/Catch[{index}]")
    if isinstance(state, Parallel):
        for index, branch in enumerate(state.branches):
            yield from _of_machine(branch, f"{place}/Branches[{index}]")
    elif isinstance(state, Map):
        if state.items is not None:  # what an ItemReader reads is in no history
            for what in ("empty", "not empty"):
                yield Point("map", name, what, None, place)
        inner = "ItemProcessor" if "ItemProcessor" in document else "Iterator"
        yield from _of_machine(state.processor, f"{place}/{inner}")


def ambiguous(state: State) -> bool:
    """Whether it takes more than the state that came next to know which way a Choice state went."""
    if not isinstance(state, Choice):
        return False
    ways = Counter(rule.next for rule in (*state.rules, state.default))
    return state.name in ways or any(count > 1 for count in ways.values())
