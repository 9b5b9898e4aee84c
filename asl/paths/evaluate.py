"""The steps of a path as closures: Jayway's evaluation, once more.

A path is a chain of walkers. Each takes a value, finds what its step names and hands that on to the next
one; the last one collects. What Jayway decides by looking up and down its tokens while it runs (is
everything before me definite? am I the last?) is known when the path is compiled, and so are the paths that
its messages name: it complains only where everything before is definite.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from asl.errors import PathError
from asl.paths.conditions import condition
from asl.paths.failures import Invalid, NotFound, OutOfBounds
from asl.paths.filters import parse_filter
from asl.paths.functions import FUNCTIONS
from asl.paths.messages import missing_property, no_results, not_an_array, not_an_object, not_filterable
from asl.paths.operators import Operand
from asl.paths.run import Read, Run, Test, Walk
from asl.paths.steps import NESTED, Call, Filter, Indexes, Names, Range, Scan, Step, Wild


class Place(NamedTuple):
    """Where a step stands: what it must know of the steps before and after."""

    before: str  # the path up to it, as messages write it
    rest: str  # the path from it on
    definite: bool  # whether every step before it names one value
    last: bool
    calls: bool  # whether there are functions after it
    strict: bool  # Option.REQUIRE_PROPERTIES, with which a filter asks whether a path is there
    depth: int


def is_definite(steps: Sequence[Step]) -> bool:
    """Whether a path names at most one value."""
    steps = _inverted(steps)
    return all(_names_one(step, position == len(steps) - 1) for position, step in enumerate(steps))


def _names_one(step: Step, last: bool) -> bool:
    match step:
        case Names(keys):
            return len(keys) == 1 or last  # at the end, several names make one object
        case Indexes(indexes):
            return len(indexes) == 1
    return isinstance(step, Call)


def reader(steps: Sequence[Step], depth: int = 0, *, strict: bool = False) -> Read:
    """The function that evaluates a path: the value, or the list of values if it is not definite."""
    steps = _inverted(steps)
    walk = _chain(steps, depth, strict)
    if not is_definite(steps):

        def read_all(value: Any, run: Run) -> Operand:
            found: list[Any] = []
            walk(value, found, run)
            return found

        return read_all
    whole = "$" + "".join(map(str, steps))

    def read_one(value: Any, run: Run) -> Operand:
        found: list[Any] = []
        walk(value, found, run)
        if not found:
            raise NotFound(no_results(whole))
        return found[-1]

    return read_one


def _inverted(steps: Sequence[Step]) -> tuple[Step, ...]:
    # `$..a.sum()` is `$.sum($..a)`: a function that follows a scan takes all that it finds.
    if len(steps) > 1 and isinstance(steps[0], Scan) and isinstance(steps[-1], Call):
        first, name = next((at, step.name) for at, step in enumerate(steps) if isinstance(step, Call))
        return (Call(name, (tuple(steps[:first]),)), *steps[first + 1 :])
    return tuple(steps)


def _collect(value: Any, found: list[Any], run: Run) -> None:
    found.append(value)


def _chain(steps: Sequence[Step], depth: int, strict: bool) -> Walk:
    definite = [True]
    before = ["$"]
    for position, step in enumerate(steps):
        definite.append(definite[-1] and _names_one(step, position == len(steps) - 1))
        shown = (
            "" if isinstance(step, Call) else f"['{step.keys[0]}']" if isinstance(step, Names) else str(step)
        )
        before.append(before[-1] + shown)
    walk: Walk = _collect
    end = len(steps) - 1
    for position in range(end, -1, -1):
        rest = "".join(map(str, steps[position:])) if definite[position] else ""
        place = Place(
            before=before[position],
            rest=rest,
            definite=definite[position],
            last=position == end,
            calls=any(isinstance(step, Call) for step in steps[position + 1 :]),
            strict=strict,
            depth=depth + position,
        )
        if isinstance(steps[position], Scan) and place.last:
            walk = _scan_for_nothing
        elif isinstance(steps[position], Scan):
            walk = _scan(steps[position + 1], walk, place._replace(last=position + 1 == end))
        else:
            walk = _walker(steps[position], walk, place)
    return walk


def _walker(step: Step, then: Walk, place: Place) -> Walk:
    match step:
        case Names((key,)):
            return _name(step, key, then, place)
        case Names():
            return _names(step, then, place)
        case Indexes(indexes):
            return _indexes(indexes, then, place)
        case Range():
            return _range(step, then, place)
        case Wild():
            return _wild(then, place)
        case Filter():
            return _filter(step, then, place)
        case Call():
            return _call(step, then, place)
    raise AssertionError(step)


# Steps


def _name(step: Names, key: str, then: Walk, place: Place) -> Walk:
    before = place.before
    optional = not place.strict and (place.last or not place.definite)

    def name(value: Any, found: list[Any], run: Run) -> None:
        if not isinstance(value, dict):
            if place.definite:
                raise NotFound(not_an_object(before, str(step)))
        elif key in value:
            then(value[key], found, run)
        elif not optional:
            raise NotFound(missing_property(f"{before}['{key}']"))

    return name


def _names(step: Names, then: Walk, place: Place) -> Walk:
    keys = step.keys

    def names(value: Any, found: list[Any], run: Run) -> None:
        if not isinstance(value, dict):
            if place.definite:
                raise NotFound(not_an_object(place.before, str(step)))
            return
        run.spend(len(keys))
        present = [key for key in keys if key in value]
        if place.strict and len(present) < len(keys):
            raise NotFound(missing_property(place.before + str(step)))
        if place.last:
            then({key: value[key] for key in present}, found, run)
        else:
            for key in present:
                then(value[key], found, run)

    return names


def _array(value: Any, place: Place) -> bool:
    # Whether an index or a slice can be applied; an error where Jayway makes it one.
    if isinstance(value, list):
        return True
    if place.definite:
        raise NotFound(not_an_array(place.rest, value))
    return False


def _forgiving(then: Walk, place: Place, *failures: type[PathError]) -> Walk:
    # Jayway takes an index error further on for its own, and a wildcard goes on where a property is missing.
    # Behind a step like these, only functions fail so.
    if not place.calls or place.strict:
        return then

    def forgiving(value: Any, found: list[Any], run: Run) -> None:
        try:
            then(value, found, run)
        except failures:
            return

    return forgiving


def _indexes(indexes: tuple[int, ...], then: Walk, place: Place) -> Walk:
    to_element = _forgiving(then, place, OutOfBounds)

    def indexed(value: Any, found: list[Any], run: Run) -> None:
        if _array(value, place):
            run.spend(len(indexes))
            for index in indexes:
                if -len(value) <= index < len(value):
                    to_element(value[index], found, run)

    return indexed


def _range(step: Range, then: Walk, place: Place) -> Walk:
    start, end = step
    to_element = _forgiving(then, place, OutOfBounds)

    def sliced(value: Any, found: list[Any], run: Run) -> None:
        if not _array(value, place):
            return
        length = len(value)
        if end is None:
            first = 0 if start is None else max(0, start + length if start < 0 else start)
            indexes = range(first, length)
        elif start is None:
            indexes = range(min(length, end + length if end < 0 else end))
        else:  # a negative end is not counted from the end here, a negative start runs on into the positive
            indexes = range(max(start, -length), min(length, end))
        run.spend(len(indexes))
        for index in indexes:
            to_element(value[index], found, run)

    return sliced


def _wild(then: Walk, place: Place) -> Walk:
    to_property = _forgiving(then, place, NotFound)
    to_element = _forgiving(then, place, NotFound, OutOfBounds)

    def wild(value: Any, found: list[Any], run: Run) -> None:
        if isinstance(value, dict):
            run.spend(len(value))
            for item in value.values():
                to_property(item, found, run)
        elif isinstance(value, list):
            run.spend(len(value))
            for item in value:
                to_element(item, found, run)

    return wild


def _filter(step: Filter, then: Walk, place: Place) -> Walk:
    passes = _accepting(step, place)
    to_element = _forgiving(then, place, OutOfBounds)

    def filtered(value: Any, found: list[Any], run: Run) -> None:
        if isinstance(value, dict):
            if passes(value, run):
                then(value, found, run)
        elif isinstance(value, list):
            run.spend(len(value))
            for item in value:
                if passes(item, run):
                    to_element(item, found, run)
        elif place.definite:
            raise Invalid(not_filterable(place.rest, value))

    return filtered


def _accepting(step: Filter, place: Place) -> Test:
    depth = place.depth + NESTED
    tree = parse_filter(step.condition, step.position, depth)
    test = condition(tree, lambda steps, strict: reader(steps, depth, strict=strict))

    def passes(value: Any, run: Run) -> bool:
        try:
            return test(value, run)
        except Invalid:
            return False

    return passes


def _scan(target: Step, walk: Walk, place: Place) -> Walk:
    # `walk` is the walker of `target`, the step behind the dots; `place` tells whether that is the last one.
    matches = _scan_test(target, place)

    def scan(value: Any, found: list[Any], run: Run) -> None:
        waiting = [value]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, dict | list):
                continue
            run.spend(len(node))
            if matches(node, run):
                walk(node, found, run)
            waiting += reversed(node.values() if isinstance(node, dict) else node)

    return scan


def _scan_for_nothing(value: Any, found: list[Any], run: Run) -> None:
    raise PathError(
        "Current path token is a leaf"
    )  # `$..length()`, which Jayway turns round to `$.length($..)`


def _scan_test(target: Step, place: Place) -> Test:
    # Whether the target can find anything in an object or array on the way.
    match target:
        case Names(keys):
            if not _names_one(target, place.last):
                return lambda node, run: isinstance(node, dict)
            return lambda node, run: isinstance(node, dict) and all(key in node for key in keys)
        case Indexes() | Range():
            return lambda node, run: isinstance(node, list)
        case Wild():
            return lambda node, run: True
        case Filter():
            return _accepting(target, place)
    return lambda node, run: False


# Functions


def _call(step: Call, then: Walk, place: Place) -> Walk:
    name = step.name
    function = FUNCTIONS.get(name)
    parameters = [_parameter(parameter, name, place) for parameter in step.parameters]
    from_value = name in ("length", "size")

    def call(value: Any, found: list[Any], run: Run) -> None:
        if function is None:
            raise Invalid(f"Function with name: {name} does not exist.")
        given = [parameter(value if from_value else run.root, run) for parameter in parameters]
        for item in (value, *given):
            if isinstance(item, list | dict):
                run.spend(len(item))
        result = function(value, given)
        found.append(result)
        if not place.last:
            then(result, found, run)

    return call


def _parameter(parameter: tuple[Step, ...] | str, name: str, place: Place) -> Read:
    depth = place.depth + NESTED
    if isinstance(parameter, str):
        return _json(parameter)
    if name in ("length", "size") and not (parameter and isinstance(parameter[-1], Call)):
        return _inside(parameter, depth)
    return reader(parameter, depth)


def _json(text: str) -> Read:
    try:
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except (ValueError, RecursionError):

        def fail(item: Any, run: Run) -> Operand:
            raise PathError(f"The parameter is no JSON: {text}")

        return fail
    return lambda item, run: value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _inside(steps: tuple[Step, ...], depth: int) -> Read:
    # What is inside the value that a parameter of length() names: of a definite path the last of it only,
    # since Jayway still takes the path, now with a wildcard at its end, for a definite one.
    read = reader(steps, depth)
    if not steps:
        return read
    walk = _chain((*steps, Wild()), depth, False)
    whole = "$" + "".join(map(str, (*steps, Wild())))
    definite = is_definite(steps)

    def inside(value: Any, run: Run) -> Operand:
        read(run.root, run)
        found: list[Any] = []
        walk(value, found, run)
        if not definite:
            return found
        if not found:
            raise NotFound(no_results(whole))
        return found[-1]

    return inside
