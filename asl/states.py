"""The eight states, compiled: each class has exactly the fields that the machine needs to run it.

Nothing here knows the query languages: a field that the definition computes is a function by now
(`dataflow` makes them), and a feature that the definition does not use is None.

A state is never changed after it is made. It is not declared frozen, and has no equality of its own: to write that
code for twelve classes would take 5 ms of every start, and nobody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from asl.retry import Catcher, Retrier
from asl.values import Json, Scope, Select

if TYPE_CHECKING:
    from asl.program import Program

Merge: TypeAlias = Callable[[Json, Json, Scope], Json]
"""(raw input, result, scope) -> the state's output."""

Assign: TypeAlias = Callable[[Json, Json, Scope], dict[str, Json]]
"""(raw input, result, scope) -> the variables that the state sets."""

Test: TypeAlias = Callable[[Json, Scope], bool]

Growth: TypeAlias = tuple[int, int]
"""(times, bytes): an output has at most `times` the bytes of the state's input, and `bytes` more."""


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class State:
    """What all states have. `entered` and `exited` are the types of its events."""

    name: str
    next: str | None = None
    entered: str
    exited: str
    instant: ClassVar[bool] = False


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Pass(State):
    """`result` makes the result from the raw input (None: the raw input itself).

    `growth` bounds the size of the output; None: unknown until it is measured. `extra` is as in `Working`.
    """

    result: Select | None
    write: Merge | None
    extra: int | None
    assign: Assign | None
    growth: Growth | None
    instant: ClassVar[bool] = True


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Succeed(State):
    """Ends its frame. `output` makes the output from the raw input (None: the raw input itself)."""

    output: Select | None
    instant: ClassVar[bool] = True


@dataclass(slots=True, eq=False, repr=False)
class Rule:
    """One entry of `Choices`, or what happens by `Default` (whose `test` nobody asks)."""

    test: Test
    next: str | None
    output: Select | None
    assign: Assign | None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Choice(State):
    """The first rule whose test holds for `read(raw)` decides; else `default` does."""

    read: Select | None
    rules: tuple[Rule, ...]
    default: Rule
    instant: ClassVar[bool] = True


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Wait(State):
    """`until` gives the time to wake, in milliseconds since the epoch; `output` is as in Succeed."""

    until: Select
    output: Select | None
    assign: Assign | None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Fail(State):
    """Ends its frame with an error. `error` and `cause` give text, or None where the field is absent."""

    error: Select
    cause: Select


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Working(State):
    """What Task, Parallel and Map have in common: they can fail, be retried and be caught.

    `extra` is how many bytes more than the input and the result together the output may have; None: unknown.
    """

    read: Select | None
    write: Merge
    extra: int | None
    assign: Assign | None
    retry: tuple[Retrier, ...]
    catch: tuple[Catcher, ...]


@dataclass(slots=True, eq=False, repr=False)
class Target:
    """A Task's `Resource`, taken apart.

    `kind` says which events record it: `LambdaFunction` (a bare function ARN), `Activity` or `Task` (an
    integration, with its `service` and `action`: `lambda` and `invoke.waitForTaskToken`). `token` and `sync`
    mark the patterns that answer later than they are submitted. `api` is the service and the action without its
    pattern, `("lambda", "invoke")`; two empty texts where the resource is no integration. `scheduled`, `begun` and
    `succeeded` are the types of events; None: an activity does not begin when it is scheduled.
    """

    resource: str
    kind: str
    service: str | None
    action: str | None
    token: bool
    sync: bool
    api: tuple[str, str] = field(init=False)
    scheduled: str = field(init=False)
    begun: str | None = field(init=False)
    succeeded: str = field(init=False)

    def __post_init__(self) -> None:
        self.api = self.service or "", (self.action or "").partition(".")[0]
        self.scheduled = f"{self.kind}Scheduled"
        self.begun = None if self.kind == "Activity" else f"{self.kind}Started"
        self.succeeded = f"{self.kind}Succeeded"


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Task(Working):
    """`timeout` and `heartbeat` give seconds; `credentials` gives the evaluated `Credentials`.

    `asks` where more than the raw input is to be known before it is called.
    """

    target: Target
    timeout: Select | None
    heartbeat: Select | None
    credentials: Select | None
    asks: bool = field(init=False)

    def __post_init__(self) -> None:
        evaluated = (self.read, self.timeout, self.heartbeat, self.credentials)
        self.asks = self.target.token or self.target.sync or any(evaluated)


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Parallel(Working):
    """`read` makes the branches' input; the result is the array of their outputs."""

    branches: tuple[Program, ...]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Map(Working):
    """`items` gives the array from the effective input that `read` gives; None where an ItemReader does.

    `select` makes an iteration's input (None: the item as it is); `limit` gives MaxConcurrency, 0 for none.
    `run` gives what is evaluated once the Map has started: the tolerances and, where it is `distributed`,
    the fields of its map run. `execution_type` is that of the child executions, `label` names the map run; a
    UUID does where it is None.
    """

    items: Select | None
    select: Select | None
    limit: Select
    run: Select | None
    processor: Program
    distributed: bool
    execution_type: str
    label: str | None


def target(resource: str) -> Target:
    """Take a Resource apart.

    Any text is a resource: what is neither a function, an activity nor an integration of the service is
    recorded as a function is, by the whole text.
    """
    parts = resource.split(":")
    if resource.startswith("arn:") and len(parts) > 5:
        if parts[2] == "states" and parts[5] == "activity":
            return Target(resource, "Activity", None, None, True, False)
        if parts[2] == "states" and not parts[3]:
            service, action = ":".join(parts[5:-1]), parts[-1]
            token = action.endswith(".waitForTaskToken")
            sync = action.endswith((".sync", ".sync:2")) or parts[-1] == "2"
            if parts[-1] == "2" and parts[-2].endswith(".sync"):
                service, action = ":".join(parts[5:-2]), f"{parts[-2]}:2"
            return Target(resource, "Task", service, action, token, sync)
    return Target(resource, "LambdaFunction", None, None, False, False)
