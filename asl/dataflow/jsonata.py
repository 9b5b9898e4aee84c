"""The data flow of a state in JSONata.

Arguments → (the work) → Output, with Assign beside it: both see the values as they stood when the state was
entered. A string is an expression if it begins with `{%` and ends with `%}`, at any depth of objects and
arrays; everything else is itself.

Within this module a value to select from is what an expression may see: the variables and `$states`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from asl import jsonata, times
from asl.dataflow import Operand, Step
from asl.errors import EvaluationError
from asl.retry import Catcher
from asl.states import Assign, Growth, Merge, Rule
from asl.values import Json, Scope, Select, to_json, type_name, whole

Document: TypeAlias = "dict[str, Any]"

LONGEST_WAIT = 99_999_999  # seconds (developer guide, "Wait workflow state"), and of the timeouts of a Task
LONGEST_DELAY = 2**31 - 1  # seconds, to a Timestamp: as in JSONPath, where it is recorded


def is_expression(text: object) -> bool:
    """Whether a value in a definition is a JSONata expression: text from `{%` to `%}`."""
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def source(text: str) -> str:
    """The expression within `{% %}`, as the service's messages quote it."""
    return text[2:-2].strip()


def _expression(text: str, field: str) -> tuple[Select, bool]:
    """The expression, and whether it reads the context object."""
    expression = jsonata.compile(source(text))
    evaluate = expression.evaluate
    said = f"The JSONata expression '{source(text)}' specified for the field '{field}'"

    def select(bindings: Json, scope: Scope) -> Json:
        try:
            found = evaluate(jsonata.UNDEFINED, bindings, scope)  # type: ignore[arg-type]
        except jsonata.JsonataError as problem:
            raise EvaluationError(f"{said} {problem.sentence()}", field) from None
        if found is jsonata.UNDEFINED:
            raise EvaluationError(f"{said} returned nothing (undefined).", field)
        return found  # type: ignore[no-any-return]

    return select, bool(expression.states_fields & {"context", "*"})


def _value(node: Json, field: str) -> tuple[Select | None, bool]:
    """A field's value with expressions in it: how to evaluate it (None: it is a constant), reads context."""
    if is_expression(node):
        return _expression(node, field)  # type: ignore[arg-type]
    if isinstance(node, dict):
        members = {key: _value(value, f"{field}/{key}") for key, value in node.items()}
        made = [(key, select) for key, (select, _) in members.items() if select is not None]
        if made:
            # The constants are laid down first, in place, so that the members keep their order.
            base = {key: None if members[key][0] else value for key, value in node.items()}

            def build(bindings: Json, scope: Scope) -> Json:
                out: dict[str, Json] = base.copy()
                for key, select in made:
                    out[key] = select(bindings, scope)
                return out

            return build, any(context for _, context in members.values())
    elif isinstance(node, list):
        entries = [_value(value, f"{field}[{index}]") for index, value in enumerate(node)]
        selects = [(index, select) for index, (select, _) in enumerate(entries) if select is not None]
        if selects:

            def fill(bindings: Json, scope: Scope) -> Json:
                copy = list(node)
                for index, select in selects:
                    copy[index] = select(bindings, scope)
                return copy

            return fill, any(context for _, context in entries)
    return None, False


Bind: TypeAlias = Callable[[Scope, Document], Json]


def _bind(scope: Scope, states: Document) -> Json:
    return {**scope.variables, "states": states}


def _bind_with_context(scope: Scope, states: Document) -> Json:
    return {**scope.variables, "states": {**states, "context": scope.context()}}


def _field(holder: Document, field: str, location: str | None = None) -> tuple[Select, Bind] | None:
    """A field of a state: (how to evaluate it, how to make what it sees); None where it is absent."""
    if field not in holder:
        return None
    node = holder[field]
    select, context = _value(node, location or field)
    return select or (lambda bindings, scope: node), _bind_with_context if context else _bind


def _of_input(holder: Document, field: str, location: str | None = None) -> Select | None:
    """Raw input → the field's value."""
    found = _field(holder, field, location)
    if found is None:
        return None
    select, bind = found
    return lambda raw, scope: select(bind(scope, {"input": raw}), scope)


def _merge(holder: Document, field: str, second: str, location: str | None = None) -> Merge | None:
    """(raw input, `$states.<second>`) → the field's value."""
    found = _field(holder, field, location)
    if found is None:
        return None
    select, bind = found
    return lambda raw, other, scope: select(bind(scope, {"input": raw, second: other}), scope)


def arguments(state: Document) -> Select | None:
    """Raw input → what the work is given (Arguments; the input itself without them)."""
    return _of_input(state, "Arguments")


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


def output(state: Document) -> Select | None:
    """Raw input → output of a state that has no result: Wait, Succeed."""
    return _of_input(state, "Output")


def write(state: Document) -> Merge | None:
    """Raw input and result → output; without Output, the result itself."""
    if state["Type"] == "Pass":
        select = _of_input(state, "Output")
        return None if select is None else (lambda raw, result, scope: select(raw, scope))
    return _merge(state, "Output", "result")


def assign(document: Document, location: str = "Assign") -> Assign | None:
    """Variables of a state: the expressions see `$states.input` and, after work, `$states.result`."""
    if not document.get("Assign"):
        return None
    if document.get("Type") in ("Task", "Parallel", "Map"):
        return _merge(document, "Assign", "result", location)  # type: ignore[return-value]
    select = _of_input(document, "Assign", location)
    assert select is not None
    return lambda raw, result, scope: select(raw, scope)  # type: ignore[return-value]


def catcher(document: Document, index: int) -> Catcher:
    """One entry of `Catch`: Output and Assign see `$states.errorOutput`; without Output, it is the output."""
    return Catcher(
        tuple(document["ErrorEquals"]),
        document["Next"],
        _merge(document, "Output", "errorOutput", f"Catch[{index}]/Output")
        or (lambda raw, error, scope: error),
        _merge(document, "Assign", "errorOutput", f"Catch[{index}]/Assign")
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
    select = _of_input(rule, "Condition", f"{place}/Condition")
    assert select is not None

    def test(raw: Json, scope: Scope) -> bool:
        found = select(raw, scope)
        if found is True or found is False:
            return found
        raise _unexpected(shown, f"{place}/Condition", "boolean", found)

    return Rule(
        test,
        rule["Next"],
        _of_input(rule, "Output", f"{place}/Output"),
        assign(rule, f"{place}/Assign"),
    )


def operands(rule: Document) -> tuple[Operand, ...]:
    """What a rule may read: the data that its Condition starts from."""
    if not is_expression(rule["Condition"]):
        return ()
    read = []
    for text in jsonata.compile(source(rule["Condition"])).reads():
        select = _of_input({"Condition": f"{{% {text} %}}"}, "Condition")
        assert select is not None
        read.append(Operand("/Condition", text, select))
    return tuple(read)


def _unexpected(expression: str, field: str, expected: str, found: Json) -> EvaluationError:
    """The error for a value of the wrong type (recorded: map_state_items_eval_jsonata_fail)."""
    return EvaluationError(
        f"The JSONata expression '{expression}' specified for the field '{field}' returned an unexpected "
        f"result type. Expected '{expected}', but was '{type_name(found)}' for value: {to_json(found)}",
        field,
    )


def _typed(state: Document, field: str, expected: str) -> Select | None:
    """A field whose value must be of one type: `expected` as type_name gives it, or `integer`."""
    if not is_expression(state.get(field)):
        return _of_input({field: whole(state[field])}, field) if field in state else None
    select = _of_input(state, field)
    assert select is not None
    shown = source(state[field])
    kind = "number" if expected == "integer" else expected

    def typed(raw: Json, scope: Scope) -> Json:
        found = select(raw, scope)
        if type_name(found) != kind:
            raise _unexpected(shown, field, kind, found)
        if expected == "integer":
            return int(found)  # type: ignore[arg-type]
        return found

    return typed


def until(state: Document) -> Select:
    """Raw input → when a Wait state wakes: milliseconds since the epoch, not before now."""
    seconds = _typed(state, "Seconds", "integer")
    if seconds is not None:

        def after(raw: Json, scope: Scope) -> Json:
            span: Any = seconds(raw, scope)
            if not 0 <= span <= LONGEST_WAIT:
                raise _out_of_range("Seconds", 0, LONGEST_WAIT, span, after_entry=True)
            return scope.now + span * 1000  # type: ignore[no-any-return]

        return after
    timestamp = _typed(state, "Timestamp", "string")
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


def _out_of_range(
    field: str, least: int, most: int, found: Json, *, after_entry: bool = False
) -> EvaluationError:
    text = f"The {field} field must be an integer between {least} and {most}, but was: {found}"
    return EvaluationError(text, field, after_entry=after_entry)


def fail(state: Document) -> tuple[Select, Select]:
    """Error and Cause: text, or expressions that give text."""

    def text(field: str) -> Select:
        return _typed(state, field, "string") or (lambda raw, scope: None)

    return text("Error"), text("Cause")


def seconds(state: Document, field: str) -> Select | None:
    """TimeoutSeconds and HeartbeatSeconds, in seconds; None where the field is absent."""
    read = _typed(state, field, "integer")
    if read is None or not is_expression(state[field]):
        return read

    def positive(raw: Json, scope: Scope) -> Json:
        found: Any = read(raw, scope)
        if not 1 <= found <= LONGEST_WAIT:
            raise _out_of_range(field, 1, LONGEST_WAIT, found)
        return found  # type: ignore[no-any-return]

    return positive


def credentials(state: Document) -> Select | None:
    """`Credentials`, evaluated on the input."""
    return _of_input(state, "Credentials")


def map_input(state: Document) -> Select | None:
    """A Map in JSONata works on its raw input."""
    return None


def items(state: Document, distributed: bool) -> Select:
    """Raw input → what a Map iterates over (Items; the input itself without it): an array, or if it is
    distributed an object."""
    kinds = (list, dict) if distributed else (list,)
    select = _of_input(state, "Items")
    if select is None:

        def whole(raw: Json, scope: Scope) -> Json:
            if not isinstance(raw, kinds):
                raise EvaluationError(f"Map state input must be an array but was: {to_json(raw)}")
            return raw

        return whole
    written = state["Items"]
    shown = source(written) if is_expression(written) else to_json(written)

    def iterable(raw: Json, scope: Scope) -> Json:
        found = select(raw, scope)
        if isinstance(found, kinds):
            return found
        raise _unexpected(shown, "Items", "array", found)

    return iterable


def item_selector(state: Document) -> Select | None:
    """Raw input → an iteration's input; `$states.context.Map.Item` holds the item."""
    return _of_input(state, "ItemSelector")


def limit(state: Document) -> Select:
    """Raw input → MaxConcurrency; 0 means no limit of the definition's own."""
    return _within({"MaxConcurrency": 0, **state}, *_CONCURRENCY)


def map_run(state: Document) -> Select | None:
    """Raw input → what a Map evaluates once it has started, by the names of its fields.

    ToleratedFailureCount and ToleratedFailurePercentage, and of a distributed Map ItemReader, ItemBatcher and
    ResultWriter. None where the state has none of them.
    """
    parts: dict[str, Select] = {
        field: _within(state, field, expected, most, text)
        for field, expected, most, text in _TOLERANCES
        if field in state
    }
    for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
        select = _of_input(state, field)
        if select is not None:
            parts[field] = select
    if not parts:
        return None
    return lambda raw, scope: {field: select(raw, scope) for field, select in parts.items()}


_CONCURRENCY = "MaxConcurrency", "integer", float("inf"), "MaxConcurrency cannot be negative."
_TOLERANCES: tuple[tuple[str, str, float, str], ...] = (
    ("ToleratedFailureCount", "integer", float("inf"), "ToleratedFailureCount cannot be negative."),
    ("ToleratedFailurePercentage", "number", 100, "ToleratedFailurePercentage must be between 0 and 100."),
)


def _within(state: Document, field: str, expected: str, most: float, text: str) -> Select:
    read = _typed(state, field, expected)
    assert read is not None

    def number(raw: Json, scope: Scope) -> Json:
        found: Any = read(raw, scope)
        if not 0 <= found <= most:
            raise EvaluationError(text, field)
        return found  # type: ignore[no-any-return]

    return number
