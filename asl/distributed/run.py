"""A map run: what it reads, what its children have in common, where their results go, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from asl import names
from asl.distributed import batches, readers, schedule, writer
from asl.distributed.children import Given, Work, pending
from asl.distributed.records import MapRunRecord
from asl.errors import StatesError
from asl.execution import Execution
from asl.frames import MapRun
from asl.resources import Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns
    from asl.distributed.messages import Spec

_EXCEEDED = "The specified tolerated failure threshold was exceeded"


class Run:
    """One map run under way. Who runs its children opens it, takes what they are given, tells how they ended."""

    def __init__(self, call: MapRun, execution: Execution, resources: Resources, runs: MapRuns) -> None:
        fields: Mapping[str, Any] = call.payload  # type: ignore[assignment]
        self.fields = fields
        self.call = call
        self.program = execution.program
        self.stores = runs.stores
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
            started=execution.now,
        )
        total = None if "ItemReader" in fields else len(fields["Items"])
        self.tolerance = schedule.Tolerance(count, percentage, total)
        self.error: StatesError | None = None
        """Why no more items can be had; the children before are run."""
        self.broken: StatesError | None = None
        """Why a child could not be started; nothing after it counts."""
        self._items = 0
        self._taken = 0
        self._given: Iterator[Given] = iter(())
        self._sink: writer.Sink | None = None

    @property
    def problem(self) -> StatesError | None:
        """Why no more children start; None while nothing went wrong."""
        return self.broken or self.error

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

    def open(self) -> None:
        """Make ready to write and to read. Raises States.ResultWriterFailed."""
        form, writes = self.work.form, self.fields.get("ResultWriter")
        arn, state, limit = self.call.arn, self.call.state, self.work.quotas.payload
        self._sink = writer.sink(writes, self.stores, arn, form, state, limit)
        self._given = self._read()

    def _read(self) -> Iterator[Given]:
        """What the children are given, in their order. May raise, half-way too."""
        entries = readers.entries(self.fields, self.stores)
        batcher = self.fields.get("ItemBatcher")
        if batcher is None:
            return entries
        selected = (self.call.select(readers.item(index, *entry)) for index, entry in enumerate(entries))
        return batches.batches(batcher, selected)

    def take(self, most: int) -> tuple[int, list[Given]]:
        """What the next children are given, with the number of the first; fewer where there are no more.

        What goes wrong in reading is the `error` that comes after them.
        """
        taken: list[Given] = []
        try:
            taken += islice(self._given, most)
        except StatesError as problem:
            self.error = self.error or problem
        first = self._taken
        self._taken += len(taken)
        self._items += self.work.items_of(taken)
        if len(taken) < most and self.error is None:
            self.tolerance.total = self._items
        return first, taken

    def tell(self, first: int, status: str, given: list[Given], told: Any) -> None:
        """Children ended so, all alike. `told` has their results in the form that is wanted: a list, or bytes.

        Raises States.ResultWriterFailed.
        """
        assert self._sink is not None
        items = self.work.items_of(given)
        self.record.count(status, len(given), items, self._sink.add(first, status, told))

    def tell_one(self, number: int, status: str, given: Given, told: Any) -> None:
        """A child ended so. Raises as `tell` does."""
        form = self.work.form
        self.tell(number, status, [given], form.bytes([told]) if form.text else [told])

    def tell_pending(self, number: int, given: Given) -> None:
        """A child did not start. Raises as `tell` does."""
        told = None
        if self.work.form.text:
            try:
                told = pending(self.work.input(number, given))
            except StatesError:  # there is no input to tell
                told = ""
        self.tell_one(number, "PENDING", given, told)

    def end(self, stop: int, exceeded: bool) -> Any:
        """The map run is over: its result, or its error."""
        assert self._sink is not None
        error = self.problem
        try:
            if exceeded:
                error = StatesError(names.EXCEED_TOLERATED_FAILURE_THRESHOLD, _EXCEEDED)
                while taken := (found := self.take(1000))[1]:
                    for number, given in enumerate(taken, found[0]):
                        self.tell_pending(number, given)
            result = self._sink.result() if error is None or self.record.executions["total"] else None
        except StatesError as problem:
            return self.fail(problem, stop)
        self.record.end("SUCCEEDED" if error is None else "FAILED", stop)
        return error or result

    def fail(self, problem: StatesError, stop: int) -> StatesError:
        """The map run is over because its results cannot be written; gives that error."""
        self.abandon()
        self.record.end("FAILED", stop)
        return problem

    def abandon(self) -> None:
        """Close what is open, and leave it as it is."""
        if self._sink is not None:
            self._sink.abandon()
