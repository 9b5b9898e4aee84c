"""Fork and join: how the branches of a Parallel and the iterations of an inline Map begin, end and fail.

The events of a branch or iteration hang on each other; the join event (`MapIterationSucceeded`,
`ParallelStateSucceeded` …) is a leaf beside that chain, which goes on from the child's last event. Measured
on the recordings; see the fact sheet on event numbering in `docs/rationale.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl import attempts, mapruns, names
from asl.errors import StatesError
from asl.events import WIDTH
from asl.frames import Broken, Frame, Joining
from asl.program import Program
from asl.states import Map, Parallel, Task, Wait, Working
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine


def fork_parallel(machine: Machine, frame: Frame, state: Parallel) -> None:
    """Start every branch, in their order."""
    raw = frame.input
    input = raw if state.read is None else state.read(raw, machine.scope)
    size = frame.size if state.read is None else machine.gauge.bound(input)
    if size > machine.limit:
        size = machine.checked(input, state.name)
    machine.chain(frame, "ParallelStateStarted")
    frame.wait = wait = Joining(len(state.branches))
    for slot, branch in enumerate(state.branches):
        _begin(machine, frame, wait, slot, branch, input, size, frame.item)


def fork_map(machine: Machine, frame: Frame, state: Map) -> None:
    """Start the first iterations, as many as may run at one time."""
    scope, raw = machine.scope, frame.input
    effective = raw if state.read is None else state.read(raw, scope)
    limit: Any = state.limit(effective, scope)
    items: Any = [] if state.items is None else state.items(effective, scope)
    machine.chain(frame, "MapStateStarted", None, len(items))
    fields: Any = {} if state.run is None else state.run(effective, scope)
    if state.distributed:
        mapruns.begin(machine, frame, state, effective, {**fields, "MaxConcurrency": limit, "Items": items})
        return
    frame.wait = wait = Joining(len(items), effective, items, machine.gauge.bound(items))
    most = machine.quotas.concurrency or len(items)
    for _ in range(min(limit or most, most, len(items))):
        _next_iteration(machine, frame, wait, state.processor)
    if not items:
        machine.ready.appendleft(frame)  # it has what it waits for


def _next_iteration(machine: Machine, frame: Frame, wait: Joining, processor: Program) -> None:
    slot = wait.started
    wait.started = slot + 1
    value = wait.items[slot]
    item = {"Index": slot, "Value": value}
    _begin(machine, frame, wait, slot, processor, value, wait.item_size, item)


def _begin(
    machine: Machine,
    parent: Frame,
    wait: Joining,
    slot: int,
    program: Program,
    input: Json,
    size: int,
    item: Json,
) -> None:
    """A branch or iteration is to run, after all that are ready."""
    name, id = parent.state, machine.next_frame
    path = f"/{name}/{slot}" if parent.path == "/" else f"{parent.path}/{name}/{slot}"
    machine.frames[id] = child = Frame(id, path, program, input, parent, slot, size, item)
    machine.next_frame = id + 1
    wait.active[slot] = id
    machine.ready.append(child)


def open(machine: Machine, frame: Frame, parent: Frame) -> None:
    """An iteration begins: record it, and select its input."""
    state = parent.program.states[parent.state]
    assert isinstance(state, Map)
    before = frame.last
    machine.chain(frame, "MapIterationStarted", state.name, frame.slot)
    if state.select is None:
        return
    try:
        frame.input = _select(machine, parent, frame, state)
        frame.size = machine.bounded(frame.input, state.name)
    except StatesError:
        # It has not begun (measured by others, September 2026); recorded it was, since a replay finds its draws so.
        del machine.history.cells[-WIDTH:]
        machine.scope.events, frame.last = frame.last - 1, before
        raise


def _select(machine: Machine, parent: Frame, frame: Frame, state: Map) -> Json:
    """An iteration's input by ItemSelector, which stands in the Map state but sees the item."""
    wait = parent.wait
    assert state.select is not None and isinstance(wait, Joining)
    outer, parent.item = parent.item, frame.item
    machine.scope.frame = parent
    try:
        return state.select(wait.input, machine.scope)
    finally:
        parent.item = outer
        machine.scope.frame = frame


def unselected(machine: Machine, parent: Frame, frame: Frame, problem: StatesError) -> None:
    """ItemSelector gave no input for the iteration, which fails with an error of the Map state."""
    frame.fresh = True  # a redrive begins it anew
    child_failed(machine, parent, frame, problem.error, machine.told(parent, problem, frame))


def joined(machine: Machine, parent: Frame, child: Frame, output: Json) -> None:
    """A branch or iteration came to its end."""
    wait = parent.wait
    assert isinstance(wait, Joining)
    wait.results[child.slot] = output
    wait.size += child.size
    del wait.active[child.slot], machine.frames[child.id]
    if child.program.iterates:
        machine.record("MapIterationSucceeded", child.last, child.path, parent.state, child.slot)
        parent.last = child.last
        if wait.started < len(wait.results):
            _next_iteration(machine, parent, wait, child.program)
            return
        parent.last = machine.scope.events  # recorded: the Map goes on from the leaf of its last iteration
    else:
        parent.last = child.last
    if not wait.active:
        machine.ready.appendleft(parent)


def _joining(parent: Frame) -> tuple[Working, Joining]:
    state, wait = parent.program.states[parent.state], parent.wait
    assert isinstance(state, (Map, Parallel)) and isinstance(wait, Joining)
    return state, wait


def go_on(machine: Machine, frame: Frame) -> None:
    """No child of the frame's state is active: start the next iteration, or have all of them."""
    state, wait = _joining(frame)
    if isinstance(state, Map) and wait.started < len(wait.results):
        _next_iteration(machine, frame, wait, state.processor)
    else:
        machine.ready.append(frame)


def complete(machine: Machine, frame: Frame) -> None:
    """All children of the frame's state have ended: their outputs are its result."""
    state, wait = frame.program.states[frame.state], frame.wait
    assert isinstance(wait, Joining)
    exit_after = frame.last
    machine.chain(frame, "MapStateSucceeded" if isinstance(state, Map) else "ParallelStateSucceeded")
    frame.wait = None
    machine.run(frame, True, wait.results, wait.size, exit_after)


def child_failed(machine: Machine, parent: Frame, child: Frame, error: str | None, cause: str | None) -> None:
    """A branch or iteration failed: the others are aborted, and the state that forked them has the error.

    States.Runtime ends the execution at once: no event tells of the others (measured).
    """
    state, wait = _joining(parent)
    failure = child.last
    parent.broken = Broken(wait, _abort(machine, wait, state, failure, error == names.RUNTIME, child), error)
    parent.last = failure
    parent.wait = None
    machine.scope.frame = parent
    machine.fail_state(parent, error, cause)


def _abort(
    machine: Machine, wait: Joining, state: Working, failure: int, quiet: bool, failed: Frame | None = None
) -> dict[int, Frame]:
    """Drop the frames that are still active, the one that `failed` among them, and return them by their slots.

    The events that say so hang on the failure for which it is done. They come in the order of the slots, for an
    iteration first, then for its Task, also where that is what failed (measured); innermost first otherwise.
    """
    dropped = {}
    for slot in sorted(wait.active):
        frame = dropped[slot] = machine.frames.pop(wait.active[slot])
        if frame.fresh:
            continue
        inner = frame.program.states[frame.state]
        if isinstance(state, Map) and not quiet:
            how = "MapIterationFailed" if frame is failed else "MapIterationAborted"
            machine.record(how, failure, frame.path, state.name, slot)
        if frame is failed:
            if frame.entered and isinstance(inner, Task) and not quiet:
                machine.record("TaskStateAborted", failure, frame.path)
            continue
        if isinstance(frame.wait, Joining):
            assert isinstance(inner, Working)
            frame.broken = Broken(frame.wait, _abort(machine, frame.wait, inner, failure, quiet))
        attempts.drop(machine, frame)
        frame.wait = None
        if isinstance(inner, Working | Wait) and not quiet:
            machine.record(inner.entered.replace("Entered", "Aborted"), failure, frame.path)
    wait.active.clear()
    return dropped
