"""Answers for any machine, found by running it: what a state reads and does not find is there the next time.

At first the input and every result are objects that have nothing. Where the machine fails, the states that it did not
leave are asked what they read (`tests.reads`); what is not there, or of another kind, is traced to the answer that
the value around it is from, and that answer learns it. What is from no answer, no answer can mend: the definition
itself made a value without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, cast

import asl
from asl.inspection import Explanation
from tests.places import MARK, Place, Places
from tests.reads import Reads, named

MISSING = object()


class Answers:
    """The input of the execution, the results of its tasks, and the items of its datasets; they differ by `turn`."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.turn = 0
        self.calls = 0
        self.unmade: list[str] = []
        """What the last lesson found missing in values that are from no answer, in words."""
        self._places = Places()
        self._sources: dict[str, Place] = {}
        self._reads = {name: Reads(name, state, state["QueryLanguage"]) for name, state in named(definition)}

    def input(self) -> Any:
        """The input of the execution; a new round begins."""
        self.calls = 0
        return self.document("")

    def __call__(self, payload: Any, call: asl.Call) -> Any:
        """The result of a task."""
        return self.document(call.state)

    def document(self, name: str) -> Any:
        """What comes from a source: the input (""), a Task's result or a dataset (by the name of its Map)."""
        self.calls += 1
        return self._places.make(self.source(name), Random(self.turn * 1000 + self.calls))

    def source(self, name: str) -> Place:
        """What is known of it."""
        if name not in self._sources:
            self._sources[name] = Place()
            self._sources[name].object = True
        return self._sources[name]

    # ------------------------------------------------------------------ lessons

    def learn(self, result: asl.Result, machine: asl.StateMachine) -> bool:
        """Learn from a run that did not succeed; whether there was anything to learn."""
        self.unmade = []
        learnt = self._learn(result.history, machine.program, result.cause)
        for child in _children(result.map_runs):
            if child.status == "FAILED":
                learnt |= self._learn(child.history, _program(machine, child.history), child.cause)
        return learnt

    def _learn(self, history: Any, program: Any, cause: str | None) -> bool:
        endless = "maximum number of history events" in (cause or "")
        visits = asl.explain(history, program)
        failed = endless or any(visit.type == "Fail" for visit in visits)
        learnt = False
        for visit in {visit.state: visit for visit in visits}.values() if endless else visits:
            reads = self._reads[visit.state]
            choice = failed and visit.type == "Choice"
            if choice or visit.status == "CAUGHT_ERROR" or (visit.exited_at is None and not endless):
                for root, want in reads.wants.items():
                    for value, holder in self._values(root, visit, history):
                        match = _Match(self._places, reads.lenient, choice)
                        match.look(want, value, holder, reads.path(root))
                        learnt |= match.learnt
                        if visit.status == "FAILED":
                            self.unmade += [f"'{visit.state}' reads {path}" for path in match.unmade]
        return learnt

    def _values(self, root: str, visit: Explanation, history: Any) -> Iterator[tuple[Any, Place | None]]:
        """The values that stand at a root of what a state reads, with the place that each is from where it is known."""
        stages = visit.stages
        if root.startswith("$"):
            yield visit.variables.get(root[1:], MISSING), None
        elif root == "execution":
            yield history[0].data, None
        elif root == "item":
            for item in cast(list[Any], stages.get("afterItemsPath") or []):
                yield item, None
        else:
            holder = self.source(visit.state) if visit.type == "Task" else None
            for stage in _STAGES[root]:
                if stage in stages:
                    yield stages[stage], holder if stage == "result" else None
                    return
            if root == "merged" and visit.type not in ("Task", "Map", "Parallel"):
                yield stages.get("afterInputPath", stages["input"]), None


_STAGES = {
    "input": ("input",),
    "effective": ("afterInputPath", "input"),
    "result": ("result",),
    "selected": ("afterResultSelector", "result", "afterParameters", "afterInputPath", "input"),
    "merged": ("afterResultPath",),
}
"""The roots of what a state reads -> the stages at which the value stands, the first that there is."""


class _Match:
    """A look at a value: what of that which is wanted it has not. `endless`: other values are wanted, too."""

    def __init__(self, places: Places, lenient: bool, endless: bool) -> None:
        self.places = places
        self.lenient = lenient
        self.endless = endless
        self.learnt = False
        self.unmade: list[str] = []

    def look(self, want: Place, value: Any, holder: Place | None, path: str) -> None:
        """`holder` is the place that the value is made of, where that is known."""
        own = self.places.of(value) or holder
        if value is MISSING:
            self._teach(want, own, path)
            return
        if want.values and (self.endless or self.places.of(value) or not _fits(value, want)):
            only = Place()
            only.add(*want.values)
            self._teach(only, own, path, blame=False)
        if want.text is not None:
            self._text(want, value, own, path)
        elif want.item is not None:
            self._array(want, want.item, value, own, path)
        elif want.below or want.object:
            self._object(want, value, own, path)

    def _teach(self, want: Place, own: Place | None, path: str, blame: bool = True) -> None:
        if own is not None:
            self.learnt |= own.absorb(want)
        elif blame:
            self.unmade.append(path)

    def _text(self, want: Place, value: Any, own: Place | None, path: str) -> None:
        assert want.text is not None
        try:
            parsed = json.loads(value)
        except (TypeError, ValueError):
            self._teach(want, own, path)
        else:
            self.look(want.text, parsed, own and own.text, path)

    def _array(self, want: Place, item: Place, value: Any, own: Place | None, path: str) -> None:
        if not isinstance(value, list) and self.lenient and want.least < 2 and isinstance(value, dict):
            self._teach(want, own, path, blame=False)
            self.look(item, value, own, path)
        elif not isinstance(value, list) or len(value) < want.least:
            self._teach(want, own, path)
        else:
            for each in value:
                self.look(item, each, own and own.item, f"{path}[0]")

    def _object(self, want: Place, value: Any, own: Place | None, path: str) -> None:
        if isinstance(value, list) and self.lenient:
            for each in value:
                self.look(want, each, own and own.item, path)
        elif not isinstance(value, dict):
            self._teach(want, own, path)
        else:
            for name, below in want.below.items():
                place = own.field(name) if own is not None and name in own.below else None
                if name not in value and own is not None and MARK in value:
                    known = own.below.get(name)
                    self.learnt |= own.field(name).absorb(below) or known is None
                else:
                    self.look(below, value.get(name, MISSING), place, f"{path}.{name}")


def _children(map_runs: Iterable[asl.MapRunRecord]) -> Iterator[Any]:
    for record in map_runs:
        for child in record.children:
            yield child
            yield from _children(child.map_runs)


def _program(machine: asl.StateMachine, history: Any) -> Any:
    """The machine that a child ran: the one that has the state it entered first."""
    first = next(event.name for event in history if event.type.endswith("StateEntered"))
    return next(part for part in machine.program.parts.values() if first in part.states)


def _fits(value: Any, want: Place) -> bool:
    kinds = {type(each) for each in want.values}
    return type(value) in kinds or (isinstance(value, str) and object in kinds)


def definitions(text: str) -> dict[str, str]:
    """Values for the `${Name}` placeholders in the text of a definition, of the kind that fits their places."""
    found: dict[str, str] = {}
    for match in re.finditer(r'("?Resource"?\s*:\s*)?("?)\$\{([^}\s"\']+)\}', text):
        resource, quote, name = match.groups()
        before = text[: match.start()].rstrip()
        if resource is not None:
            found[name] = "arn:aws:lambda:us-east-1:123456789012:function:text"
        elif name not in found:
            field = re.search(r'"(\w+)"\s*:$', before)
            if field is not None and field[1] in ("Retry", "Catch"):
                found[name] = "text" if quote else "[]"
            else:
                bare = not quote and (before.endswith((":", ",")) or re.search(r'"\{%[^"\']*$', before))
                found[name] = "1" if bare else "text"
    return found
