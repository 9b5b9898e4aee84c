"""Frames: the unit of state, of checkpoint and of display.

A frame is one line of control: the execution itself, a branch of a Parallel state, an iteration of a Map
state. It is plain data: where it is, what it holds, and what it waits for. There are only four things to
wait for, and each is a class here. Frames are a tree: what a fork waits for holds the frames within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from asl.program import Program
from asl.states import Map, Parallel, Target
from asl.values import Json

if TYPE_CHECKING:
    from asl.selection import Selection

NOTHING: Final[dict[int, int]] = {}
"""The tries of a frame that has not failed in its state: one object for all, never changed."""


class Contexts(Protocol):
    """What gives the context object as a frame sees it."""

    def context_of(self, frame: Any, token: str | None, /) -> dict[str, Json]: ...


class Limits:
    """How long an attempt may take: until its `deadline` and, where it has a heartbeat, until `silence`.

    `silence` is the time by which the next sign of life must come. Both are in milliseconds since the epoch and None
    without; `heartbeat` is a span of them, and the deadline counts from `begun`.
    """

    __slots__ = ("begun", "deadline", "heartbeat", "silence")

    def __init__(self, begun: int, timeout: int | None, heartbeat: int | None) -> None:
        self.begun = begun
        self.deadline = None if timeout is None else begun + timeout
        self.heartbeat = heartbeat
        self.silence = None if heartbeat is None else begun + heartbeat

    def begin(self, now: int) -> None:
        """Count the deadline and the heartbeat from now on."""
        if self.deadline is not None:
            self.deadline += now - self.begun
        self.begun = now
        self.beat(now)

    def beat(self, now: int) -> None:
        """A sign of life."""
        self.silence = None if self.heartbeat is None else now + self.heartbeat

    @property
    def due(self) -> int | None:
        """When the machine acts by itself, in milliseconds since the epoch; None: never."""
        if self.deadline is None or self.silence is None:
            return self.silence if self.deadline is None else self.deadline
        return min(self.deadline, self.silence)

    @property
    def is_silent(self) -> bool:
        """Whether it is a sign of life that is due, and not yet the end."""
        return self.silence is not None and (self.deadline is None or self.silence < self.deadline)


class Call:
    """One attempt of a Task: what a driver must do, and what its `frame` waits for.

    `id` is unique for each attempt; (`path`, `state`, `attempt`) is the key that is the same in every run, by
    which mocks, recordings and replays find their answer. `token` is the task token where the resource waits for
    one. `context()` is the context object as it was when the attempt began.

    `limits` are its time limits, None where it has none. An activity's are in force once a worker took it (measured on
    the service by others, September 2026: it waited for its worker longer than both).
    """

    __slots__ = (
        "_contexts",
        "attempt",
        "credentials",
        "frame",
        "id",
        "limits",
        "path",
        "payload",
        "state",
        "target",
        "token",
    )

    def __init__(
        self,
        id: int,
        path: str,
        state: str,
        attempt: int,
        target: Target,
        payload: Json,
        frame: Frame | None = None,
        contexts: Contexts | None = None,
        token: str | None = None,
        limits: Limits | None = None,
        credentials: Json = None,
    ) -> None:
        self.id = id
        self.path = path
        self.state = state
        self.attempt = attempt
        self.target = target
        self.payload = payload
        self.frame = frame
        self._contexts = contexts
        self.token = token
        self.limits = limits
        self.credentials = credentials

    @property
    def resource(self) -> str:
        """The Task's Resource, as the definition has it."""
        return self.target.resource

    @property
    def deadline(self) -> int | None:
        """When its TimeoutSeconds are over, in milliseconds since the epoch; None: never."""
        return None if self.limits is None else self.limits.deadline

    @property
    def due(self) -> int | None:
        """When the machine acts by itself, in milliseconds since the epoch; None: never."""
        return None if self.limits is None else self.limits.due

    def context(self) -> dict[str, Json]:
        """The context object (`$$`) at this attempt. Ask while the call is outstanding."""
        return {} if self._contexts is None else self._contexts.context_of(self.frame, self.token)

    def __repr__(self) -> str:
        return f"Call({self.id}, {self.path!r}, {self.state!r}, attempt={self.attempt}, {self.resource!r})"


class MapRun(Call):
    """The call of a distributed Map: a driver runs the child executions, and gives their joint result.

    `payload` has the fields of the map run by their names in the definition, all evaluated: Items (where no
    ItemReader reads them), MaxConcurrency, ItemReader, ItemBatcher, ResultWriter, ToleratedFailureCount and
    ToleratedFailurePercentage. `input` is the Map's effective input, `processor` the program of the children
    and `type` their type (STANDARD or EXPRESS), `arn` the map run's. `select` makes a child's input from the
    context object's `Map.Item`.
    """

    __slots__ = ("arn", "input", "processor", "select", "type")

    input: Json
    processor: Program
    type: str
    arn: str
    select: Selection


class Sleeping:
    """A Wait state, until `due`; None: until somebody says so, as a replay does."""

    __slots__ = ("due",)

    def __init__(self, due: int | None) -> None:
        self.due = due


DROPPED: Final = Sleeping(None)
"""What a frame waits for that was aborted because a sibling failed: nobody will end it."""


class BackingOff:
    """The time before a retry, until `due`, as in `Sleeping`."""

    __slots__ = ("due",)

    def __init__(self, due: int | None) -> None:
        self.due = due


class Joining:
    """What a `frame` waits for whose `state` forked: the frames of its branches or iterations.

    `active` has those that have not come to their end, by slot, `results` the outputs of the others; `prefix` is what
    their paths begin with. A Map keeps its effective `input`, its `items` and the number `started` of them. `size` is
    an upper bound of the bytes of the results, `item_size` one of the bytes of any item.
    """

    __slots__ = (
        "active", "frame", "input", "item_size", "items", "prefix", "results", "size", "started", "state"
    )  # fmt: skip

    def __init__(
        self,
        frame: Frame,
        state: Parallel | Map,
        count: int,
        input: Json = None,
        items: list[Json] | None = None,
        item_size: int = 0,
    ) -> None:
        self.frame = frame
        self.state = state
        self.prefix = f"{frame.path if frame.path != '/' else ''}/{state.name}/"
        self.results: list[Json] = [None] * count
        self.active: dict[int, Frame] = {}
        self.input = input
        self.items = items or []
        self.item_size = item_size
        self.started = 0
        self.size = 2 + count

    due: Final = None


class Broken:
    """What is left of a fork that failed: its joining, and the frames that had not come to their end, by slot.

    `error` is the one that the state which forked them has. A redrive goes on from here.
    """

    __slots__ = ("error", "frames", "wait")

    def __init__(self, wait: Joining, frames: dict[int, Frame], error: str | None = None) -> None:
        self.wait = wait
        self.frames = frames
        self.error = error


_NO_VARIABLES: Final[dict[str, Json]] = {}

BETWEEN: Final = -1
"""Where a frame has begun and is in no state, between two or before the first: no event's id."""


class Frame:
    """One line of control.

    `path` is the same in every run: `/`, `/Both/0`, `/Each/17/Inner/2`. It is the frame of a `slot` `within` the
    joining that waits for it; the execution's own is within none. `last` is the id of the frame's previous event,
    `entered` that of the event by which it entered its state: 0 as long as it has not begun. `tries` counts the
    attempts that each Retrier has used in this visit of the state. `size` bounds the bytes of `input`. `broken` is
    there while its state has failed because of a branch or iteration, and nothing has handled that.
    """

    __slots__ = (
        "broken",
        "entered",
        "input",
        "last",
        "path",
        "program",
        "size",
        "slot",
        "state",
        "tries",
        "variables",
        "wait",
        "within",
    )

    def __init__(
        self,
        path: str,
        program: Program,
        input: Json,
        size: int,
        within: Joining | None = None,
        slot: int = 0,
    ) -> None:
        self.path = path
        self.program = program
        self.state = program.start
        self.input = input
        self.size = size
        self.within = within
        self.slot = slot
        if within is None:
            self.variables, self.last = _NO_VARIABLES, 0
        else:
            around = within.frame
            self.variables, self.last = around.variables, around.last
        self.entered = 0
        self.tries = NOTHING
        self.wait: Call | Sleeping | BackingOff | Joining | None = None
        self.broken: Broken | None = None

    @property
    def parent(self) -> Frame | None:
        """The frame whose state forked this one."""
        return None if self.within is None else self.within.frame

    @property
    def item(self) -> Json:
        """The Map item that it works on, as the context object has it."""
        within = self.within
        if within is None:
            return None
        if self.program.iterates:
            return {"Index": self.slot, "Value": within.items[self.slot]}
        return within.frame.item

    def waits_for(self, wait: object, due: int) -> bool:
        """Whether it still waits for what a timer was made for, and until then."""
        return self.wait is not None and self.wait is wait and self.wait.due == due

    @property
    def is_active(self) -> bool:
        """Whether it goes on: it has not come to its end, nor was it dropped for a failure."""
        return self.within is None or self.within.active.get(self.slot) is self


def lines(frame: Frame) -> Iterator[Frame]:
    """The frame and all that go on within it, each before those within it."""
    yield frame
    if isinstance(frame.wait, Joining):
        for child in list(frame.wait.active.values()):  # a list, since another thread may look on
            yield from lines(child)


def innermost(frame: Frame, path: str) -> Frame:
    """The frame at a path, or the innermost around it that goes on; `frame` is one around it."""
    while frame.path != path and isinstance(frame.wait, Joining) and path.startswith(frame.wait.prefix):
        slot = path[len(frame.wait.prefix) :].partition("/")[0]
        child = frame.wait.active.get(int(slot)) if slot.isdecimal() else None
        if child is None:
            break
        frame = child
    return frame
