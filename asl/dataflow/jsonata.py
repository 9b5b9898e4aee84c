"""The data flow of a state in JSONata.

Arguments → (the work) → Output, with Assign beside it: both see the values as they stood when the state was
entered.
"""

from __future__ import annotations

from typing import Any

from asl import jsonata, times
from asl.dataflow import Operand, Step
from asl.dataflow.bounds import LONGEST_DELAY, LONGEST_TIMEOUT
from asl.dataflow.jsonata_fields import (
    Document,
    is_expression,
    merge,
    of_input,
    out_of_range,
    source,
    typed,
    unexpected,
)
from asl.dataflow.jsonata_map import item_selector, items, limit, map_input, map_run
from asl.errors import EvaluationError
from asl.retry import Catcher
from asl.states import Assign, Growth, Merge, Rule, target
from asl.values import Json, Scope, Select, to_json

__all__ = [
    "after",
    "arguments",
    "assign",
    "before",
    "catcher",
    "choice",
    "credentials",
    "extra",
    "fail",
    "growth",
    "item_selector",
    "items",
    "limit",
    "map_input",
    "map_run",
    "operands",
    "output",
    "result",
    "seconds",
    "until",
    "write",
]


def arguments(state: Document) -> Select | None:
    """Raw input → what the work is given (Arguments; the input itself without them).

    An integration takes an object.
    """
    if state["Type"] == "Task" and target(state["Resource"]).kind == "Task":
        return typed(state, "Arguments", "object")
    return of_input(state, "Arguments")


def before(state: Document) -> tuple[Step, ...]:
    """The step of `arguments`, which Tasks and Parallels take."""
    if state["Type"] not in ("Task", "Parallel"):
        return ()
    select = arguments(state)
    return (
        Step("afterArguments", None if select is None else (lambda raw, value, scope: select(raw, scope))),
    )


def after(state: Document) -> tuple[Step, ...]:
    """The step of `write` and `output`."""
    if state["Type"] in ("Pass", "Task", "Parallel", "Map"):
        return (Step("output", write(state)),)
    select = output(state)
    return (Step("output", None if select is None else (lambda raw, value, scope: select(raw, scope))),)


def result(state: Document) -> Select | None:
    """A Pass state has no result of its own in JSONata: its input stands for it."""
    return None


def growth(state: Document) -> Growth | None:
    """How much larger than its input the output of a Pass state can be; None: unknown."""
    return None if "Output" in state else (1, 0)


def extra(state: Document) -> int | None:
    """How many bytes more than input and result the output may have; None: an Output may be anything."""
    return None if "Output" in state else 0


def output(state: Document) -> Select | None:
    """Raw input → output of a state that has no result: Wait, Succeed."""
    return of_input(state, "Output")


def write(state: Document) -> Merge | None:
    """Raw input and result → output; without Output, the result itself."""
    if state["Type"] == "Pass":
        select = of_input(state, "Output")
        return None if select is None else (lambda raw, result, scope: select(raw, scope))
    return merge(state, "Output", "result")


def assign(document: Document, location: str = "Assign") -> Assign | None:
    """Variables of a state: the expressions see `$states.input` and, after work, `$states.result`."""
    if not document.get("Assign"):
        return None
    if document.get("Type") in ("Task", "Parallel", "Map"):
        return merge(document, "Assign", "result", location)  # type: ignore[return-value]
    select = of_input(document, "Assign", location)
    assert select is not None
    return lambda raw, result, scope: select(raw, scope)  # type: ignore[return-value]


def catcher(document: Document, index: int) -> Catcher:
    """One entry of `Catch`: Output and Assign see `$states.errorOutput`; without Output, it is the output."""
    return Catcher(
        tuple(document["ErrorEquals"]),
        document["Next"],
        merge(document, "Output", "errorOutput", f"Catch[{index}]/Output")
        or (lambda raw, error, scope: error),
        merge(document, "Assign", "errorOutput", f"Catch[{index}]/Assign")
        if document.get("Assign")
        else None,
    )


def choice(state: Document) -> tuple[Select | None, tuple[Rule, ...], Rule]:
    """The rules and the default. The state's own Output and Assign are for the default alone (developer guide)."""
    compiled = tuple(_rule(rule, index) for index, rule in enumerate(state["Choices"]))
    default = Rule(lambda value, scope: True, state.get("Default"), output(state), assign(state))
    return None, compiled, default


def _rule(rule: Document, index: int) -> Rule:
    place = f"Choices[{index}]"
    condition = rule["Condition"]
    shown = source(condition) if is_expression(condition) else to_json(condition)
    select = of_input(rule, "Condition", f"{place}/Condition")
    assert select is not None

    def test(raw: Json, scope: Scope) -> bool:
        found = select(raw, scope)
        if found is True or found is False:
            return found
        raise unexpected(shown, f"{place}/Condition", "boolean", found)

    return Rule(
        test,
        rule["Next"],
        of_input(rule, "Output", f"{place}/Output"),
        assign(rule, f"{place}/Assign"),
    )


def operands(rule: Document) -> tuple[Operand, ...]:
    """What a rule may read: the data that its Condition starts from."""
    if not is_expression(rule["Condition"]):
        return ()
    read = []
    for text in jsonata.compile(source(rule["Condition"])).reads():
        select = of_input({"Condition": f"{{% {text} %}}"}, "Condition")
        assert select is not None
        read.append(Operand("/Condition", text, select))
    return tuple(read)


def until(state: Document) -> Select:
    """Raw input → when a Wait state wakes: milliseconds since the epoch, not before now."""
    seconds = typed(state, "Seconds", "integer")
    if seconds is not None:

        def after(raw: Json, scope: Scope) -> Json:
            span: Any = seconds(raw, scope)
            if not 0 <= span <= LONGEST_TIMEOUT:
                raise out_of_range("Seconds", 0, LONGEST_TIMEOUT, span, after_entry=True)
            return scope.now + span * 1000  # type: ignore[no-any-return]

        return after
    timestamp = typed(state, "Timestamp", "string")
    assert timestamp is not None, "checked before"

    def moment(raw: Json, scope: Scope) -> Json:
        text: Any = timestamp(raw, scope)
        at = times.parse(text)
        if at is None:
            raise EvaluationError(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
                + text,
                "Timestamp",
                after_entry=True,
            )
        if at - scope.now > LONGEST_DELAY * 1000:
            raise EvaluationError("Wait state delay is too long.", "Timestamp", after_entry=True)
        return max(at, scope.now)

    return moment


def fail(state: Document) -> tuple[Select, Select]:
    """Error and Cause: text, or expressions that give text."""

    def text(field: str) -> Select:
        return typed(state, field, "string") or (lambda raw, scope: None)

    return text("Error"), text("Cause")


def seconds(state: Document, field: str) -> Select | None:
    """TimeoutSeconds and HeartbeatSeconds, in seconds; None where the field is absent."""
    read = typed(state, field, "integer")
    if read is None or not is_expression(state[field]):
        return read

    def positive(raw: Json, scope: Scope) -> Json:
        found: Any = read(raw, scope)
        if not 1 <= found <= LONGEST_TIMEOUT:
            raise out_of_range(field, 1, LONGEST_TIMEOUT, found)
        return found  # type: ignore[no-any-return]

    return positive


def credentials(state: Document) -> Select | None:
    """`Credentials`, evaluated on the input: an object, whose RoleArn is text."""
    select = typed(state, "Credentials", "object")
    written = state.get("Credentials")
    role: Any = written.get("RoleArn") if isinstance(written, dict) else written
    if select is None or not is_expression(role):
        return select

    def with_role(raw: Json, scope: Scope) -> Json:
        found: Any = select(raw, scope)
        if not isinstance(found.get("RoleArn"), str):
            raise unexpected(source(role), "Credentials/RoleArn", "string", found.get("RoleArn"))
        return found  # type: ignore[no-any-return]

    return with_role
