"""The fields of a state become functions here, and here the two query languages meet.

`jsonpath` and `jsonata` offer the same functions, one for each question the compiler has about a state.
Above this floor nothing knows which language a state speaks.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

_MODULES = {"JSONPath": "asl.dataflow.jsonpath", "JSONata": "asl.dataflow.jsonata"}


def language(name: str) -> ModuleType:
    """The module of a query language; imported when the first state speaks it."""
    return import_module(_MODULES[name])
