"""The data flow of a state in JSONPath.

InputPath → Parameters → (the work) → ResultSelector → ResultPath → OutputPath. ResultPath writes into the
raw input, not into what InputPath left of it (recorded: TestState IO_PASS_STATE, `afterResultPath`).
"""

from __future__ import annotations

from typing import Any

from asl import paths, rules, templates, times
from asl.dataflow import Operand, Step
from asl.dataflow.bounds import LONGEST_DELAY, LONGEST_TIMEOUT
from asl.dataflow.growth import keys_of, of_pass
from asl.dataflow.jsonpath_fields import (
    Document,
    integer,
    path_field,
    shown,
    template,
    then,
)
from asl.dataflow.jsonpath_map import item_selector, items, limit, map_input, map_run
from asl.errors import ExpressionError, PathError, StatesError
from asl.names import RUNTIME
from asl.retry import Catcher
from asl.states import Assign, Growth, Merge, Rule
from asl.values import Json, Scope, Select, whole

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
    """Raw input → what the work is given (InputPath, then Parameters)."""
    return then(path_field(state, "InputPath"), template(state, "Parameters"))


def before(state: Document) -> tuple[Step, ...]:
    """The steps of `arguments` and `map_input`, one by one.

    A Pass state with a Result takes none of them (recorded: TestState IO_RESULT_PASS_STATE).
    """
    if state.get("Result") is not None:
        return ()
    steps = (Step("afterInputPath", _step(path_field(state, "InputPath"))),)
    if state["Type"] in ("Pass", "Task", "Parallel"):
        return (*steps, Step("afterParameters", _step(template(state, "Parameters"))))
    return steps


def after(state: Document) -> tuple[Step, ...]:
    """The steps of `write` and `output`, one by one."""
    narrow = Step("afterOutputPath", _step(path_field(state, "OutputPath")))
    if state["Type"] in ("Choice", "Wait", "Succeed", "Fail"):
        return (narrow,)
    return (
        Step("afterResultSelector", _step(template(state, "ResultSelector"))),
        Step("afterResultPath", _write_at(state.get("ResultPath", "$"))),
        narrow,
    )


def _step(select: Select | None) -> Merge | None:
    return None if select is None else (lambda raw, value, scope: select(value, scope))


def result(state: Document) -> Select | None:
    """Raw input → the result of a Pass state: Result where there is one, else what Parameters makes.

    A Result of null is none (measured by others in TestState, September 2026).
    """
    constant = state.get("Result")
    if constant is not None:
        return lambda value, scope: constant
    return arguments(state)


def growth(state: Document) -> Growth | None:
    """How much larger than its input the output of a Pass state can be; None: unknown."""
    return of_pass(state)


def extra(state: Document) -> int | None:
    """How many bytes more than input and result the output may have: the keys of ResultPath.

    None: a ResultSelector may repeat what it selects, OutputPath may take what is neither.
    """
    output_path = state.get("OutputPath") or "$"
    if "ResultSelector" in state or not (output_path == "$" or output_path.startswith(("$.", "$["))):
        return None
    return keys_of(state.get("ResultPath"))


def output(state: Document) -> Select | None:
    """Raw input → output of a state that has no result: Choice, Wait, Succeed."""
    return then(path_field(state, "InputPath"), path_field(state, "OutputPath"))


def _write_at(result_path: str | None) -> Merge | None:
    """How ResultPath combines raw input and result; None where the result replaces the input."""
    if result_path is None:
        return lambda raw, result, scope: raw
    keys = paths.reference(result_path)
    if not keys:
        return None
    if len(keys) == 1 and isinstance(keys[0], str):
        key = keys[0]  # `$.a`, the most frequent by far

        def put_key(raw: Json, result: Json, scope: Scope) -> Json:
            return {**raw, key: result} if isinstance(raw, dict) else paths.put(raw, keys, result)

        return put_key
    return lambda raw, result, scope: paths.put(raw, keys, result)


def write(state: Document) -> Merge | None:
    """Raw input and result → output; None where the output is the result itself."""
    selector = template(state, "ResultSelector")
    place = _write_at(state.get("ResultPath", "$"))
    narrow = path_field(state, "OutputPath")
    if selector is None and narrow is None:
        return place
    if place is None:
        chain = then(selector, narrow)
        assert chain is not None
        return lambda raw, result, scope: chain(result, scope)
    if selector is None:
        assert narrow is not None
        return lambda raw, result, scope: narrow(place(raw, result, scope), scope)
    if narrow is None:
        return lambda raw, result, scope: place(raw, selector(result, scope), scope)
    return lambda raw, result, scope: narrow(place(raw, selector(result, scope), scope), scope)


def _assign(document: Document) -> Select | None:
    return templates.compile(document["Assign"]).select if document.get("Assign") else None


def assign(document: Document) -> Assign | None:
    """Variables of a state: `$` in its Assign is the result (for Choice and Wait: the effective input)."""
    select = _assign(document)
    if select is None:
        return None
    if document.get("Type") == "Wait":
        of_input = then(path_field(document, "InputPath"), select)
        assert of_input is not None
        return lambda raw, result, scope: of_input(raw, scope)  # type: ignore[return-value]
    return lambda raw, result, scope: select(result, scope)  # type: ignore[return-value]


def catcher(document: Document, index: int) -> Catcher:
    """One entry of `Catch`: the error output goes where ResultPath says; `$` in Assign is the error output."""
    place = _write_at(document.get("ResultPath", "$"))
    select = _assign(document)
    return Catcher(
        tuple(document["ErrorEquals"]),
        document["Next"],
        place or (lambda raw, error, scope: error),
        None if select is None else (lambda raw, error, scope: select(error, scope)),
    )


def choice(state: Document) -> tuple[Select | None, tuple[Rule, ...], Rule]:
    """What the rules read, the rules, and the default. All see the effective input."""
    narrow = path_field(state, "OutputPath")
    compiled = tuple(
        Rule(rules.compile(rule).test, rule["Next"], narrow, assign(rule)) for rule in state["Choices"]
    )
    default = Rule(lambda value, scope: True, state.get("Default"), narrow, assign(state))
    return path_field(state, "InputPath"), compiled, default


def operands(rule: Document) -> tuple[Operand, ...]:
    """What a rule may read: the paths of its Variables and of the operators that compare with a path."""
    return tuple(Operand(place, path.text, path.select) for place, path in rules.compile(rule).operands)


def _seconds_from_now(seconds: int, scope: Scope) -> int:
    if seconds > LONGEST_DELAY:
        raise StatesError(RUNTIME, "Wait state delay is too long.")
    return scope.now + seconds * 1000


def _not_before_now(until: int, scope: Scope) -> int:
    if until - scope.now > LONGEST_DELAY * 1000:
        raise StatesError(RUNTIME, "Wait state delay is too long.")
    return max(until, scope.now)


def until(state: Document) -> Select:
    """Raw input → when a Wait state wakes: milliseconds since the epoch, not before now."""
    effective = path_field(state, "InputPath")
    moment = _moment(state)
    return then(effective, moment) or moment


def _moment(state: Document) -> Select:
    if "Seconds" in state:
        seconds: Any = whole(state["Seconds"])
        return lambda value, scope: _seconds_from_now(seconds, scope)
    if "Timestamp" in state:
        fixed = times.parse(state["Timestamp"])
        if fixed is None:  # a placeholder without a value: all else is checked before
            raise ExpressionError(f"'{state['Timestamp']}' is not an RFC 3339 timestamp")
        return lambda value, scope: _not_before_now(fixed, scope)
    if "SecondsPath" in state:
        return _seconds_path(state["SecondsPath"])
    return _timestamp_path(state["TimestampPath"])


def _seconds_path(path: str) -> Select:
    select = paths.compile(path).select

    def seconds(value: Json, scope: Scope) -> Json:
        try:
            found = select(value, scope)
        except PathError:
            raise StatesError(
                RUNTIME, f"The SecondsPath parameter does not reference an input value: {path}"
            ) from None
        if isinstance(found, str):
            found = int(found) if found.removeprefix("-").isdecimal() and found.isascii() else found
        if isinstance(found, bool) or not isinstance(found, int):
            text = f"The SecondsPath parameter cannot be parsed as a long value: {path} == {shown(found)}"
            raise StatesError(RUNTIME, text)
        if found < 0:
            text = f"The SecondsPath parameter references a negative value: {path} == {found}"
            raise StatesError(RUNTIME, text)
        return _seconds_from_now(found, scope)

    return seconds


def _timestamp_path(path: str) -> Select:
    select = paths.compile(path).select

    def moment(value: Json, scope: Scope) -> Json:
        try:
            found = select(value, scope)
        except PathError:
            raise StatesError(
                RUNTIME, f"The TimestampPath parameter does not reference an input value: {path}"
            ) from None
        at = times.parse(found) if isinstance(found, str) else None
        if at is None:
            raise StatesError(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                f"format string: {path} == {shown(found)}",
            )
        return _not_before_now(at, scope)

    return moment


def fail(state: Document) -> tuple[Select, Select]:
    """Error and Cause: constants, or paths and intrinsic functions that must give text."""
    return _text(state, "Error"), _text(state, "Cause")


def _text(state: Document, field: str) -> Select:
    source = state.get(f"{field}Path")
    if source is None:
        constant = state.get(field)
        return lambda value, scope: constant
    select = templates.expression(source, f"{field}Path").select

    def text(value: Json, scope: Scope) -> Json:
        found = select(value, scope)
        if not isinstance(found, str):
            said = f"The {field}Path parameter does not reference a string value: {source} == {shown(found)}"
            raise StatesError(RUNTIME, said)
        return found

    return text


def seconds(state: Document, field: str) -> Select | None:
    """TimeoutSeconds and HeartbeatSeconds, in seconds, from the field or its Path; None where neither is."""
    if field in state:
        constant = whole(state[field])
        return lambda value, scope: constant
    path = state.get(f"{field}Path")
    if path is None:
        return None
    read = integer(path, f"{field}Path")

    def positive(value: Json, scope: Scope) -> Json:
        found: Any = read(value, scope)
        if not 1 <= found <= LONGEST_TIMEOUT:
            text = f"{field} must be between 1 and {LONGEST_TIMEOUT}, but was: {found}"
            raise StatesError(RUNTIME, text)
        return found  # type: ignore[no-any-return]

    return then(path_field(state, "InputPath"), positive)


def credentials(state: Document) -> Select | None:
    """`Credentials`, evaluated on the effective input."""
    select = template(state, "Credentials")
    return None if select is None else then(path_field(state, "InputPath"), select)
