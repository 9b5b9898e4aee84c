"""The shape of a definition, by `schema.json`.

The same schema is read twice. Compiled to closures here, it only accepts or does not: that is all a sound
machine needs before it runs, and costs 2 ms where `import jsonschema` alone costs 66 ms. What it does not
accept goes to jsonschema, whose errors become the service's words. A test holds the two against each other.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

from asl.checks.machine import failed, not_compiled
from asl.errors import Problem
from asl.jsontext import PLACEHOLDER
from asl.nearest import nearest
from asl.values import Json, same

Schema: TypeAlias = dict[str, Any]
Test: TypeAlias = Callable[[Json], bool]


def problems(document: Json) -> Iterator[Problem]:
    """What is wrong with the shape of a definition, in the service's words."""
    if not accepts(document):
        yield from diagnose(document)


@cache
def schema() -> Schema:
    """The JSON Schema of the language (`asl/schema.json`)."""
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "schema.json"), encoding="utf-8") as file:
        loaded: Schema = json.load(file)
    return loaded


# accepting


def accepts(document: Json) -> bool:
    """Whether a definition is valid by the schema: the same answer as jsonschema's."""
    return _compiled()(document)


@cache
def _compiled() -> Test:
    made: dict[str, Test] = {}

    def build(part: Schema | bool) -> Test:
        if isinstance(part, bool):
            return lambda value: part
        tests = [_KEYWORDS[keyword](part, build) for keyword in part if keyword in _KEYWORDS]
        if "$ref" in part:
            tests.append(reference(part["$ref"]))
        return _every(tests)

    def reference(target: str) -> Test:
        name = target.removeprefix("#/$defs/")

        def follow(value: Json) -> bool:
            if name not in made:
                made[name] = build(schema()["$defs"][name])
            return made[name](value)

        return follow

    return build(schema())


Build: TypeAlias = Callable[[Any], Test]


def _every(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(value: Json) -> bool:
        for each in tests:  # noqa: SIM110  (a generator doubles the cost of the whole check)
            if not each(value):
                return False
        return True

    return test


def _type(part: Schema, build: Build) -> Test:
    names = part["type"] if isinstance(part["type"], list) else [part["type"]]
    tests = [_TYPES[name] for name in names]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _is_integer(value: Json) -> bool:
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _enum(part: Schema, build: Build) -> Test:
    allowed = part["enum"]
    return lambda value: isinstance(value, str) and value in allowed


def _const(part: Schema, build: Build) -> Test:
    return lambda value: same(value, part["const"])


def _required(part: Schema, build: Build) -> Test:
    names = frozenset(part["required"])
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _properties(part: Schema, build: Build) -> Test:
    tests = {name: build(each) for name, each in part["properties"].items()}
    rest = part.get("additionalProperties", True)
    other = None if rest is True else build(rest)

    def test(value: Json) -> bool:
        if isinstance(value, dict):
            for name, item in value.items():
                known = tests.get(name, other)
                if known is not None and not known(item):
                    return False
        return True

    return test


def _additional(part: Schema, build: Build) -> Test:
    return (lambda value: True) if "properties" in part else _properties({**part, "properties": {}}, build)


def _items(part: Schema, build: Build) -> Test:
    each = build(part["items"])
    return lambda value: not isinstance(value, list) or all(map(each, value))


def _at_least(kind: type, keyword: str) -> Callable[[Schema, Build], Test]:
    return lambda part, build: (
        lambda value: not isinstance(value, kind) or len(value) >= part[keyword]  # type: ignore[arg-type]
    )


def _minimum(part: Schema, build: Build) -> Test:
    return lambda value: not _is_number(value) or value >= part["minimum"]


def _maximum(part: Schema, build: Build) -> Test:
    return lambda value: not _is_number(value) or value <= part["maximum"]


def _pattern(part: Schema, build: Build) -> Test:
    search = re.compile(part["pattern"]).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _all_of(part: Schema, build: Build) -> Test:
    branches = part["allOf"]
    cases = {case: build(branch["then"]) for branch in branches if (case := _case(branch))}
    if len(cases) == len(branches) and len({name for name, _ in cases}) == 1:
        return _by_case(next(iter(cases))[0], {value: test for (_, value), test in cases.items()})
    return _every([build(branch) for branch in branches])


def _case(branch: Schema) -> tuple[str, str] | None:
    """The field and the constant of a branch that reads: if this field is that text, then …"""
    if branch.keys() != {"if", "then"} or branch["if"].keys() != {"type", "required", "properties"}:
        return None
    [(name, value), *others] = branch["if"]["properties"].items()
    only = branch["if"]["type"] == "object" and branch["if"]["required"] == [name] and not others
    told = only and isinstance(value.get("const"), str)
    return (name, value["const"]) if told else None


def _by_case(name: str, tests: dict[str, Test]) -> Test:
    """One look-up instead of many tests: the whole check is twice as fast, as every state's `Type` is told
    in this way."""

    def test(value: Json) -> bool:
        given = value.get(name) if isinstance(value, dict) else None
        then = tests.get(given) if isinstance(given, str) else None
        return then is None or then(value)

    return test


def _one_of(part: Schema, build: Build) -> Test:
    tests = [build(each) for each in part["oneOf"]]
    return lambda value: [test(value) for test in tests].count(True) == 1


def _not(part: Schema, build: Build) -> Test:
    test = build(part["not"])
    return lambda value: not test(value)


def _if(part: Schema, build: Build) -> Test:
    condition, then, otherwise = (build(part.get(word, True)) for word in ("if", "then", "else"))
    return lambda value: then(value) if condition(value) else otherwise(value)


_KEYWORDS: dict[str, Callable[[Schema, Build], Test]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "minItems": _at_least(list, "minItems"),
    "minProperties": _at_least(dict, "minProperties"),
    "minimum": _minimum,
    "maximum": _maximum,
    "pattern": _pattern,
    "allOf": _all_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
}


# diagnosing


def diagnose(document: Json) -> Iterator[Problem]:
    """The errors that jsonschema finds, in the service's words; none for a value that a placeholder stands
    for, since nobody knows yet what it will be."""
    seen = set()
    for error in _errors(document):
        if _stands_for_another(error):
            continue
        for problem in _translate(error):
            if problem not in seen:
                seen.add(problem)
                yield problem


def unresolved(document: Json) -> Iterator[Problem]:
    """Where a placeholder stands for what is no string, or one of a few words: what `diagnose` does not say."""
    if not accepts(document):
        for error in filter(_stands_for_another, _errors(document)):
            for problem in _translate(error):
                yield not_compiled(problem.location, f"'{error.instance}' has no value: {problem.message}")


def _errors(document: Json) -> Iterator[Any]:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema()).iter_errors(document)


def _stands_for_another(error: Any) -> bool:
    return isinstance(error.instance, str) and PLACEHOLDER.search(error.instance) is not None


def location(path: Iterable[str | int]) -> str:
    """A path of keys and indices as the service writes a location."""
    return "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in path) or "/"


def _translate(error: Any) -> Iterator[Problem]:
    path = list(error.absolute_path)
    place = location(path)
    if error.validator == "oneOf" and not isinstance(error.instance, dict):
        return  # its type is wrong, which is said already
    if error.validator == "required":
        yield from _missing(place, error.validator_value, error.instance)
    elif error.validator == "additionalProperties":
        known = error.schema["properties"]
        for name in error.instance:
            if name not in known:
                yield failed(place, f"Field '{name}' is not supported", near(name, known), name)
    elif error.validator == "oneOf":
        yield _one_of_problem(place, error.validator_value, error.instance)
    elif error.validator == "not" and not error.validator_value:  # a field that stands where it never may
        field = str(path[-1])
        yield failed(location(path[:-1]), f"Field '{field}' is not supported", field=field)
    elif error.validator == "not":
        yield failed(place, _only_one(error.validator_value["required"]))
    elif error.validator == "enum":
        yield failed(place, _enum_text(path[-1], error.validator_value), _near_value(error))
    else:
        yield failed(place, _WORDS[str(error.validator)](error.validator_value, error))


def _missing(place: str, required: Sequence[str], instance: Any) -> Iterator[Problem]:
    missing = [name for name in required if name not in instance]
    if missing == ["CSVHeaderLocation"]:
        yield failed(place, "The field 'CSVHeaderLocation' is required but was missing")
    else:
        yield failed(place, f"These fields are required: [{', '.join(missing)}]")


def _only_one(names: Iterable[str]) -> str:
    return f"There should only be one of the following fields: [{', '.join(names)}]"


def _one_of_problem(place: str, branches: Sequence[Schema], instance: Any) -> Problem:
    names = [branch["required"][0] for branch in branches]
    given = [name for name in names if name in instance]
    shown = ", ".join(names)
    if "StringEquals" in names:  # the operators; the list is cut short where the text was written down
        message = "There should only be one of the following fields: [StringEquals, ...]"
        return failed(place, message, f"there are {' and '.join(given)}" if given else "there is none")
    if "Condition" in names:
        message = f"The object must have only one of the following fields, [{shown}]"
        return failed(place, message)
    if len(given) > 1:
        return failed(place, _only_one(names))
    return failed(place, f"This object should have only one of the following fields: [{shown}]")


def _enum_text(name: object, values: Sequence[str]) -> str:
    if name in ("Type", "InputType"):
        return f"The field '{name}' should have one of these values: [{', '.join(values)}]"
    return f"Value should be one of the following: [{', '.join(values)}]"


def _type_text(expected: str | Sequence[str]) -> str:
    names = [expected] if isinstance(expected, str) else expected
    if "integer" in names:
        return "Expected value of type Integer"
    return f"Expected value of type [{', '.join(name.upper() for name in names)}]"


def _pattern_text(error: Any) -> str:
    if error.instance.startswith("{%"):
        return "JSONata string must start with {% and end with %}"
    return _type_text([name for name in error.schema["type"] if name != "string"] or "string")


_WORDS: dict[str, Callable[[Any, Any], str]] = {
    "type": lambda value, error: _type_text(value),
    "minimum": lambda value, error: f"Minimum value is {value}",
    "maximum": lambda value, error: f"Maximum value is {value}",
    "minItems": lambda value, error: "Value cannot be empty",
    "minProperties": lambda value, error: "Value cannot be empty",
    "pattern": lambda value, error: _pattern_text(error),
}


def near(name: str, known: Iterable[str]) -> str | None:
    """A hint where one of the known names is near to a wrong one."""
    found = nearest(name, known)
    return None if found is None else f"did you mean '{found}'?"


def _near_value(error: Any) -> str | None:
    return near(error.instance, error.validator_value) if isinstance(error.instance, str) else None
