"""The errors of asl, as values with a place.

Two families: what is wrong with a definition (`Problem`, collected in `DefinitionError`), and what goes
wrong in a run (`StatesError`: a name that Retry and Catch can match, and a cause).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from asl.names import DATA_LIMIT_EXCEEDED, ITEM_READER_FAILED, QUERY_EVALUATION_ERROR


class AslError(Exception):
    """The base of every error that asl raises on purpose."""


class Problem(NamedTuple):
    """One thing that is wrong, or worth a warning, in a definition.

    `location` is the place as ValidateStateMachineDefinition writes it (`/States/C/Choices[0]/Next`);
    `code` and `message` are the service's own where it has them. `hint` is ours: what to do about it.
    `source`, `line` and `column` (both from 1) say where in the file, when the text is known. `field` is what the
    problem is about where the service names the object around it as the location: the line is then the field's.
    """

    location: str
    code: str
    message: str
    severity: str = "ERROR"
    hint: str | None = None
    source: str | None = None
    line: int | None = None
    column: int | None = None
    field: str | None = None

    @property
    def reason(self) -> str:
        """The message without what the service's JSON parser adds: the start of the whole text."""
        return re.sub(r"( \(start marker)?\s+at \[Source: .*", "", self.message, flags=re.DOTALL)

    @property
    def told(self) -> str:
        """The reason and its place."""
        where = "" if self.location.startswith("[") or not self.location else f" at {self.location}"
        return self.reason + where

    def __str__(self) -> str:
        place = f"{self.source or ''}:{self.line}:{self.column}: " if self.line else ""
        hint = self.hint or ""
        if "\n" in hint:  # an expression, and a caret under it
            hint = "".join(f"\n    {line.rstrip()}" for line in hint.splitlines())
        elif hint:
            hint = f" ({hint})"
        return f"{place}{self.code}: {self.told}{hint}"


class DefinitionError(AslError):
    """A definition that cannot be run. `problems` holds all of its errors, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ExpressionError(AslError):
    """An expression (a path, an intrinsic function, a JSONata expression) that cannot be compiled.

    `position` is the index in the expression's text (from 0) where it goes wrong, where that is known.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        self.message = message
        self.position = position
        super().__init__(message)


class PathError(AslError):
    """A JSONPath that compiles but cannot be evaluated on this value; `message` is Jayway's own text."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class StatesError(AslError):
    """An error of a run, as Retry and Catch see it: a name and a cause.

    Raised by the evaluation of a state, and by task functions (as `asl.TaskError`). `whole`: the cause of an
    evaluation is told as it is, where others are told with the state that was executing.
    """

    def __init__(self, error: str | None = None, cause: str | None = None, *, whole: bool = False) -> None:
        self.error = error
        self.cause = cause
        self.whole = whole
        super().__init__(error, cause)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.error, self.cause) if part)


def while_executing(state: str, entered: int, problem: StatesError) -> str | None:
    """The cause that the service tells for an error of a state's evaluation; `entered` is the id of its entry."""
    if problem.whole or problem.error in _TOLD_WHOLE:
        return problem.cause
    place = f"the state '{state}' (entered at the event id #{entered})"
    return f"An error occurred while executing {place}. {problem.cause}"


_TOLD_WHOLE = (DATA_LIMIT_EXCEEDED, ITEM_READER_FAILED)


class EvaluationError(StatesError):
    """A JSONata expression, a value computed by one, or variables, that the state cannot use.

    The history shows it as an `EvaluationFailed` event with the `location` of the expression in its state
    (`Output/result`, `Choices[1]/Condition`). That event hangs on the same event as the state's entry does,
    unless `after_entry`: then it hangs on the entry itself (recorded: the check of a Wait's Timestamp).
    """

    def __init__(
        self,
        cause: str,
        location: str | None = None,
        *,
        after_entry: bool = False,
        error: str = QUERY_EVALUATION_ERROR,
    ) -> None:
        super().__init__(error, cause)
        self.location = location
        self.after_entry = after_entry


class ReplayError(AslError):
    """A recorded history that the machine does not follow; `divergence` is the first place where it parts."""

    def __init__(self, divergence: object) -> None:
        self.divergence = divergence
        super().__init__(str(divergence))


class HistoryFull(Exception):
    """The next event of an execution would be one more than its quota allows."""
