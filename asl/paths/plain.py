"""Plain paths: a root, then names and indexes. `$`, `$.a.b`, `$['a'][0].b`, `$$.Execution.Id`, `$name.x`.

Nearly all paths of real machines are plain, and a path is read several times per event: so they have a
tokenizer of their own (about 2 µs) and closures made for their length (0.1 µs for two names).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from asl.errors import PathError
from asl.paths.failures import PastEnd
from asl.paths.messages import (
    missing_property,
    no_results,
    not_an_array,
    not_an_object,
    undefined_variable,
)
from asl.values import Json, Scope, Select

Key = str | int
"""One step of a plain path: the name or the index to take."""


# A name after a dot stops where Jayway's stops (dot, bracket, parenthesis, blank), and is left to the full
# parser where it holds a character that could mean something there.
_NAME = r"""[^\s.\[\]()*?'"\\]+"""
ROOT = re.compile(r"\$(?:\$|[^\W\d]\w*)?")
_DOTTED = re.compile(rf"({ROOT.pattern})((?:\.{_NAME})*)")
_STEP = re.compile(rf"""\.({_NAME})|\['([^'\\]*)'\]|\["([^"\\]*)"\]|\[(-?[0-9]{{1,9}})\]""")


def plain(text: str) -> tuple[str, tuple[Key, ...]] | None:
    """The root (`$`, `$$` or `$name`) and the keys of a plain path; None where `text` is not one."""
    found = _DOTTED.match(text)
    if found is None:
        return None
    root, dotted = found.groups()
    keys: list[Any] = dotted.split(".")[1:]
    at = found.end()
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        last = step.lastindex
        keys.append(int(step[4]) if last == 4 else step[last or 0])
        at = step.end()
    return root, tuple(keys)


def identity(value: Json, scope: Scope) -> Json:
    """The path `$`: the value itself. Shared, so that a caller can see `select is identity` and skip it."""
    return value


def reader(root: str, keys: Sequence[Key], text: str) -> Select:
    """The function that walks `keys` from `root`; it raises `PathError` with Jayway's message."""
    return rooted(root, _walker(keys, text))


def rooted(root: str, read: Select) -> Select:
    """`read`, applied to the value (root `$`), the context object (`$$`) or a variable (`$name`)."""
    if root == "$":
        return read
    if root == "$$":

        def from_context(value: Json, scope: Scope) -> Json:
            return read(scope.context(), scope)

        return from_context
    name = root[1:]

    def from_variable(value: Json, scope: Scope) -> Json:
        try:
            found = scope.variables[name]
        except KeyError:
            raise PathError(undefined_variable(name)) from None
        return read(found, scope)

    return from_variable


def _walker(keys: Sequence[Any], text: str) -> Select:
    # Only an object answers to a text key (a list, a string, a number, null all raise TypeError), so the
    # subscript is the type check and the way without an error costs nothing more.
    if any(isinstance(key, int) for key in keys):
        return _indexed(keys, text)
    match keys:
        case ():
            return identity
        case (a,):

            def one(value: Any, scope: Scope) -> Json:
                try:
                    return value[a]  # type: ignore[no-any-return]
                except (KeyError, TypeError):
                    raise failure(value, text) from None

            return one
        case (a, b):

            def two(value: Any, scope: Scope) -> Json:
                try:
                    return value[a][b]  # type: ignore[no-any-return]
                except (KeyError, TypeError):
                    raise failure(value, text) from None

            return two
        case (a, b, c):

            def three(value: Any, scope: Scope) -> Json:
                try:
                    return value[a][b][c]  # type: ignore[no-any-return]
                except (KeyError, TypeError):
                    raise failure(value, text) from None

            return three

    def many(value: Any, scope: Scope) -> Json:
        node = value
        try:
            for key in keys:
                node = node[key]
        except (KeyError, TypeError):
            raise failure(value, text) from None
        return node  # type: ignore[no-any-return]

    return many


def _indexed(keys: Sequence[Any], text: str) -> Select:
    steps = tuple((key, list if isinstance(key, int) else dict) for key in keys)

    def indexed(value: Any, scope: Scope) -> Json:
        node = value
        try:
            for key, kind in steps:
                if not isinstance(node, kind):
                    raise failure(value, text)
                node = node[key]
        except LookupError:
            raise failure(value, text) from None
        return node  # type: ignore[no-any-return]

    return indexed


def failure(value: Json, text: str) -> PathError:
    """Why the plain path `text` cannot be walked from `value`, in Jayway's words."""
    steps = _written(text)
    whole = "$" + "".join(step for _, step in steps)
    node: Any = value
    at = "$"
    for position, (key, step) in enumerate(steps, start=1):
        if isinstance(key, int):
            if not isinstance(node, list):
                return PathError(not_an_array("".join(each for _, each in steps[position - 1 :]), node))
            if not -len(node) <= key < len(node):
                return PastEnd(no_results(whole))
            at += step
        elif not isinstance(node, dict):
            return PathError(not_an_object(at, step))
        else:
            at += f"['{key}']"
            if key not in node:
                return PathError(no_results(whole) if position == len(steps) else missing_property(at))
        node = node[key]
    raise AssertionError(f"{text} can be walked")


def _written(text: str) -> list[tuple[Key, str]]:
    # The keys of a plain path, each with the way Jayway writes it: it keeps the quotes of a bracket.
    steps: list[tuple[Key, str]] = []
    for step in _STEP.finditer(text):
        name, single, double, index = step.groups()
        if index is not None:
            steps.append((int(index), f"[{int(index)}]"))
        elif double is not None:
            steps.append((double, f'["{double}"]'))
        else:
            key = single if name is None else name
            steps.append((key, f"['{key}']"))
    return steps
