"""A worker process: it is told once what all children of a map run have in common, and then runs chunks of them.

It hears on standard input and answers on standard output; whatever a task prints goes to standard error.
`python -m asl.distributed.worker` is started by `processes`, by nobody else.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import Any

from asl.distributed.children import Chunk, Work
from asl.distributed.messages import receive, send


def main() -> None:
    """Run chunks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    inbox: SimpleQueue[bytes | None] = SimpleQueue()

    def listen() -> None:
        while (message := receive(sys.stdin.buffer)) is not None:
            inbox.put(message)
        inbox.put(None)

    threading.Thread(target=listen, daemon=True).start()
    first = inbox.get()
    if first is None:
        return
    try:
        work = pickle.loads(first).work()
    except Exception as problem:
        send(output, pickle.dumps((None, _portable(problem), 0.0)))
        return
    send(output, pickle.dumps((None, None, 0.0)))
    while (message := inbox.get()) is not None:
        key, chunk = pickle.loads(message)
        send(output, _answer(key, chunk, work))


def _answer(key: Any, chunk: Chunk, work: Work) -> bytes:
    began = time.perf_counter()
    result: Any
    try:
        result = work.run(chunk)
    except (Exception, SystemExit) as problem:  # sys.exit ends the run, as without workers
        result = _portable(problem)
    return pickle.dumps((key, result, time.perf_counter() - began), pickle.HIGHEST_PROTOCOL)


def _portable(problem: BaseException) -> BaseException:
    """The exception, or one that says the same and can be pickled."""
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:
        return RuntimeError(f"{type(problem).__name__}: {problem}")
    return problem


if __name__ == "__main__":
    main()
