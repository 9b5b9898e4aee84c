"""What only the recording knows: values that the service drew or chose, taken over where an expression reads them.

UUIDs, random numbers, task tokens, the execution's name, the time: the machine that replays would have others. Where a
function of a state reads such a source, it is evaluated again with the source changed; the places at which the
results vary are those that follow from it, and only these are taken from the recorded document. Everything else
in the document is what the definition makes, and is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple, TypeAlias, cast

from asl import times
from asl.drive.book import Book, Visited
from asl.errors import StatesError
from asl.events import Event
from asl.frames import Frame
from asl.jsondiff import MISSING, Missing, dig, exactly, pointer, put, varying
from asl.scope import Here
from asl.values import Json

Function: TypeAlias = "Callable[..., Any]"
Look: TypeAlias = "Callable[[Frame, Visited], Json | Missing]"
"""What the recording has for the document that a function makes, at a frame in a visit."""

_AGAIN = 3
"""How often a function that reads such a source is evaluated again."""
_MOST = 16
"""… where its result is still another than the recorded one: a draw can come out the same by chance."""
_DAY = 86_400_007  # ms; no whole number of anything


class Taken(NamedTuple):
    """A document of which parts were taken from the recording: where, and which parts (JSON pointers)."""

    path: str
    state: str
    field: str
    pointers: tuple[str, ...]


class Watch:
    """The `Scope` of one evaluation, which notes whether a source was read. `turn` > 0 shows other values of it."""

    __slots__ = ("_entered", "_random", "drew", "here", "turn")

    def __init__(self, here: Here, entered: Callable[[], int], turn: int = 0) -> None:
        self.here = here
        self.turn = turn
        self.drew = False
        self._entered = entered  # gives the recorded time of the state's entry
        self._random: Random | None = None

    @property
    def variables(self) -> Mapping[str, Json]:
        return self.here.variables

    @property
    def now(self) -> int:
        self.drew = True
        return self.here.now + self.turn * _DAY

    def random(self) -> Random:
        self.drew = True
        if self._random is None:
            self._random = Random(self.turn) if self.turn else self.here.random()
        return self._random

    def context(self) -> dict[str, Json]:
        self.drew = True
        found: Any = {part: fields.copy() for part, fields in cast(Any, self.here.context()).items()}
        found["State"]["EnteredTime"] = times.text(self._entered())
        return self._other(found) if self.turn else found  # type: ignore[no-any-return]

    def _other(self, context: Any) -> Any:
        for part, key in _NAMES:
            if key in context.get(part, ()):
                context[part][key] = f"{context[part][key]}~{self.turn}"
        for part, key in _TIMES:
            if key in context[part]:
                at = times.parse(context[part][key]) or 0
                context[part][key] = times.text(at + self.turn * _DAY)
        if self.turn > _AGAIN:  # the service has shown it since November 2023
            context["Execution"].pop("RedriveCount", None)
        return context


_NAMES = (
    ("Execution", "Id"), ("Execution", "Name"), ("Execution", "RoleArn"), ("StateMachine", "Id"),
    ("StateMachine", "Name"), ("Task", "Token"),
)  # fmt: skip
_TIMES = (("Execution", "StartTime"), ("Execution", "RedriveTime"), ("State", "EnteredTime"))


class Taking:
    """Wraps functions; `taken` says afterwards what came from the recording.

    `now` is the history that the replay makes; it is there before anything runs.
    """

    def __init__(self, recorded: Book) -> None:
        self.recorded = recorded
        self.now: Book | None = None
        self.taken: list[Taken] = []
        self._drawn: tuple[Any, list[Json]] = (None, [])  # the last result with a draw in it, its variants

    def current(self, frame: Frame) -> Visited | None:
        """The present visit of the frame."""
        assert self.now is not None
        return self.now.follow().current.get(frame.path)

    def visit(self, frame: Frame) -> Visited | None:
        """The recorded visit that is the one the frame is at."""
        current = self.current(frame)
        return None if current is None else self.recorded.visit(frame.path, frame.state, current.number)

    def whole(self, frame: Frame, field: str) -> None:
        """Note that a field was taken as it is."""
        self.taken.append(Taken(frame.path, frame.state, field, ("",)))

    def around(self, function: Function, field: str, look: Look | None) -> Function:
        """The function, with what it draws taken from the document that `look` finds (None: there is none)."""

        def watched(*arguments: Any) -> Any:
            *values, here = arguments
            frame: Frame = here.frame

            def entered() -> int:
                visit = self.visit(frame)
                return here.entered_at(frame) if visit is None else visit.entered.at

            watch = Watch(here, entered)
            made, variants = self._drawn
            tainted = bool(variants) and any(value is made for value in values)
            try:
                found = function(*values, watch)
            except StatesError as problem:
                if watch.drew:
                    self._blame(problem, frame)
                raise
            if not (watch.drew or tainted):
                return found

            def again(turn: int) -> Any:
                given = [variants[turn % len(variants)] if tainted and v is made else v for v in values]
                return function(*given, Watch(here, entered, turn + 1))

            visit = self.visit(frame)
            recorded = MISSING if look is None or visit is None else look(frame, visit)
            if isinstance(recorded, Missing):
                if isinstance(found, dict | list | str):
                    self._drawn = (found, [_result(again, turn) for turn in range(_AGAIN)])
                return found
            return self._merged(found, again, recorded, frame, field)

        return watched

    def _merged(
        self, found: Json, again: Callable[[int], Any], recorded: Json, frame: Frame, field: str
    ) -> Json:
        """The result with what varies in it as it was recorded."""
        if exactly(found, recorded):
            return found
        merged, places = found, []
        variants = [_result(again, turn) for turn in range(_AGAIN)]
        while True:
            places = [place for place in varying(found, variants) if dig(recorded, place) is not MISSING]
            merged = found
            for place in places:
                merged = put(merged, place, dig(recorded, place))  # type: ignore[arg-type]
            if exactly(merged, recorded) or len(variants) == _MOST:
                break
            variants.append(_result(again, len(variants)))
        if places:
            self.taken.append(Taken(frame.path, frame.state, field, tuple(map(pointer, places))))
        return merged

    def _blame(self, problem: StatesError, frame: Frame) -> None:
        """The cause of an error may quote what only the recording knows: it is as recorded."""
        said = self.failure(frame)
        if said is not None and said[0] == problem.error and said[1] != problem.cause:
            problem.cause = said[1]
            self.whole(frame, "Cause")

    def end(self) -> Event | None:
        """The recorded end of the execution that comes next; there are more than one where it was redriven."""
        assert self.now is not None
        number, ends = len(self.now.follow().ends), self.recorded.ends
        return ends[number] if number < len(ends) else None

    def failed(self, frame: Frame) -> Event | None:
        """The recorded event that tells how the evaluation of the state fails next; None where it does not."""
        visit, current = self.visit(frame), self.current(frame)
        if visit is None or current is None:
            return None
        number = len(current.failures)
        return visit.failures[number] if number < len(visit.failures) else self.end()

    def failure(self, frame: Frame) -> tuple[str | None, str] | None:
        """Error and cause with which the evaluation of the state was recorded to fail; None where it was not."""
        visit, event = self.visit(frame), self.failed(frame)
        if visit is None or event is None:
            return None
        if event.type == "EvaluationFailed":
            error, cause, _ = event.data
        elif event.type == "ExecutionFailed":
            error, cause = event.data, event.more
        else:
            return None
        place = f"the state '{frame.state}' (entered at the event id #{visit.entered.id}). "
        _, found, said = (cause or "").partition(f"while executing {place}")
        return (error, said) if found else None


def _result(again: Callable[[int], Any], turn: int) -> Any:
    try:
        return again(turn)
    except StatesError:
        return None
