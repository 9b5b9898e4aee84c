"""Distributed Map as the machine sees it: one call, which a driver answers with the result of the map run.

The child executions are no frames of this execution: they have histories of their own, and only `MapRun…`
events stand in the parent's. A child cannot read the variables of the parent.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from asl import failing
from asl.frames import Frame, MapRun
from asl.selection import Selection
from asl.states import Map, Target
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine

KIND = "MapRun"


def begin(machine: Machine, frame: Frame, state: Map, input: Json, payload: dict[str, Json]) -> None:
    """Start the map run of the frame's state: it is a call from now on."""
    identity = machine.identity
    label = state.label or uuid.uuid3(uuid.NAMESPACE_URL, f"{frame.program.address}#{state.name}")
    number = uuid.UUID(int=machine.stream("map run").getrandbits(128), version=4)
    arn = f"arn:aws:states:{identity.region}:{identity.account}:mapRun:{identity.machine}/{label}:{number}"
    machine.chain(frame, "MapRunStarted", None, arn)
    call = make_call(machine, frame, state, machine.next_call, sum(frame.tries.values()), payload, input, arn)
    machine.next_call += 1
    frame.wait = machine.calls[call.id] = call


def make_call(
    machine: Machine, frame: Frame, state: Map, id: int, attempt: int, payload: Json, input: Json, arn: str
) -> MapRun:
    """The call of a map run."""
    target = Target(arn, KIND, None, None, False, False)
    call = MapRun(id, frame.path, state.name, attempt, target, payload, frame)
    call.processor, call.type, call.arn = state.processor, state.execution_type, arn
    call.input = input
    context = machine.context_of(frame)
    stream = f"{machine.seed}:{arn}"
    call.select = Selection(state, input, frame.variables, context, machine.now, frame.entered, stream)
    return call


def succeed(machine: Machine, frame: Frame, output: Json, size: int) -> None:
    """The map run succeeded. The exit of the state hangs on the run's start (recorded since November 2024)."""
    machine.drop(frame)
    frame.wait = None
    started = frame.last
    machine.chain(frame, "MapRunSucceeded")
    machine.chain(frame, "MapStateSucceeded")
    machine.finish(frame, output, size, started)


def fail(machine: Machine, frame: Frame, error: str | None, cause: str | None) -> None:
    """The map run failed."""
    machine.drop(frame)
    frame.wait = None
    machine.chain(frame, "MapRunFailed", None, error, cause)
    failing.state_failed(machine, frame, error, cause)
