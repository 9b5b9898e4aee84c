"""How one field of a state is read in JSONPath: a path, a payload template, a number."""

from __future__ import annotations

from typing import Any, TypeAlias

from asl import paths, templates
from asl.errors import PathError, StatesError
from asl.names import RUNTIME
from asl.values import Json, Scope, Select, to_json

Document: TypeAlias = "dict[str, Any]"


def then(first: Select | None, second: Select | None) -> Select | None:
    """One function after the other; None stands for the identity."""
    if first is None or second is None:
        return first or second
    return lambda value, scope: second(first(value, scope), scope)


def at(path: str) -> Select:
    """The value at a path that stands in a field; raises States.Runtime where there is none."""
    select = paths.compile(path).select

    def found(value: Json, scope: Scope) -> Json:
        try:
            return select(value, scope)
        except PathError as problem:
            raise StatesError(RUNTIME, f"Invalid path '{path}' : {problem.message}") from None

    return found


def path_field(state: Document, field: str) -> Select | None:
    """InputPath and OutputPath: absent or `$` is the identity, null gives an empty object."""
    path = state.get(field, "$")
    if path == "$":
        return None
    if path is None:
        return lambda value, scope: {}
    return at(path)


def template(state: Document, field: str) -> Select | None:
    """What a payload template makes; None where the state does not have it."""
    return templates.compile(state[field]).select if field in state else None


def shown(value: Json) -> str:
    """A value as the service's messages quote it."""
    return value if isinstance(value, str) else to_json(value)


def integer(path: str, field: str, kind: str = "integer") -> Select:
    """The number at a path that stands in the field; raises States.Runtime where there is none of that kind."""
    select = at(path)

    def number(value: Json, scope: Scope) -> Json:
        found = select(value, scope)
        if isinstance(found, str):  # recorded: MAP_STATE_REFERENCE_IN_MAX_CONCURRENCY_PATH reads "1"
            found = _parsed(found, kind)
        fits = isinstance(found, int) or (kind == "float" and isinstance(found, float))
        if isinstance(found, bool) or not fits:
            text = f'The {field} field refers to value "{shown(found)}" which is not a valid {kind}: {path}'
            raise StatesError(RUNTIME, text)
        return found

    return number


def _parsed(text: str, kind: str) -> Json:
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return text
