"""A map run on virtual time: children started in chunks, their ends settled as they would have come about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from asl.distributed import schedule
from asl.distributed.children import Chunk, Ended, Given, Results, Smooth, cut
from asl.distributed.executors import Executor
from asl.distributed.run import Run
from asl.errors import StatesError
from asl.execution import Execution
from asl.frames import MapRun
from asl.machine import Outcome
from asl.resources import Resources

if TYPE_CHECKING:
    from asl.distributed import MapRuns


class Stuck(Exception):
    """A child waits for what nothing will bring, and so the map run does not end."""


class Simulation:
    """One map run whose children are run one after the other, or in other processes, each on its own time."""

    def __init__(self, call: MapRun, execution: Execution, resources: Resources, runs: MapRuns) -> None:
        self.run = Run(call, execution, resources, runs)
        self._started = execution.now
        self._ledger = schedule.Ledger(self.run.tolerance, self.run.work.express, stop=execution.now)
        self._slots = schedule.Slots(self.run.fields["MaxConcurrency"], execution.now)

    def finish(self, executor: Executor) -> tuple[int, Any]:
        """Run it to its end: the milliseconds that it took, and its result or error. Raises `Stuck`."""
        run, ledger = self.run, self._ledger
        try:
            run.open()
            self._children(executor)
            self._settle(None)
            result = run.end(ledger.stop, ledger.exceeded_at is not None or self._is_too_much())
        except StatesError as problem:
            result = run.fail(problem, ledger.stop)
        except BaseException:
            run.abandon()
            raise
        return ledger.stop - self._started, result

    def _is_too_much(self) -> bool:
        """Whether too many items failed, now that their number is known."""
        return self.run.problem is None and self._ledger.is_too_much()

    def _children(self, executor: Executor) -> None:
        """Start all children that are to be started, and hear how each of them ended."""
        chunks: dict[int, Chunk] = {}
        back: dict[int, Results] = {}
        sent = heard = 0
        more = True
        while True:
            while more and len(chunks) < executor.capacity:
                chunk = self._chunk(sent, executor.size)
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

    def _chunk(self, number: int, most: int) -> Chunk | None:
        """The next children to start, none where no more start; None while their time is not known yet."""
        free = self._slots.next()
        if free is None:
            return None
        start, places = free
        self._settle(start)
        first, taken = 0, list[Given]()
        run, ledger = self.run, self._ledger
        if run.problem is None and ledger.exceeded_at is None:
            first, taken = run.take(min(places, most))
            self._slots.take(start, len(taken))
        return Chunk(number, first, start, taken, ledger.still_tolerated())

    def _free(self, chunk: Chunk, results: Results) -> None:
        """The places of the chunk's children are free again, each when its child ended."""
        stops = [chunk.start] * len(chunk.children)
        if isinstance(results, list):
            for place, ended in enumerate(results):
                if isinstance(ended, Ended):
                    stops[place] = ended.stop
        for stop, count in Counter(stops).items():
            self._slots.give(chunk.start, stop, count)

    def _commit(self, chunk: Chunk, results: Results) -> None:
        """Hear how the children of a chunk ended. Chunks are heard in their order."""
        run, ledger = self.run, self._ledger
        if run.broken is not None:
            return
        self._settle(chunk.start)
        if isinstance(results, Smooth):
            if ledger.exceeded_at is None:
                ledger.stop = max(ledger.stop, chunk.start)
                run.tell(chunk.first, "SUCCEEDED", chunk.children, results.told)
                return
            results = []
        for number, given in enumerate(chunk.children, chunk.first):
            if ledger.exceeded_at is not None:
                run.tell_pending(number, given)
                continue
            ended = results[number - chunk.first]
            if isinstance(ended, StatesError):
                run.broken = ended
                return
            if ended.status == "RUNNING":
                raise Stuck
            ledger.tell(number, ended.status, ended.stop, run.work.items(given), (chunk, given, ended))
            self._settle(chunk.start)

    def _settle(self, now: int | None) -> None:
        """Write down the children whose end is final when no child starts before `now`."""
        run = self.run
        for number, status, stop, (chunk, given, ended) in self._ledger.settle(now):
            told, kept = ended.told, ended.kept
            if status != ended.status:
                told = self._aborted(number, chunk, given, stop)
                kept = kept and cut(kept, stop)
            run.tell_one(number, status, given, told)
            if kept is not None:
                run.record.children.append(kept)

    def _aborted(self, number: int, chunk: Chunk, given: Given, stop: int) -> Any:
        """What is told of a child that was still running when the threshold was exceeded."""
        work = self.run.work
        return work.tell(work.named(number), work.input(number, given), Outcome("ABORTED"), chunk.start, stop)
