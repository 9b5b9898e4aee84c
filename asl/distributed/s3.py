"""Buckets in Amazon S3, by boto3 (the extra `aws`), which finds credentials, region and endpoint by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from asl.distributed.stores import Entry, StoreError

_GET = ("VersionId", "ExpectedBucketOwner", "RequestPayer")
_LIST = ("Prefix", "StartAfter", "Delimiter", "ExpectedBucketOwner", "RequestPayer", "FetchOwner")
_IN_MEMORY = 8 << 20


class S3Bucket:
    """A bucket in Amazon S3, or in what AWS_ENDPOINT_URL_S3 names in its place."""

    def __init__(self, name: str) -> None:
        try:
            import boto3
        except ImportError:
            raise StoreError(
                f"the bucket {name!r} is in Amazon S3, which needs boto3: install asl-interpreter[aws]"
            ) from None
        self.name = name
        try:
            self._client: Any = boto3.client("s3")
        except Exception as problem:  # no region, no credentials …: botocore has a class for each
            raise StoreError(str(problem)) from problem

    def open(self, key: str, arguments: Mapping[str, Any]) -> BinaryIO:
        """The object's bytes, as they arrive."""
        more = {name: arguments[name] for name in _GET if name in arguments}
        try:
            found = self._client.get_object(Bucket=self.name, Key=key, **more)
        except Exception as problem:
            raise _told(problem) from problem
        return cast(BinaryIO, _Body(found["Body"]))

    def list(self, arguments: Mapping[str, Any]) -> Iterator[Entry]:
        """The objects, page by page."""
        more = {name: arguments[name] for name in _LIST if name in arguments}
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, **more)
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Entry(
                        found["Key"],
                        found["Size"],
                        float(int(found["LastModified"].timestamp())),
                        lambda found=found: str(found["ETag"]),  # type: ignore[misc]
                        found.get("StorageClass", "STANDARD"),
                    )
        except Exception as problem:
            raise _told(problem) from problem

    def create(self, key: str) -> BinaryIO:
        """A new object: collected in a temporary file, sent when it is closed."""
        return cast(BinaryIO, _Upload(self._client, self.name, key))


def _told(problem: Exception) -> StoreError:
    response = getattr(problem, "response", None)
    error = response.get("Error", {}) if isinstance(response, dict) else {}
    return StoreError(
        f"{error.get('Message') or problem} (Service: S3, Error Code: {error.get('Code', 'none')})"
    )


class _Body:
    """The streaming body of GetObject, with its errors told as ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        try:
            return self._body.read(None if size < 0 else size)  # type: ignore[no-any-return]
        except Exception as problem:
            raise _told(problem) from problem

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Upload:
    """Bytes that become an object when all are there."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.seek(0)
        try:
            self._client.upload_fileobj(self._file, self._bucket, self._key)
        except Exception as problem:
            raise _told(problem) from problem
        finally:
            self._file.close()
