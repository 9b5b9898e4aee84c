"""Drive an `Execution` by hand, in the ways that must make no difference."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from asl import Call, Execution, Program, Quotas
from asl.values import Json


class Answer(NamedTuple):
    """What a task gives, and after how many milliseconds. `error` None: it succeeds with `output`."""

    output: Json = None
    error: str | None = None
    cause: str | None = None
    ms: int = 0


Answers = Callable[[Call], Answer]


def drive(
    execution: Execution,
    answers: Answers,
    *,
    between: Callable[[Execution], Execution] = lambda execution: execution,
    shuffle: random.Random | None = None,
) -> Execution:
    """Run an execution to its end. `between` may put another in its place after every input.

    Answers come at their own times; those due at one time in the order of the calls, or shuffled.
    """
    pending: dict[int, tuple[int, Answer]] = {}
    while execution.outcome is None:
        for call in execution.take_calls():
            if call.id not in pending:
                answer = answers(call)
                pending[call.id] = (execution.now + answer.ms, answer)
        pending = {id: due for id, due in pending.items() if id in execution.calls}
        wake = execution.wake_at
        soonest = min((at for at, _ in pending.values()), default=None)
        if soonest is None or (wake is not None and wake <= soonest):
            if wake is None:
                break
            execution.advance(at=wake)
        else:
            due = [id for id, (at, _) in pending.items() if at == soonest]
            id = shuffle.choice(due) if shuffle else due[0]
            _, answer = pending.pop(id)
            if answer.error is None:
                execution.succeed(id, answer.output, at=soonest)
            else:
                execution.fail(id, answer.error, answer.cause, at=soonest)
        execution = between(execution)
    return execution


def through_json(program: Program, quotas: Quotas) -> Callable[[Execution], Execution]:
    """Save to JSON text and restore, each time."""

    def again(execution: Execution) -> Execution:
        return Execution.restore(program, json.loads(json.dumps(execution.snapshot())), quotas)

    return again


class Changed(AssertionError):
    """Somebody changed a JSON value."""


def _refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise Changed(f"a JSON value was changed: {self!r}")


class FrozenDict(dict[str, Any]):
    """An object that refuses to be changed."""

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]


class FrozenList(list[Any]):
    """An array that refuses to be changed."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = append = clear = extend = insert = pop = _refuse  # type: ignore[assignment]
    remove = reverse = sort = _refuse  # type: ignore[assignment]


def frozen(value: Json) -> Any:
    """The same JSON, made of values that refuse to be changed."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList(map(frozen, value))
    return value
