"""Parquet files, by pyarrow (the extra `parquet`): row group by row group, so that memory stays bounded."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from asl.distributed.stores import StoreError
from asl.values import Json

_ROWS = 1000
_ROW_GROUP_BYTES = 256 << 20


def records(file: BinaryIO) -> Iterator[dict[str, Json]]:
    """Each row as an object. Times become RFC 3339 text, decimals numbers, bytes base64 text.

    Raises `StoreError` where pyarrow is not installed and where the file is not Parquet.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise StoreError("the dataset is Parquet: install asl-interpreter[parquet]") from None
    try:
        with _seekable(file) as source:
            table = parquet.ParquetFile(source)
            for group in range(table.metadata.num_row_groups):
                if table.metadata.row_group(group).total_byte_size > _ROW_GROUP_BYTES:
                    raise StoreError("a row group of the Parquet file has more than 256 MB")
            for batch in table.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    yield {name: _plain(value) for name, value in row.items()}
    except (pyarrow.ArrowException, OSError) as problem:
        raise StoreError(f"the dataset is not a Parquet file that can be read: {problem}") from None


def _seekable(file: Any) -> Any:
    """The file, or a copy on disk of what can only be read once."""
    if hasattr(file, "seek") and file.seekable():
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    while piece := file.read(1 << 20):
        copy.write(piece)
    copy.seek(0)
    return copy


def _plain(value: Any) -> Json:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        text = value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and value != value:
        return None
    return value  # type: ignore[no-any-return]
