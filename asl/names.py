"""The specification's error names, and which ErrorEquals matches which error.

Source: the States Language specification, "Errors"; the developer guide, "Handling errors".
"""

from __future__ import annotations

from collections.abc import Sequence

ALL = "States.ALL"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
REFERENCE_PATH_CONFLICT = "States.ReferencePathConflict"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
ITEM_READER_FAILED = "States.ItemReaderFailed"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"


def matches(error_equals: Sequence[str], error: str | None) -> bool:
    """Whether a Retrier or Catcher with these names handles the error.

    `States.Runtime` is beyond Retry and Catch altogether, even by its own name (recorded:
    catch_states_runtime). `States.ALL` takes everything else, `States.DataLimitExceeded` too: the developer
    guide says otherwise, the recording of task_lambda_catch_state_all_data_limit_exceeded decides.
    `States.TaskFailed` leaves out `States.Timeout`; `States.Timeout` covers a missed heartbeat.
    """
    if error == RUNTIME:
        return False
    for name in error_equals:
        if name in (error, ALL):
            return True
        if name == TASK_FAILED and error not in (TIMEOUT, HEARTBEAT_TIMEOUT):
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
    return False
