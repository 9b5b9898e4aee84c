"""From a history and the definition that ran to explanations: what was recorded, and what follows from it.

The recorded values are the truth: inputs, what tasks were sent and gave, outputs, assigned variables. The stages
between them are evaluated again, from the values recorded; so is what a Choice rule read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from random import Random
from typing import Any

from asl import paths, recorded, stages, times
from asl.errors import AslError, StatesError, while_executing
from asl.events import BEGINS, ENDS
from asl.face import Result, StateMachine
from asl.history import Event, History
from asl.inspection.explanation import Attempt, Explanation, Replaced, Tried
from asl.inspection.stays import Stay, stays
from asl.inspection.visiting import Unknown, Visit, find_attempts
from asl.program import Program, walk
from asl.retry import handling, timeout_name
from asl.scope import Identity, about_execution, context_object
from asl.stages import Inspection, Surroundings
from asl.states import Choice, Fail, Map, State, Task, Working
from asl.telling import ENDED
from asl.values import Json


def explain(history: Any, machine: StateMachine | Program, state: str | None = None) -> list[Explanation]:
    """Every visit of a state (without `state`: of all), in the order entered.

    `history` is a `Result`, a `History`, or what comes from get-execution-history in any form (a path, JSON text, a
    boto3 answer, pages); `machine` is what ran. Names of the execution that a history does not have (its ARN) are
    made up where an expression reads them, random numbers drawn anew; a note tells where that shows.

    Raises `HistoryError` for what is no history or not of this machine, `AslError` for a state that the machine does
    not have, `OSError` where a file cannot be read.
    """
    program = machine.program if isinstance(machine, StateMachine) else machine
    if state is not None and not any(state in part.states for part in program.parts.values()):
        there = ", ".join(dict.fromkeys(inner.name for _, inner in walk(program)))
        raise AslError(f"the machine has no state '{state}'; it has {there}")
    identity = Identity("execution")
    if isinstance(history, Result):
        identity, history = history.execution.identity, history.history
    visits = _visits(recorded.read(history, program).history, program, identity)
    count: Counter[tuple[str, str]] = Counter()
    explained = []
    for visit in visits:
        count[visit.stay.address, visit.stay.name] += 1
        if state is None or visit.stay.name == state:
            explained.append(_explanation(visit, count[visit.stay.address, visit.stay.name]))
    return explained


def _visits(history: History, program: Program, identity: Identity) -> list[Visit]:
    """What follows from the parents (Map items) goes forward in time, what from the children (errors) backward."""
    found: list[Visit] = []
    current: dict[str, Visit] = {}
    redriven = [event for event in history if event.type == "ExecutionRedriven"]
    plans: dict[tuple[str, str], stages.Plan] = {}
    for stay in stays(history, program):
        plan = plans.get((stay.address, stay.name))
        if plan is None:
            plan = plans[stay.address, stay.name] = stages.plan(program, stay.address, stay.name)
        before = [event.at for event in redriven if event.id < stay.entry.id]
        about = about_execution(
            identity, history[0].data, history[0].at, len(before), before[-1] if before else None
        )
        token = "(the task token)" if isinstance(plan.state, Task) and plan.state.target.token else None
        context = context_object(about, _state(stay, plan.state), token, _item(current, stay))
        visit = Visit(
            stay, Inspection(plan, stay.entry.data, Surroundings(stay.variables, context, stay.entry.at))
        )
        try:
            visit.effective = visit.inspection.prepare()
        except StatesError as problem:
            visit.problem = problem
        if stay.above in current:
            current[stay.above].children.append(visit)
        current[stay.path] = visit
        found.append(visit)
    end = history[-1] if history[-1].type in ENDS else None
    for visit in reversed(found):
        _conclude(visit, end)
    return found


def _state(stay: Stay, state: State) -> dict[str, Json]:
    shown: dict[str, Json] = {"Name": stay.name, "EnteredTime": times.text(stay.entry.at)}
    if isinstance(state, Working):
        shown["RetryCount"] = max(0, sum(event.type in BEGINS for event in stay.events) - 1)
    return shown


def _item(current: dict[str, Visit], stay: Stay) -> Json:
    """The Map item that a frame works on: that of the nearest iteration around it."""
    path, owner = stay.path, current.get(stay.above)
    while owner is not None:
        if isinstance(owner.inspection.plan.state, Map):
            slot = int(path.rsplit("/", 1)[1])
            items = owner.inspection.items or []
            return {"Index": slot, "Value": items[slot] if slot < len(items) else None}
        path, owner = owner.stay.path, current.get(owner.stay.above)
    return None


# what became of it


def _conclude(visit: Visit, end: Event | None) -> None:
    """Say how the visit went; `end` is the event that ended the execution."""
    inspection, stay = visit.inspection, visit.stay
    state = inspection.plan.state
    if isinstance(state, Working):
        _work(visit, state, end is not None)
    else:
        try:
            _go_through(visit, state)
        except StatesError as problem:
            _fail(visit, problem)
    if stay.exit is not None:
        if visit.status != "CAUGHT_ERROR":
            visit.status = "SUCCEEDED"
        visit.take("output", stay.exit.data)
        inspection.assigned = stay.exit.more or {}
        return
    if visit.status == "RUNNING" and end is not None and end.type == "ExecutionFailed" and stay.path == "/":
        # What the service refuses by itself leaves no event but this (recorded: activity_task_on_deleted).
        visit.status, visit.error, visit.cause = "FAILED", end.data, end.more
    if visit.status == "RUNNING" and (end or any(each.type.endswith("Aborted") for each in stay.events)):
        visit.status = "ABORTED"
    inspection.stages.pop("output", None)
    inspection.assigned = {}


def _go_through(visit: Visit, state: State) -> None:
    """A state that needs nothing from outside."""
    inspection, stay = visit.inspection, visit.stay
    if visit.problem is not None:
        raise visit.problem
    if isinstance(state, Fail):
        raise inspection.fail()
    if isinstance(state, Choice):
        _choose(visit)
        return
    result = inspection.work(visit.effective)
    inspection.scope.now = stay.exit.at if stay.exit else stay.entry.at
    inspection.finish(result)


def _choose(visit: Visit) -> None:
    inspection = visit.inspection
    for index, rule, matched in inspection.choose(visit.effective):
        reads = () if index is None else inspection.read(index, visit.effective)
        visit.rules.append(Tried(index, matched, rule.next, reads))
    inspection.follow(rule, visit.effective)
    if visit.next is not None and visit.next != rule.next:
        visit.notes.append(f"the run went on to {visit.next}; by this definition it goes on to {rule.next}")


def _fail(visit: Visit, problem: StatesError) -> None:
    stay = visit.stay
    visit.status, visit.error = "FAILED", problem.error
    visit.cause = while_executing(stay.name, stay.entry.id, problem)
    for event in stay.events:
        if event.type == "EvaluationFailed":
            visit.error, visit.cause, _ = event.data


# Task, Parallel, Map


def _work(visit: Visit, state: Working, ended: bool) -> None:
    inspection, stay = visit.inspection, visit.stay
    find_attempts(visit)
    began = [event for event in stay.events if event.type in BEGINS]
    if began and isinstance(state, Task):
        stage = "afterArguments" if inspection.plan.language == "JSONata" else "afterParameters"
        visit.take(stage, began[-1].data, sure=not state.target.token)
    if visit.result is not None and not isinstance(visit.result, Unknown):
        last = visit.attempts[-1]
        inspection.scope.now = last.ended_at or stay.entry.at
        try:
            inspection.finish(visit.result)
        except StatesError as problem:
            if not last.failed:
                last.failed, last.error = True, problem.error
                last.cause = while_executing(stay.name, stay.entry.id, problem)
    _handle(visit, state, ended)


def _handle(visit: Visit, state: Working, ended: bool) -> None:
    """Which Retrier and Catcher each failed attempt met, as the definition has them."""
    tries: dict[int, int] = {}
    for attempt, following in zip_longest(visit.attempts, visit.attempts[1:]):
        if not attempt.failed:
            visit.error = visit.cause = None
            continue
        visit.error, visit.cause = attempt.error, attempt.cause
        met = handling(state.retry, state.catch, _name(visit, attempt), tries, lambda: Random(0))
        attempt.retry = met.retry
        if following is not None:
            attempt.delay = following.at - (attempt.ended_at or attempt.at)
            if met.retry is not None:
                tries[met.retry] = tries.get(met.retry, 0) + 1
        elif visit.stay.exit is not None:
            visit.status = "CAUGHT_ERROR"
            attempt.catch = met.catch
            if met.catch is None:
                visit.notes.append("the error was caught, but nothing in this definition catches it")
            else:
                _catch(visit, state, met.catch)
        elif met.delay is None:
            visit.status = "FAILED"
        else:  # it waits for the next attempt, or did when it was aborted
            visit.status = "RUNNING" if ended else "RETRIABLE"
            attempt.delay = None if ended else met.delay


def _name(visit: Visit, attempt: Attempt) -> str | None:
    """The name that ErrorEquals are held against: the error's, but for a missed heartbeat."""
    begun, since = None, 0
    for event in visit.stay.events:
        if event.id == attempt.event:
            begun, since = event, event.at
        elif begun is None:
            continue
        elif event.type == "ActivityStarted":
            since = event.at
        elif ENDED.get(event.type) == "TimedOut":
            return timeout_name(begun.more, event.at - since)
        elif event.type in ENDED:
            break
    return attempt.error


def _catch(visit: Visit, state: Working, index: int) -> None:
    last = visit.attempts[-1]
    try:
        visit.inspection.catch(state.catch[index], last.error, last.cause)
    except StatesError as problem:
        visit.notes.append(f"evaluated again, Catch[{index}] itself fails: {problem}")


# the whole of it


def _explanation(visit: Visit, number: int) -> Explanation:
    stay, inspection = visit.stay, visit.inspection
    return Explanation(
        state=stay.name,
        type=inspection.plan.type,
        path=stay.path,
        visit=number,
        event=stay.entry.id,
        entered_at=stay.entry.at,
        exited_at=stay.exit.at if stay.exit else None,
        status=visit.status,
        stages=inspection.stages,
        next=visit.next,
        error=visit.error,
        cause=visit.cause,
        rules=tuple(visit.rules),
        attempts=tuple(visit.attempts),
        replaced=_replacement(visit),
        variables=stay.variables,
        assigned=inspection.assigned,
        notes=tuple(visit.notes),
    )


def _replacement(visit: Visit) -> Replaced | None:
    """What ResultPath did, the state's own or that of the Catcher that took the error."""
    document, shown = visit.inspection.plan.document, visit.inspection.stages
    if visit.status == "CAUGHT_ERROR":
        caught = visit.attempts[-1].catch if visit.attempts else None
        if caught is None:
            return None
        document, after = document["Catch"][caught], shown.get("output")
    elif visit.status == "SUCCEEDED" and "afterResultPath" in shown:
        after = shown["afterResultPath"]
    else:
        return None
    path = document.get("ResultPath", "$")
    if path is None or path == "$":
        return None
    keys = paths.reference(path)
    was_there, before = _dig(visit.inspection.raw, keys)
    return Replaced(path, was_there, before, _dig(after, keys)[1])


def _dig(value: Json, keys: Sequence[str | int]) -> tuple[bool, Json]:
    """Whether there is something at the place, and what."""
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str) and key in value:
            value = value[key]
            continue
        if not isinstance(value, list) or not isinstance(key, int) or key >= len(value):
            return False, None
        value = value[key]
    return True, value
