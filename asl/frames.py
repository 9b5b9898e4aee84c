"""Frames: the unit of state, of checkpoint and of display.

A frame is one line of control: the execution itself, a branch of a Parallel state, an iteration of a Map
state. It is plain data: where it is, what it holds, and what it waits for. There are only four things to
wait for, and each is a class here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from asl.program import Program
from asl.states import Target
from asl.values import Json

if TYPE_CHECKING:
    from asl.selection import Selection

NOTHING: Final[dict[int, int]] = {}
"""The tries of a frame that has not failed in its state: one object for all, never changed."""


def _no_context(frame: Frame | None, token: str | None) -> dict[str, Json]:
    return {}


class Call:
    """One attempt of a Task: what a driver must do, and what its `frame` waits for.

    `id` is unique for each attempt; (`path`, `state`, `attempt`) is the key that is the same in every run, by
    which mocks, recordings and replays find their answer. `token` is the task token where the resource waits for
    one. `context()` is the context object as it was when the attempt began.

    The call waits until its `deadline` or, where it has a heartbeat, until `silence`, the time by which the next
    sign of life must come; None without. Both are in milliseconds since the epoch, `heartbeat` is a span of them,
    and the deadline counts from `begun`. An activity's are in force once a worker took it (measured on the service by
    others, September 2026: it waited for its worker longer than both).
    """

    __slots__ = (
        "_context",
        "attempt",
        "begun",
        "credentials",
        "deadline",
        "frame",
        "heartbeat",
        "id",
        "path",
        "payload",
        "silence",
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
        deadline: int | None = None,
        token: str | None = None,
        credentials: Json = None,
        context: Callable[[Any, str | None], dict[str, Json]] = _no_context,
        frame: Frame | None = None,
        heartbeat: int | None = None,
        begun: int = 0,
    ) -> None:
        self.id = id
        self.path = path
        self.state = state
        self.attempt = attempt
        self.target = target
        self.payload = payload
        self.deadline = deadline
        self.token = token
        self.credentials = credentials
        self._context = context
        self.frame = frame
        self.heartbeat = heartbeat
        self.begun = begun
        self.silence = None if heartbeat is None else begun + heartbeat

    @property
    def resource(self) -> str:
        """The Task's Resource, as the definition has it."""
        return self.target.resource

    def context(self) -> dict[str, Json]:
        """The context object (`$$`) at this attempt. Ask while the call is outstanding."""
        return self._context(self.frame, self.token)

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


class BackingOff:
    """The time before a retry, until `due`, as in `Sleeping`."""

    __slots__ = ("due",)

    def __init__(self, due: int | None) -> None:
        self.due = due


class Joining:
    """Waits for child frames: `active` maps the slots that run to frame ids, `results` is in slot order.

    A Map keeps its effective `input`, its `items` and the number `started` of them. `size` is an upper bound
    of the bytes of the results, `item_size` one of the bytes of any item.
    """

    __slots__ = ("active", "input", "item_size", "items", "results", "size", "started")

    def __init__(
        self, count: int, input: Json = None, items: list[Json] | None = None, item_size: int = 0
    ) -> None:
        self.results: list[Json] = [None] * count
        self.active: dict[int, int] = {}
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


class Frame:
    """One line of control.

    `path` is the same in every run: `/`, `/Both/0`, `/Each/17/Inner/2`. `last` is the id of the frame's
    previous event, `entered` that of the event by which it entered its state, at `entered_at`. `tries` counts
    the attempts that each Retrier has used in this visit of the state. `size` bounds the bytes of `input`.
    `item` is the Map item that it works on. `fresh` until it has run for the first time. `broken` is there
    while its state has failed because of a branch or iteration, and nothing has handled that.
    """

    __slots__ = (
        "broken",
        "entered",
        "entered_at",
        "fresh",
        "id",
        "input",
        "item",
        "last",
        "parent",
        "path",
        "program",
        "size",
        "slot",
        "state",
        "tries",
        "variables",
        "wait",
    )

    def __init__(
        self,
        id: int,
        path: str,
        program: Program,
        input: Json,
        parent: Frame | None,
        slot: int,
        size: int,
        item: Json = None,
    ) -> None:
        self.id = id
        self.path = path
        self.program = program
        self.state = program.start
        self.input = input
        self.parent = parent
        self.slot = slot
        self.size = size
        self.item = item
        self.variables: dict[str, Json] = {} if parent is None else parent.variables
        self.last: int = 0 if parent is None else parent.last
        self.entered = 0
        self.entered_at = 0
        self.tries = NOTHING
        self.wait: Call | Sleeping | BackingOff | Joining | None = None
        self.fresh = True
        self.broken: Broken | None = None
