"""Task tokens: the errors with which the service refuses an answer for one."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from asl.errors import AslError
from asl.values import Json


class CallbackError(AslError):
    """An answer for a task token, or a request for an activity task, that is refused; `code` is the service's."""

    code: ClassVar[str]


class InvalidToken(CallbackError):
    """A token that no task was ever given."""

    code = "InvalidToken"

    def __init__(self) -> None:
        super().__init__("Invalid Token: 'Invalid token'")


class TaskTimedOut(CallbackError):
    """The token of a task that is over: it timed out, was answered, or its execution has ended.

    For a task of an activity the service names the activity (measured by others, September 2026).
    """

    code = "TaskTimedOut"

    def __init__(self, activity: str | None = None) -> None:
        super().__init__(f"Task Timed Out: '{activity or 'Provided task does not exist anymore'}'")


class TaskDoesNotExist(CallbackError):
    """The token of a task whose activity was deleted."""

    code = "TaskDoesNotExist"

    def __init__(self) -> None:
        super().__init__("Task Does Not Exist: 'The activity does not exist'")


class ActivityDoesNotExist(CallbackError):
    """An activity that does not exist, or no longer (recorded: get_activity_task_deleted)."""

    code = "ActivityDoesNotExist"

    def __init__(self, arn: str) -> None:
        super().__init__(f"Activity Does Not Exist: '{arn}'")


class ActivityTask(NamedTuple):
    """What a worker is given: the `token` to answer with, and the task's `input`."""

    token: str
    input: Json
