"""Paths, payload templates and intrinsic functions in JSONPath states: their syntax."""

from __future__ import annotations

from collections.abc import Iterator

from asl import intrinsics, paths, times
from asl.checks.machine import Definition, State, failed
from asl.errors import ExpressionError, Problem
from asl.jsontext import PLACEHOLDER
from asl.values import Json

_PATHS = ("InputPath", "OutputPath")
_REFERENCES = (
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath",
    "ToleratedFailureCountPath",
    "ItemReader/ReaderConfig/MaxItemsPath",
    "ItemBatcher/MaxItemsPerBatchPath",
    "ItemBatcher/MaxInputBytesPerBatchPath",
)
_STRINGS = ("ErrorPath", "CausePath")
_TEMPLATES = (
    "Parameters",
    "ResultSelector",
    "ItemSelector",
    "Assign",
    "Credentials",
    "ItemReader/Parameters",
    "ItemBatcher/BatchInput",
    "ResultWriter/Parameters",
)
_GIVE_STRINGS = ("ArrayGetItem", "Base64Encode", "Base64Decode", "Format", "JsonToString", "Hash", "UUID")


def expressions(definition: Definition) -> Iterator[Problem]:
    """Everything in a JSONPath state that is read as a path, a template or an intrinsic function."""
    for _, state in definition.states():
        if state.language == "JSONPath":
            yield from _of_state(state)
            for name in ("Choices", "Catch"):
                rules = state.fields.get(name)
                for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                    if isinstance(rule, dict):
                        yield from _of_rule(rule, f"{state.location}/{name}[{index}]")


def _of_state(state: State) -> Iterator[Problem]:
    for name in _PATHS:
        yield from _path(state.fields.get(name), f"{state.location}/{name}")
    for path in _REFERENCES:
        if (text := _at(state.fields, path)) is not None:
            yield from _single(text, f"{state.location}/{path}")
    for name in _STRINGS:
        yield from _string(state.fields.get(name), name, state.location)
    for path in _TEMPLATES:
        if (template := _at(state.fields, path)) is not None:
            yield from _template(template, f"{state.location}/{path}")
    yield from _result_path(state.fields.get("ResultPath"), f"{state.location}/ResultPath")
    timestamp = state.fields.get("Timestamp")
    if isinstance(timestamp, str):
        yield from _timestamp(timestamp, f"{state.location}/Timestamp")


def _of_rule(rule: dict[str, Json], location: str) -> Iterator[Problem]:
    """A Choice rule, at any depth, or a catcher."""
    yield from _result_path(rule.get("ResultPath"), f"{location}/ResultPath")
    if "Assign" in rule:
        yield from _template(rule["Assign"], f"{location}/Assign")
    for name, value in rule.items():
        if isinstance(value, str):
            if name == "Variable" or name.endswith(("EqualsPath", "ThanPath")):
                yield from _single(value, f"{location}/{name}")
            elif name.startswith("Timestamp"):
                yield from _timestamp(value, f"{location}/{name}")
        elif name in ("And", "Or") and isinstance(value, list):
            for index, inner in enumerate(value):
                if isinstance(inner, dict):
                    yield from _of_rule(inner, f"{location}/{name}[{index}]")
        elif name == "Not" and isinstance(value, dict):
            yield from _of_rule(value, f"{location}/Not")


def _at(value: Json, path: str) -> Json:
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _path(value: Json, location: str) -> Iterator[Problem]:
    if isinstance(value, str) and not PLACEHOLDER.search(value):
        try:
            paths.compile(value)
        except ExpressionError as error:
            yield failed(location, "Value must be a valid JSONPath.", error.message)


def _single(value: Json, location: str) -> Iterator[Problem]:
    """A path that can give one value only, of the input, the context object or a variable."""
    if isinstance(value, str) and not PLACEHOLDER.search(value):
        try:
            if not paths.compile(value).definite:
                yield _no_reference(value, location, "it can name more than one place")
        except ExpressionError as error:
            yield _no_reference(value, location, error.message)


def _result_path(value: Json, location: str) -> Iterator[Problem]:
    if isinstance(value, str) and not PLACEHOLDER.search(value):
        try:
            paths.reference(value)
        except ExpressionError as error:
            yield _no_reference(value, location, error.message)


def _no_reference(value: str, location: str, hint: str) -> Problem:
    why = "" if value.startswith("$") else ": Reference path didn't start with '$'"
    return failed(location, f"Value is not a Reference Path{why}", hint if not why else None)


def _string(value: Json, name: str, location: str) -> Iterator[Problem]:
    """ErrorPath and CausePath: a path, or an intrinsic function that gives a string."""
    if not isinstance(value, str) or PLACEHOLDER.search(value):
        return
    function = value.partition("(")[0]
    if function.startswith("States.") and function.removeprefix("States.") not in _GIVE_STRINGS:
        yield _invalid(name, f"{location}/{name}", "the function must give a string")
        return
    yield from _value(value, name, f"{location}/{name}")


def _template(template: Json, location: str) -> Iterator[Problem]:
    """A payload template: the keys in `.$` name paths and intrinsic functions (location as recorded: the
    object that the key stands in)."""
    if isinstance(template, list):
        for index, item in enumerate(template):
            yield from _template(item, f"{location}[{index}]")
    elif isinstance(template, dict):
        for key, value in template.items():
            if not key.endswith(".$"):
                if isinstance(value, dict | list):
                    yield from _template(value, f"{location}/{key}")
            elif not isinstance(value, str):
                yield _invalid(key, location, None)
            else:
                yield from _value(value, key, location)
            if key.endswith(".$") and key[:-2] in template:
                yield failed(location, f"Field '{key[:-2]}' stands twice: as '{key[:-2]}' and as '{key}'")


def _value(value: str, key: str, location: str) -> Iterator[Problem]:
    if PLACEHOLDER.search(value):
        return
    try:
        if value.startswith("$"):
            paths.compile(value)
        else:
            intrinsics.compile(value)
    except ExpressionError as error:
        yield _invalid(key, location, error.message)


def _invalid(key: str, location: str, hint: str | None) -> Problem:
    message = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
    return failed(location, message, hint)


def _timestamp(value: str, location: str) -> Iterator[Problem]:
    if times.instant(value) is None and not PLACEHOLDER.search(value):
        yield failed(location, "String does not match RFC3339 timestamp")
