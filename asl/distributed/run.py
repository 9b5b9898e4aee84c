"""A map run on virtual time: items read, children started and settled, results written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from asl import names
from asl.distributed import batches, readers, schedule, writer
from asl.distributed.children import Chunk, Ended, Given, Results, Smooth, Work, cut, pending
from asl.distributed.executors import Executor
from asl.distributed.records import MapRunRecord
from asl.errors import StatesError
from asl.execution import Execution
from asl.frames import MapRun
from asl.machine import Outcome
from asl.resources import Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns
    from asl.distributed.messages import Spec

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class Stuck(Exception):
    """A child waits for what nothing will bring, and so the map run does not end."""


class Run:
    """One map run under way."""

    def __init__(self, call: MapRun, execution: Execution, resources: Resources, runs: MapRuns) -> None:
        fields: Mapping[str, Any] = call.payload  # type: ignore[assignment]
        self.fields = fields
        self.call = call
        self.program = execution.program
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
        """Why no more items can be had; the children before are run."""
        self.broken: StatesError | None = None
        """Why a child could not be started; nothing after it counts."""
        self.items = 0
        self.started_children = 0
        self.sink: writer.Sink

    def spec(self, tasks: Any) -> Spec:
        """The work as plain data, for other processes."""
        from asl.distributed.messages import Spec  # where it is used, as most map runs stay in one process

        work = self.work
        return Spec(
            definition=self.program.definition,
            address=work.program.address,
            selection=None if work.select is None else self.call.select.plain(),
            identity=work.identity,
            arn=work.arn,
            express=work.express,
            seed=work.seed,
            quotas=work.quotas,
            form=work.form,
            tasks=tasks,
            buckets=self.stores.buckets,
            keep=work.runs.keep,
        )

    def run(self, executor: Executor) -> tuple[int, Any]:
        """Run it to its end: the milliseconds that it took, and its result or error. Raises `Stuck`."""
        form, writes = self.work.form, self.fields.get("ResultWriter")
        arn, state, limit = self.call.arn, self.call.state, self.work.quotas.payload
        try:
            self.sink = writer.sink(writes, self.stores, arn, form, state, limit)
        except StatesError as problem:
            return self._over(problem)
        given = self._given()
        try:
            self._children(given, executor)
            self._settle(None)
            error = self.broken or self.error
            if self.ledger.exceeded_at is not None or (error is None and self.ledger.is_too_much()):
                error = StatesError(names.EXCEED_TOLERATED_FAILURE_THRESHOLD, _EXCEEDED)
                self._unstarted(given)
            result = self.sink.result() if error is None or self.record.executions["total"] else None
        except StatesError as problem:
            self.sink.abandon()
            return self._over(problem)
        return self._over(error or result)

    def _over(self, result: Any) -> tuple[int, Any]:
        stop = self.ledger.stop
        self.record.end("FAILED" if isinstance(result, StatesError) else "SUCCEEDED", stop)
        return stop - self.started, result

    # ------------------------------------------------------------------ what children are given

    def _given(self) -> Iterator[Given]:
        """What the children are given, in their order. May raise, half-way too."""
        entries = readers.entries(self.fields, self.stores)
        batcher = self.fields.get("ItemBatcher")
        if batcher is None:
            return entries
        selected = (self.call.select(readers.item(index, *entry)) for index, entry in enumerate(entries))
        return batches.batches(batcher, selected)

    def _take(self, given: Iterator[Given], most: int) -> list[Given]:
        """The next of them; fewer at the end, which an error is too."""
        taken: list[Given] = []
        try:
            taken += islice(given, most)
        except StatesError as problem:
            self.error = self.error or problem
        return taken

    # ------------------------------------------------------------------ running children

    def _children(self, given: Iterator[Given], executor: Executor) -> None:
        """Start all children that are to be started, and hear how each of them ended."""
        chunks: dict[int, Chunk] = {}
        back: dict[int, Results] = {}
        sent = heard = 0
        more = True
        while True:
            while more and len(chunks) < executor.capacity:
                chunk = self._chunk(sent, given, executor.size)
                if chunk is None:
                    break
                more = bool(chunk.children)
                if more:
                    chunks[sent] = chunk
                    executor.submit(chunk)
                    sent += 1
            if not chunks:
                return
            number, results = executor.next()
            back[number] = results
            self._free(chunks[number], results)
            while heard in back:
                self._commit(chunks.pop(heard), back.pop(heard))
                heard += 1

    def _chunk(self, number: int, given: Iterator[Given], most: int) -> Chunk | None:
        """The next children to start, none where no more start; None while their time is not known yet."""
        free = self.slots.next()
        if free is None:
            return None
        start, places = free
        self._settle(start)
        taken: list[Given] = []
        if self.error is None and self.broken is None and self.ledger.exceeded_at is None:
            wanted = min(places, most)
            taken = self._take(given, wanted)
            self.items += sum(map(self.work.items, taken))
            if len(taken) < wanted and self.error is None:
                self.ledger.tolerance.total = self.items
        chunk = Chunk(number, self.started_children, start, taken, self.ledger.still_tolerated())
        self.started_children += len(taken)
        self.slots.take(start, len(taken))
        return chunk

    def _free(self, chunk: Chunk, results: Results) -> None:
        """The places of the chunk's children are free again, each when its child ended."""
        stops = [chunk.start] * len(chunk.children)
        if isinstance(results, list):
            for place, ended in enumerate(results):
                if isinstance(ended, Ended):
                    stops[place] = ended.stop
        for stop, count in Counter(stops).items():
            self.slots.give(chunk.start, stop, count)

    def _commit(self, chunk: Chunk, results: Results) -> None:
        """Hear how the children of a chunk ended. Chunks are heard in their order."""
        if self.broken is not None:
            return
        self._settle(chunk.start)
        if isinstance(results, Smooth):
            if self.ledger.exceeded_at is None:
                self._smooth(chunk, results)
                return
            results = []
        for number, given in enumerate(chunk.children, chunk.first):
            if self.ledger.exceeded_at is not None:
                self._pending(number, given)
                continue
            ended = results[number - chunk.first]
            if isinstance(ended, StatesError):
                self.broken = ended
                return
            if ended.status == "RUNNING":
                raise Stuck
            self.ledger.tell(number, ended.status, ended.stop, self.work.items(given), (chunk, given, ended))
            self._settle(chunk.start)

    def _smooth(self, chunk: Chunk, results: Smooth) -> None:
        """Write down a chunk of which every child succeeded at once."""
        self.ledger.stop = max(self.ledger.stop, chunk.start)
        items = sum(map(self.work.items, chunk.children))
        written = self.sink.add(chunk.first, "SUCCEEDED", results.told)
        self.record.count("SUCCEEDED", len(chunk.children), items, written)

    def _settle(self, now: int | None) -> None:
        """Write down the children whose end is final when no child starts before `now`."""
        for number, status, stop, (chunk, given, ended) in self.ledger.settle(now):
            told, kept = ended.told, ended.kept
            if status != ended.status:
                told = self._aborted(number, chunk, given, stop)
                kept = kept and cut(kept, stop)
            self.record.count(status, 1, self.work.items(given), self._add(number, status, told))
            if kept is not None:
                self.record.children.append(kept)

    def _aborted(self, number: int, chunk: Chunk, given: Given, stop: int) -> Any:
        """What is told of a child that was still running when the threshold was exceeded."""
        input = self.work.input(number, given)
        return self.work.tell(self.work.named(number), input, Outcome("ABORTED"), chunk.start, stop)

    def _unstarted(self, given: Iterator[Given]) -> None:
        """Write down the children that did not start because too many items had failed."""
        while taken := self._take(given, 1000):
            for child in taken:
                self._pending(self.started_children, child)
                self.started_children += 1

    def _pending(self, number: int, given: Given) -> None:
        told = pending(self.work.input(number, given)) if self.work.form.text else None
        self.record.count("PENDING", 1, self.work.items(given), self._add(number, "PENDING", told))

    def _add(self, number: int, status: str, told: Any) -> bool:
        form = self.work.form
        return self.sink.add(number, status, form.bytes([told]) if form.text else [told])
