"""The texts of path errors: Jayway's, since the service shows them as they are.

Jayway words them differently from version to version. These are those seen on the service, which runs an
old one: "No results" and "Missing property" are recorded (base_scenarios.invalid_jsonpath.*,
base_scenarios.catch_states_runtime), "Property ... not found" is quoted in an issue of its developer guide.
"""

from __future__ import annotations

from asl.values import Json, number_text, to_json


def no_results(path: str) -> str:
    """A definite path, whole, whose last step finds nothing."""
    return f"No results for path: {path}"


def missing_property(path: str) -> str:
    """A name before the last one that is not there; `path` reaches up to it."""
    return f"Missing property in path {path}"


def not_an_object(path: str, step: str) -> str:
    """A name asked of a value, at `path`, that is no object."""
    return f"Property {step} not found in path {path}"


def not_an_array(rest: str, value: Json) -> str:
    """An index or a slice asked of a value that is no array; `rest` is the path from there on."""
    return f"Filter: {rest} can only be applied to arrays. Current context is: {to_json(value)}"


def not_filterable(rest: str, value: Json) -> str:
    """A filter asked of a value that is neither an object nor an array."""
    return f"Filter: {rest} can not be applied to primitives. Current context is: {to_json(value)}"


def undefined_variable(name: str) -> str:
    """A workflow variable that nothing has assigned. The words are ours: no recording shows the service's."""
    return f"Variable '${name}' is not defined"


def java_text(value: Json) -> str:
    """A value as Java's `toString` writes it: `{k1=1, k2=v, k3=[1, 2]}`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(java_text, value))}]"
    return "{" + ", ".join(f"{key}={java_text(item)}" for key, item in value.items()) + "}"
