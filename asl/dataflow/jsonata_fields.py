"""How one field of a state is read in JSONata: an expression, a value with expressions in it, of what type.

A string is an expression if it begins with `{%` and ends with `%}`, at any depth of objects and arrays;
everything else is itself.

Within this module a value to select from is what an expression may see: the variables and `$states`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from asl import jsonata
from asl.errors import EvaluationError
from asl.states import Merge
from asl.values import Json, Scope, Select, to_json, type_name, whole

Document: TypeAlias = "dict[str, Any]"


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


def of_input(holder: Document, field: str, location: str | None = None) -> Select | None:
    """Raw input → the field's value."""
    found = _field(holder, field, location)
    if found is None:
        return None
    select, bind = found
    return lambda raw, scope: select(bind(scope, {"input": raw}), scope)


def merge(holder: Document, field: str, second: str, location: str | None = None) -> Merge | None:
    """(raw input, `$states.<second>`) → the field's value."""
    found = _field(holder, field, location)
    if found is None:
        return None
    select, bind = found
    return lambda raw, other, scope: select(bind(scope, {"input": raw, second: other}), scope)


def unexpected(expression: str, field: str, expected: str, found: Json) -> EvaluationError:
    """The error for a value of the wrong type (recorded: map_state_items_eval_jsonata_fail)."""
    return EvaluationError(
        f"The JSONata expression '{expression}' specified for the field '{field}' returned an unexpected "
        f"result type. Expected '{expected}', but was '{type_name(found)}' for value: {to_json(found)}",
        field,
    )


def typed(state: Document, field: str, expected: str) -> Select | None:
    """A field whose value must be of one type: `expected` as type_name gives it, or `integer`."""
    if not is_expression(state.get(field)):
        return of_input({field: whole(state[field])}, field) if field in state else None
    select = of_input(state, field)
    assert select is not None
    shown = source(state[field])
    kind = "number" if expected == "integer" else expected

    def typed(raw: Json, scope: Scope) -> Json:
        found = select(raw, scope)
        if type_name(found) != kind:
            raise unexpected(shown, field, kind, found)
        if expected == "integer":
            return int(found)  # type: ignore[arg-type]
        return found

    return typed


def out_of_range(
    field: str, least: int, most: int, found: Json, *, after_entry: bool = False
) -> EvaluationError:
    text = f"The {field} field must be an integer between {least} and {most}, but was: {found}"
    return EvaluationError(text, field, after_entry=after_entry)
