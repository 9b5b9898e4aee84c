"""TestState, offline: one state, an input, and what the service would answer.

    answer = asl.test_state(definition, input={"n": 1}, state_name="Call", mock={"result": {"Payload": 2}})
    answer["status"], answer["nextState"], json.loads(answer["output"])

The names of requests and answers are those of boto3's `test_state`.
"""

from __future__ import annotations

from asl.teststate.answer import test_state
from asl.teststate.errors import TestStateError

__all__ = ["TestStateError", "test_state"]
