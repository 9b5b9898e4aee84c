"""Child executions of a map run: what runs them, a chunk at a time, and how their results are written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from asl import names, times
from asl.distributed import readers
from asl.distributed.records import ChildExecution, MapRunRecord
from asl.drive import atonce
from asl.errors import StatesError
from asl.execution import Execution
from asl.history import History
from asl.machine import Outcome
from asl.program import Program
from asl.quotas import Quotas
from asl.resources import Resources
from asl.scope import Identity
from asl.values import Json, size, to_json

if TYPE_CHECKING:
    from asl.distributed import MapRuns


Given: TypeAlias = "tuple[Any, ...]"
"""What a child is given: an item as a reader gives it, or (number of items, input) of a batch."""


class Chunk(NamedTuple):
    """Children that start at one time. `first` is the number of the first of them, from 0.

    Once more than `tolerated` items have failed at that very time, the rest need not run.
    """

    number: int
    first: int
    start: int
    children: list[Given]
    tolerated: float


class Ended(NamedTuple):
    """How a child ended; `told` is its result in the form that is wanted."""

    status: str
    stop: int
    told: Any
    kept: ChildExecution | None


class Smooth(NamedTuple):
    """How all children of a chunk ended where each succeeded at the time at which it started.

    `told` has their results: a list, or bytes where they are text to be written.
    """

    told: Any


Results: TypeAlias = "Smooth | list[Ended | StatesError]"
"""What comes back of a chunk. An error is the map run's and comes last: the input of that child cannot be made."""


@dataclass(frozen=True)
class Form:
    """How results are told: `transformation` is NONE, COMPACT or FLATTEN, `lines` for JSONL.

    `text`: as JSON text, ready to be written; else as values.
    """

    transformation: str
    lines: bool
    text: bool

    @property
    def between(self) -> str:
        """What stands between two results in a file."""
        return "\n" if self.lines else ","

    def bytes(self, told: list[str]) -> bytes:
        """Results as they are written; nothing for "", the elements of an array that has none."""
        return self.between.join(filter(None, told)).encode("utf-8", "backslashreplace")


Select = Callable[[dict[str, Json]], Json]


@dataclass
class Work:
    """Everything that running children needs besides the chunk."""

    program: Program
    select: Select | None
    """Makes the input of the item; None where children are given batches, which are inputs already."""
    identity: Identity
    arn: str
    express: bool
    seed: int
    quotas: Quotas
    form: Form
    resources: Resources
    runs: MapRuns

    def __post_init__(self) -> None:
        self._stem = self.arn.rpartition(":")[2]

    def named(self, number: int) -> Identity:
        """The identity of the child of that number; its name is a UUID that follows from the map run's."""
        name = _uuid(f"{self._stem}/{number}")
        return replace(self.identity, name=name, run=_uuid(f"{name}/run") if self.express else None)

    def items(self, given: Given) -> int:
        """The number of items that a child is given."""
        return 1 if self.select is not None else given[0]

    def items_of(self, given: Sequence[Given]) -> int:
        """The number of items that these children are given."""
        return len(given) if self.select is not None else sum(map(self.items, given))

    def input(self, number: int, given: Given) -> Json:
        """The child's input. Raises what ItemSelector raises, and States.DataLimitExceeded."""
        value: Json = given[1] if self.select is None else self.select(readers.item(number, *given))
        limit = self.quotas.payload
        if limit is not None and size(value) > limit:
            raise StatesError(
                names.DATA_LIMIT_EXCEEDED,
                "The input of a child workflow execution exceeds the maximum number of bytes service limit.",
            )
        return value

    def execution(self, number: int, input: Json, at: int) -> Execution:
        """The child of that number, which starts at that time."""
        identity = self.named(number)
        return Execution(self.program, input, at=at, identity=identity, seed=self.seed, quotas=self.quotas)

    def run(self, chunk: Chunk) -> Results:
        """Run the children of a chunk on virtual time; fewer, where too many failed at once."""
        ended: list[Ended | StatesError] = []
        told: list[Any] = []
        failed = 0
        for number, given in enumerate(chunk.children, chunk.first):
            try:
                child = self._child(number, given, chunk.start)
            except StatesError as problem:
                ended.append(problem)
                break
            ended.append(child)
            if child.stop != chunk.start:
                continue
            if child.status == "SUCCEEDED":
                told.append(child.told)
                continue
            failed += self.items(given)
            if failed > chunk.tolerated:
                break
        if self.runs.keep or len(told) < len(chunk.children):
            return ended
        return Smooth(self.form.bytes(told) if self.form.text else told)

    def _child(self, number: int, given: Given, start: int) -> Ended:
        input = self.input(number, given)
        execution = self.execution(number, input, start)
        records = self.runs.records
        outer = len(records)
        if execution.outcome is None:
            atonce.run(execution, self.resources, self.runs)
        inner = records[outer:]
        del records[outer:]
        outcome = execution.outcome
        if outcome is None:
            return Ended("RUNNING", execution.now, None, None)
        stop = execution.now
        kept = keep(execution, self.items(given), input, outcome, inner) if self.runs.keep else None
        return Ended(outcome.status, stop, self.tell(execution.identity, input, outcome, start, stop), kept)

    def tell(self, identity: Identity, input: Json, outcome: Outcome, start: int, stop: int) -> Any:
        """A child's result in the form that is wanted. A child that failed is always told as NONE has it."""
        if outcome.status != "SUCCEEDED" or self.form.transformation == "NONE":
            text = record(identity, input, outcome, start, stop)
            return text if self.form.text else json.loads(text)
        output = outcome.output
        if not self.form.text:
            return output
        if self.form.transformation == "FLATTEN" and isinstance(output, list):
            return self.form.between.join(map(to_json, output))
        return to_json(output)


def record(identity: Identity, input: Json, outcome: Outcome, start: int, stop: int) -> str:
    """A child's metadata and result as the transformation NONE has them, keys in their order there."""
    head, tail = "", '"REDRIVABLE_BY_MAP_RUN"'
    if outcome.status == "SUCCEEDED":
        output = f'"Output":{encode_basestring(to_json(outcome.output))},'
        tail = '"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven"'
    else:
        output = ""
        for key, said in (("Cause", outcome.cause), ("Error", outcome.error)):
            if said is not None:
                head += f'"{key}":{encode_basestring(said)},'
    return (
        f'{{{head}"ExecutionArn":{encode_basestring(identity.execution_arn)},'
        f'"Input":{encode_basestring(to_json(input))},"InputDetails":{{"Included":true}},'
        f'"Name":"{identity.name}",{output}"OutputDetails":{{"Included":true}},'
        f'"RedriveCount":0,"RedriveStatus":{tail},"StartDate":"{times.text(start)}",'
        f'"StateMachineArn":{encode_basestring(identity.machine_arn)},'
        f'"Status":"{outcome.status}","StopDate":"{times.text(stop)}"}}'
    )


def keep(
    execution: Execution, items: int, input: Json, outcome: Outcome, map_runs: list[MapRunRecord]
) -> ChildExecution:
    """The child as it is kept."""
    identity = execution.identity
    return ChildExecution(
        identity.execution_arn,
        identity.name,
        outcome.status,
        items,
        input,
        outcome.output,
        outcome.error,
        outcome.cause,
        execution.history,
        map_runs,
    )


def cut(kept: ChildExecution, at: int) -> ChildExecution:
    """The child as it is when it was aborted at that time: what happened later did not happen."""
    history = History()
    for event in kept.history:
        if event.at <= at:
            history.cells += event[1:]
    history.cells += ("ExecutionAborted", at, 0, "/", None, None, None)
    return replace(kept, status="ABORTED", output=None, error=None, cause=None, history=history)


def pending(input: Json) -> str:
    """What is told of a child that did not start."""
    return f'{{"Input":{encode_basestring(to_json(input))},"InputDetails":{{"Included":true}},"Status":"PENDING"}}'


def _uuid(text: str) -> str:
    """The name-based UUID of a text, as uuid.uuid3 makes them, in half the time."""
    digits = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-3{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
