"""The quotas on variables: on one, on those that a state assigns, on all of an execution.

What counts is the JSON text of the values, not their names; the texts and the event are the service's (measured by
others, September 2026). Not measured, and so ours: that a variable counts until it is assigned anew or the branch or
iteration whose it is has ended, and that the error says the same in JSONPath.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from asl import names
from asl.errors import EvaluationError
from asl.frames import Frame, lines
from asl.quotas import Gauge
from asl.values import Json

if TYPE_CHECKING:
    from asl.machine import Machine


def check(machine: Machine, frame: Frame, assigned: Mapping[str, Json]) -> None:
    """Hold what a frame's state assigns against the quotas, and tell the machine how much is held now.

    Raises `EvaluationError` with States.DataLimitExceeded.
    """
    check_state(frame.state, assigned, machine.gauge, machine.limit)
    held = machine.held = _held(machine, frame, assigned)
    if held > machine.most_held:
        raise _exceeded(
            f"Execution total variable size limit exceeded. State '{frame.state}' assigned variables that exceed "
            f"the total execution limit by {held - machine.most_held} bytes."
        )


def check_state(state: str, assigned: Mapping[str, Json], gauge: Gauge, limit: int) -> None:
    """Hold what a state assigns against the quota on one variable and on all of one state. Raises as `check` does."""
    total = 0
    for name, value in assigned.items():
        size = gauge(value)
        if size > limit:
            raise _exceeded(
                f"Variable size limit exceeded. Variable '{name}' in state '{state}' was assigned {size} bytes."
            )
        total += size
        if total > limit:
            raise _exceeded(
                f"State total variable size limit exceeded. Variable '{name}' in state '{state}' was assigned {size} "
                "bytes, which caused the size of variables assigned in the state to exceed its limit by "
                f"{total - limit} bytes."
            )


def _held(machine: Machine, frame: Frame, assigned: Mapping[str, Json]) -> int:
    """The bytes of all variables once the frame has those that it is assigned."""
    total = 0
    assert machine.root is not None
    for each in lines(machine.root):
        own: Mapping[str, Json] = {**each.variables, **assigned} if each is frame else each.variables
        outer: Mapping[str, Json] = {} if each.parent is None else each.parent.variables
        if own is not outer:
            total += sum(machine.gauge(value) for name, value in own.items() if name not in outer)
    return total


def _exceeded(cause: str) -> EvaluationError:
    return EvaluationError(cause, "Assign", after_entry=True, error=names.DATA_LIMIT_EXCEEDED)
