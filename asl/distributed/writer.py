"""ResultWriter: the files of results with their manifest, or the results as the state's own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

from asl import names
from asl.distributed.children import Form
from asl.distributed.stores import Bucket, StoreError, Stores
from asl.errors import StatesError
from asl.values import Json, size, to_json

LARGEST_FILE = 5 << 30
"""Bytes of a result file; what is more goes into the next (developer guide, "Exporting to Amazon S3")."""

_GROUPS = {
    "SUCCEEDED": "SUCCEEDED",
    "FAILED": "FAILED",
    "TIMED_OUT": "FAILED",
    "ABORTED": "FAILED",
    "PENDING": "PENDING",
}


class Sink(Protocol):
    """Where results go. `add` and `result` may raise the error that ends the map run."""

    def add(self, first: int, status: str, told: Any) -> bool:
        """The results of children that all ended so, numbered from `first`; whether such results are taken.

        They are in the form that was asked for: a list, or bytes.
        """

    def result(self) -> Json:
        """All children have ended: the result of the map run."""

    def abandon(self) -> None:
        """The results cannot be had any more; what was written stays."""


def form(writer: Mapping[str, Any] | None) -> Form:
    """How results are told: exported without a WriterConfig as NONE has them, else as COMPACT has them."""
    config: Mapping[str, Any] = (writer or {}).get("WriterConfig") or {}
    exported = "Resource" in (writer or {})
    default = "NONE" if exported and not config else "COMPACT"
    return Form(config.get("Transformation", default), config.get("OutputType") == "JSONL", exported)


def sink(
    writer: Mapping[str, Any] | None, stores: Stores, arn: str, form: Form, state: str, limit: int | None
) -> Sink:
    """Where the results of a map run go; `limit` is the most bytes that the state's result may have."""
    if not form.text:
        return Collected(form, state, limit)
    return Exported((writer or {}).get("Arguments") or {}, stores, arn, form)


class Exported:
    """Results written as they come: SUCCEEDED_n, FAILED_n and PENDING_n, and in the end the manifest.

    They end in .json whatever the OutputType (developer guide, "ResultWriter").

    Raises States.ResultWriterFailed.
    """

    def __init__(self, arguments: Mapping[str, Any], stores: Stores, arn: str, form: Form) -> None:
        self._arn = arn
        self._between = form.between.encode()
        self._opening, self._closing = (b"", b"\n") if form.lines else (b"[", b"]")
        self._name = _text(arguments, "Bucket")
        prefix = _text({"Prefix": "", **arguments}, "Prefix").removesuffix("/")
        self._stem = f"{prefix}/{arn.rpartition(':')[2]}/".removeprefix("/")
        self._files: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        self._open: dict[str, _File] = {}
        try:
            self._bucket: Bucket = stores.bucket(self._name)
        except StoreError as problem:
            raise _failed(str(problem)) from None

    def add(self, first: int, status: str, told: bytes) -> bool:
        """Write results."""
        if told:
            try:
                self._write(_GROUPS[status], told)
            except (StoreError, OSError) as problem:
                raise _failed(_said(problem)) from None
        return True

    def _write(self, group: str, data: bytes) -> None:
        file = self._open.get(group)
        if file is not None and file.size + len(data) + 2 > LARGEST_FILE:
            self._end(group)
            file = None
        if file is not None:
            file.write(self._between)
        else:
            key = f"{self._stem}{group}_{len(self._files[group])}.json"
            self._open[group] = file = _File(key, self._bucket.create(key))
            file.write(self._opening)
        file.write(data)

    def _end(self, group: str) -> None:
        file = self._open[group]
        file.write(self._closing)
        file.close()
        del self._open[group]
        self._files[group].append({"Key": file.key, "Size": file.size})

    def result(self) -> Json:
        """End the files and write the manifest, which is what the result points to."""
        key = f"{self._stem}manifest.json"
        try:
            for group in list(self._open):
                self._end(group)
            manifest: Json = {
                "DestinationBucket": self._name,
                "MapRunArn": self._arn,
                "ResultFiles": dict(self._files),
            }
            file = self._bucket.create(key)
            file.write(to_json(manifest).encode("utf-8", "backslashreplace"))
            file.close()
        except (StoreError, OSError) as problem:
            raise _failed(_said(problem)) from None
        return {"MapRunArn": self._arn, "ResultWriterDetails": {"Bucket": self._name, "Key": key}}

    def abandon(self) -> None:
        """Close what is open, without a manifest."""
        for file in self._open.values():
            with suppress(StoreError, OSError):  # the first error is told already
                file.close()
        self._open.clear()


class _File:
    """A result file that counts its bytes."""

    def __init__(self, key: str, file: BinaryIO) -> None:
        self.key = key
        self.size = 0
        self._file = file
        self.close = file.close

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)


class Collected:
    """Results that become the state's own, in the order of the items.

    Once they are larger than a result may be, none is kept any more: the state will fail with them anyway.
    """

    def __init__(self, form: Form, state: str, limit: int | None) -> None:
        self._form = form
        self._state = state
        self._limit = limit
        self._results: list[tuple[int, Json]] = []
        self._size = 1

    def add(self, first: int, status: str, told: list[Json]) -> bool:
        """Keep results; there is no place for children that did not start."""
        if status == "PENDING":
            return False
        if self._limit is not None:
            self._size += size(told) - 1
            if self._size > self._limit:
                self._results.clear()
                return True
        self._results += enumerate(told, first)
        return True

    def result(self) -> Json:
        """All results: an array, or text where JSON Lines are asked for."""
        if self._limit is not None and self._size > self._limit:
            raise StatesError(
                names.DATA_LIMIT_EXCEEDED,
                f"The state/task '{self._state}' returned a result with a size exceeding the maximum number of "
                "bytes service limit.",
            )
        self._results.sort(key=lambda found: found[0])
        found: list[Json] = []
        for _, result in self._results:
            if self._form.transformation == "FLATTEN" and isinstance(result, list):
                found += result
            else:
                found.append(result)
        return "".join(f"{to_json(result)}\n" for result in found) if self._form.lines else found

    def abandon(self) -> None:
        """Forget them."""
        self._results.clear()


def _text(arguments: Mapping[str, Any], name: str) -> str:
    found = arguments.get(name)
    if not isinstance(found, str):
        raise _failed(f"The ResultWriter's {name} must be a string, but was: {to_json(found)}")
    return found


def _said(problem: Exception) -> str:
    return f"The results could not be written: {getattr(problem, 'strerror', None) or problem}"


def _failed(cause: str) -> StatesError:
    return StatesError(names.RESULT_WRITER_FAILED, cause)
