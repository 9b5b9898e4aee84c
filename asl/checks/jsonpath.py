"""Paths, payload templates and intrinsic functions in JSONPath states: where they stand, and their syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

from asl import paths, times
from asl.checks.machine import Definition, Object, State, failed
from asl.errors import ExpressionError, Problem
from asl.jsontext import PLACEHOLDER
from asl.values import Json


class Use(NamedTuple):
    """A text that is read as an expression: what for, where, and the field that it is the value of."""

    kind: str
    text: Json
    location: str
    field: str


_FIELDS = {
    "InputPath": "path",
    "OutputPath": "path",
    "ResultPath": "result",
    "ItemsPath": "single",
    "SecondsPath": "single",
    "TimestampPath": "single",
    "TimeoutSecondsPath": "single",
    "HeartbeatSecondsPath": "single",
    "MaxConcurrencyPath": "number",
    "ToleratedFailurePercentagePath": "number",
    "ToleratedFailureCountPath": "number",
    "MaxItemsPath": "number",
    "MaxItemsPerBatchPath": "number",
    "MaxInputBytesPerBatchPath": "number",
    "ErrorPath": "string",
    "CausePath": "string",
    "Timestamp": "timestamp",
    "Variable": "single",
    **{f"String{name}Path": "single" for name in ("Equals", "LessThan", "GreaterThan")},
    **{f"String{name}EqualsPath": "single" for name in ("LessThan", "GreaterThan")},
    **{f"Numeric{name}Path": "single" for name in ("Equals", "LessThan", "GreaterThan")},
    **{f"Numeric{name}EqualsPath": "single" for name in ("LessThan", "GreaterThan")},
    **{f"Timestamp{name}Path": "single" for name in ("Equals", "LessThan", "GreaterThan")},
    **{f"Timestamp{name}EqualsPath": "single" for name in ("LessThan", "GreaterThan")},
    "BooleanEqualsPath": "single",
    **{f"Timestamp{name}": "timestamp" for name in ("Equals", "LessThan", "GreaterThan")},
    **{f"Timestamp{name}Equals": "timestamp" for name in ("LessThan", "GreaterThan")},
}
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "BatchInput")
_GIVE_STRINGS = ("ArrayGetItem", "Base64Encode", "Base64Decode", "Format", "JsonToString", "Hash", "UUID")


def uses(state: State) -> Iterator[Use]:
    """Every expression of a state in JSONPath."""
    yield from _of_object(state.fields, state.location)
    for name in ("ItemReader", "ItemBatcher", "ResultWriter"):
        inner = state.fields.get(name)
        if isinstance(inner, dict):
            yield from _of_object(inner, f"{state.location}/{name}")
            config = inner.get("ReaderConfig")
            if isinstance(config, dict):
                yield from _of_object(config, f"{state.location}/{name}/ReaderConfig")
    for location, rule in (*state.choices, *state.catchers):
        yield from _of_rule(rule, location)


def _of_object(fields: Object, location: str) -> Iterator[Use]:
    for name, value in fields.items():
        if name in _FIELDS:
            yield Use(_FIELDS[name], value, f"{location}/{name}", name)
        elif name in _TEMPLATES:
            yield from _of_template(value, f"{location}/{name}")


def _of_rule(rule: Object, location: str) -> Iterator[Use]:
    """A Choice rule, at any depth, or a catcher."""
    yield from _of_object(rule, location)
    for name in ("And", "Or", "Not"):
        inner = rule.get(name)
        if isinstance(inner, dict):
            yield from _of_rule(inner, f"{location}/{name}")
        for index, each in enumerate(inner if isinstance(inner, list) else ()):
            if isinstance(each, dict):
                yield from _of_rule(each, f"{location}/{name}[{index}]")


def _of_template(template: Json, location: str) -> Iterator[Use]:
    """A payload template: keys in `.$` hold expressions. Their location is, as recorded, that of the object
    they stand in."""
    if isinstance(template, list):
        for index, item in enumerate(template):
            yield from _of_template(item, f"{location}[{index}]")
    elif isinstance(template, dict):
        for key, value in template.items():
            if key.endswith(".$"):
                yield Use("value", value, location, key)
                if key[:-2] in template:
                    yield Use("twice", value, location, key)
            elif isinstance(value, dict | list):
                yield from _of_template(value, f"{location}/{key}")


def syntax(definition: Definition) -> Iterator[Problem]:
    """What is read as a path, a template or an intrinsic function is one."""
    for _, state in definition.states():
        if state.language == "JSONPath":
            for use in uses(state):
                if not (isinstance(use.text, str) and PLACEHOLDER.search(use.text)):
                    yield from _TESTS[use.kind](use)


def variables(use: Use) -> frozenset[str]:
    """The workflow variables that an expression reads; none where it has no meaning."""
    text = use.text
    if not isinstance(text, str) or "$" not in text or use.kind in ("result", "timestamp", "twice"):
        return frozenset()
    try:
        if text.startswith("$"):
            return paths.compile(text).variables
        from asl import intrinsics  # slow to import, and most definitions have none

        return intrinsics.compile(text).variables
    except ExpressionError:
        return frozenset()


def _path(use: Use) -> Iterator[Problem]:
    if isinstance(use.text, str):
        try:
            paths.compile(use.text)
        except ExpressionError as error:
            yield failed(use.location, "Value must be a valid JSONPath.", error.message)


def _single(use: Use) -> Iterator[Problem]:
    """A path that can give one value only, of the input, the context object or a variable."""
    if isinstance(use.text, str):
        try:
            if not paths.compile(use.text).definite:
                yield _no_reference(use, "it can name more than one place")
        except ExpressionError as error:
            yield _no_reference(use, error.message)


def _number(use: Use) -> Iterator[Problem]:
    """A number of a Map: of the input or a variable, not of the context object (measured by others, September 2026)."""
    if isinstance(use.text, str) and use.text.startswith("$$"):
        yield _no_reference(use, "it leads into the context object")
    else:
        yield from _single(use)


def _result(use: Use) -> Iterator[Problem]:
    if isinstance(use.text, str):
        try:
            paths.reference(use.text)
        except ExpressionError as error:
            yield _no_reference(use, error.message)


def _no_reference(use: Use, hint: str) -> Problem:
    if cast(str, use.text).startswith("$"):
        return failed(use.location, "Value is not a Reference Path", hint)
    return failed(use.location, "Value is not a Reference Path: Reference path didn't start with '$'")


def _string(use: Use) -> Iterator[Problem]:
    """ErrorPath and CausePath: a path, or an intrinsic function that gives a string."""
    if isinstance(use.text, str):
        function = use.text.partition("(")[0]
        if function.startswith("States.") and function.removeprefix("States.") not in _GIVE_STRINGS:
            yield _no_value(use, "the function must give a string")
        else:
            yield from _value(use)


def _value(use: Use) -> Iterator[Problem]:
    if not isinstance(use.text, str):
        yield _no_value(use, None)
        return
    try:
        if use.text.startswith("$"):
            paths.compile(use.text)
        else:
            from asl import intrinsics

            intrinsics.compile(use.text)
    except ExpressionError as error:
        yield _no_value(use, error.message)


def _no_value(use: Use, hint: str | None) -> Problem:
    must = "must be a valid JSONPath or a valid intrinsic function call"
    return failed(use.location, f"The value for the field '{use.field}' {must}", hint)


def _twice(use: Use) -> Iterator[Problem]:
    name = use.field[:-2]
    yield failed(use.location, f"Field '{name}' stands twice: as '{name}' and as '{use.field}'")


def _timestamp(use: Use) -> Iterator[Problem]:
    if isinstance(use.text, str) and times.instant(use.text) is None:
        yield failed(use.location, "String does not match RFC3339 timestamp")


_TESTS: dict[str, Callable[[Use], Iterator[Problem]]] = {
    "path": _path,
    "single": _single,
    "number": _number,
    "result": _result,
    "string": _string,
    "value": _value,
    "twice": _twice,
    "timestamp": _timestamp,
}
