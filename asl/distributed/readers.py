"""ItemReader: from its evaluated fields to a stream of items, whatever the dataset's form."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, TypeAlias

from asl import names
from asl.distributed import csvtext, jsontext
from asl.distributed.batches import limit
from asl.distributed.stores import StoreError, Stores
from asl.errors import StatesError
from asl.scope import STATE_DATA
from asl.selection import members
from asl.values import Json

Decode: TypeAlias = Callable[[str], Json]

Entry: TypeAlias = "tuple[Json, str, str | None, Decode | None]"
"""(value, source, key, decode): what `Map.Item` has besides its index; members of an object have a key.

Where there is a `decode`, the value is text from which it makes the item: so the reading of a dataset, which is
one after the other, does as little as possible, and the rest is done by whoever runs the child.
"""

Fields: TypeAlias = "Mapping[str, Any]"

MOST_ITEMS = 100_000_000
_HEADER_BYTES = 10 * 1024


def _failed(cause: str) -> StatesError:
    return StatesError(names.ITEM_READER_FAILED, cause)


def items(payload: Fields, stores: Stores) -> Iterator[tuple[Json, str, str | None]]:
    """(value, source, key) of the items of a map run. Raises States.ItemReaderFailed, at once or half-way."""
    for index, entry in enumerate(entries(payload, stores)):
        found = item(index, *entry)
        yield found["Value"], entry[1], entry[2]


def entries(payload: Fields, stores: Stores) -> Iterator[Entry]:
    """The items of a map run, as far as they are read here. Raises as `items` does."""
    reader: Fields | None = payload.get("ItemReader")
    if reader is None:
        return ((value, STATE_DATA, key, None) for value, key in members(payload["Items"]))
    return _told(_limited(reader, stores))


def _told(found: Iterator[Entry]) -> Iterator[Entry]:
    """The same items; whatever goes wrong in reading is the service's error."""
    try:
        yield from found
    except StoreError as problem:
        raise _failed(str(problem)) from None
    except jsontext.NotIterable:
        raise _failed("Attempting to map over non-iterable node.") from None
    except (csvtext.MalformedCsv, jsontext.MalformedJson) as problem:
        raise _failed(str(problem)) from None
    except UnicodeDecodeError as problem:
        raise _failed(f"The dataset is not UTF-8 text: {problem.reason} at byte {problem.start}") from None
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
    ) as problem:  # an archive that is broken, a disk that fails
        raise _failed(f"The dataset could not be read: {problem}") from None


def _limited(reader: Fields, stores: Stores) -> Iterator[Entry]:
    config: Fields = reader.get("ReaderConfig") or {}
    most = min(limit(config, "MaxItems", MOST_ITEMS), MOST_ITEMS)
    action = str(reader["Resource"]).rpartition(":")[2]
    found = _SOURCES.get(action)
    if found is None:
        raise _failed(f"ItemReader has no resource {reader['Resource']}")
    yield from islice(found(config, reader.get("Arguments") or {}, stores), most)


def _text(arguments: Fields, name: str) -> str:
    found = arguments.get(name)
    if not isinstance(found, str) or not found:
        raise _failed(f"The ItemReader's {name} must be a string, but was: {json.dumps(found)}")
    return found


def _object(config: Fields, arguments: Fields, stores: Stores) -> Iterator[Entry]:
    """s3:getObject: one object, or those that a manifest in it names."""
    bucket, key = _text(arguments, "Bucket"), _text(arguments, "Key")
    manifest = config.get("ManifestType") or (
        "S3_INVENTORY" if config.get("InputType") == "MANIFEST" else None
    )
    if manifest == "S3_INVENTORY":
        return _inventory(config, bucket, key, arguments, stores)
    if manifest == "ATHENA_DATA":
        return _unloaded(config, bucket, key, arguments, stores)
    return _contents(config, bucket, key, arguments, stores)


def _listing(config: Fields, arguments: Fields, stores: Stores) -> Iterator[Entry]:
    """s3:listObjectsV2: what the listing says of each object or, flattened, what is in them."""
    name = _text(arguments, "Bucket")
    flatten = config.get("Transformation") == "LOAD_AND_FLATTEN"
    source = f"s3://{name}"
    for entry in stores.bucket(name).list(arguments):
        if not flatten:
            value: dict[str, Json] = {
                "Etag": entry.etag(),
                "Key": entry.key,
                "LastModified": entry.modified,
                "Size": entry.size,
                "StorageClass": entry.storage_class,
            }
            yield value, source, None, None
        elif not entry.key.endswith("/"):  # the console's folders are objects without contents
            yield from _contents(config, name, entry.key, {}, stores)


_SOURCES: dict[str, Callable[[Fields, Fields, Stores], Iterator[Entry]]] = {
    "getObject": _object,
    "listObjectsV2": _listing,
}


def _inventory(config: Fields, bucket: str, key: str, arguments: Fields, stores: Stores) -> Iterator[Entry]:
    """An S3 inventory: its manifest names CSV files without headers, which the manifest has."""
    with _opened(bucket, key, arguments, stores) as text:
        try:
            manifest = json.loads(text.read())
            files = [file["key"] for file in manifest["files"]]
            headers = [name.strip() for name in manifest["fileSchema"].split(",")]
            place = str(manifest.get("destinationBucket") or bucket).rpartition(":::")[2]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _failed(f"s3://{bucket}/{key} is not the manifest of an S3 inventory") from None
    if manifest.get("fileFormat", "CSV") != "CSV":
        raise _failed(f"The S3 inventory must be CSV, but is: {manifest['fileFormat']}")
    given = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": headers}
    for file in files:
        yield from _contents({"InputType": "CSV", **given}, place, file, {}, stores)


def _unloaded(config: Fields, bucket: str, key: str, arguments: Fields, stores: Stores) -> Iterator[Entry]:
    """The data manifest of an Athena UNLOAD: a line for each file, its S3 address."""
    with _opened(bucket, key, arguments, stores) as text:
        addresses = [row[0].strip() for row in csvtext.rows(text) if row[0].strip()]
    for address in addresses:
        place, _, file = address.removeprefix("s3://").partition("/")
        if not address.startswith("s3://") or not file:
            raise _failed(f"The Athena manifest has {address[:200]!r} where an S3 address should stand")
        yield from _contents(config, place, file, {}, stores)


def _contents(config: Fields, bucket: str, key: str, arguments: Fields, stores: Stores) -> Iterator[Entry]:
    """The items in one object, by InputType."""
    kind = config.get("InputType", "JSON")
    source = f"s3://{bucket}/{key}"
    if kind == "PARQUET":
        from asl.distributed.parquet import records  # pyarrow is slow to import, and an optional extra

        with closing(stores.bucket(bucket).open(key, arguments)) as file:
            yield from ((value, source, None, None) for value in records(file))
        return
    read = _FORMATS.get(kind)
    if read is None:
        raise _failed(f"ItemReader has no InputType {kind}")
    with _opened(bucket, key, arguments, stores) as text:
        yield from read(config, text, source)


@contextmanager
def _opened(bucket: str, key: str, arguments: Fields, stores: Stores) -> Iterator[io.TextIOWrapper]:
    """The text of an object, decompressed by its name's ending; a byte order mark is left out."""
    with closing(stores.bucket(bucket).open(key, arguments)) as raw:
        ending = key.rpartition(".")[2].lower()
        if ending == "gz":
            import gzip  # most datasets are not compressed

            stream: Any = gzip.GzipFile(fileobj=raw)
        elif ending in ("zst", "zstd"):
            stream = _zstd(raw, key)
        elif isinstance(raw, io.BufferedIOBase):
            stream = raw
        else:
            stream = io.BufferedReader(_Raw(raw), 1 << 20)
        with io.TextIOWrapper(stream, encoding="utf-8-sig") as text:
            yield text


class _Raw(io.RawIOBase):
    """Anything that has `read` as a raw stream; `errors` are those that stand for broken data."""

    def __init__(self, source: Any, errors: type[Exception] = OSError) -> None:
        self._source = source
        self._errors = errors

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source.read(len(buffer))
        except self._errors as problem:
            raise OSError(str(problem)) from None
        buffer[: len(data)] = data
        return len(data)


def _zstd(raw: BinaryIO, key: str) -> io.BufferedReader:
    try:
        import zstandard
    except ImportError:
        raise StoreError(f"{key} is compressed with zstd: install asl-interpreter[zstd]") from None
    stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)
    return io.BufferedReader(_Raw(stream, zstandard.ZstdError), 1 << 20)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a CSV dataset: makes an object of strings of the text of a row."""

    headers: tuple[str, ...]
    delimiter: str

    def __call__(self, text: str) -> Json:
        """The object of a row without quotation marks and backslashes."""
        return self.object(text.removesuffix("\n").split(self.delimiter))

    def object(self, fields: list[str]) -> dict[str, Json]:
        """The object of a row: what a short one lacks is "", what is too long is left out."""
        if len(fields) < len(self.headers):
            fields = fields + [""] * (len(self.headers) - len(fields))
        return dict(zip(self.headers, fields, strict=False))


def _csv(config: Fields, text: io.TextIOWrapper, source: str) -> Iterator[Entry]:
    """CSV: a row each, below the headers."""
    delimiter = csvtext.DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    records = csvtext.records(text, delimiter)
    given: list[str] | None = config.get("CSVHeaders")
    if config.get("CSVHeaderLocation") == "GIVEN" and given is not None:
        headers = given
    else:
        first = next(records, [])
        headers = first.removesuffix("\n").split(delimiter) if isinstance(first, str) else first
    if len(set(headers)) < len(headers):
        raise _failed("CSV headers cannot contain duplicates.")
    if sum(len(header.encode()) + 1 for header in headers) > _HEADER_BYTES:
        raise _failed("CSV headers cannot exceed 10 KiB.")
    columns = Columns(tuple(headers), delimiter)
    for record in records:
        if isinstance(record, str):
            yield record, source, None, columns
        else:
            yield columns.object(record), source, None, None


def _json(config: Fields, text: io.TextIOWrapper, source: str) -> Iterator[Entry]:
    """JSON: the elements of an array or, where a pointer leads to one, the members of an object."""
    for key, value in jsontext.elements(text, config.get("ItemsPointer") or ""):
        yield value, source, key, None


def _json_lines(config: Fields, text: io.TextIOWrapper, source: str) -> Iterator[Entry]:
    """JSON Lines: a value in each line; empty lines say nothing."""
    return ((line, source, None, jsontext.whole) for line in text if not line.isspace())


_FORMATS: dict[str, Callable[[Fields, io.TextIOWrapper, str], Iterator[Entry]]] = {
    "CSV": _csv,
    "JSON": _json,
    "JSONL": _json_lines,
}


def item(index: int, value: Json, source: str, key: str | None, decode: Decode | None) -> dict[str, Json]:
    """`Map.Item` of the context object, with its keys in the service's order. Raises States.ItemReaderFailed."""
    if decode is not None:
        try:
            value = decode(value)  # type: ignore[arg-type]
        except ValueError as problem:
            raise _failed(f"The item {index}, in {source}, cannot be read: {problem}") from None
    found: dict[str, Json] = {"Index": index, "Value": value}
    if key is not None:
        found["Key"] = key
    found["Source"] = source
    return found
