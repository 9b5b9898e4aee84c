"""A machine under test and the runs of it: what came of them, and assertions that say what else came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import asl
from asl.errors import AslError
from asl.face import Result, StateMachine
from asl.history import History
from asl.program import walk
from asl.resources import Tasks, UnservedCall
from asl.testing.durations import shown
from asl.testing.expecting import arrows, difference, lacking, path_difference
from asl.testing.mocks import MockError
from asl.testing.scripts import Script, scripted
from asl.values import Json
from asl.visits import Visit


class Anything:
    """What is not said."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING: Final = Anything()


class Visits(list[Visit]):
    """The visits of one state, oldest first, each with `input`, `output`, `attempts`, `error`, `cause`, `waited`."""

    def __init__(self, state: str, found: Sequence[Visit], path: Sequence[str]) -> None:
        super().__init__(found)
        self._told = f"{state!r} {_visited(len(found))}; the path is {arrows(path)}"

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(index)
        except IndexError:
            raise IndexError(self._told) from None


class States(dict[str, Visits]):
    """The visits of each state by its name; a state that was not visited has none."""

    def __init__(self, names: Sequence[str], visits: Sequence[Visit], path: Sequence[str]) -> None:
        super().__init__(
            {name: Visits(name, [each for each in visits if each.state == name], path) for name in names}
        )

    def __missing__(self, name: str) -> NoReturn:
        raise KeyError(f"the machine has no state {name!r}; it has {', '.join(map(repr, self))}")


def _visited(count: int) -> str:
    return "was never visited" if not count else "was visited " + ("once" if count == 1 else f"{count} times")


class Run:
    """What one run came to. `result` is the `asl.Result`.

    `status` is SUCCEEDED, FAILED, TIMED_OUT, ABORTED, or RUNNING where it waits for what never comes; `path` has the
    names of the states in the order entered; `states["X"][0]` is the first visit of X; `waited` is the seconds of
    the execution's own time that it took.
    """

    def __init__(self, result: Result, machine: StateMachine) -> None:
        self.result = result
        self.machine = machine
        self.status: str = result.status
        self.output: Any = result.output
        self.error: str | None = result.error
        self.cause: str | None = result.cause
        self.history: History = result.history
        self.path: list[str] = result.path
        names = [state.name for _, state in walk(machine.program)]
        self.states = States(names, result.visits, self.path)

    def __repr__(self) -> str:
        return f"Run({self.machine.name!r}, {self.ended})"

    @property
    def waited(self) -> float:
        """Seconds from the start to the end, by the execution's clock."""
        ms: int = self.history[-1].at - self.history[0].at
        return ms / 1000

    @property
    def ended(self) -> str:
        """How it ended, in words: the status, and the error."""
        blame = ": ".join(part for part in (self.error, self.cause) if part)
        return f"{self.status} ({blame})" if blame else self.status

    @property
    def paths(self) -> dict[str, list[str]]:
        """The path of each frame: `/` for the machine itself, `/Both/0` for a branch, `/Each/3` for an iteration."""
        found: dict[str, list[str]] = {}
        for visit in self.result.visits:
            found.setdefault(visit.path, []).append(visit.state)
        return found

    # ------------------------------------------------------------------ assertions

    def assert_status(self, status: str) -> None:
        """The execution ended so."""
        __tracebackhide__ = True
        if self.status != status:
            self.fail(f"expected {status}, got {self.ended}")

    def assert_succeeded(self, output: Any = ANYTHING) -> None:
        """The execution succeeded and, where it is said, with exactly this output."""
        __tracebackhide__ = True
        self.assert_status("SUCCEEDED")
        if output is not ANYTHING:
            self.fail(difference("the output", output, self.output))

    def assert_failed(self, error: str | None = None, cause: str | None = None) -> None:
        """The execution failed and, where it is said, with this error and this cause."""
        __tracebackhide__ = True
        self.assert_status("FAILED")
        if error is not None:
            self.fail(difference("the error", error, self.error))
        if cause is not None:
            self.fail(difference("the cause", cause, self.cause))

    def assert_timed_out(self) -> None:
        """The execution ran into the machine's TimeoutSeconds."""
        __tracebackhide__ = True
        self.assert_status("TIMED_OUT")

    def assert_output_has(self, pattern: Json) -> None:
        """The execution succeeded, and its output has this: its objects may have more keys, at any depth."""
        __tracebackhide__ = True
        self.assert_status("SUCCEEDED")
        self.fail(lacking("the output", pattern, self.output))

    def assert_path(self, *names: str, frame: str | None = None) -> None:
        """These states were entered, in this order and no others: by all frames, or by the frame that is said."""
        __tracebackhide__ = True
        if frame is None:
            self.fail(path_difference(names, self.path))
            return
        taken = self.paths.get(frame)
        if taken is None:
            self.fail(f"there is no frame {frame!r}; there are {', '.join(map(repr, self.paths))}")
        else:
            self.fail(path_difference(names, taken, f"the path of {frame}"))

    def assert_visited(
        self, state: str, *, times: int | None = None, input: Any = ANYTHING, output: Any = ANYTHING
    ) -> None:
        """The state was visited: at least once, or so many times; at least once with this input and this output."""
        __tracebackhide__ = True
        visits = self.states[state]
        if not visits if times is None else len(visits) != times:
            wanted = "a visit of" if times is None else f"{times} visit{'s' * (times != 1)} of"
            self.fail(f"expected {wanted} {state!r}, which {_visited(len(visits))}")
        if visits:
            told = [self._unlike(visit, input, output) for visit in visits]
            if None not in told:
                self.fail(
                    told[0] if len(told) == 1 else f"no visit of {state!r} fits; of the first, {told[0]}"
                )

    def _unlike(self, visit: Visit, input: Any, output: Any) -> str | None:
        for what, wanted, came in (("input", input, visit.input), ("output", output, visit.output)):
            if wanted is not ANYTHING:
                told = difference(f"the {what} of {visit.state!r}", wanted, came)
                if told is not None:
                    return told
        return None

    def assert_not_visited(self, *states: str) -> None:
        """None of the states was entered."""
        __tracebackhide__ = True
        for state in states:
            if self.states[state]:
                self.fail(f"{state!r} {_visited(len(self.states[state]))}")

    def fail(self, told: str | None) -> None:
        """Raise `AssertionError` with what is told, the path that was taken, and how the run ended; not for None."""
        __tracebackhide__ = True
        if told is not None:
            raise AssertionError("\n".join([told, *self.summary(told)]))

    def summary(self, told: str = "") -> list[str]:
        """Lines that say what happened: the path taken and how it ended, where that is not told yet."""
        lines = [f"  path taken: {arrows(self.path)}"]
        if self.ended not in told:
            lines.append(f"  ended: {self.ended} after {shown(self.waited)}")
        for visit in self.result.visits:
            if visit.error and visit.exited_at is not None:
                lines.append(f"  caught on the way: {visit.error} in {visit.state!r}")
        return lines


class Machine:
    """A state machine under test. `machine` is the `asl.StateMachine`."""

    def __init__(self, machine: StateMachine) -> None:
        self.machine = machine

    def __repr__(self) -> str:
        return f"Machine({self.machine.name!r})"

    def run(
        self,
        input: Any = None,
        *,
        mocks: Script | None = None,
        tasks: Tasks = None,
        strict: bool = False,
        machines: Mapping[str, Machine | StateMachine] | None = None,
        **options: Any,
    ) -> Run:
        """Run the machine on the virtual clock, with mocks for its Tasks.

        The keys of `mocks` are states, resources, functions or frame paths (`asl.testing.scripts`); `tasks` serve what
        they leave out. With `strict`, the answers of mocks are checked against the response models of their APIs.
        `machines` are those that Tasks may start. Other options are those of `StateMachine.run`: `start_time`, `seed` …

        Raises `MockError` for a mock that stands for no Task, and where one was asked for what it does not have;
        `UnservedCall` for a Task that nothing serves.
        """
        __tracebackhide__ = True
        noted: list[str] = []
        try:
            others = {
                name: each.machine if isinstance(each, Machine) else each
                for name, each in (machines or {}).items()
            }
            programs = [each.program for each in (self.machine, *others.values())]
            script = scripted(mocks or {}, *programs, others=tasks, strict=strict, note=noted.append)
            result = self.machine.run(input, tasks=script, machines=others, **options)
        except UnservedCall as problem:
            raise UnservedCall(f"{problem}; give the Task a mock") from None
        except AslError as problem:
            raise problem.with_traceback(None) from None  # the way through our code tells a test nothing
        if noted:
            raise MockError(noted[0])
        return Run(result, self.machine)


def load(
    source: str | bytes | Path | dict[str, Json] | StateMachine,
    *,
    define: Mapping[str, str] | None = None,
    type: str = "STANDARD",
) -> Machine:
    """A machine under test: from a path, JSON or YAML text, a dict, or one that `asl.load` gave.

    The rest, and what is raised, is as for `asl.load`.
    """
    __tracebackhide__ = True
    if isinstance(source, StateMachine):
        return Machine(source)
    try:
        return Machine(asl.load(source, define=define, type=type))
    except (AslError, OSError) as problem:
        raise problem.with_traceback(None) from None
