"""An execution as JSON, and back: the frames, what they wait for, and the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from asl import mapruns
from asl.events import DATA, MORE, NAME, WIDTH, Cells
from asl.frames import NOTHING, BackingOff, Broken, Call, Frame, Joining, Limits, MapRun, Sleeping
from asl.machine import Machine, Outcome
from asl.program import Program
from asl.quotas import Quotas
from asl.scope import Identity
from asl.states import Map, Task

FORMAT = 2


def save(machine: Machine) -> dict[str, Any]:
    """The machine between two inputs, as JSON that shares nothing that changes with it."""
    return {
        "format": FORMAT,
        "identity": asdict(machine.identity),
        "input": machine.input,
        "seed": machine.seed,
        "startedAt": machine.started_at,
        "now": machine.now,
        "redrives": machine.redrives,
        "redrivenAt": machine.redriven_at,
        "activities": None if machine.activities is None else sorted(machine.activities),
        "outcome": None if machine.outcome is None else list(machine.outcome),
        "nextCall": machine.next_call,
        "frames": [] if machine.root is None else list(_frame_rows(machine.root)),
        "timers": [
            [due, frame and frame.path]
            for due, _, frame, wait in sorted(machine.timers, key=_order)
            if frame is None
            or frame.waits_for(wait, due)  # after one that was dropped may come another of its path
        ],
        "cells": list(machine.cells),
    }


def _order(timer: tuple[int, int, Frame | None, Any]) -> tuple[int, int]:
    return timer[:2]


def _frame_rows(frame: Frame, is_broken: bool = False) -> Iterator[dict[str, Any]]:
    """The row of a frame and, after it, those of the frames within it, also of those that a failure has left."""
    row = {name: getattr(frame, name) for name in _PLAIN}
    row["program"] = frame.program.address
    row["parent"] = None if frame.parent is None else frame.parent.path
    row["tries"] = [list(item) for item in frame.tries.items()]
    row["wait"] = _wait_row(frame.wait)
    row["isBroken"] = is_broken
    broken = frame.broken
    row["broken"] = broken and {"wait": _wait_row(broken.wait), "error": broken.error}
    yield row
    for child in broken.frames.values() if broken else ():
        yield from _frame_rows(child, is_broken=True)
    for child in frame.wait.active.values() if isinstance(frame.wait, Joining) else ():
        yield from _frame_rows(child)


_PLAIN = (
    "path", "state", "input", "variables", "slot", "last", "size", "entered",
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
            limits = wait.limits and {name: getattr(wait.limits, name) for name in Limits.__slots__}
            return {
                **more,
                "kind": "calling",
                **{name: getattr(wait, name) for name in _CALL},
                "limits": limits,
            }
        case _:
            return {
                "kind": "joining",
                "results": list(wait.results),
                **{name: getattr(wait, name) for name in _JOIN},
            }


_CALL = ("id", "attempt", "payload", "token", "credentials")
_JOIN = ("input", "items", "item_size", "started", "size")


def load(program: Program, snapshot: dict[str, Any], quotas: Quotas) -> Machine:
    """The machine that `save` saved. Raises `ValueError` where the snapshot is not for this program."""
    if snapshot.get("format") != FORMAT:
        raise ValueError(f"not a snapshot of format {FORMAT}: {snapshot.get('format')!r}")
    identity = Identity(**snapshot["identity"])
    machine = Machine(program, snapshot["input"], snapshot["startedAt"], identity, snapshot["seed"], quotas)
    machine.now = snapshot["now"]
    machine.redrives = snapshot["redrives"]
    machine.redriven_at = snapshot["redrivenAt"]
    machine.activities = snapshot["activities"]
    machine.cells += _cells(snapshot["cells"])
    machine.events = len(machine.history)
    machine.outcome = snapshot["outcome"] and Outcome(*snapshot["outcome"])
    machine.next_call = snapshot["nextCall"]
    frames: dict[str, Frame] = {}
    for row in snapshot["frames"]:
        _restore_frame(machine, row, frames)
    # Frames do not stand in the order of their calls; those of an execution that ended say what they waited for.
    machine.calls = dict(sorted(machine.calls.items())) if machine.outcome is None else {}
    for due, path in snapshot["timers"]:
        frame = None if path is None else frames.get(path)
        if path is None or (frame is not None and frame.waits_for(frame.wait, due)):
            machine.timer(due, frame, frame and frame.wait)
    return machine


def _cells(saved: list[Any]) -> Cells:
    """The cells as they were before they went through JSON text, which knows no tuples."""
    cells = list(saved)
    for column in (NAME, MORE):
        cells[column::WIDTH] = [tuple(cell) if type(cell) is list else cell for cell in cells[column::WIDTH]]
    for row in range(0, len(cells), WIDTH):
        if cells[row] == "EvaluationFailed":
            cells[row + DATA] = tuple(cells[row + DATA])
    return cells


def _restore_frame(machine: Machine, row: dict[str, Any], frames: dict[str, Frame]) -> None:
    """Restore a frame; `frames` holds those that were restored before, its parent among them."""
    within: Any = None
    if row["parent"] is not None:
        parent = frames[row["parent"]]
        within = parent.broken.wait if row["isBroken"] and parent.broken else parent.wait
    program = machine.program.parts[row["program"]]
    frame = Frame(row["path"], program, row["input"], row["size"], within, row["slot"])
    for name in _PLAIN:
        setattr(frame, name, row[name])
    frame.tries = dict(row["tries"]) or NOTHING
    frame.wait = _restore_wait(machine, frame, row["wait"])
    if row["broken"] is not None:
        frame.broken = Broken(_restore_joining(frame, row["broken"]["wait"]), {}, row["broken"]["error"])
    frames[frame.path] = frame
    if within is None:
        machine.root = frame
    elif row["isBroken"]:
        assert parent.broken is not None
        parent.broken.frames[frame.slot] = frame
    else:
        within.active[frame.slot] = frame


def _restore_wait(machine: Machine, frame: Frame, row: dict[str, Any] | None) -> Any:
    if row is None:
        return None
    match row["kind"]:
        case "sleeping":
            return Sleeping(row["due"])
        case "backingOff":
            return BackingOff(row["due"])
        case "calling":
            machine.calls[row["id"]] = call = _restore_call(machine, frame, row)
            return call
    return _restore_joining(frame, row)


def _restore_call(machine: Machine, frame: Frame, row: dict[str, Any]) -> Call:
    state = frame.program.states[frame.state]
    if isinstance(state, Map):
        return mapruns.make_call(
            machine, frame, state, row["id"], row["attempt"], row["payload"], row["input"], row["arn"]
        )
    assert isinstance(state, Task)
    limits = None
    if row["limits"] is not None:
        limits = Limits(0, None, None)
        for name, value in row["limits"].items():
            setattr(limits, name, value)
    return Call(
        row["id"],
        frame.path,
        state.name,
        row["attempt"],
        state.target,
        row["payload"],
        frame,
        machine,
        row["token"],
        limits,
        row["credentials"],
    )


def _restore_joining(frame: Frame, row: dict[str, Any]) -> Joining:
    state: Any = frame.program.states[frame.state]
    joining = Joining(frame, state, len(row["results"]))
    joining.results = list(row["results"])
    for name in _JOIN:
        setattr(joining, name, row[name])
    return joining
