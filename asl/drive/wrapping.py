"""A program of which every function takes what it draws from a recording: which document belongs to which field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asl.drive.book import Visited
from asl.drive.taking import Function, Look, Taking
from asl.errors import StatesError
from asl.frames import Frame
from asl.jsondiff import MISSING, Missing
from asl.program import Program
from asl.scope import Here
from asl.states import Choice, Fail, Map, Parallel, Pass, Rule, State, Succeed, Task, Wait
from asl.values import Json, Scope

_REFUSALS = ("could not be used to start the Task: ", "The activity ")
"""What the service says of a task that it could not start, which no definition can tell beforehand."""


def wrapped(program: Program, taking: Taking) -> Program:
    """The program with all its functions wrapped."""
    wrapping = _Wrapping(taking)
    parts: dict[str, Program] = {}

    def whole(part: Program) -> Program:
        states = {name: wrapping.state(state, whole) for name, state in part.states.items()}
        made = parts[part.address] = replace(part, states=states, parts=parts)
        return made

    return whole(program)


def _identity(value: Json, scope: Scope) -> Json:
    return value


class _Wrapping:
    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self.around = taking.around

    def maybe(self, function: Function | None, field: str, look: Look | None) -> Function | None:
        return None if function is None else self.around(function, field, look)

    # ------------------------------------------------------------------ states

    def state(self, state: State, whole: Callable[[Program], Program]) -> State:
        match state:
            case Pass():
                return replace(
                    state,
                    result=self.maybe(state.result, "Result", _exit if state.write is None else None),
                    write=self.maybe(state.write, "Output", _exit),
                    assign=self.maybe(state.assign, "Assign", _assigned),
                )
            case Succeed():
                return replace(state, output=self.maybe(state.output, "Output", _exit))
            case Wait():
                return replace(
                    state,
                    until=self._until(state),
                    output=self.maybe(state.output, "Output", _exit),
                    assign=self.maybe(state.assign, "Assign", _assigned),
                )
            case Choice():
                return replace(
                    state,
                    read=self.maybe(state.read, "InputPath", None),
                    rules=tuple(self._rule(state, rule) for rule in state.rules),
                    default=self._rule(state, state.default),
                )
            case Fail():
                return replace(
                    state,
                    error=self.around(state.error, "Error", lambda frame, visit: self._end("data")),
                    cause=self.around(state.cause, "Cause", lambda frame, visit: self._end("more")),
                )
            case Task():
                return replace(
                    state,
                    **self._working(state),
                    read=self._payload(state),
                    timeout=self.maybe(state.timeout, "TimeoutSeconds", self._limit(0)),
                    heartbeat=self.maybe(state.heartbeat, "HeartbeatSeconds", self._limit(1)),
                    credentials=self.maybe(state.credentials, "Credentials", self._credentials),
                )
            case Parallel():
                return replace(
                    state,
                    **self._working(state),
                    read=self.maybe(state.read, "Arguments", self._branch_input),
                    branches=tuple(map(whole, state.branches)),
                )
        assert isinstance(state, Map)
        return replace(
            state,
            **(self._run(state) if state.distributed else self._working(state)),
            read=self.maybe(state.read, "InputPath", None),
            items=self._items(state),
            select=self._selector(state),
            limit=self.around(state.limit, "MaxConcurrency", None),
            processor=whole(state.processor),
        )

    def _until(self, state: Wait) -> Function:
        """When a Wait ends: for a wait that was recorded nobody knows but the recording."""
        until = self.around(state.until, "Seconds", None)

        def ends(raw: Json, here: Here) -> Any:
            assert here.frame is not None
            due = until(raw, here)
            return due if self.taking.visit(here.frame) is None else None

        return ends

    def _rule(self, state: Choice, rule: Rule) -> Rule:
        """A rule; one that depends on a draw holds where the recording went its way."""
        following = rule.next

        def held(frame: Frame, visit: Visited) -> Json | Missing:
            return MISSING if visit.following is None else visit.following == following

        output = rule.output
        if output is None and state.read is not None:  # what InputPath left is the output, and may be a draw
            output = _identity
        return Rule(
            self.around(rule.test, "Choices", held),
            following,
            self.maybe(output, "Output", _exit),
            self.maybe(rule.assign, "Assign", _assigned),
        )

    def _working(self, state: Any) -> dict[str, Any]:
        return {
            "write": self.around(state.write, "Output", _exit),
            "assign": self.maybe(state.assign, "Assign", _assigned),
            "catch": tuple(
                replace(
                    catcher,
                    write=self.around(catcher.write, "Catch", _exit),
                    assign=self.maybe(catcher.assign, "Catch", _assigned),
                )
                for catcher in state.catch
            ),
        }

    def _payload(self, state: Task) -> Function:
        """A Task's payload; where the service refused to start the task, its refusal instead."""
        make = self.around(state.read or _identity, "Parameters", self._parameters)

        def payload(raw: Json, here: Here) -> Any:
            frame = here.frame
            assert frame is not None
            made = make(raw, here)
            visit = self.taking.visit(frame)
            if visit is not None and self._tries(frame) >= len(visit.tries):
                said = self.taking.failure(frame)
                if said is not None and any(text in said[1] for text in _REFUSALS):
                    self.taking.whole(frame, "Cause")
                    raise StatesError(*said)
            return made

        return payload

    def _run(self, state: Map) -> dict[str, Any]:
        """A distributed Map: the history has no result of its map run, so the state's output is taken whole."""
        fields = self._working(state)
        make, assign = fields["write"], fields["assign"]

        def write(raw: Json, result: Json, here: Here) -> Any:
            assert here.frame is not None
            visit = self.taking.visit(here.frame)
            if visit is None or visit.exited is None:
                return make(raw, result, here)
            self.taking.whole(here.frame, "Output")
            return visit.exited.data

        def assigned(raw: Json, result: Json, here: Here) -> Any:
            assert here.frame is not None
            visit = self.taking.visit(here.frame)
            if visit is None or visit.exited is None or visit.exited.more is None:
                return assign(raw, result, here)
            return visit.exited.more

        return {**fields, "write": write, "assign": assign and assigned}

    def _items(self, state: Map) -> Function | None:
        """The items of a Map; where they depend on a draw, they are what the recorded iterations were given."""
        function = state.items
        if function is None or state.distributed or state.select is not None:
            return self.maybe(function, "Items", None)
        count = 0

        def counted(effective: Json, scope: Scope) -> Any:
            nonlocal count
            found: Any = function(effective, scope)
            count = max(count, len(found))
            return found

        def given(frame: Frame, visit: Visited) -> Json | Missing:
            inputs = [self._first_input(frame, index, 0) for index in range(count)]
            return [each for each in inputs if not isinstance(each, Missing)]

        items = self.around(counted, "Items", given)

        def fresh(effective: Json, here: Here) -> Any:
            nonlocal count
            count = 0
            return items(effective, here)

        return fresh

    def _selector(self, state: Map) -> Function | None:
        """What makes the input of an iteration, which is recorded with the state that it begins with."""
        if state.select is None or state.distributed:
            return self.maybe(state.select, "ItemSelector", None)
        index = 0

        def given(frame: Frame, visit: Visited) -> Json | Missing:
            return self._first_input(frame, index, 1)

        select = self.around(state.select, "ItemSelector", given)

        def selected(effective: Json, here: Here) -> Any:
            nonlocal index
            assert isinstance(here.item, dict)
            index = here.item["Index"]  # type: ignore[assignment]
            return select(effective, here)

        return selected

    # ------------------------------------------------------------------ what the recording has

    def _end(self, cell: str) -> Json | Missing:
        """What the end of the execution says of the error."""
        end = self.taking.end()
        said = getattr(end, cell) if end is not None and end.type == "ExecutionFailed" else None
        return MISSING if said is None else said

    def _tries(self, frame: Frame) -> int:
        """How many tries of this visit there were before."""
        current = self.taking.current(frame)
        return len(current.tries) if current else 0

    def _parameters(self, frame: Frame, visit: Visited) -> Json | Missing:
        number = self._tries(frame)
        return visit.tries[number].begun.data if number < len(visit.tries) else MISSING

    def _limit(self, index: int) -> Look:
        def limit(frame: Frame, visit: Visited) -> Json | Missing:
            number = self._tries(frame)
            limits = visit.tries[number].begun.more if number < len(visit.tries) else None
            return MISSING if limits is None or limits[index] is None else limits[index]

        return limit

    def _credentials(self, frame: Frame, visit: Visited) -> Json | Missing:
        role = self._limit(2)(frame, visit)
        return MISSING if isinstance(role, Missing) else {"RoleArn": role}

    def _branch_input(self, frame: Frame, visit: Visited) -> Json | Missing:
        current = self.taking.current(frame)
        number = len(current.begins) if current else 0
        if number >= len(visit.begins):
            return MISSING
        first = self.taking.recorded.branches.get(visit.begins[number].id)
        return first[0].data if first else MISSING

    def _first_input(self, frame: Frame, index: Any, begun: int) -> Json | Missing:
        """The recorded input of an iteration; `begun`, 0 or 1: whether this one has been started now."""
        now = self.taking.now
        assert now is not None
        path = f"{frame.path if frame.path != '/' else ''}/{frame.state}/{index}"
        first = self.taking.recorded.inputs.get((path, now.follow().started.get(path, 0) - begun))
        return MISSING if first is None else first.data


def _exit(frame: Frame, visit: Visited) -> Json | Missing:
    return MISSING if visit.exited is None else visit.exited.data


def _assigned(frame: Frame, visit: Visited) -> Json | Missing:
    return MISSING if visit.exited is None or visit.exited.more is None else visit.exited.more
