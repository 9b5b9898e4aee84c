"""The process of a handler: requests come a line each on standard input, answers go to what was standard output.

    python -m asl.resources.worker module:function

What the handler prints goes to standard error, where the logs of a function are looked for.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from asl.errors import StatesError
from asl.resources.lambdas import HandlerFailed, LambdaContext, answered, load


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    function = None
    for line in requests:
        request = json.loads(line)
        context = _context(request["context"])
        answer: dict[str, Any]
        try:
            function = function or load(sys.argv[1], context.aws_request_id)
            answer = {"result": answered(function, request["event"], context)}
        except HandlerFailed as problem:
            answer = {"failed": problem.document}
        except StatesError as problem:
            answer = {"error": problem.error, "cause": problem.cause}
        sys.stdout.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _context(shown: dict[str, Any]) -> LambdaContext:
    left = shown.pop("remaining")
    context = LambdaContext.__new__(LambdaContext)
    vars(context).update(shown)
    context._end = time.monotonic() + left / 1000
    return context


if __name__ == "__main__":
    main()
