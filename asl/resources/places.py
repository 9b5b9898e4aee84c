"""Functions by their places, `module:function`: modules imported, and what to tell where one leads nowhere."""

from __future__ import annotations

import importlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any

from asl.errors import AslError
from asl.resources.functions import TaskFunction


class NoFunction(AslError):
    """A module does not import, or has no such function; the message says which, and why."""


def imported(name: str) -> ModuleType:
    """The module of that name. Raises `NoFunction`."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as problem:
        raise NoFunction(f"the module {name} does not import: {_said(problem)}") from problem


def module_at(path: str | Path, name: str) -> ModuleType:
    """The module in the file, which is imported under the name. Raises `NoFunction`."""
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses look for it there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        del sys.modules[name]
        raise NoFunction(f"{path} does not import: {_said(problem)}") from problem
    return module


def function_in(module: ModuleType, name: str, called: str) -> TaskFunction:
    """The function of that name (`function`, `Class.function`) in a module that is called so. Raises `NoFunction`."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            there = ", ".join(sorted(functions_of(found))) if isinstance(found, ModuleType) else ""
            raise NoFunction(f"{called} has no {name}" + (f"; it has {there}" if there else ""))
        found = getattr(found, part)
    if not callable(found):
        raise NoFunction(f"{called}:{name} is not a function but {type(found).__name__}")
    function: TaskFunction = found
    return function


def functions_of(module: ModuleType) -> dict[str, TaskFunction]:
    """The public functions that the module defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if isfunction(value) and not name.startswith("_") and value.__module__ == module.__name__
    }


def _said(problem: BaseException) -> str:
    """The exception in a line, with the place in the user's own file."""
    if isinstance(problem, SyntaxError):
        place = f" ({problem.filename}:{problem.lineno})" if problem.filename else ""
        return f"SyntaxError: {problem.msg}{place}"
    place = ""
    trace = problem.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<") and file not in (__file__, importlib.__file__):
            place = f" ({file}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(problem).__name__}: {problem}{place}"
