"""Distributed Map: map runs, the datasets that they read, and the results that they write.

To the machine a map run is one call, `asl.frames.MapRun`. Here it is served: the child executions are run,
each with a history of its own, and what they gave becomes the result of the call.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from asl.distributed.executors import Executor, Here
from asl.distributed.records import ChildExecution, MapRunRecord
from asl.distributed.run import Run
from asl.distributed.simulation import Simulation, Stuck
from asl.distributed.stores import Buckets, Stores
from asl.execution import Execution
from asl.frames import MapRun
from asl.resources import Resources, Tasks

if TYPE_CHECKING:
    from asl.drive.hub import Hub
    from asl.drive.hub import Run as Driven

__all__ = ["Buckets", "ChildExecution", "MapRunRecord", "MapRuns"]


class MapRuns:
    """How map runs are served, and what is known of those that were.

    `buckets` says where datasets lie and results go (`Buckets`). With `workers` children run in so many processes
    besides this one, to which `tasks` must be known by name; without, in this one. With `keep` every child is
    kept with its history; what that takes grows with the number of items. `records` has the map runs in the
    order in which they started.
    """

    def __init__(
        self, buckets: Buckets | None = None, *, workers: int = 0, tasks: Tasks = None, keep: bool = False
    ) -> None:
        self.stores = Stores(buckets)
        self.workers = workers
        self.tasks = tasks
        self.keep = keep
        self.records: list[MapRunRecord] = []

    def virtual(self, call: MapRun, execution: Execution, resources: Resources) -> tuple[int, Any] | None:
        """A map run on virtual time: the milliseconds that it takes, and its output or its error.

        None where a child waits for what nothing will bring: the map run does not end then.
        """
        simulation = Simulation(call, execution, resources, self)
        self.records.append(simulation.run.record)
        try:
            with closing(self._executor(simulation.run)) as executor:
                return simulation.finish(executor)
        except Stuck:
            return None

    def live(self, hub: Hub, parent: Driven, call: MapRun) -> None:
        """Have the hub run the children of a map run side by side, and give it the result in the end."""
        from asl.distributed.live import Live  # most map runs are on virtual time

        live = Live(hub, parent, call, self)
        self.records.append(live.run.record)
        live.begin()

    def take_those_of(self, execution_arn: str) -> list[MapRunRecord]:
        """The map runs of one execution, which are no longer in `records`."""
        taken = [record for record in self.records if record.execution_arn == execution_arn]
        if taken:
            self.records[:] = [record for record in self.records if record.execution_arn != execution_arn]
        return taken

    def _executor(self, run: Run) -> Executor:
        if not self.workers:
            return Here(run.work)
        from asl.distributed.processes import Processes  # most map runs stay in this process

        return Processes(run.spec(self.tasks), run.work, self.workers)
