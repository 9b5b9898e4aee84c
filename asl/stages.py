"""The data flow of a state, stage by stage: what TestState shows of a test, and `explain` of a run.

The machine evaluates a state at one go, by functions that were composed when the definition was compiled. Here the
same steps are taken one after the other, and what each gave is kept under the name that TestState's
inspectionData has for it: `input`, `afterInputPath`, `afterParameters` or `afterArguments`, for a Map
`afterItemsPath`, `afterItemSelector`, `maxConcurrency`, `toleratedFailureCount`, `toleratedFailurePercentage`, then
`result`, `afterResultSelector`, `afterResultPath`, `afterOutputPath`, `output`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, TypeAlias, cast

from asl import names
from asl.dataflow import Operand, Step, language
from asl.errors import PathError, StatesError
from asl.machine import NO_CHOICE
from asl.program import Program
from asl.retry import Catcher, error_output
from asl.scope import STATE_DATA
from asl.selection import members, unselected
from asl.states import Choice, Fail, Map, Pass, Rule, State, Wait, Working
from asl.values import Json

Document: TypeAlias = "dict[str, Any]"
Stages: TypeAlias = "dict[str, Json]"

_TOLERATED = ("ToleratedFailureCount", "ToleratedFailurePercentage")


class Plan(NamedTuple):
    """A state as it is gone through: its definition, its compiled form, its steps, and what its rules may read."""

    document: Document
    state: State
    before: tuple[Step, ...]
    after: tuple[Step, ...]
    operands: tuple[tuple[Operand, ...], ...]
    language: str

    @property
    def type(self) -> str:
        """The state's Type."""
        kind: str = self.document["Type"]
        return kind


def plan(root: Program, address: str, name: str) -> Plan:
    """The plan of the state of that name in the machine at `address` of a whole program."""
    part = root.parts[address]
    document: Document = cast(Any, part.definition)["States"][name]
    spoken = document.get("QueryLanguage", cast(Any, root.definition).get("QueryLanguage", "JSONPath"))
    flow = language(spoken)
    operands = tuple(flow.operands(rule) for rule in document.get("Choices", ()))
    return Plan(document, part.states[name], flow.before(document), flow.after(document), operands, spoken)


@dataclass(slots=True)
class Surroundings:
    """The `Scope` of a state that is looked at outside of a running execution.

    `object` is the context object; `now` is milliseconds since the epoch.
    """

    variables: Mapping[str, Json] = field(default_factory=dict)
    object: dict[str, Json] = field(default_factory=dict)
    now: int = 0
    _random: Random = field(default_factory=lambda: Random(0))

    def context_of(self, frame: Any, token: str | None) -> dict[str, Json]:
        """The context object, for a task that is called."""
        return self.context()

    def context(self) -> dict[str, Json]:
        """The context object."""
        return self.object

    def random(self) -> Random:
        """The generator of this visit: the same numbers every time the state is looked at."""
        return self._random

    def with_item(self, item: Json) -> Surroundings:
        """The same surroundings for an iteration of a Map."""
        return Surroundings(self.variables, {**self.object, "Map": {"Item": item}}, self.now, self._random)


class Reading(NamedTuple):
    """What a Choice rule found at one place: `found` is False where the path leads nowhere."""

    place: str
    text: str
    found: bool
    value: Json


Read: TypeAlias = "Callable[[Mapping[str, Any]], Iterable[tuple[Json, str, str | None]]]"
"""The evaluated fields of a map run -> its items: (value, source, key)."""


def _item(state: Map, index: int, value: Json, source: str, key: str | None) -> dict[str, Json]:
    """`Map.Item` of the context object; only a distributed Map tells where its items come from."""
    item: dict[str, Json] = {"Index": index, "Value": value}
    if key is not None:
        item["Key"] = key
    if state.distributed:
        item["Source"] = source
    return item


class Inspection:
    """One visit of a state. `stages` grows with every step, so after an error it shows how far the visit came.
    Of a Map, `items` and the number of `iterations` are those that are known.

    Call `prepare`, then `finish` with the result or `choose`, or `catch`; all raise `StatesError` as the state would.
    """

    def __init__(self, plan: Plan, raw: Json, scope: Surroundings) -> None:
        self.plan = plan
        self.raw = raw
        self.scope = scope
        self.stages: Stages = {"input": raw}
        self.assigned: dict[str, Json] = {}
        self.items: list[Json] | None = None
        self.iterations: int | None = None

    def prepare(self, read: Read | None = None) -> Json:
        """From the raw input to what the work is given.

        `read` gives the items of a Map that has an ItemReader; without it they stay unknown.
        """
        value = self._steps(self.plan.before, self.raw)
        state = self.plan.state
        if isinstance(state, Map):
            self._spread(state, value, read)
        return value

    def _steps(self, steps: tuple[Step, ...], value: Json) -> Json:
        for stage, apply in steps:
            if apply is not None:
                value = apply(self.raw, value, self.scope)
            self.stages[stage] = value
        return value

    def _spread(self, state: Map, effective: Json, read: Read | None) -> None:
        scope = self.scope
        items: list[Any] | None = None
        if state.items is not None:
            found: Any = state.items(effective, scope)
            items = [(value, STATE_DATA, key) for value, key in members(found)]
            self._show_items(items, found, "afterItemsPath")
        fields: Any = {} if state.run is None else state.run(effective, scope)
        if items is None and read is not None:
            items = list(read(fields))
            pointer = "ItemsPointer" in (fields["ItemReader"].get("ReaderConfig") or {})
            self._show_items(
                items, [item[0] for item in items], f"afterItems{'Pointer' if pointer else 'Path'}"
            )
        if items is not None:
            self.iterations = len(self._inputs(state, effective, items, fields.get("ItemBatcher")))
        self.stages["maxConcurrency"] = state.limit(effective, scope)
        for name in _TOLERATED:
            if name in fields:
                self.stages[name[0].lower() + name[1:]] = fields[name]

    def _show_items(self, items: list[Any], shown: Json, stage: str) -> None:
        self.items = [value for value, _, _ in items]
        if self.plan.language == "JSONPath":
            self.stages[stage] = shown

    def _inputs(self, state: Map, effective: Json, items: list[Any], batcher: Any) -> list[Json]:
        """The inputs of the iterations: the items as ItemSelector and ItemBatcher make them."""
        told = [_item(state, index, *item) for index, item in enumerate(items)]
        if state.select is None:
            inputs = [unselected(item) for item in told]
        else:
            inputs = [state.select(effective, self.scope.with_item(item)) for item in told]
            self.stages["afterItemSelector"] = inputs
        if batcher is not None:
            from asl.distributed.batches import batches  # most Maps have no batches

            inputs = [batch for _, batch in batches(batcher, inputs)]
            self.stages["afterItemBatcher"] = inputs
        return inputs

    def work(self, effective: Json) -> Json:
        """The result of a state that needs nothing from outside; None where it has none of its own."""
        state = self.plan.state
        if isinstance(state, Pass) and self.plan.document.get("Result") is not None:
            assert state.result is not None
            return state.result(self.raw, self.scope)
        if isinstance(state, Wait):
            state.until(self.raw, self.scope)
        return effective

    def finish(self, result: Json) -> Json:
        """From the result to the output, with the variables that the state assigns."""
        state, document = self.plan.state, self.plan.document
        if isinstance(state, Working) or document.get("Result") is not None:
            self.stages["result"] = result
        output = self.stages["output"] = self._steps(self.plan.after, result)
        assign = getattr(state, "assign", None)
        if assign is not None:
            self.assigned = assign(self.raw, result, self.scope)
        return output

    def choose(self, effective: Json) -> Iterator[tuple[int | None, Rule, bool]]:
        """The rules that a Choice state asks, each with its index (None: Default) and whether it matches.

        The last of them does, and is what the state follows.
        """
        state = self.plan.state
        assert isinstance(state, Choice)
        for index, rule in enumerate(state.rules):
            matched = rule.test(effective, self.scope)
            yield index, rule, matched
            if matched:
                return
        if state.default.next is None:
            raise StatesError(names.RUNTIME, NO_CHOICE)
        yield None, state.default, True

    def read(self, index: int, effective: Json) -> tuple[Reading, ...]:
        """What the rule of that index reads, in its order."""
        readings = []
        for place, text, select in self.plan.operands[index]:
            try:
                readings.append(Reading(place, text, True, select(effective, self.scope)))
            except (PathError, StatesError):
                readings.append(Reading(place, text, False, None))
        return tuple(readings)

    def follow(self, rule: Rule, effective: Json) -> Json:
        """The output of a Choice state by the rule that it follows."""
        output = effective if rule.output is None else rule.output(effective, self.scope)
        if self.plan.language == "JSONPath":
            self.stages["afterOutputPath"] = output
        self.stages["output"] = output
        if rule.assign is not None:
            self.assigned = rule.assign(self.raw, effective, self.scope)
        return output

    def fail(self) -> StatesError:
        """The error of a Fail state."""
        state = self.plan.state
        assert isinstance(state, Fail)
        error: Any = state.error(self.raw, self.scope)
        cause: Any = state.cause(self.raw, self.scope)
        return StatesError(error, cause, whole=True)

    def catch(self, catcher: Catcher, error: str | None, cause: str | None) -> Json:
        """The output of the state after its Catcher took the error."""
        given: Json = error_output(error, cause)
        output = self.stages["output"] = catcher.write(self.raw, given, self.scope)
        if catcher.assign is not None:
            assigned: Any = catcher.assign(self.raw, given, self.scope)
            self.assigned = assigned
        return output
