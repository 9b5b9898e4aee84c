"""An execution as JSON, and back: the frames, what they wait for, and the history."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from asl import attempts, mapruns
from asl.frames import NOTHING, BackingOff, Broken, Call, Frame, Joining, MapRun, Sleeping
from asl.machine import Machine, Outcome
from asl.program import Program
from asl.quotas import Quotas
from asl.scope import Identity
from asl.states import Map, Task

FORMAT = 1


def save(machine: Machine) -> dict[str, Any]:
    """The machine between two inputs, as JSON that shares nothing that changes with it."""
    scope = machine.scope
    return {
        "format": FORMAT,
        "identity": asdict(machine.identity),
        "input": scope.input,
        "seed": scope.seed,
        "startedAt": machine.started_at,
        "now": scope.now,
        "redrives": scope.redrives,
        "redrivenAt": scope.redriven_at,
        "activities": None if machine.activities is None else sorted(machine.activities),
        "outcome": None if machine.outcome is None else list(machine.outcome),
        "nextFrame": machine.next_frame,
        "nextCall": machine.next_call,
        "frames": [row for frame in machine.frames.values() for row in _frame_rows(frame)],
        "timers": [[due, frame and frame.id] for due, _, frame, wait in sorted(machine.timers, key=_order)],
        "cells": list(machine.history.cells),
    }


def _order(timer: tuple[int, int, Frame | None, Any]) -> tuple[int, int]:
    return timer[:2]


def _frame_rows(frame: Frame, is_broken: bool = False) -> Iterator[dict[str, Any]]:
    """The row of a frame and, after it, those of the frames that a failure has left within it."""
    row = {name: getattr(frame, name) for name in _PLAIN}
    row["program"] = frame.program.address
    row["parent"] = None if frame.parent is None else frame.parent.id
    row["tries"] = [list(item) for item in frame.tries.items()]
    row["wait"] = _wait_row(frame.wait)
    row["isBroken"] = is_broken
    broken = frame.broken
    row["broken"] = broken and {"wait": _wait_row(broken.wait), "error": broken.error}
    yield row
    for child in broken.frames.values() if broken else ():
        yield from _frame_rows(child, is_broken=True)


_PLAIN = (
    "id", "path", "state", "input", "variables", "slot", "last", "size", "item", "entered", "entered_at", "fresh",
)  # fmt: skip


def _wait_row(wait: Any) -> dict[str, Any] | None:
    match wait:
        case None:
            return None
        case Sleeping():
            return {"kind": "sleeping", "due": wait.due}
        case BackingOff():
            return {"kind": "backingOff", "due": wait.due}
        case Call():
            more = {"input": wait.input, "arn": wait.arn} if isinstance(wait, MapRun) else {}
            return {**more, "kind": "calling", **{name: getattr(wait, name) for name in _CALL}}
        case _:
            return {
                "kind": "joining",
                "results": list(wait.results),
                "active": [list(item) for item in wait.active.items()],
                **{name: getattr(wait, name) for name in _JOIN},
            }


_CALL = (
    "id", "attempt", "payload", "deadline", "token", "credentials", "heartbeat", "silence", "begun",
)  # fmt: skip
_JOIN = ("input", "items", "item_size", "started", "size")


def load(program: Program, snapshot: dict[str, Any], quotas: Quotas) -> Machine:
    """The machine that `save` saved. Raises `ValueError` where the snapshot is not for this program."""
    if snapshot.get("format") != FORMAT:
        raise ValueError(f"not a snapshot of format {FORMAT}: {snapshot.get('format')!r}")
    identity = Identity(**snapshot["identity"])
    machine = Machine(program, snapshot["input"], snapshot["startedAt"], identity, snapshot["seed"], quotas)
    scope = machine.scope
    scope.now = snapshot["now"]
    scope.redrives = snapshot["redrives"]
    scope.redriven_at = snapshot["redrivenAt"]
    machine.activities = snapshot["activities"]
    machine.history.cells += snapshot["cells"]
    scope.events = len(machine.history)
    machine.outcome = snapshot["outcome"] and Outcome(*snapshot["outcome"])
    machine.next_frame = snapshot["nextFrame"]
    machine.next_call = snapshot["nextCall"]
    frames: dict[int, Frame] = {}
    for row in snapshot["frames"]:
        _restore_frame(machine, row, frames)
    if machine.outcome is not None:  # its frames still say what they waited for
        machine.calls.clear()
        machine.fresh_calls.clear()
    # Frames do not stand in the order of their calls.
    machine.fresh_calls = deque(sorted(machine.fresh_calls, key=lambda call: call.id))
    for due, frame_id in snapshot["timers"]:
        frame = None if frame_id is None else machine.frames.get(frame_id)
        if frame_id is None or (frame is not None and frame.wait is not None and frame.wait.due == due):
            machine.timer(due, frame, frame and frame.wait)
    return machine


def _restore_frame(machine: Machine, row: dict[str, Any], frames: dict[int, Frame]) -> None:
    """Restore a frame; `frames` holds those that were restored before, its parent among them."""
    parent = None if row["parent"] is None else frames[row["parent"]]
    program = machine.program.parts[row["program"]]
    frame = Frame(row["id"], row["path"], program, row["input"], parent, row["slot"], row["size"])
    for name in _PLAIN:
        setattr(frame, name, row[name])
    frame.tries = dict(row["tries"]) or NOTHING
    frame.wait = _restore_wait(machine, frame, row["wait"])
    if row["broken"] is not None:
        frame.broken = Broken(_restore_joining(row["broken"]["wait"]), {}, row["broken"]["error"])
    frames[frame.id] = frame
    if row["isBroken"]:
        assert parent is not None and parent.broken is not None
        parent.broken.frames[frame.slot] = frame
    else:
        machine.frames[frame.id] = frame


def _restore_wait(machine: Machine, frame: Frame, row: dict[str, Any] | None) -> Any:
    if row is None:
        return None
    match row["kind"]:
        case "sleeping":
            return Sleeping(row["due"])
        case "backingOff":
            return BackingOff(row["due"])
        case "calling":
            call = _restore_call(machine, frame, row)
            for name in _CALL:
                setattr(call, name, row[name])
            attempts.register(machine, frame, call)
            return call
    return _restore_joining(row)


def _restore_call(machine: Machine, frame: Frame, row: dict[str, Any]) -> Call:
    state = frame.program.states[frame.state]
    if isinstance(state, Map):
        return mapruns.make_call(
            machine, frame, state, row["id"], row["attempt"], row["payload"], row["input"], row["arn"]
        )
    assert isinstance(state, Task)
    context = machine.scope.context_of
    return Call(
        row["id"], frame.path, state.name, row["attempt"], state.target, None, context=context, frame=frame
    )


def _restore_joining(row: dict[str, Any]) -> Joining:
    joining = Joining(len(row["results"]))
    joining.results = list(row["results"])
    joining.active = dict(row["active"])
    for name in _JOIN:
        setattr(joining, name, row[name])
    return joining
