"""What a map run and its worker processes say to each other: pickles with their length before them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from asl.distributed import MapRuns
from asl.distributed.children import Form, Work
from asl.program import compile, walk
from asl.quotas import Quotas
from asl.resources import Resources
from asl.scope import Identity
from asl.selection import Selection
from asl.states import Map

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Spec:
    """A `Work` as plain data: what of it cannot travel is made anew from the definition."""

    definition: Any
    address: str
    """Of the item processor."""
    selection: tuple[Any, ...] | None
    identity: Identity
    arn: str
    express: bool
    seed: int
    quotas: Quotas
    form: Form
    tasks: Any
    buckets: Any
    keep: bool

    def work(self) -> Work:
        """The work that this says."""
        program = compile(self.definition)
        state = next(
            state
            for _, state in walk(program)
            if isinstance(state, Map) and state.processor.address == self.address
        )
        return Work(
            program=state.processor,
            select=None if self.selection is None else Selection(state, *self.selection),
            identity=self.identity,
            arn=self.arn,
            express=self.express,
            seed=self.seed,
            quotas=self.quotas,
            form=self.form,
            resources=Resources(self.tasks),
            runs=MapRuns(self.buckets, keep=self.keep),
        )


def send(file: BinaryIO, message: bytes) -> None:
    """Write a message. Raises `OSError` where nobody reads any more."""
    file.write(_LENGTH.pack(len(message)) + message)
    file.flush()


def receive(file: BinaryIO) -> bytes | None:
    """The next message; None where there will be none, or it is not whole."""
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = file.read(length)
    return message if len(message) == length else None
