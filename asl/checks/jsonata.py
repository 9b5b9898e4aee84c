"""Expressions in JSONata states: where they stand, their syntax, and what `$states` has there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from asl import times
from asl.checks.machine import Definition, Object, State, failed
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER
from asl.values import Json

UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"

_PAYLOADS = ("Arguments", "Output", "Assign", "ItemSelector", "BatchInput", "Items")
_NOT_READ = frozenset(
    (
        "Type",
        "Comment",
        "QueryLanguage",
        "Next",
        "End",
        "Default",
        "Resource",
        "Retry",
        "Credentials",
        "ErrorEquals",
        "CSVHeaders",
        "Label",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "Choices",
        "Catch",
    )
)
"""Fields of ASL that the service does not read as JSONata (measured), and those that are read elsewhere."""

_ALWAYS = frozenset(("input", "context"))


class Use(NamedTuple):
    """A string that may be an expression, where it stands, and the fields that `$states` has there."""

    text: str
    location: str
    states: frozenset[str]


def uses(state: State) -> Iterator[Use]:
    """Every string of a state in JSONata where an expression can stand."""
    after = _ALWAYS | {"result"} if state.type in ("Task", "Parallel", "Map") else _ALWAYS
    for name, value in state.fields.items():
        if name not in _NOT_READ:
            fields = after if name in ("Output", "Assign") else _ALWAYS
            yield from _strings(value, f"{state.location}/{name}", fields, name in _PAYLOADS)
    for location, rule in state.choices:
        yield from _strings(rule, location, _ALWAYS, False)
    for location, rule in state.catchers:
        yield from _strings(rule, location, _ALWAYS | {"errorOutput"}, False)


def _strings(value: Json, location: str, fields: frozenset[str], payload: bool) -> Iterator[Use]:
    if isinstance(value, str):
        yield Use(value, location, fields)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{location}[{index}]", fields, payload)
    elif isinstance(value, dict):
        for name, item in value.items():
            if payload or name not in _NOT_READ:
                yield from _strings(item, f"{location}/{name}", fields, payload or name in _PAYLOADS)


def is_expression(text: str) -> bool:
    """Whether a string is an expression: it begins with `{%` and ends with `%}`, exactly."""
    return text.startswith("{%") and text.endswith("%}") and len(text) >= 4


class Reading(NamedTuple):
    """What an expression says: its problems (code, message, position), the variables and the fields of
    `$states` that it reads."""

    problems: tuple[tuple[str, str, int | None], ...]
    variables: frozenset[str]
    states: frozenset[str]


_NOTHING = Reading((), frozenset(), frozenset())


@lru_cache(maxsize=4096)
def reading(expression: str) -> Reading:
    """What an expression (without its `{% %}`) says."""
    from asl import jsonata  # slow to import, and half of all machines have no JSONata

    found = jsonata.check(expression)
    try:
        compiled = jsonata.compile(expression)
    except jsonata.JsonataError as error:
        return _NOTHING._replace(problems=tuple((code, text, error.position) for code, text in found))
    problems = tuple((code, text, None) for code, text in found)
    return Reading(problems, compiled.variables - {"states"}, compiled.states_fields - {"*"})


def syntax(definition: Definition) -> Iterator[Problem]:
    """What stands in `{% %}` is JSONata, and reads only what it can."""
    for _, state in definition.states():
        if state.language == "JSONata" and not state.downgraded:
            for use in uses(state):
                yield from _of_use(use)
            yield from _timestamp(state.fields, state.location)


def _of_use(use: Use) -> Iterator[Problem]:
    if not is_expression(use.text):
        if use.text.startswith("{%"):  # anything else is a plain string, as recorded
            yield failed(use.location, "JSONata string must start with {% and end with %}")
        return
    if PLACEHOLDER.search(use.text):
        return
    expression = use.text[2:-2]
    read = reading(expression)
    for code, message, position in read.problems:
        yield Problem(use.location, code, message, hint=_show(expression, position))
    for field in sorted(read.states - use.states):
        hint = None
        if field in ("result", "errorOutput"):
            hint = "it exists in Output and Assign of " + (
                "Task, Parallel and Map" if field == "result" else "a Catch"
            )
        yield Problem(use.location, UNSUPPORTED, f"Field '$states.{field}' does not exist.", hint=hint)


def _show(expression: str, position: int | None) -> str:
    """The line of the expression that is wrong, with a caret under the place."""
    if position is None:
        text = " ".join(expression.split())
        return text if len(text) <= 100 else f"{text[:97]}..."
    start = expression.rfind("\n", 0, position) + 1
    line = expression[start:].partition("\n")[0]
    return f"{line}\n{' ' * (position - start)}^"


def _timestamp(fields: Object, location: str) -> Iterator[Problem]:
    text = fields.get("Timestamp")
    if not isinstance(text, str) or "{%" in text or PLACEHOLDER.search(text):
        return
    if times.instant(text) is None:
        yield failed(f"{location}/Timestamp", "String does not match RFC3339 timestamp")
