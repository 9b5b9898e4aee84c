"""What depends on the query language: which fields a state may have in it, and expressions where they may not
stand."""

from __future__ import annotations

from collections.abc import Iterator

from asl.checks.machine import Definition, Object, State, failed
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER
from asl.values import Json

_JSONPATH = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "Result",
    "ResultSelector",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath",
    "ToleratedFailureCountPath",
    "ErrorPath",
    "CausePath",
)
_JSONATA = ("Arguments", "Output", "Items")

_IN_CHOICES = ("And", "Or", "Not", "Variable"), ("Condition", "Output")
_IN_CATCH = ("ResultPath",), ("Output",)
_INNER: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("ItemReader", ("Parameters",), ("Arguments",)),
    ("ItemReader/ReaderConfig", ("MaxItemsPath",), ()),
    ("ItemBatcher", ("MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"), ()),
    ("ResultWriter", ("Parameters",), ("Arguments",)),
)
"""Objects in a Map: their fields for JSONPath alone and for JSONata alone."""

_NUMBERS = (
    "Seconds",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)


def fields(definition: Definition) -> Iterator[Problem]:
    """Fields of the other query language (the state is named, not the field, as measured)."""
    for _, state in definition.states():
        if state.downgraded:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield failed(state.location, message)
            continue
        yield from _other(state, state.location, state.fields, _JSONPATH, _JSONATA)
        for location, rule in state.choices:
            yield from _other(state, location, rule, *_IN_CHOICES)
        for location, rule in state.catchers:
            yield from _other(state, location, rule, *_IN_CATCH)
        for path, jsonpath, jsonata in _INNER:
            inner = _at(state.fields, path)
            if inner is not None:
                yield from _other(state, f"{state.location}/{path}", inner, jsonpath, jsonata)


def _other(
    state: State, location: str, given: Object, jsonpath: tuple[str, ...], jsonata: tuple[str, ...]
) -> Iterator[Problem]:
    wrong, other = (jsonata, "JSONata") if state.language == "JSONPath" else (jsonpath, "JSONPath")
    for name in wrong:
        if name in given:
            yield failed(
                location,
                f"The QueryLanguage is set to '{state.language}', but field '{name}' "
                f"is only supported for the '{other}' QueryLanguage",
            )


def _at(given: Object, path: str) -> Object | None:
    value: Json = given
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def numbers(definition: Definition) -> Iterator[Problem]:
    """A number may be a JSONata expression; in a JSONPath state it may not."""
    for _, state in definition.states():
        if state.language == "JSONPath" and not state.downgraded:
            for name in _NUMBERS:
                value = state.fields.get(name)
                if isinstance(value, str) and value.startswith("{%") and not PLACEHOLDER.search(value):
                    yield failed(f"{state.location}/{name}", "Expected value of type Integer")
