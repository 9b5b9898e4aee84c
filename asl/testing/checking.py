"""What a test expects of a run, as a document says it, and what of it did not come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asl.program import walk
from asl.testing.document import Node
from asl.testing.durations import seconds, shown
from asl.testing.expecting import difference, lacking, path_difference
from asl.testing.runs import Run
from asl.visits import Visit

_STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING")
_FIELDS = ("status", "output", "output_has", "error", "cause", "path", "waited", "states")
_OF_VISIT = ("input", "input_has", "output", "output_has", "attempts", "error", "cause", "waited")


@dataclass(frozen=True)
class Expected:
    """What a test expects. Without a status: FAILED where there is an error or a cause, else SUCCEEDED."""

    status: str = "SUCCEEDED"
    documents: Mapping[str, Any] = field(default_factory=dict)
    path: Sequence[str] | Mapping[str, Sequence[str]] | None = None
    waited: float | None = None
    states: Mapping[str, Node] = field(default_factory=dict)


def expected(node: Node | None) -> Expected:
    """Read `expect`. Raises `CaseError`."""
    if node is None:
        return Expected()
    fields = node.fields(*_FIELDS)
    failed = "error" in fields or "cause" in fields
    for key in ("error", "cause"):
        if key in fields:
            fields[key].text()
    return Expected(
        fields["status"].one_of(*_STATUSES) if "status" in fields else "FAILED" if failed else "SUCCEEDED",
        {key: fields[key].value for key in ("output", "output_has", "error", "cause") if key in fields},
        _path(fields["path"]) if "path" in fields else None,
        _seconds(fields["waited"]) if "waited" in fields else None,
        {key: _states(each) for key, each in fields["states"].mapping().items()}
        if "states" in fields
        else {},
    )


def _path(node: Node) -> Sequence[str] | Mapping[str, Sequence[str]]:
    """A list of states, or one for each frame."""
    if isinstance(node.value, dict):
        return {frame: [each.text() for each in names.items()] for frame, names in node.mapping().items()}
    return [each.text() for each in node.items()]


def _seconds(node: Node) -> float:
    try:
        return seconds(node.value)
    except (ValueError, TypeError) as problem:
        raise node.wrong(str(problem)) from None


def _states(node: Node) -> Node:
    """Check the expectations of a state: a mapping for all its visits, or a list with one for each."""
    if isinstance(node.value, list):
        each = [(one, one.fields(*_OF_VISIT)) for one in node.items()]
    else:
        each = [(node, node.fields("visits", *_OF_VISIT))]
    for _, fields in each:
        for key in ("visits", "attempts"):
            if key in fields and (type(fields[key].value) is not int or fields[key].value < 0):
                raise fields[key].wrong("a number from 0 must stand here")
        if "waited" in fields:
            _seconds(fields["waited"])
    return node


def check(expected: Expected, run: Run) -> list[str]:
    """What is not as expected, a sentence each, in the order in which it explains itself best."""
    return list(_problems(expected, run))


def _problems(expected: Expected, run: Run) -> Iterator[str]:
    if run.status != expected.status:
        yield f"expected {expected.status}, got {run.ended}"
    if expected.path is not None:
        yield from _path_problems(expected.path, run)
    documents = expected.documents
    if run.status == expected.status:
        if "output" in documents:
            yield from _some(difference("the output", documents["output"], run.output))
        if "output_has" in documents:
            yield from _some(lacking("the output", documents["output_has"], run.output))
        for key, came in (("error", run.error), ("cause", run.cause)):
            if key in documents:
                yield from _some(difference(f"the {key}", documents[key], came))
    for key, node in expected.states.items():
        yield from _state_problems(key, node, run)
    if expected.waited is not None and run.waited != expected.waited:
        yield f"expected it to take {shown(expected.waited)}, it took {shown(run.waited)}"


def _some(told: str | None) -> Iterator[str]:
    if told is not None:
        yield told


def _path_problems(path: Sequence[str] | Mapping[str, Sequence[str]], run: Run) -> Iterator[str]:
    if not isinstance(path, Mapping):
        yield from _some(path_difference(path, run.path))
        return
    for frame, names in path.items():
        taken = run.paths.get(frame)
        if taken is None:
            yield f"there was no frame {frame!r}; there were {', '.join(map(repr, run.paths))}"
        else:
            what = "the path" if frame == "/" else f"the path of {frame}"
            yield from _some(path_difference(names, taken, what))


def _state_problems(key: str, node: Node, run: Run) -> Iterator[str]:
    visits = [
        visit
        for visit in run.result.visits
        if key in (visit.state, f"{visit.path.rstrip('/')}/{visit.state}")
    ]
    if not visits and not key.startswith("/"):
        names = [state.name for _, state in walk(run.machine.program)]
        if key not in names:
            raise node.wrong(f"the machine has no state {key!r}; it has {', '.join(map(repr, names))}")
    if isinstance(node.value, list):
        wanted = node.items()
        if len(wanted) != len(visits):
            yield f"expected {_number(len(wanted))} of {key!r}, there {_were(len(visits))}"
        for number, (each, visit) in enumerate(zip(wanted, visits, strict=False), 1):
            name = f"{key!r}" if len(visits) == 1 else f"{key!r} (visit {number})"
            yield from _visit_problems(name, each.value, visit)
        return
    number = node.value.get("visits")
    if number is not None and number != len(visits):
        yield f"expected {_number(number)} of {key!r}, there {_were(len(visits))}"
    elif number is None and not visits:
        yield f"expected a visit of {key!r}, there was none"
    for count, visit in enumerate(visits, 1):
        name = f"{key!r}" if len(visits) == 1 else f"{key!r} (visit {count})"
        problems = list(_visit_problems(name, node.value, visit))
        yield from problems
        if problems:
            return


def _number(count: int) -> str:
    return f"{count} visit{'s' * (count != 1)}"


def _were(count: int) -> str:
    return {0: "was none", 1: "was 1"}.get(count, f"were {count}")


def _visit_problems(name: str, wanted: Mapping[str, Any], visit: Visit) -> Iterator[str]:
    for key, came in (
        ("input", visit.input),
        ("output", visit.output),
        ("error", visit.error),
        ("cause", visit.cause),
    ):
        if key in wanted:
            yield from _some(difference(f"the {key} of {name}", wanted[key], came))
        if f"{key}_has" in wanted:
            yield from _some(lacking(f"the {key} of {name}", wanted[f"{key}_has"], came))
    if "attempts" in wanted and wanted["attempts"] != visit.attempts:
        tries = f"{wanted['attempts']} attempt{'s' * (wanted['attempts'] != 1)}"
        yield f"expected {tries} of {name}, there {_were(visit.attempts)}"
    if "waited" in wanted and seconds(wanted["waited"]) != visit.waited:
        took = "it was not left" if visit.waited is None else f"it took {shown(visit.waited)}"
        yield f"expected {name} to take {shown(seconds(wanted['waited']))}, {took}"
