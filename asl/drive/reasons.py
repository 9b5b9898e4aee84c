"""Why a frame took another way than the recorded one, as far as the definition and the two histories tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from asl import rules, times
from asl.drive.book import Book, Visited
from asl.errors import AslError
from asl.events import ENDS
from asl.history import Event, History
from asl.jsondiff import MISSING, Missing, differences, exactly
from asl.program import Program
from asl.states import Choice, Map, Parallel
from asl.telling import brief
from asl.values import Json


def reason(
    recorded: Book, now: Book, program: Program, path: str, event: Event | None, other: Event | None
) -> str | None:
    """Why there is `other` now where `event` was recorded; None where it cannot be told."""
    visit = _last(now, path, other)
    if visit is None:
        return None
    state = visit.entered.name
    was = recorded.visit(path, state, visit.number)
    if visit.entered.type == "ChoiceStateEntered" and was is not None:
        return _chosen(recorded, now, program, path, was, visit)
    failed = next((tried.ended for tried in reversed(visit.tries) if tried.ended is not None), None)
    error = failed.data if failed is not None and not failed.type.endswith("Succeeded") else None
    if other is None:
        waits = visit.exited is None and now.history[-1].type not in ENDS
        return f"`{state}` waits for what the recording does not have" if waits else None
    if error is not None:
        if _begins(event) and not _begins(other):
            return f"no Retrier of `{state}` takes {error} again"
        if _begins(other) and not _begins(event):
            return f"a Retrier of `{state}` takes {error}"
        if other.type.endswith("Failed"):
            return f"no Catcher of `{state}` takes {error}"
        if other.type.endswith("StateExited"):
            return f"a Catcher of `{state}` takes {error}"
    if other.type.endswith("StateEntered") and visit.exited is not None and was is not None:
        return f"`{state}` goes on to `{other.name}`"
    return None


def _begins(event: Event | None) -> bool:
    return event is not None and event.type.endswith(("Scheduled", "MapStateStarted", "ParallelStateStarted"))


def _last(book: Book, path: str, event: Event | None) -> Visited | None:
    """The last visit of the frame before the event."""
    found = [
        visit
        for (at, _), visits in book.visits.items()
        if at == path
        for visit in visits
        if event is None or visit.entered.id < event.id
    ]
    return max(found, key=lambda visit: visit.entered.id, default=None)


# ---------------------------------------------------------------------- choices


class _Surroundings:
    """The `Scope` of a visit in a history."""

    def __init__(self, history: History, path: str, visit: Visited) -> None:
        self.variables: Mapping[str, Json] = _variables(history, path, visit.entered.id)
        self.now = visit.entered.at
        self._history = history
        self._state = visit.entered.name

    def context(self) -> dict[str, Json]:
        first = self._history[0]
        return {
            "Execution": {"Input": first.data, "StartTime": times.text(first.at), "RoleArn": first.name},
            "State": {"Name": self._state, "EnteredTime": times.text(self.now)},
        }

    def random(self) -> Random:
        return Random(0)


def _variables(history: History, path: str, before: int) -> dict[str, Json]:
    """The variables that a frame sees: what it, and the frames that it is within, had assigned by then."""
    found: dict[str, Json] = {}
    for event in history[: before - 1]:
        if event.type.endswith("StateExited") and event.more:
            stem = event.path if event.path == "/" else event.path + "/"
            if event.path == path or path.startswith(stem):
                found.update(event.more)
    return found


def _chosen(
    recorded: Book, now: Book, program: Program, path: str, was: Visited, visit: Visited
) -> str | None:
    """Why a Choice went another way: what its rules read now and then, or that the definition differs."""
    part = program_at(program, path)
    name = visit.entered.name
    state = part.states.get(name) if part is not None else None
    if part is None or not isinstance(state, Choice):
        return None
    document: Any = part.definition
    choices: list[Any] = document["States"][name]["Choices"]
    before = _Surroundings(recorded.history, path, was)
    after = _Surroundings(now.history, path, visit)
    rule_now = _match(state, visit.entered.data, after)
    rule_was = _match(state, was.entered.data, before)
    wanted = [index for index in (rule_now, rule_was) if index is not None]
    for index in dict.fromkeys([*wanted, *range(len(choices))]):
        for text, old, new in _reads(
            state, choices[index], (was.entered.data, before), (visit.entered.data, after)
        ):
            if not _same(old, new):
                return f"rule {index + 1} of `{name}` read `{text}` = {brief(new)}; it was {brief(old)}"
        if visit.exited is None:  # it failed: one of its rules could not be evaluated
            for text, _, new in _reads(
                state, choices[index], (visit.entered.data, after), (visit.entered.data, after)
            ):
                if isinstance(new, Missing):
                    return f"rule {index + 1} of `{name}` reads `{text}`, which is not there"
    change = next(differences(was.entered.data, visit.entered.data), None)
    if change is not None:
        held = (
            f"rule {rule_now + 1} of `{name}` holds" if rule_now is not None else f"no rule of `{name}` holds"
        )
        return f"{held}: {change.pointer} of its input is {brief(change.b)}; it was {brief(change.a)}"
    if rule_now is None:
        return f"no rule of `{name}` holds in this definition"
    return f"rule {rule_now + 1} of `{name}` holds in this definition"


def _match(state: Choice, raw: Json, scope: Any) -> int | None:
    """The index of the rule that holds."""
    try:
        given = raw if state.read is None else state.read(raw, scope)
        return next((index for index, rule in enumerate(state.rules) if rule.test(given, scope)), None)
    except AslError:
        return None


def _reads(
    state: Choice, rule: Any, was: tuple[Json, Any], now: tuple[Json, Any]
) -> Iterator[tuple[str, Json | Missing, Json | Missing]]:
    """What a rule in JSONPath reads, then and now: (path, value, value). One in JSONata does not tell."""
    if "Condition" in rule:
        return
    for _, path in rules.compile(rule).operands:
        yield path.text, _read(state, path, *was), _read(state, path, *now)


def _read(state: Choice, path: Any, raw: Json, scope: Any) -> Json | Missing:
    try:
        found: Json = path.select(raw if state.read is None else state.read(raw, scope), scope)
    except AslError:
        return MISSING
    return found


def _same(a: Json | Missing, b: Json | Missing) -> bool:
    if isinstance(a, Missing) or isinstance(b, Missing):
        return a is b
    return exactly(a, b)


def program_at(program: Program, path: str) -> Program | None:
    """The part of a program that runs at a frame path; None where it has none."""
    rest = path if path != "/" else ""
    part: Program | None = program
    while rest and part is not None:
        part, rest = _step(part, rest)
    return part


def _step(program: Program, rest: str) -> tuple[Program | None, str]:
    for name, state in program.states.items():
        if isinstance(state, Map | Parallel) and rest.startswith(f"/{name}/"):
            slot, slash, below = rest[len(name) + 2 :].partition("/")
            if slot.isdecimal():
                if isinstance(state, Map):
                    return state.processor, slash + below
                if int(slot) < len(state.branches):
                    return state.branches[int(slot)], slash + below
    return None, ""
