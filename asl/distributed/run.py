"""A map run on virtual time: items read, children started and settled, results written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asl import names
from asl.distributed import batches, readers, schedule, writer
from asl.distributed.children import Chunk, Ended, Given, Work, cut, pending
from asl.distributed.executors import Executor
from asl.distributed.records import MapRunRecord
from asl.errors import StatesError
from asl.execution import Execution
from asl.frames import MapRun
from asl.machine import Outcome
from asl.resources import Resources
from asl.values import Json

if TYPE_CHECKING:
    from asl.distributed import MapRuns

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class Stuck(Exception):
    """A child waits for what nothing will bring, and so the map run does not end."""


class Run:
    """One map run under way."""

    def __init__(self, call: MapRun, execution: Execution, resources: Resources, runs: MapRuns) -> None:
        fields: Mapping[str, Any] = call.payload  # type: ignore[assignment]
        self.fields = fields
        self.call = call
        self.stores = runs.stores
        self.started = execution.now
        label = call.arn.rpartition(":")[0].rpartition("/")[2]
        self.work = Work(
            program=call.processor,
            select=None if "ItemBatcher" in fields else call.select,
            identity=replace(execution.identity, label=label),
            arn=call.arn,
            express=call.type == "EXPRESS",
            seed=execution.seed,
            quotas=execution.quotas,
            form=writer.form(fields.get("ResultWriter")),
            resources=resources,
            runs=runs,
        )
        count, percentage = fields.get("ToleratedFailureCount"), fields.get("ToleratedFailurePercentage")
        self.record = MapRunRecord(
            arn=call.arn,
            execution_arn=execution.identity.execution_arn,
            state_machine_arn=self.work.identity.machine_arn,
            max_concurrency=fields["MaxConcurrency"],
            tolerated_failure_count=count or 0,
            tolerated_failure_percentage=percentage or 0,
            started=self.started,
        )
        total = None if "ItemReader" in fields else len(fields["Items"])
        self.ledger = schedule.Ledger(
            schedule.Tolerance(count, percentage, total), self.work.express, stop=self.started
        )
        self.slots = schedule.Slots(fields["MaxConcurrency"], self.started)
        self.error: StatesError | None = None
        self.sink: writer.Sink

    def run(self, executor: Executor) -> tuple[int, Any]:
        """Run it to its end: the milliseconds that it took, and its result or error. Raises `Stuck`."""
        form, writes = self.work.form, self.fields.get("ResultWriter")
        try:
            self.sink = writer.sink(writes, self.stores, self.call.arn, form, self.work.quotas.payload)
        except StatesError as problem:
            return self._over(problem)
        given = self._given()
        try:
            self._children(given, executor)
            self._settle(None)
            if self.error is None and self.ledger.is_too_much():
                self.error = StatesError(names.EXCEED_TOLERATED_FAILURE_THRESHOLD, _EXCEEDED)
                self._unstarted(given)
            result = self.sink.result() if self.error is None or self.record.executions["total"] else None
        except StatesError as problem:
            self.sink.abandon()
            return self._over(self.error or problem)
        return self._over(self.error or result)

    def _over(self, result: Any) -> tuple[int, Any]:
        stop = self.ledger.stop
        self.record.end("FAILED" if isinstance(result, StatesError) else "SUCCEEDED", stop)
        return stop - self.started, result

    # ------------------------------------------------------------------ what children are given

    def _given(self) -> Iterator[Given]:
        """What the children are given, in their order. May raise, half-way too."""
        items = (_item(index, *item) for index, item in enumerate(readers.items(self.fields, self.stores)))
        batcher = self.fields.get("ItemBatcher")
        if batcher is None:
            return (Given(1, item) for item in items)
        found = batches.batches(batcher, map(self.call.select, items))
        return (Given(count, input) for count, input in found)

    def _take(self, given: Iterator[Given], most: int) -> list[Given]:
        """The next of them; fewer at the end, which an error is too."""
        taken: list[Given] = []
        try:
            for next_up in given:
                taken.append(next_up)
                if len(taken) == most:
                    break
        except StatesError as problem:
            self.error = self.error or problem
        return taken

    # ------------------------------------------------------------------ running children

    def _children(self, given: Iterator[Given], executor: Executor) -> None:
        """Start all children that are to be started, and hear how each of them ended."""
        chunks: dict[int, Chunk] = {}
        back: dict[int, list[Ended] | StatesError] = {}
        sent = heard = children = items = 0
        more = True
        while True:
            while more and len(chunks) < executor.capacity and (free := self.slots.next()) is not None:
                start, places = free
                self._settle(start)
                if self._is_over():
                    more = False
                    break
                taken = self._take(given, min(places, executor.size))
                items += sum(child.items for child in taken)
                if len(taken) < min(places, executor.size):
                    more = False
                    if self.error is None:
                        self.ledger.tolerance.total = items
                if not taken:
                    break
                chunk = Chunk(sent, children, start, taken, self.ledger.still_tolerated())
                chunks[sent] = chunk
                self.slots.take(start, len(taken))
                executor.submit(chunk)
                sent += 1
                children += len(taken)
            if not chunks:
                return
            number, results = executor.next()
            back[number] = results
            self._free(chunks[number], results)
            while heard in back:
                self._commit(chunks.pop(heard), back.pop(heard))
                heard += 1

    def _is_over(self) -> bool:
        """Whether no child starts any more."""
        return self.error is not None or self.ledger.exceeded_at is not None

    def _free(self, chunk: Chunk, results: list[Ended] | StatesError) -> None:
        """The places of the chunk's children are free again, each when its child ended."""
        ended = [] if isinstance(results, StatesError) else results
        for child in ended:
            self.slots.give(chunk.start, child.stop)
        self.slots.give(chunk.start, chunk.start, len(chunk.children) - len(ended))

    def _commit(self, chunk: Chunk, results: list[Ended] | StatesError) -> None:
        """Hear how the children of a chunk ended. Chunks are heard in their order."""
        if isinstance(results, StatesError):
            self.error = self.error or results
            return
        for offset, given in enumerate(chunk.children):
            self._settle(chunk.start)
            if self.ledger.exceeded_at is not None:
                self._pending(given)
                continue
            ended = results[offset]
            if ended.status == "RUNNING":
                raise Stuck
            self.ledger.tell(
                chunk.first + offset, ended.status, ended.stop, given.items, (chunk, given, ended)
            )

    def _settle(self, now: int | None) -> None:
        """Write down the children whose end is final when no child starts before `now`."""
        for number, status, stop, (chunk, given, ended) in self.ledger.settle(now):
            told, kept = ended.told, ended.kept
            if status != ended.status:
                told = self._aborted(number, chunk, given, stop)
                kept = kept and cut(kept, stop)
            self.record.count(status, given.items)
            if self.sink.add(number, status, told):
                self.record.written(given.items)
            if kept is not None:
                self.record.children.append(kept)

    def _aborted(self, number: int, chunk: Chunk, given: Given, stop: int) -> Any:
        """What is told of a child that was still running when the threshold was exceeded."""
        input = self.work.input(given)
        return self.work.tell(self.work.named(number), input, Outcome("ABORTED"), chunk.start, stop)

    def _unstarted(self, given: Iterator[Given]) -> None:
        """Write down the children that did not start because too many items had failed."""
        while taken := self._take(given, 1000):
            for child in taken:
                self._pending(child)

    def _pending(self, given: Given) -> None:
        self.record.count("PENDING", given.items)
        if self.sink.add(-1, "PENDING", pending(self.work.input(given)) if self.work.form.text else None):
            self.record.written(given.items)


def _item(index: int, value: Json, source: str, key: str | None) -> dict[str, Json]:
    """`Map.Item` of the context object, with its keys in the service's order."""
    item: dict[str, Json] = {"Index": index, "Value": value}
    if key is not None:
        item["Key"] = key
    item["Source"] = source
    return item
