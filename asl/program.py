"""From a checked definition to a `Program`: every state compiled, every path and template a function.

A Program is immutable and holds no state of any run: one serves any number of executions, in any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeAlias

from asl import states as compiled
from asl.checks.machine import not_compiled
from asl.dataflow import language as flow_of
from asl.errors import DefinitionError, ExpressionError
from asl.retry import retrier
from asl.states import State
from asl.values import Json, whole

Document: TypeAlias = "dict[str, Any]"

Step: TypeAlias = tuple[str, str, str | None, State]
"""The types of the events of a state, the name of the next, and the state."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Program:
    """A machine, or one of the machines within it (a branch, an item processor).

    `address` is where it stands: `/` for the whole, `/Both/0` for the first branch of the Parallel state
    Both, `/Each` for the processor of the Map state Each. `parts` finds every Program below (and including)
    this one by its address.
    """

    address: str
    start: str
    states: Mapping[str, State]
    parts: Mapping[str, Program]
    timeout: int | None = None
    """The machine's TimeoutSeconds."""
    definition: Json = None
    """The document that it was compiled from."""
    iterates: bool = False
    """Whether it is the processor of a Map state."""
    steps: Mapping[str, Step] = field(init=False)
    """Of each state what the machine reads at every visit, side by side: attributes of eight classes take longer."""

    def __post_init__(self) -> None:
        steps = {
            name: (state.entered, state.exited, state.next, state) for name, state in self.states.items()
        }
        object.__setattr__(self, "steps", steps)

    def __repr__(self) -> str:
        return f"Program({self.address!r}, {len(self.states)} states)"


def compile(document: Document) -> Program:
    """Compile a definition that `check` and `checks.unresolved` have found no errors in.

    On one that they have not seen, the outcome is not defined: check first, or use `asl.load`. Raises
    `DefinitionError` for an expression that cannot be compiled although no check refuses it, for the sake of a
    `${placeholder}` in it.
    """
    return _machine(document, "/", "", document.get("QueryLanguage", "JSONPath"))


def _machine(document: Document, address: str, place: str, language: str, iterates: bool = False) -> Program:
    parts: dict[str, Program] = {}
    states = {
        name: _compiled(name, state, address, place, language, parts)
        for name, state in document["States"].items()
    }
    timeout: Any = whole(document.get("TimeoutSeconds"))
    program = Program(address, document["StartAt"], states, parts, timeout, document, iterates)
    parts[address] = program
    return program


def _below(address: str, *steps: object) -> str:
    return "/".join([address.rstrip("/"), *map(str, steps)])


def _compiled(
    name: str, state: Document, address: str, place: str, language: str, parts: dict[str, Program]
) -> State:
    """A state; a value that its field cannot have is told with the place of the state.

    The checks leave that to us where a `${placeholder}` stands that nobody gave a value: it may be right yet.
    """
    place = f"{place}/States/{name}"
    try:
        return _state(name, state, address, place, language, parts)
    except ExpressionError as problem:
        refusal = not_compiled(place, problem.message)
        raise DefinitionError([refusal if "${" in str(state) else refusal._replace(hint=None)]) from problem


def _part(
    document: Document, address: str, place: str, language: str, parts: dict[str, Program], iterates: bool
) -> Program:
    program = _machine(document, address, place, language, iterates)
    parts.update(program.parts)
    return program


def _state(
    name: str, state: Document, address: str, place: str, language: str, parts: dict[str, Program]
) -> State:
    kind = state["Type"]
    # A state's own QueryLanguage does not reach its children: they have the machine's.
    flow = flow_of(state.get("QueryLanguage", language))
    common: dict[str, Any] = {
        "name": name,
        "next": state.get("Next"),
        "entered": f"{kind}StateEntered",
        "exited": f"{kind}StateExited",
    }
    match kind:
        case "Pass":
            return compiled.Pass(
                **common,
                result=flow.result(state),
                write=flow.write(state),
                extra=flow.extra(state),
                assign=flow.assign(state),
                growth=flow.growth(state),
            )
        case "Succeed":
            return compiled.Succeed(**common, output=flow.output(state))
        case "Choice":
            read, rules, default = flow.choice(state)
            return compiled.Choice(**common, read=read, rules=rules, default=default)
        case "Wait":
            return compiled.Wait(
                **common, until=flow.until(state), output=flow.output(state), assign=flow.assign(state)
            )
        case "Fail":
            error, cause = flow.fail(state)
            return compiled.Fail(**common, error=error, cause=cause)
        case "Task":
            return compiled.Task(
                **common,
                **_working(state, flow),
                read=flow.arguments(state),
                target=compiled.target(state["Resource"]),
                timeout=flow.seconds(state, "TimeoutSeconds"),
                heartbeat=flow.seconds(state, "HeartbeatSeconds"),
                credentials=flow.credentials(state),
            )
        case "Parallel":
            return compiled.Parallel(
                **common,
                **_working(state, flow),
                read=flow.arguments(state),
                branches=tuple(
                    _part(
                        branch,
                        _below(address, name, index),
                        f"{place}/Branches[{index}]",
                        language,
                        parts,
                        False,
                    )
                    for index, branch in enumerate(state["Branches"])
                ),
            )
        case _:
            holder = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
            processor = state[holder]
            config = processor.get("ProcessorConfig", {})
            distributed = config.get("Mode") == "DISTRIBUTED"
            return compiled.Map(
                **common,
                **_working(state, flow),
                read=flow.map_input(state),
                items=None if distributed and "ItemReader" in state else flow.items(state, distributed),
                select=flow.item_selector(state),
                limit=flow.limit(state),
                run=flow.map_run(state),
                processor=_part(processor, _below(address, name), f"{place}/{holder}", language, parts, True),
                distributed=distributed,
                execution_type=config.get("ExecutionType", "STANDARD"),
                label=state.get("Label"),
            )


def _working(state: Document, flow: ModuleType) -> dict[str, Any]:
    write = flow.write(state)
    return {
        "write": write or _result_itself,
        "extra": flow.extra(state),
        "assign": flow.assign(state),
        "retry": tuple(map(retrier, state.get("Retry", ()))),
        "catch": tuple(flow.catcher(catcher, index) for index, catcher in enumerate(state.get("Catch", ()))),
    }


def _result_itself(raw: Json, result: Json, scope: object) -> Json:
    return result


def walk(program: Program) -> Iterator[tuple[str, State]]:
    """Every state of the program and of the machines within it, with the address of its machine."""
    for address, part in sorted(program.parts.items()):
        for state in part.states.values():
            yield address, state
