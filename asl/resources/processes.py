"""Handlers in processes of their own, which stay warm between invocations.

Each process serves one invocation at a time; when all are busy another one starts, as the service scales out. A
process that ends, or takes longer than the function's timeout, is a failure of the invocation and is replaced.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asl.errors import StatesError
from asl.values import Json

if TYPE_CHECKING:
    from asl.resources.lambdas import LambdaContext

_ROOT = str(Path(__file__).parents[2])


class Pool:
    """The processes of one function. `handler` is the place of its handler."""

    def __init__(self, handler: str, environment: Mapping[str, str], directory: str | None) -> None:
        self._command = [sys.executable, "-m", "asl.resources.worker", handler]
        paths = [path for path in (os.environ.get("PYTHONPATH"), _ROOT) if path]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment}
        self._directory = directory
        self._begin()

    def _begin(self) -> None:
        self._idle: list[subprocess.Popen[str]] = []
        self._busy: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which has handlers' processes of its own."""
        return {key: vars(self)[key] for key in ("_command", "_environment", "_directory")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def invoke(self, event: Json, context: LambdaContext, timeout: float) -> Json:
        """The handler's answer. Raises `HandlerFailed`, and the `StatesError` that the handler raised."""
        with self._lock:
            process = self._idle.pop() if self._idle else self._start()
            if process.poll() is not None:  # it ended while nobody asked it anything
                process = self._start()
            self._busy.add(process)
        answer: dict[str, Any] | None = None
        try:
            answer = _asked(
                process, {"event": event, "context": _shown(context)}, timeout, context.aws_request_id
            )
        finally:
            with self._lock:
                self._busy.discard(process)
                if answer is not None and process.poll() is None:
                    self._idle.append(process)
                else:
                    _end(process)
        return _judged(answer)

    def _start(self) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                cwd=self._directory,
                env=self._environment,
            )
        except OSError as problem:
            said = f"the handler's process cannot be started: {problem}"
            raise StatesError("Lambda.InitError", said) from problem

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in [*idle, *self._busy]:
            _end(process)


def _shown(context: LambdaContext) -> dict[str, Any]:
    left = context.get_remaining_time_in_millis()
    return {**{key: value for key, value in vars(context).items() if key != "_end"}, "remaining": left}


def _asked(process: subprocess.Popen[str], request: Json, timeout: float, id: str) -> dict[str, Any]:
    assert process.stdin is not None and process.stdout is not None
    late = threading.Event()

    def cut_off() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(timeout, cut_off)
    timer.daemon = True
    timer.start()
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:  # it has ended already
        line = ""
    finally:
        timer.cancel()
    if line.endswith("\n"):
        answer: dict[str, Any] = json.loads(line)
        return answer
    code = process.wait()
    if late.is_set():
        kind, said = "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"
    else:
        how = f"exit status {code}" if code >= 0 else f"signal {-code}"
        kind, said = "Runtime.ExitError", f"Runtime exited with error: {how}"
    return {"failed": {"errorType": kind, "errorMessage": f"RequestId: {id} Error: {said}"}}


def _judged(answer: dict[str, Any]) -> Json:
    from asl.resources.lambdas import HandlerFailed

    if "failed" in answer:
        raise HandlerFailed(answer["failed"])
    if "error" in answer:
        raise StatesError(answer["error"], answer["cause"])
    result: Json = answer["result"]
    return result


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was not written before it ended
                stream.close()
