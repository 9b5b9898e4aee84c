"""What expressions may read besides their value: the context object, the variables, the time, random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from asl import times
from asl.events import Cells
from asl.frames import Call, Frame
from asl.history import History
from asl.states import Working
from asl.values import Json

STATE_DATA = "STATE_DATA"
"""The Source of an item that comes from the state's input. Items of an inline Map have no Source: the developer
guide has it ("Context object data for Map states"), the service does not (measured by others, September 2026)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The names that an execution goes by, from which its ARNs follow.

    Names of Express executions are not unique, so their ARNs end in a `run` besides; an execution with a
    `run` is an Express one. `synchronous` is for those of StartSyncExecution, which cannot be redriven and
    whose context object has no RedriveCount (recorded: express_sync.query_runtime_memory). A `label` is the
    distributed Map's whose child the execution is: a part of the machine's ARN, not of its name.
    """

    name: str
    machine: str = "StateMachine"
    account: str = "123456789012"
    region: str = "us-east-1"
    role: str = "arn:aws:iam::123456789012:role/StepFunctionsRole"
    run: str | None = None
    synchronous: bool = False
    label: str | None = None

    @property
    def machine_arn(self) -> str:
        """The state machine's ARN."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{self._labelled}"

    @property
    def execution_arn(self) -> str:
        """The execution's ARN."""
        stem = f"arn:aws:states:{self.region}:{self.account}"
        if self.run is not None:
            return f"{stem}:express:{self._labelled}:{self.name}:{self.run}"
        return f"{stem}:execution:{self._labelled}:{self.name}"

    @property
    def _labelled(self) -> str:
        return self.machine if self.label is None else f"{self.machine}/{self.label}"


class Here:
    """The `Scope` of an execution, standing where it is just now: at `frame`, at time `now`, after so many `events`.

    `token` is there while the arguments of a task that waits for one are evaluated, `item` while ItemSelector is, which
    stands in the Map state. `generator` is that of this moment once something was drawn from it; whoever brings
    the next moment takes it away.
    """

    __slots__ = (
        "_whole",
        "cells",
        "events",
        "frame",
        "generator",
        "identity",
        "input",
        "item",
        "now",
        "redriven_at",
        "redrives",
        "seed",
        "started_at",
        "token",
    )

    def __init__(self, identity: Identity, input: Json, seed: int, now: int) -> None:
        self.identity = identity
        self.input = input
        self.seed = seed
        self.started_at = self.now = now
        self.events = self.redrives = 0
        self.redriven_at: int | None = None
        self.frame: Frame | None = None
        self.token: str | None = None
        self.item: Json = None
        self._whole: tuple[int, dict[str, Json]] | None = None
        self.generator: Random | None = None
        self.cells: Cells = []

    @property
    def variables(self) -> Mapping[str, Json]:
        """The variables that the frame sees, as they stood when it entered its state."""
        assert self.frame is not None
        return self.frame.variables

    def random(self) -> Random:
        """The generator of this moment: a function of seed, execution, event count and time.

        No state of it needs to be kept: whoever comes to this moment again draws the same numbers.
        """
        if self.generator is None:
            self.generator = self.stream("")
        return self.generator

    def stream(self, purpose: str) -> Random:
        """A generator of this moment that is apart from the one that expressions draw from."""
        return Random(f"{self.seed}:{self.identity.name}:{self.events}:{self.now}:{purpose}")

    def context(self) -> dict[str, Json]:
        """The context object. What it tells of the execution is made once, and shared by all."""
        frame = self.frame
        assert frame is not None
        return self._context(frame, self.token, frame.item if self.item is None else self.item)

    def context_of(self, frame: Frame, token: str | None = None) -> dict[str, Json]:
        """The context object as a frame sees it, for somebody who may scribble on it: but not on Input and the item."""
        context: dict[str, Any] = self._context(frame, token, frame.item)
        return {part: fields.copy() for part, fields in context.items()}

    def _context(self, frame: Frame, token: str | None, item: Json) -> dict[str, Json]:
        state: dict[str, Json] = {"Name": frame.state, "EnteredTime": times.text(self.entered_at(frame))}
        if isinstance(frame.program.states.get(frame.state), Working):
            state["RetryCount"] = sum(frame.tries.values())
        if token is None and isinstance(frame.wait, Call):
            token = frame.wait.token
        if self._whole is None or self._whole[0] != self.redrives:
            about = about_execution(
                self.identity, self.input, self.started_at, self.redrives, self.redriven_at
            )
            self._whole = self.redrives, about
        return context_object(self._whole[1], state, token, item)

    def entered_at(self, frame: Frame) -> int:
        """When the frame entered its state, in milliseconds since the epoch."""
        return self.history[frame.entered - 1].at if frame.entered > 0 else self.started_at

    @property
    def history(self) -> History:
        """The events so far; a view, made when somebody looks."""
        return History(self.cells)


def about_execution(
    identity: Identity, input: Json, started_at: int, redrives: int, redriven_at: int | None
) -> dict[str, Json]:
    """What the context object tells of the execution and its machine. Times are milliseconds since the epoch."""
    execution: dict[str, Json] = {
        "Id": identity.execution_arn,
        "Input": input,
        "StartTime": times.text(started_at),
        "Name": identity.name,
        "RoleArn": identity.role,
    }
    if not identity.synchronous:
        execution["RedriveCount"] = redrives
    if redriven_at is not None:
        execution["RedriveTime"] = times.text(redriven_at)
    return {
        "Execution": execution,
        "StateMachine": {"Id": identity.machine_arn, "Name": identity.machine},
    }


def context_object(
    about: dict[str, Json], state: Json, token: str | None = None, item: Json = None
) -> dict[str, Json]:
    """The context object of a visit of a state, in the service's order of keys (recorded: context_object.*).

    `about` is `about_execution`, `state` the entry State, `item` that of a Map.
    """
    context = {**about, "State": state}
    if token is not None:
        context["Task"] = {"Token": token}
    if item is not None:
        context["Map"] = {"Item": item}
    return context
