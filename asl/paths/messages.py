"""The texts of path errors: Jayway's, since the service shows them as they are."""

from __future__ import annotations

from asl.values import Json, number_text

_PROVIDER = "com.jayway.jsonpath.spi.json.JacksonJsonProvider"


def no_results(path: str) -> str:
    """A definite path, whole, whose last step finds nothing."""
    return f"No results for path: {path}"


def missing_property(path: str) -> str:
    """A name before the last one that is not there; `path` reaches up to it."""
    return f"Missing property in path {path}"


def not_an_object(path: str, step: str, value: Json) -> str:
    """A name asked of a value that is no object."""
    kind = "null" if value is None else java_class(value)
    return (
        f"Expected to find an object with property {step} in path {path} but found '{kind}'. "
        f"This is not a json object according to the JsonProvider: '{_PROVIDER}'."
    )


def not_an_array(path: str, step: str, value: Json) -> str:
    """An index or a slice asked of a value that is no array."""
    if value is None:
        return f"The path {path} is null"
    return f"Filter: {step} can only be applied to arrays. Current context is: {java_text(value)}"


def undefined_variable(name: str) -> str:
    """A workflow variable that nothing has assigned. The words are ours: no recording shows the service's."""
    return f"Variable '${name}' is not defined"


def java_class(value: Json) -> str:
    """The Java class under which Jackson holds a value that is not null."""
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return "java.lang.Integer"
        return "java.lang.Long" if -(2**63) <= value < 2**63 else "java.math.BigInteger"
    if isinstance(value, float):
        return "java.lang.Double"
    if isinstance(value, str):
        return "java.lang.String"
    return "java.util.ArrayList" if isinstance(value, list) else "java.util.LinkedHashMap"


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
