"""Lambda handlers for the tests, in this process and in others."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

calls = 0


def echo(event: Any, context: Any) -> Any:
    return event


def who(event: Any, context: Any) -> Any:
    return {
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "request": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
    }


def fail(event: Any, context: Any) -> Any:
    raise Exception("Some exception was raised.")


def count(event: Any, context: Any) -> Any:
    global calls
    calls += 1
    print("this goes to standard error")
    return {
        "calls": calls,
        "process": os.getpid(),
        "stage": os.environ.get("STAGE"),
        "folder": str(Path.cwd()),
    }


def die(event: Any, context: Any) -> Any:
    sys.stdout.flush()
    os._exit(3)


def hang(event: Any, context: Any) -> Any:
    while True:
        time.sleep(60)


def not_json(event: Any, context: Any) -> Any:
    return {1, 2}
