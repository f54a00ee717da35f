"""Blobs in an S3-compatible store: ``<prefix>/sha256/<hash>``, sent with their checksum, fetched by range.

The only file that knows boto3. Its client tries again by itself, with growing pauses; what still fails is
STORAGE_AWAY, and nothing was made visible: the same call may be made again at any time.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ResponseStreamingError,
)

from workflow.errors import BadInput, TerjimeError, ToolFailed, ToolMissing
from workflow.media.index import Blocks
from workflow.media.names import attachment_header
from workflow.store.blobs import CHUNK, Blobs, Stored, Tick, blob_damaged, blob_missing, no_tick
from workflow.store.cache import BlobCache

LINK_SECONDS = 600
_PARTED_FROM = 16 << 20  # larger files go in parts, four at a time, and only a part is sent again
_PART = 8 << 20  # of 10 000 at most: 78 GiB
_AT_ONCE = 8  # small blobs that are fetched together
_STREAM_TRIES = 4  # a body that breaks off goes on where it was
_FULL = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "StorageFull"}


@dataclass(frozen=True, slots=True)
class Place:
    """``s3://bucket/prefix?endpoint=https://host:9000&region=name``; AWS itself without an endpoint."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str

    @classmethod
    def of(cls, url: str) -> Place:
        """Raises BadInput SETTING."""
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        if parts.scheme != "s3" or not parts.netloc or set(options) - {"endpoint", "region"}:
            raise BadInput(
                "SETTING",
                "TERJIME_BLOBS is neither a folder nor s3://bucket/prefix?endpoint=…&region=….",
                where="TERJIME_BLOBS",
            )
        prefix = parts.path.strip("/")
        return cls(
            bucket=parts.netloc,
            prefix=f"{prefix}/sha256/" if prefix else "sha256/",
            endpoint=options.get("endpoint", [None])[0],
            region=options.get("region", ["us-east-1"])[0],
        )


class S3Blobs(Blobs):
    """The bucket, with a cache on this machine. Its client may be used by any number of threads."""

    listings_a_round = 2  # each is a request that some stores take money for

    def __init__(self, place: Place, cache: BlobCache) -> None:
        super().__init__()
        self.place = place
        self.cache = cache
        self._client = _client(place)
        self._tick: Tick = no_tick
        self._hold: Path | None = None
        self._trimmed_at = time.monotonic()

    def size(self, sha256: str) -> int | None:
        with _speaking():
            try:
                return int(self._client.head_object(**self._named(sha256))["ContentLength"])
            except ClientError as error:
                if _status(error) == 404:
                    return None
                raise

    def existing(self, sha256: str) -> Path:
        def fill() -> Path:
            return self.cache.whole(
                sha256, lambda a, b: self._stream(sha256, a, b), self._tick, self._hold
            )

        return self._cached(fill)

    def partial(self, sha256: str, blocks: Blocks, ranges: Iterable[tuple[int, int]]) -> Path:
        wanted = list(ranges)

        def fill() -> Path:
            return self.cache.part(
                sha256,
                blocks,
                wanted,
                lambda a, b: self._stream(sha256, a, b),
                self._tick,
                self._hold,
            )

        return self._cached(fill)

    def fetch(self, names: Iterable[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "fetch") as pool:
            for done in [pool.submit(self.existing, sha256) for sha256 in names]:
                done.result()

    def stream(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        if end <= start:
            return iter(())
        return self._stream(sha256, start, end)

    def remove(self, sha256: str) -> None:
        with _speaking():
            self._client.delete_object(**self._named(sha256))

    def listing(self, first: str) -> dict[str, Stored]:
        pages = self._client.get_paginator("list_objects_v2")
        found = {}
        with _speaking():
            for page in pages.paginate(Bucket=self.place.bucket, Prefix=self.place.prefix + first):
                for one in page.get("Contents", ()):
                    name = one["Key"].removeprefix(self.place.prefix)
                    found[name] = Stored(one["Size"], one["LastModified"].timestamp())
        return found

    def clear_unfinished(self, older_than_seconds: float) -> None:
        self.cache.clear_unfinished(older_than_seconds)
        with _speaking():
            try:
                sent = self._client.list_multipart_uploads(
                    Bucket=self.place.bucket, Prefix=self.place.prefix
                )
            except ClientError as error:
                if _status(error) in (404, 501):  # some stores say so where nothing is on its way
                    return
                raise
            for upload in sent.get("Uploads", ()):
                if time.time() - upload["Initiated"].timestamp() > older_than_seconds:
                    self._client.abort_multipart_upload(
                        Bucket=self.place.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def link(self, sha256: str, *, name: str, media_type: str) -> str:
        wanted = self._named(sha256) | {
            "ResponseContentDisposition": attachment_header(name),
            "ResponseContentType": media_type,
        }
        address: str = self._client.generate_presigned_url(
            "get_object", Params=wanted, ExpiresIn=LINK_SECONDS
        )
        return address

    @contextmanager
    def held(self, name: str, tick: Tick = no_tick) -> Iterator[Blobs]:
        with self.cache.held(name) as folder:
            mine = copy(self)
            mine._hold, mine._tick = folder, tick
            yield mine
        self.trim()

    def held_folders(self) -> list[Path]:
        return self.cache.held_folders()

    def trim(self, room: int = 0) -> int:
        self._trimmed_at = time.monotonic()
        return self.cache.trim(room)

    def close(self) -> None:
        self._client.close()

    def _take(self, file: Path, sha256: str, size: int) -> None:
        with _speaking():
            if size < _PARTED_FROM:
                with file.open("rb") as body:
                    self._client.put_object(
                        Body=body, ChecksumSHA256=_base64(sha256), **self._named(sha256)
                    )
            else:
                self._client.upload_file(
                    str(file),
                    self.place.bucket,
                    self.place.prefix + sha256,
                    ExtraArgs={"ChecksumAlgorithm": "SHA256"},  # of each part
                    Config=TransferConfig(_PARTED_FROM, 4, _PART),
                    Callback=lambda sent: self._tick(),
                )
        self._see_it_arrived(sha256, size)
        self.cache.adopt(file, sha256)

    def _put(self, data: bytes, sha256: str) -> None:
        with _speaking():
            self._client.put_object(
                Body=data, ChecksumSHA256=_base64(sha256), **self._named(sha256)
            )
        self._see_it_arrived(sha256, len(data))

    def _see_it_arrived(self, sha256: str, size: int) -> None:
        """A store that said yes and kept something else is not believed."""
        if self.size(sha256) != size:
            raise blob_damaged(sha256)

    def _stream(self, sha256: str, start: int, end: int | None) -> Iterator[bytes]:
        """Opens at once, so that what is missing is said before an answer has begun."""
        opened = self._open(sha256, start, end)
        return self._pieces(sha256, opened, start, end)

    def _open(self, sha256: str, start: int, end: int | None) -> Any:
        asked = {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        with _speaking():
            try:
                return self._client.get_object(
                    **self._named(sha256), **(asked if start or end is not None else {})
                )["Body"]
            except ClientError as error:
                if _status(error) in (404, 416):
                    raise blob_missing(sha256) from error
                raise

    def _pieces(self, sha256: str, body: Any, start: int, end: int | None) -> Iterator[bytes]:
        at, tries = start, _STREAM_TRIES
        while True:
            try:
                with contextlib.closing(body):
                    for piece in body.iter_chunks(CHUNK // 4):
                        at += len(piece)
                        yield piece
                return
            except (HTTPClientError, ResponseStreamingError, BotoCoreError) as error:
                tries -= 1
                if not tries:
                    raise _away(error) from error
                time.sleep(0.2 * 2 ** (_STREAM_TRIES - tries))
                body = self._open(sha256, at, end)

    def _cached(self, fill: Any) -> Path:
        """With room made, once, when the disk is full; and the limit seen to now and then."""
        if time.monotonic() - self._trimmed_at > 60:
            self.trim()
        try:
            return Path(fill())
        except TerjimeError as error:
            if error.code != "DISK_FULL" or not self.trim(self.cache.size()):
                raise
        return Path(fill())

    def _named(self, sha256: str) -> dict[str, str]:
        return {"Bucket": self.place.bucket, "Key": self.place.prefix + sha256}


def _client(place: Place) -> Any:
    """Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from wherever else boto3 finds them."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        config=Config(
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": 5},
            max_pool_connections=16,
            s3={"addressing_style": "path" if place.endpoint else "auto"},
            # Ours are sent with every body; checksums of boto3's own choice are not known everywhere.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _speaking() -> Iterator[None]:
    """What goes wrong between us and the store, in our words."""
    try:
        yield
    except ClientError as error:
        code, status = error.response.get("Error", {}).get("Code", ""), _status(error)
        if code in _FULL or status == 507:
            raise ToolFailed(
                "DISK_FULL",
                "The storage of films is full.",
                advice="Free some space and try again: what was finished is kept.",
            ) from error
        if status >= 500 or code in ("RequestTimeout", "SlowDown"):
            raise _away(error) from error
        raise ToolFailed(
            "STORAGE_REFUSED",
            f"The storage of films refused a request ({code or status}).",
            advice="An operator looks at TERJIME_BLOBS and its keys.",
        ) from error
    except (BotoCoreError, S3UploadFailedError) as error:
        raise _away(error) from error


def _away(error: Exception) -> ToolMissing:
    return ToolMissing(
        "STORAGE_AWAY",
        "The storage of films cannot be reached.",
        advice="Nothing was lost. Try again in a moment.",
        details={"said": str(error)},
    )


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()
