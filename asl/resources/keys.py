"""The keys of task functions held against machines: which Tasks a key stands for, as far as the definitions tell."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from asl.frames import Call
from asl.nearest import nearest
from asl.program import Program, walk
from asl.resources.lambdas import function_names, invokes
from asl.resources.matching import fits, is_pattern, names
from asl.states import Task
from asl.values import Json


class TaskState(NamedTuple):
    """A Task of a machine: its compiled form and its fields in the definition."""

    state: Task
    document: dict[str, Any]


def tasks_of(*programs: Program) -> list[TaskState]:
    """The Tasks of machines and of the machines within them."""
    return [
        TaskState(state, cast(Any, program.parts[address].definition)["States"][state.name])
        for program in programs
        for address, state in walk(program)
        if isinstance(state, Task)
    ]


def call_of(task: TaskState) -> Call:
    """A call of the Task; its payload has the fields that are the same whatever the data are."""
    given = task.document.get("Parameters", task.document.get("Arguments"))
    fields: dict[str, Json] = given if isinstance(given, dict) else {}
    known = {
        name: value for name, value in fields.items() if not (name.endswith(".$") or _is_expression(value))
    }
    return Call(0, "/", task.state.name, 0, task.state.target, known)


def _is_expression(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def invokes_any(task: TaskState) -> bool:
    """Whether the Task invokes a Lambda function of which only the data tell the name."""
    return invokes(task.state.target) and not _functions(task)


def stands_for(key: str, task: TaskState) -> bool:
    """Whether `Resources` may have a function under that key serve the Task: any may be the one it invokes."""
    call = call_of(task)
    if is_pattern(key):
        return fits(key, call)
    return invokes_any(task) or key in (*names(call), *_functions(task))


def _functions(task: TaskState) -> list[str]:
    """The names of the Lambda function that a `lambda:invoke` invokes, as far as the definition says it."""
    return function_names(call_of(task).payload) if invokes(task.state.target) else []


def misfit(key: str, *programs: Program) -> str:
    """Why a key stands for no Task of the machines, in the words that follow its name."""
    tasks = tasks_of(*programs)
    where = ", ".join(repr(each.state.name) for each in tasks)
    has = f"the machine has the Tasks {where}" if tasks else "the machine has no Task"
    every = (state for program in programs for _, state in walk(program))
    other = next((state for state in every if state.name == key), None)
    if other is not None:
        return f"stands for no Task: that is a {type(other).__name__} state; {has}"
    known = [name for each in tasks for name in (each.state.name, *_functions(each))]
    near = nearest(key, known)
    meant = "" if near is None else f"; did you mean {near!r}?"
    return f"stands for no Task: no state, resource or function has that name; {has}{meant}"
