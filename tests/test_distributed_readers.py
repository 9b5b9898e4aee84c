"""ItemReader: every form of dataset, from folders and from S3, and what is wrong with some."""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import json
import os
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import asl
from asl.distributed import csvtext, jsontext, readers
from asl.distributed.stores import Folder, Stores

ROOT = Path(__file__).parents[1]


def cases(name: str) -> list[Any]:
    """The cases of a fixture, each with its sentence as its name."""
    found = json.loads((ROOT / "fixtures" / "datasets" / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["says"][:60]) for case in found]


def read(
    folder: Path, key: str = "in", resource: str = "getObject", arguments: Any = None, **config: Any
) -> list[tuple[Any, str]]:
    """(value, source) of the items in a folder that is the bucket `data`; a member of an object is a pair."""
    reader = {
        "Resource": f"arn:aws:states:::s3:{resource}",
        "ReaderConfig": config,
        "Arguments": {"Bucket": "data", "Key": key} if arguments is None else arguments,
    }
    return [
        (value if name is None else {"Key": name, "Value": value}, source)
        for value, source, name in readers.items({"ItemReader": reader}, Stores({"data": folder}))
    ]


def cause(folder: Path, *arguments: Any, **config: Any) -> str | None:
    """The cause of the States.ItemReaderFailed that reading ends with."""
    with pytest.raises(asl.StatesError) as caught:
        read(folder, *arguments, **config)
    assert caught.value.error == "States.ItemReaderFailed"
    return caught.value.cause


@pytest.mark.parametrize("case", cases("csv") + cases("json"))
def test_datasets(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "in").write_text(case["text"], encoding="utf-8", newline="")
    config = {"InputType": case.get("type", "CSV"), **case.get("config", {})}
    if "error" in case:
        assert cause(tmp_path, **config) == case["error"]
    else:
        assert read(tmp_path, **config) == [(item, "s3://data/in") for item in case["items"]]


class Trickle(io.StringIO):
    """Text that comes in pieces of a given size, whatever is asked for."""

    piece = 1

    def read(self, size: int | None = -1, /) -> str:
        return super().read(self.piece)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7])
def test_json_in_pieces(piece: int) -> None:
    text = Trickle(' {"a": [0], "d": [12, 3.5, -1e3, "é\\"]", {"k": [null]}, true]} ')
    text.piece = piece
    found = [value for _, value in jsontext.elements(text, "/d")]
    assert found == [12, 3.5, -1000.0, 'é"]', {"k": [None]}, True]


def test_a_regular_row_is_read_as_by_the_letter() -> None:
    # The fast way for rows that are quoted as a whole or not at all, against the rules character by character.
    parts = ["", "a", "b c", '"', '""', '"x"', '"x,y"', '"x""y"', '"two\nlines"', 'a"b', " "]
    for first in parts:
        for second in parts:
            text = f"{first},{second}\n"
            try:
                fast: Any = list(csvtext.rows(io.StringIO(text)))
            except csvtext.MalformedCsv:
                fast = None
            lines = iter(io.StringIO(text))
            try:
                exact: Any = [csvtext._parsed(line, lines, ",") for line in lines]
            except csvtext.MalformedCsv:
                exact = None
            assert fast == exact, text


def test_compressed_by_the_ending_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(b"a\n1\n"))
    assert read(tmp_path, "in.csv.gz", InputType="CSV") == [({"a": "1"}, "s3://data/in.csv.gz")]
    (tmp_path / "broken.csv.gz").write_bytes(
        gzip.compress(b"a\n" + os.urandom(100000).hex().encode())[:-2000]
    )
    assert "could not be read" in str(cause(tmp_path, "broken.csv.gz", InputType="CSV"))
    (tmp_path / "plain.csv.gz").write_bytes(b"a\n1\n")
    assert "could not be read" in str(cause(tmp_path, "plain.csv.gz", InputType="CSV"))


@pytest.mark.parametrize("ending", ["zst", "zstd"])
def test_zstandard(ending: str, tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="the extra zstd is not installed")
    data = b'{"n": 1}\n' * 5000
    (tmp_path / f"in.jsonl.{ending}").write_bytes(zstandard.ZstdCompressor().compress(data))
    assert len(read(tmp_path, f"in.jsonl.{ending}", InputType="JSONL")) == 5000
    (tmp_path / f"bad.jsonl.{ending}").write_bytes(data)
    assert "could not be read" in str(cause(tmp_path, f"bad.jsonl.{ending}", InputType="JSONL"))


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"a\nna\xefve\n")
    assert "is not UTF-8" in str(cause(tmp_path, InputType="CSV"))


def test_what_is_not_there(tmp_path: Path) -> None:
    assert cause(tmp_path, InputType="CSV") == f"The specified key does not exist: 'in' in {tmp_path}"
    assert "The specified bucket does not exist" in str(cause(tmp_path / "none", "", "listObjectsV2"))
    other = cause(tmp_path, arguments={"Bucket": "other", "Key": "in"}, InputType="CSV")
    assert other == (
        "no folder is given for the bucket 'other' (given: data); "
        "give one as buckets={'other': folder} or --bucket other=FOLDER"
    )
    assert "Key must be a string" in str(cause(tmp_path, arguments={"Bucket": "data", "Key": 7}))
    (tmp_path / "in").mkdir()
    assert "Is a directory" in str(cause(tmp_path, InputType="CSV"))
    assert "leads out of the folder" in str(cause(tmp_path, "../in", InputType="CSV"))
    assert "leads out of the folder" in str(cause(tmp_path, "/etc/passwd", InputType="CSV"))


def test_max_items_must_not_be_negative(tmp_path: Path) -> None:
    assert cause(tmp_path, InputType="CSV", MaxItems=-1) == "field MaxItems must be positive"


def test_a_bucket_may_be_a_file_address_or_one_of_all(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("[1]")
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
    address = {"Bucket": tmp_path.as_uri(), "Key": "in"}
    assert list(readers.items({"ItemReader": {**reader, "Arguments": address}}, Stores())) == [
        (1, f"s3://{tmp_path.as_uri()}/in", None)
    ]
    inside = {"Bucket": tmp_path.name, "Key": "in"}
    others = Stores({"*": tmp_path.parent})
    assert [
        value for value, _, _ in readers.items({"ItemReader": {**reader, "Arguments": inside}}, others)
    ] == [1]


# ------------------------------------------------------------------ listings

CONTENTS = b"h\na.txt\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Objects whose keys S3 sorts otherwise than folders are walked."""
    for key in ("a.txt", "a/1.csv", "a/2.csv", "a0.txt", "b/c/deep.csv"):
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_text(f"h\n{key}\n")
    return tmp_path


def listed(folder: Path, **arguments: str) -> list[str]:
    """The keys in a listing."""
    given = {"Bucket": "data", **arguments}
    return [value["Key"] for value, _ in read(folder, resource="listObjectsV2", arguments=given)]


def test_a_listing_is_in_the_order_of_the_keys(folder: Path) -> None:
    assert listed(folder) == ["a.txt", "a/1.csv", "a/2.csv", "a0.txt", "b/c/deep.csv"]
    assert listed(folder, Prefix="a/") == ["a/1.csv", "a/2.csv"]
    assert listed(folder, Prefix="a") == ["a.txt", "a/1.csv", "a/2.csv", "a0.txt"]
    assert listed(folder, Prefix="b/c/d") == ["b/c/deep.csv"]
    assert listed(folder, StartAfter="a/1.csv") == ["a/2.csv", "a0.txt", "b/c/deep.csv"]
    assert listed(folder, Prefix="none") == []


def test_what_a_listing_says_of_an_object(folder: Path) -> None:
    os.utime(folder / "a.txt", (1_700_000_000.7, 1_700_000_000.7))
    value, source = read(folder, resource="listObjectsV2", arguments={"Bucket": "data"}, MaxItems=1)[0]
    assert value == {
        "Etag": f'"{hashlib.md5(CONTENTS).hexdigest()}"',
        "Key": "a.txt",
        "LastModified": 1_700_000_000.0,
        "Size": 8,
        "StorageClass": "STANDARD",
    }
    assert source == "s3://data"


def test_load_and_flatten(folder: Path) -> None:
    (folder / "b" / "none.csv").write_text("")
    config = {"InputType": "CSV", "Transformation": "LOAD_AND_FLATTEN", "CSVHeaderLocation": "FIRST_ROW"}
    given = {"Bucket": "data", "Prefix": "a/"}
    assert read(folder, resource="listObjectsV2", arguments=given, **config) == [
        ({"h": "a/1.csv"}, "s3://data/a/1.csv"),
        ({"h": "a/2.csv"}, "s3://data/a/2.csv"),
    ]


# ------------------------------------------------------------------ manifests


def test_an_s3_inventory(tmp_path: Path) -> None:
    (tmp_path / "data.csv.gz").write_bytes(
        gzip.compress(
            b'"src","csvDataset/","0","2022-11-16T00:27:19.000Z"\n"src","a.jpg","27034","2022-11-15"\n'
        )
    )
    manifest = {
        "sourceBucket": "src",
        "destinationBucket": "arn:aws:s3:::data",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size, LastModifiedDate",
        "files": [{"key": "data.csv.gz", "size": 7300}],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    expected = [
        {"Bucket": "src", "Key": "csvDataset/", "Size": "0", "LastModifiedDate": "2022-11-16T00:27:19.000Z"},
        {"Bucket": "src", "Key": "a.jpg", "Size": "27034", "LastModifiedDate": "2022-11-15"},
    ]
    assert [value for value, _ in read(tmp_path, "manifest.json", InputType="MANIFEST")] == expected
    assert [value for value, _ in read(tmp_path, "manifest.json", ManifestType="S3_INVENTORY")] == expected
    (tmp_path / "manifest.json").write_text("{}")
    assert "is not the manifest of an S3 inventory" in str(
        cause(tmp_path, "manifest.json", InputType="MANIFEST")
    )
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "fileFormat": "ORC"}))
    assert (
        cause(tmp_path, "manifest.json", InputType="MANIFEST") == "The S3 inventory must be CSV, but is: ORC"
    )


def test_an_athena_manifest(tmp_path: Path) -> None:
    (tmp_path / "1.gz").write_bytes(gzip.compress(b'{"n":1}\n{"n":2}\n'))
    (tmp_path / "2.gz").write_bytes(gzip.compress(b'{"n":3}\n'))
    (tmp_path / "m.csv").write_text("s3://data/1.gz\ns3://data/2.gz\n")
    found = read(tmp_path, "m.csv", ManifestType="ATHENA_DATA", InputType="JSONL")
    assert found == [({"n": n}, f"s3://data/{1 if n < 3 else 2}.gz") for n in (1, 2, 3)]
    (tmp_path / "m.csv").write_text("nonsense\n")
    said = cause(tmp_path, "m.csv", ManifestType="ATHENA_DATA", InputType="JSONL")
    assert said == "The Athena manifest has 'nonsense' where an S3 address should stand"


# ------------------------------------------------------------------ Parquet


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    from datetime import UTC, datetime
    from decimal import Decimal

    from pyarrow import parquet

    rows = [
        {"n": 1, "s": "a", "x": 1.5, "t": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "d": Decimal("1.50")},
        {"n": 2, "s": None, "x": float("nan"), "t": None, "d": Decimal("2.00")},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "in.parquet", compression="zstd")
    assert [value for value, _ in read(tmp_path, "in.parquet", InputType="PARQUET")] == [
        {"n": 1, "s": "a", "x": 1.5, "t": "2026-01-02T03:04:05Z", "d": 1.5},
        {"n": 2, "s": None, "x": None, "t": None, "d": 2},
    ]
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    assert "is not a Parquet file" in str(cause(tmp_path, "bad.parquet", InputType="PARQUET"))
    whole = (tmp_path / "in.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    assert "is not a Parquet file" in str(cause(tmp_path, "cut.parquet", InputType="PARQUET"))


# ------------------------------------------------------------------ memory


class Endless(io.RawIOBase):
    """A file that never ends: what is read of it is made as it is asked for."""

    def __init__(self, head: bytes, again: bytes) -> None:
        self.text = head
        self.again = again

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), 1 << 16)
        while len(self.text) < size:
            self.text += self.again * 1000
        buffer[:size], self.text = self.text[:size], self.text[size:]
        return size


FORMS = {
    "CSV": (b"a,b\n", b'1,"two, 2"\n'),
    "JSON": (b"[", b'{"a": 1, "b": "two"}, '),
    "JSONL": (b"", b'{"a": 1, "b": "two"}\n'),
}


@pytest.mark.parametrize("kind", FORMS)
def test_reading_takes_no_more_memory_with_more_items(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(self: Folder, key: str, arguments: Any) -> Any:
        return io.BufferedReader(Endless(*FORMS[kind]))

    monkeypatch.setattr(Folder, "open", opened)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind},
        "Arguments": {"Bucket": "data", "Key": "in"},
    }

    def peak(count: int) -> int:
        found = readers.items({"ItemReader": reader}, Stores({"data": tmp_path}))
        tracemalloc.start()
        try:
            assert next(found)[0] in ({"a": "1", "b": "two, 2"}, {"a": 1, "b": "two"})
            for _ in islice(found, count):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    gc.collect()
    gc.freeze()  # what other tests have left behind would put off the collector
    try:
        few = peak(10_000)
        assert peak(100_000) < few + 1_000_000
    finally:
        gc.unfreeze()


# ------------------------------------------------------------------ S3


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server that speaks S3, and a client of it."""
    boto3 = pytest.importorskip("boto3", reason="the extra aws is not installed")
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="data")
    yield client
    running.stop()


def test_objects_in_s3(s3: Any) -> None:
    s3.put_object(Bucket="data", Key="in/a.csv", Body=b"a\n1\n2\n")
    s3.put_object(Bucket="data", Key="in/b.csv", Body=b"a\n3\n")
    stores = Stores({"*": "s3://"})
    stem = "arn:aws:states:::s3:"
    one = {"Resource": f"{stem}getObject", "ReaderConfig": {"InputType": "CSV"}}
    both = {
        "Resource": f"{stem}listObjectsV2",
        "ReaderConfig": {"InputType": "CSV", "Transformation": "LOAD_AND_FLATTEN"},
    }
    given = {"Arguments": {"Bucket": "data", "Key": "in/a.csv"}}
    assert [v for v, _, _ in readers.items({"ItemReader": {**one, **given}}, stores)] == [
        {"a": "1"},
        {"a": "2"},
    ]
    prefix = {"Arguments": {"Bucket": "data", "Prefix": "in/"}}
    found = [value for value, _, _ in readers.items({"ItemReader": {**both, **prefix}}, stores)]
    assert found == [{"a": "1"}, {"a": "2"}, {"a": "3"}]
    listing = {"Resource": f"{stem}listObjectsV2", **prefix}
    entries: list[Any] = [value for value, _, _ in readers.items({"ItemReader": listing}, stores)]
    assert [(entry["Key"], entry["Size"]) for entry in entries] == [("in/a.csv", 6), ("in/b.csv", 4)]
    assert entries[0]["Etag"] == s3.head_object(Bucket="data", Key="in/a.csv")["ETag"]
    with pytest.raises(asl.StatesError, match="The specified key does not exist"):
        list(readers.items({"ItemReader": {**one, "Arguments": {"Bucket": "data", "Key": "no"}}}, stores))
    file = stores.bucket("data").create("out/x")
    file.write(b"result")
    file.close()
    assert s3.get_object(Bucket="data", Key="out/x")["Body"].read() == b"result"
