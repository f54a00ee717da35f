"""The stores of blobs that there are: a folder, and S3."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.s3 import S3Server
from workflow.store.blobs import Blobs, FolderBlobs
from workflow.store.cache import BlobCache
from workflow.store.s3 import Place, S3Blobs


@pytest.fixture
def s3_blobs(s3: S3Server, tmp_path: Path) -> Iterator[S3Blobs]:
    """A store of its own, by a prefix of its own, with an empty cache."""
    blobs = S3Blobs(Place.of(s3.url(uuid.uuid4().hex)), BlobCache(tmp_path / "cache", 1 << 30))
    yield blobs
    blobs.close()


@dataclass(frozen=True)
class Shelf:
    """A store, and the file that it keeps a blob in."""

    blobs: Blobs
    s3: S3Server | None = None

    def file(self, sha256: str) -> Path:
        if isinstance(self.blobs, S3Blobs):
            assert self.s3 is not None
            return self.s3.object(self.blobs.place.prefix.split("/")[0], sha256)
        assert isinstance(self.blobs, FolderBlobs)
        return self.blobs.path(sha256)

    def spoil(self, sha256: str, data: bytes) -> None:
        """Put other bytes under the name."""
        if isinstance(self.blobs, S3Blobs):
            self.blobs._client.put_object(Body=data, **self.blobs._named(sha256))
            return
        self.file(sha256).chmod(0o600)
        self.file(sha256).write_bytes(data)


@pytest.fixture(params=["folder", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        (tmp_path / "blobs").mkdir()
        return Shelf(FolderBlobs(tmp_path / "blobs"))
    return Shelf(request.getfixturevalue("s3_blobs"), request.getfixturevalue("s3"))
