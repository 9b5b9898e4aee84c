"""Which Tasks of a machine nothing will serve: what is known before a run, and what it will come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from asl.drive import nested
from asl.frames import Call
from asl.program import Program
from asl.resources import Resources
from asl.resources.keys import TaskState, call_of, invokes_any, tasks_of
from asl.states import Choice, Parallel, State, Working


class Unserved(NamedTuple):
    """A Task that nothing serves, by a call of it; `certain` if every execution comes to it, but for an error."""

    call: Call
    certain: bool


def unserved(program: Program, resources: Resources) -> list[Unserved]:
    """The Tasks of the machine that nothing serves, whatever the data are; not those of machines that they start."""
    certain = set(_certain(program))
    return [
        Unserved(call_of(task), task.state in certain)
        for task in tasks_of(program)
        if not _may_be_served(task, resources)
    ]


def _may_be_served(task: TaskState, resources: Resources) -> bool:
    call = call_of(task)
    return (
        invokes_any(task)
        or resources.named(call) is not None
        or nested.may_serve(resources, call)
        or resources.general(call) is not None
        or (call.target.token and resources.callback(call) is not None)
    )


def _certain(program: Program) -> Iterator[State]:
    """The states without which an execution cannot end, but for an error that nothing catches."""
    for state in program.states.values():
        if not _ends_without(program, state.name):
            yield state
            if isinstance(state, Parallel) and not state.catch:
                for branch in state.branches:
                    yield from _certain(branch)


def _ends_without(program: Program, avoided: str) -> bool:
    """Whether a way leads from the start to an end around the state."""
    seen, ahead = {avoided}, [program.start]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        following = list(_following(program.states[name]))
        if None in following:
            return True
        ahead += [each for each in following if each is not None]
    return False


def _following(state: State) -> Iterator[str | None]:
    """Where a state may lead; None: to the end."""
    if isinstance(state, Choice):
        yield from (rule.next for rule in state.rules)
        if state.default.next is not None:
            yield state.default.next
    else:
        yield state.next
    if isinstance(state, Working):
        yield from (catcher.next for catcher in state.catch)
