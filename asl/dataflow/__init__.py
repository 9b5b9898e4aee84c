"""The fields of a state become functions here, and here the two query languages meet.

`jsonpath` and `jsonata` offer the same functions, one for each question the compiler has about a state.
Above this floor nothing knows which language a state speaks.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from asl.states import Merge
from asl.values import Select


class Step(NamedTuple):
    """One step of a state's data flow.

    `stage` is what TestState's inspectionData calls the value that it gives; `apply` makes that of the raw input
    and the value so far, and is None where the definition leaves the value as it is.
    """

    stage: str
    apply: Merge | None


class Operand(NamedTuple):
    """Something that a Choice rule may read: its place in the rule, its text, and how to read it.

    `select` applies to what the rule applies to, and raises `PathError` or `StatesError` where nothing is found.
    """

    place: str
    text: str
    select: Select


_MODULES = {"JSONPath": "asl.dataflow.jsonpath", "JSONata": "asl.dataflow.jsonata"}


def language(name: str) -> ModuleType:
    """The module of a query language; imported when the first state speaks it."""
    return import_module(_MODULES[name])
