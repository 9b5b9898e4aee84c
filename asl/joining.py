"""Fork and join: how the branches of a Parallel and the iterations of an inline Map begin and end.

The events of a branch or iteration hang on each other; the join event (`MapIterationSucceeded`,
`ParallelStateSucceeded` …) is a leaf beside that chain, which goes on from the child's last event. Measured
on the recordings; see the fact sheet on event numbering in `docs/rationale.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asl import mapruns
from asl.errors import StatesError
from asl.events import WIDTH
from asl.frames import BETWEEN, Frame, Joining
from asl.program import Program
from asl.states import Map, Parallel
from asl.values import Json, Select

if TYPE_CHECKING:
    from asl.machine import Machine


def fork_parallel(machine: Machine, frame: Frame, state: Parallel) -> None:
    """Start every branch, in their order."""
    raw = frame.input
    input = raw if state.read is None else state.read(raw, machine)
    size = frame.size if state.read is None else machine.gauge.bound(input)
    if size > machine.limit:
        size = machine.checked(input, state.name)
    machine.chain(frame, "ParallelStateStarted")
    frame.wait = wait = Joining(frame, state, len(state.branches))
    for slot, branch in enumerate(state.branches):
        wait.active[slot] = Frame(f"{wait.prefix}{slot}", branch, input, size, wait, slot)
    machine.ready.extend(wait.active.values())


def fork_map(machine: Machine, frame: Frame, state: Map) -> None:
    """Start the first iterations, as many as may run at one time."""
    raw = frame.input
    effective = raw if state.read is None else state.read(raw, machine)
    limit: Any = state.limit(effective, machine)
    items: Any = [] if state.items is None else state.items(effective, machine)
    machine.chain(frame, "MapStateStarted", None, len(items))
    fields: Any = {} if state.run is None else state.run(effective, machine)
    if state.distributed:
        mapruns.begin(machine, frame, state, effective, {**fields, "MaxConcurrency": limit, "Items": items})
        return
    frame.wait = wait = Joining(frame, state, len(items), effective, items, machine.gauge.bound(items))
    most = machine.quotas.concurrency or len(items)
    for _ in range(min(limit or most, most, len(items))):
        _next_iteration(machine, wait, state.processor)
    if not items:
        machine.ready.appendleft(frame)  # it has what it waits for


def _next_iteration(machine: Machine, wait: Joining, processor: Program) -> None:
    slot = wait.started
    wait.started = slot + 1
    child = Frame(f"{wait.prefix}{slot}", processor, wait.items[slot], wait.item_size, wait, slot)
    wait.active[slot] = child
    machine.ready.append(child)


def open(machine: Machine, frame: Frame, within: Joining) -> None:
    """An iteration begins: record it, and select its input."""
    state: Any = within.state
    before = frame.last
    machine.chain(frame, "MapIterationStarted", state.name, frame.slot)
    if state.select is not None:
        try:
            frame.input = _select(machine, within, frame, state.select)
            frame.size = machine.bounded(frame.input, state.name)
        except StatesError:
            # It has not begun (measured by others, September 2026); recorded it was, since a replay finds its draws so.
            del machine.cells[-WIDTH:]
            machine.events, frame.last = frame.last - 1, before
            raise
    frame.entered = BETWEEN


def _select(machine: Machine, within: Joining, frame: Frame, select: Select) -> Json:
    """An iteration's input by ItemSelector, which stands in the Map state but sees the item."""
    machine.frame, machine.item = within.frame, frame.item
    try:
        return select(within.input, machine)
    finally:
        machine.frame, machine.item = frame, None


def joined(machine: Machine, within: Joining, child: Frame, output: Json) -> None:
    """A branch or iteration came to its end."""
    slot, parent, program = child.slot, within.frame, child.program
    within.results[slot] = output
    within.size += child.size
    del within.active[slot]
    if program.iterates:
        leaf = machine.record("MapIterationSucceeded", child.last, child.path, within.state.name, slot)
        if within.started < len(within.results):
            parent.last = child.last
            _next_iteration(machine, within, program)
            return
        parent.last = leaf  # recorded: the Map goes on from the leaf of its last iteration
    else:
        parent.last = child.last
    if not within.active:
        machine.ready.appendleft(parent)


def go_on(machine: Machine, within: Joining) -> None:
    """No child of the frame's state is active: start the next iteration, or have all of them."""
    state = within.state
    if isinstance(state, Map) and within.started < len(within.results):
        _next_iteration(machine, within, state.processor)
    else:
        machine.ready.append(within.frame)


def complete(machine: Machine, frame: Frame) -> None:
    """All children of the frame's state have ended: their outputs are its result."""
    wait = frame.wait
    assert isinstance(wait, Joining)
    exit_after = frame.last
    machine.chain(frame, "MapStateSucceeded" if isinstance(wait.state, Map) else "ParallelStateSucceeded")
    frame.wait = None
    machine.finish(frame, wait.results, wait.size, exit_after)
