"""What is given on the command line: JSON documents and task functions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from asl import documents

from .failure import Refusal, because

if TYPE_CHECKING:
    from pathlib import Path

    from asl import StateMachine

Functions = dict[str, Callable[..., Any]]


def document(text: str, option: str) -> Any:
    """The JSON value in `text`, in the file after `@`, or on standard input for `-`."""
    name, inline = option, False
    if text == "-":
        name = "standard input"
        text = documents.decode(sys.stdin.buffer.read(), name)
    elif text.startswith("@"):
        name = text[1:]
        try:
            with open(name, "rb") as file:
                text = documents.decode(file.read(), name)
        except OSError as problem:
            raise Refusal(f"{option}: {because(problem)}") from problem
    else:
        inline = True
    if not text.strip():
        raise Refusal(f"{name} is empty; give a JSON document, such as {{}}")
    try:
        return documents.parse(text, name)
    except documents.DocumentError as problem:
        meant = f"; to read the file, write {option} @{text}" if inline and os.path.isfile(text) else ""
        raise Refusal(f"{problem}{meant}") from problem


def moment(text: str | None, option: str) -> int | None:
    """The milliseconds since the epoch that a time names; None without one."""
    from asl.face import milliseconds

    try:
        return None if text is None else milliseconds(text)
    except ValueError as problem:
        raise Refusal(f"{option}: {problem}") from problem


def history(file: str) -> bytes | Path:
    """The file of a history, or for `-` what is on standard input, as `asl.recorded.read` takes it."""
    from pathlib import Path  # asl run starts without it

    return sys.stdin.buffer.read() if file == "-" else Path(file)


def buckets(pairs: Iterable[str]) -> dict[str, str]:
    """The folders of buckets, or `s3://`, from `NAME=FOLDER`."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not (equals and name and folder):
            raise Refusal(f"--bucket {pair}: write NAME=FOLDER, or NAME=s3://")
        if not folder.startswith(("s3://", "file:")) and not os.path.isdir(folder):
            raise Refusal(f"--bucket {pair}: there is no folder {folder}")
        found[name] = folder
    return found


def tasks(machine: str | os.PathLike[str], pairs: Iterable[str]) -> Functions:
    """The task functions: those of a `tasks.py` beside the machine, and over them `NAME=module:function`."""
    beside = tasks_file(machine)
    found: Functions = {}
    if os.path.isfile(beside):
        from asl.resources.places import module_at  # not every machine has tasks

        sys.path.insert(0, os.path.dirname(os.path.abspath(beside)))  # for what it imports from there
        found = _public(module_at(beside, "tasks"))
    return {**found, **functions(pairs, "--task", os.getcwd())}


def fit(pairs: Iterable[str], machines: Iterable[StateMachine]) -> None:
    """Refuse a `--task` whose name stands for no Task of the machines."""
    from asl.resources.keys import misfit, stands_for, tasks_of  # many runs give no task

    programs = [machine.program for machine in machines]
    tasks = tasks_of(*programs)
    for pair in pairs:
        name = pair.partition("=")[0]
        if not any(stands_for(name, each) for each in tasks):
            raise Refusal(f"--task {name} {misfit(name, *programs)}")


def stray_callbacks(machine: str, callbacks: Collection[str], machines: Iterable[StateMachine]) -> list[str]:
    """What to tell of keys of CALLBACKS that stand for no Task that waits for a token, while such a Task has none.

    A tasks.py may serve several machines: where every Task that waits has its key, the others are for those.
    """
    from asl.resources.keys import misfit, stands_for, tasks_of  # most machines have no callbacks

    programs = [each.program for each in machines]
    tasks = tasks_of(*programs)
    waiting = [each for each in tasks if each.state.target.token]
    if all(any(stands_for(key, each) for key in callbacks) for each in waiting):
        return []
    return [
        f"{tasks_file(machine)}: CALLBACKS: {key} "
        + (
            "stands for no Task that waits for a token"
            if any(stands_for(key, each) for each in tasks)
            else misfit(key, *programs)
        )
        for key in callbacks
        if not any(stands_for(key, each) for each in waiting)
    ]


def functions(pairs: Iterable[str], option: str, folder: str) -> Functions:
    """The functions that `NAME=module:function` names; modules are looked for in the folder too."""
    found: Functions = {}
    for pair in pairs:
        if folder not in sys.path:
            sys.path.insert(0, folder)  # as `python -m` has it
        name, equals, target = pair.partition("=")
        if not (name and equals and ":" in target):
            raise Refusal(f"{option} {pair}: write NAME=module:function")
        found[name] = _function(target, f"{option} {pair}")
    return found


def _function(place: str, what: str) -> Callable[..., Any]:
    from asl.resources.places import NoFunction, function_in, imported  # many runs name no function

    module, _, name = place.rpartition(":")
    try:
        return function_in(imported(module), name, module)
    except NoFunction as problem:
        raise Refusal(f"{what}: {problem}") from problem


def named(machine: str | os.PathLike[str], name: str) -> dict[str, Any] | None:
    """The dictionary of that name in the machine's `tasks.py`, which `tasks` has imported; None without one."""
    module = sys.modules.get("tasks") if os.path.isfile(tasks_file(machine)) else None
    found = getattr(module, name, None)
    if found is not None and not isinstance(found, dict):
        raise Refusal(f"{tasks_file(machine)}: {name} is not a dictionary but {type(found).__name__}")
    for key in found or ():
        if not isinstance(key, str):
            raise Refusal(f"{tasks_file(machine)}: {name} has the key {key!r}, which is no name")
    return found


def tasks_file(machine: str | os.PathLike[str]) -> str:
    """Where the task functions of a machine are looked for."""
    return os.path.join(os.path.dirname(machine), "tasks.py")


def _public(module: ModuleType) -> Functions:
    """Its `TASKS` where it has them, else the public functions that it defines."""
    named = getattr(module, "TASKS", None)
    if named is not None:
        if not isinstance(named, Mapping):
            raise Refusal(f"{module.__file__}: TASKS is not a dictionary but {type(named).__name__}")
        for name, function in named.items():
            if not isinstance(name, str):
                raise Refusal(f"{module.__file__}: TASKS has the key {name!r}, which is no name")
            if not callable(function):
                raise Refusal(f"{module.__file__}: TASKS[{name!r}] is not a function")
        return dict(named)
    from asl.resources.places import functions_of

    return functions_of(module)
