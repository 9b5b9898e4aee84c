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

_COMPUTED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "",
        (
            "Seconds",
            "TimeoutSeconds",
            "HeartbeatSeconds",
            "MaxConcurrency",
            "ToleratedFailureCount",
            "ToleratedFailurePercentage",
        ),
        "Integer",
    ),
    ("ItemReader/ReaderConfig", ("MaxItems",), "Integer"),
    ("ItemReader/ReaderConfig", ("CSVHeaders",), "[ARRAY]"),
    ("ItemBatcher", ("MaxItemsPerBatch", "MaxInputBytesPerBatch"), "Integer"),
    ("ItemBatcher", ("BatchInput",), "[OBJECT]"),
    ("", ("Credentials", "ItemSelector"), "[OBJECT]"),
)
"""Fields of a state, or of an object in it, whose value JSONata may compute, and what it is in JSONPath."""


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
                _instead(name, state.type if given is state.fields else "")
                if other == "JSONPath"
                else _TO_JSONATA,
                name,
            )


_TO_JSONATA = 'a state with "QueryLanguage": "JSONata" has it'
_INSTEAD = {
    "InputPath": "expressions read $states.input",
    "OutputPath": "use 'Output'",
    "ResultPath": "use 'Output', or 'Assign' and a variable",
    "ResultSelector": "use 'Output', of $states.result",
    "Result": "use 'Output'",
    **dict.fromkeys(("And", "Or", "Not", "Variable"), "use a 'Condition'"),
}
_PARAMETERS = {"Pass": "Output", "Map": "ItemSelector"}


def _instead(name: str, type: str) -> str:
    """What JSONata has in place of a field of JSONPath, in a state of that type or an object in one."""
    if name == "Parameters":
        return f"use '{_PARAMETERS.get(type, 'Arguments')}'"
    return _INSTEAD.get(name) or f"use '{name.removesuffix('Path')}'"


def _at(given: Object, path: str) -> Object | None:
    value: Json = given
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def computed(definition: Definition) -> Iterator[Problem]:
    """A number, an object or an array may be a JSONata expression; in a JSONPath state it may not."""
    for _, state in definition.states():
        if state.language != "JSONPath" or state.downgraded:
            continue
        for path, names, expected in _COMPUTED:
            holder = _at(state.fields, path) if path else state.fields
            for name in names:
                value = None if holder is None else holder.get(name)
                if isinstance(value, str) and value.startswith("{%") and not PLACEHOLDER.search(value):
                    place = "/".join(filter(None, (state.location, path, name)))
                    yield failed(place, f"Expected value of type {expected}")
