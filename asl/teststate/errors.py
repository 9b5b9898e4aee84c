"""What TestState refuses to do, in the service's words."""

from __future__ import annotations

from typing import NoReturn

from asl.errors import AslError


class TestStateError(AslError):
    """A request that TestState refuses.

    `code` is the name of the service's exception (ValidationException, InvalidDefinition,
    InvalidExecutionInput), or ParamValidationError for what boto3 would not even send; `message` is its text.
    """

    __test__ = False  # a test module may import it: pytest shall not take it for a class of tests

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


def refuse(message: str, code: str = "ValidationException") -> NoReturn:
    """Refuse the request."""
    raise TestStateError(code, message)
