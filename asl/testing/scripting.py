"""Mocks as a document says them: the functions of `asl.testing.mocks` by their names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from asl.resources.places import NoFunction, function_in, imported, module_at
from asl.testing.document import Node
from asl.testing.mocks import Mock, calls, first_of, in_turn, raises, returns

_OPTIONS = ("takes", "beats", "submitted", "when", "item")
_ANSWERS = ("returns", "raises", "calls")
_LISTS: dict[str, Callable[..., Mock]] = {"in_turn": in_turn, "first_of": first_of}


def mock_of(node: Node, folder: Path) -> Mock:
    """A mock from `{returns: …}`, `{raises: …, cause: …}`, `{calls: module:function}`, `{in_turn: […]}` or
    `{first_of: […]}`, with the options of those functions beside it.

    Modules are looked for in the folder first. Raises `CaseError`.
    """
    given = node.mapping()
    kinds = [key for key in (*_ANSWERS, *_LISTS) if key in given]
    if len(kinds) != 1:
        raise node.wrong(
            f"a mock has one of {', '.join((*_ANSWERS, *_LISTS))}; this one has {', '.join(given) or 'nothing'}"
        )
    kind = kinds[0]
    if kind in _LISTS:
        node.fields(kind)
        answers = [mock_of(each, folder) for each in given[kind].items()]
        if not answers:
            raise given[kind].wrong("there is no answer in it")
        return _LISTS[kind](*answers)
    node.fields(kind, *_OPTIONS, *(["cause"] if kind == "raises" else []))
    options = {key: given[key].value for key in _OPTIONS if key in given}
    if "item" in options and type(options["item"]) is not int:
        raise given["item"].wrong("the index of a Map item must stand here, from 0")
    try:
        if kind == "returns":
            return returns(given[kind].value, **options)
        if kind == "raises":
            cause = given["cause"].value if "cause" in given else None
            return raises(None if given[kind].value is None else given[kind].text(), cause, **options)
        return calls(_function(given[kind], folder), **options)
    except ValueError as problem:
        raise node.wrong(str(problem)) from None


def _function(node: Node, folder: Path) -> Callable[..., Any]:
    place = node.text()
    name, _, attribute = place.rpartition(":")
    if not name:
        raise node.wrong(f"{place!r} is no function: write module:function")
    try:
        return function_in(_module(name, folder), attribute, name)
    except NoFunction as problem:
        raise node.wrong(str(problem)) from None


def _module(name: str, folder: Path) -> ModuleType:
    """The module of that name in the folder, apart from others of that name; else the one that can be imported."""
    file = folder / f"{name}.py"
    if not file.is_file():
        return imported(name)
    own = f"asl_test_tasks:{file.resolve()}"
    return sys.modules.get(own) or module_at(file, own)
