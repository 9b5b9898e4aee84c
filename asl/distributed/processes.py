"""Chunks run by worker processes. One that dies loses nothing: what it had not given back is run again."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeAlias

from asl.distributed.children import Chunk, Ended, Results, Smooth, Work
from asl.distributed.messages import Spec, receive, send
from asl.errors import AslError, StatesError
from asl.machine import Outcome

Key: TypeAlias = "tuple[int, int | None]"
"""A chunk's number and, where its children are run one by one, the place of the child in it."""

_UNDER_WAY = 2
"""Chunks that a worker has: one that it runs, one that it need not wait for."""

_LARGEST = 500
_SECONDS = 0.02
"""How long a chunk should take: short enough to share the work evenly, long enough for messages to cost little."""

_TRIES = 3
"""How often a child may be what a worker ran when it died: then it has failed."""


class WorkerError(AslError):
    """Workers that cannot work at all; the message says why."""


class Processes:
    """Runs chunks in so many processes of this machine. `tasks` must be importable by name there.

    Raises `WorkerError` where they cannot start.
    """

    def __init__(self, spec: Spec, work: Work, count: int) -> None:
        self.capacity = count * _UNDER_WAY
        self.size = 1
        self._work = work
        self._inbox: SimpleQueue[tuple[_Worker, bytes | None]] = SimpleQueue()
        self._chunks: dict[Key, Chunk] = {}
        self._deaths: dict[Key, int] = {}
        self._parts: dict[int, dict[int, Results]] = {}
        self._sizes: dict[int, int] = {}
        self._starts: dict[int, int] = {}
        self._stillborn = 0
        self._workers: list[_Worker] = []
        try:
            self._spec = pickle.dumps(spec)
        except (pickle.PicklingError, AttributeError, TypeError) as problem:
            raise WorkerError(
                f"worker processes need task functions that can be imported by name: {problem}"
            ) from None
        self._workers += [_Worker(self._spec, self._inbox) for _ in range(count)]

    def submit(self, chunk: Chunk) -> None:
        """Give the chunk to the worker that has least to do."""
        self._send((chunk.number, None), chunk)

    def _send(self, key: Key, chunk: Chunk) -> None:
        self._chunks[key] = chunk
        worker = min(self._workers, key=lambda worker: len(worker.under_way))
        worker.send(key, chunk)

    def next(self) -> tuple[int, Results]:
        """Wait for the next chunk to be done. Raises what a worker raised that is no error of a child."""
        while True:
            worker, message = self._inbox.get()
            if message is None:
                done = self._bury(worker)
            else:
                done = self._hear(worker, *pickle.loads(message))
            if done is not None:
                return done

    def _hear(
        self, worker: _Worker, key: Key | None, results: Any, seconds: float
    ) -> tuple[int, Results] | None:
        if key is None:
            if results is not None:
                raise WorkerError(f"a worker process cannot begin: {results}") from results
            worker.is_ready = True
            self._stillborn = 0
            return None
        if isinstance(results, BaseException):
            raise results
        worker.under_way.remove(key)
        chunk = self._chunks.pop(key)
        fitting = int(_SECONDS * len(chunk.children) / max(seconds, 1e-9))
        self.size = max(1, min(fitting, self.size * 4, _LARGEST))
        return self._done(key, results)

    def _done(self, key: Key, results: Results) -> tuple[int, Results] | None:
        number, place = key
        if place is None:
            return number, results
        parts = self._parts[number]
        parts[place] = results
        if len(parts) < self._sizes[number]:
            return None
        del self._parts[number], self._sizes[number]
        return number, _joined([parts[place] for place in sorted(parts)], self._starts.pop(number))

    # ------------------------------------------------------------------ workers that die

    def _bury(self, worker: _Worker) -> tuple[int, Results] | None:
        """A worker is gone: another takes its place, and what it had under way is run again."""
        code = worker.end()
        if not worker.is_ready:
            self._stillborn += 1
            if self._stillborn > _TRIES * len(self._workers):
                raise WorkerError(f"worker processes end before they begin (exit code {code})")
        self._workers[self._workers.index(worker)] = _Worker(self._spec, self._inbox)
        done = None
        for place, key in enumerate(worker.under_way):
            if place == 0 and worker.is_ready:
                done = self._again(key, code)
            else:
                self._send(key, self._chunks[key])
        return done

    def _again(self, key: Key, code: int) -> tuple[int, Results] | None:
        """Run again what a worker ran when it died: child by child, and a child only so many times."""
        chunk = self._chunks[key]
        number, _ = key
        deaths = self._deaths[key] = self._deaths.get(key, 0) + 1
        if deaths == _TRIES:
            del self._chunks[key]
            return self._done(key, [self._killed(chunk, code)])
        if len(chunk.children) == 1:
            self._send(key, chunk)
            return None
        del self._chunks[key]
        self._parts[number], self._sizes[number], self._starts[number] = {}, len(chunk.children), chunk.start
        for place, child in enumerate(chunk.children):
            self._deaths[number, place] = deaths
            self._send((number, place), chunk._replace(first=chunk.first + place, children=[child]))
        return None

    def _killed(self, chunk: Chunk, code: int) -> Ended:
        """The end of a child that a worker process did not survive."""
        said = f"signal {-code}" if code < 0 else f"exit code {code}"
        cause = f"The worker process that ran the child execution died {_TRIES} times ({said})."
        outcome = Outcome("FAILED", None, "States.TaskFailed", cause)
        input = self._work.input(chunk.first, chunk.children[0])
        told = self._work.tell(self._work.named(chunk.first), input, outcome, chunk.start, chunk.start)
        return Ended("FAILED", chunk.start, told, None)

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.end()


def _joined(parts: list[Results], start: int) -> Results:
    """The results of a chunk from those of its children."""
    ended: list[Ended | StatesError] = []
    for part in parts:
        if isinstance(part, Smooth):
            told = part.told.decode() if isinstance(part.told, bytes) else part.told[0]
            part = [Ended("SUCCEEDED", start, told, None)]
        ended += part
        if isinstance(part[-1], StatesError):
            break
    return ended


class _Worker:
    """A worker process, and the thread that hears what it says. `under_way` is in the order sent."""

    def __init__(self, spec: bytes, inbox: SimpleQueue[tuple[_Worker, bytes | None]]) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.under_way: list[Key] = []
        self.is_ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "asl.distributed.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            pipesize=1 << 20,
        )
        self._thread = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._thread.start()
        self._write(spec)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def _listen(self, inbox: SimpleQueue[tuple[_Worker, bytes | None]]) -> None:
        assert self._process.stdout is not None
        while (message := receive(self._process.stdout)) is not None:  # type: ignore[arg-type]
            inbox.put((self, message))
        inbox.put((self, None))

    def send(self, key: Key, chunk: Chunk) -> None:
        """Give it a chunk. Where it has died meanwhile, that will be heard."""
        self.under_way.append(key)
        self._write(pickle.dumps((key, chunk), pickle.HIGHEST_PROTOCOL))

    def _write(self, message: bytes) -> None:
        with suppress(OSError):
            send(self._process.stdin, message)  # type: ignore[arg-type]

    def kill(self) -> None:
        """Let it die."""
        self._process.kill()

    def end(self) -> int:
        """Wait until it has ended; gives its exit code."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        code = self._process.wait()
        self._thread.join()
        self._process.stdout.close()  # type: ignore[union-attr]
        return code
