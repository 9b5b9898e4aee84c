"""Where datasets and results lie: buckets, of which most are folders here and some may be in Amazon S3.

A bucket's name leads to a folder, or with `s3://` to a real bucket. A bucket may also be a `file://` address
itself, so that a definition runs without S3 and without a mapping.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias, cast
from urllib.parse import unquote, urlsplit

Buckets: TypeAlias = "Mapping[str, str | Path]"
"""A bucket's name → its folder, or `s3://name` for a bucket in Amazon S3; `*` stands for all others."""


class StoreError(Exception):
    """An object or bucket that cannot be read or written; the message is for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object in a listing. `modified` is seconds since the epoch; `etag()` has the quotes that S3 gives it."""

    key: str
    size: int
    modified: float
    etag: Callable[[], str]
    storage_class: str = "STANDARD"


class Bucket(Protocol):
    """What readers and writers need of a bucket. Every method may raise `StoreError`."""

    def open(self, key: str, arguments: Mapping[str, Any]) -> BinaryIO:
        """The object's bytes, to be read once; `arguments` are those of GetObject."""

    def list(self, arguments: Mapping[str, Any]) -> Iterator[Entry]:
        """The objects in the order of their keys; `arguments` are those of ListObjectsV2."""

    def create(self, key: str) -> BinaryIO:
        """A new object to be written; it is there for sure once it is closed."""


class Stores:
    """The buckets that a run can reach."""

    def __init__(self, buckets: Buckets | None = None) -> None:
        self.buckets: dict[str, str | Path] = dict(buckets or {})
        self._open: dict[str, Bucket] = {}

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name. Raises `StoreError` where nothing says what it is."""
        found = self._open.get(name)
        if found is None:
            self._open[name] = found = self._find(name)
        return found

    def _find(self, name: str) -> Bucket:
        target = name if name.startswith("file:") else self.buckets.get(name)
        if target is None:
            target = self.buckets.get("*")
            if target is None:
                known = ", ".join(sorted(self.buckets)) or "none"
                raise StoreError(
                    f"no folder is given for the bucket {name!r} (given: {known}); "
                    f"give one as buckets={{{name!r}: folder}} or --bucket {name}=FOLDER"
                )
            if isinstance(target, Path) or not target.startswith("s3://"):
                target = Path(target) / name
        text = str(target)
        if not isinstance(target, Path) and text.startswith("s3://"):
            from asl.distributed.s3 import S3Bucket  # boto3 is slow to import, and an optional extra

            return S3Bucket(text.removeprefix("s3://").strip("/") or name)
        return Folder(_local(text))


def _local(text: str) -> Path:
    if not text.startswith("file:"):
        return Path(text)
    address = urlsplit(text)
    return Path(unquote(address.path))


class Folder:
    """A bucket that is a folder: the objects are its files, their keys the paths below it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def _path(self, key: str) -> Path:
        path = self.root / key
        if ".." in path.parts or not path.is_relative_to(self.root):
            raise StoreError(f"the key {key!r} leads out of the folder {self.root}")
        return path

    def open(self, key: str, arguments: Mapping[str, Any]) -> BinaryIO:
        """The file's bytes. A folder keeps no versions: `VersionId` is not looked at."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise StoreError(f"The specified key does not exist: {key!r} in {self.root}") from None
        except OSError as problem:
            raise StoreError(f"{self.root / key}: {problem.strerror or problem}") from None

    def list(self, arguments: Mapping[str, Any]) -> Iterator[Entry]:
        """The files whose paths begin with `Prefix`, after `StartAfter`, as S3 sorts keys: by their bytes."""
        if not self.root.is_dir():
            raise StoreError(f"The specified bucket does not exist: there is no folder {self.root}")
        prefix, after = arguments.get("Prefix") or "", arguments.get("StartAfter") or ""
        for key in _keys(self.root, "", prefix):
            if key > after:
                path = self.root / key
                found = path.stat()
                yield Entry(key, found.st_size, float(int(found.st_mtime)), lambda path=path: _etag(path))  # type: ignore[misc]

    def create(self, key: str) -> BinaryIO:
        """A new file, in folders that are made where they are missing."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("wb", buffering=1 << 20)
        except OSError as problem:
            raise StoreError(f"{path}: {problem.strerror or problem}") from None


def _keys(folder: Path, stem: str, prefix: str) -> Iterator[str]:
    """The keys below a folder that begin with the prefix, sorted; only folders that can hold such are entered."""
    with os.scandir(folder) as found:
        entries = sorted((entry.name + "/" if entry.is_dir() else entry.name) for entry in found)
    for name in entries:
        key = stem + name
        if not key.endswith("/"):
            if key.startswith(prefix):
                yield key
        elif key.startswith(prefix) or prefix.startswith(key):
            yield from _keys(folder / name, key, prefix)


def _etag(path: Path) -> str:
    """The MD5 of the contents in quotes, as S3 has it for an object that was put in one piece."""
    with path.open("rb") as file:
        return f'"{hashlib.file_digest(cast(Any, file), "md5").hexdigest()}"'
